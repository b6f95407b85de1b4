// Reads what `apply` and `validate` are given: YAML files, folders of them, or standard input.
#ifndef WAYMARK_SERVICES_CLI_MANIFESTS_H_
#define WAYMARK_SERVICES_CLI_MANIFESTS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/document/document.h"
#include "waymark/manifest/v1/manifest.pb.h"

namespace waymark::cli {

// A manifest and where it is written.
struct SourcedManifest {
  std::string file;
  manifest::v1::Manifest manifest;
  document::Document document;  // For positions.
};

struct ManifestReading {
  std::vector<SourcedManifest> manifests;  // Channels first, then personas, segments, journeys, scorecards and
                                           // playbooks: what names comes after what is named.
  std::vector<std::string> problems;       // A line each: file, line, column, field, what is wrong.
  int files = 0;
};

// `paths` are files, folders (every .yaml, .yml and .json below, by name) or `-`. Reported as problems: everything that
// document::ReadYaml finds, a document that says nothing, one thing described twice. Errors: NOT_FOUND  a path cannot
// be read, or a folder has no such file. INVALID_ARGUMENT  a file is above 4 MiB.
absl::StatusOr<ManifestReading> ReadManifests(const std::vector<std::string>& paths);

// What a manifest describes, such as `journey onboarding`.
std::string NameOf(const manifest::v1::Manifest& manifest);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_MANIFESTS_H_
