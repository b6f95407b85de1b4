// Generates Rust from every proto of Waymark, with tonic.
use std::path::{Path, PathBuf};

fn protos(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            protos(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../../protos");
    let mut found = Vec::new();
    protos(&root.join("waymark"), &mut found);
    let google = root.join("node_modules/google-proto-files");
    tonic_prost_build::configure().build_server(false).include_file("waymark.rs").compile_protos(&found, &[root, google])?;
    Ok(())
}
