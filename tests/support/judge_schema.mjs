// Judges YAML and JSON files by a JSON Schema: node judge_schema.mjs SCHEMA FILE...
// Each document is a line: `FILE: taken` or `FILE: refused: where and why`.
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parseAllDocuments } from "yaml";

const [schema, ...files] = process.argv.slice(2);
const ajv = new Ajv({ strict: true, strictRequired: false, strictTypes: "log", allowUnionTypes: true, allErrors: true });
addFormats(ajv);
const takes = ajv.compile(JSON.parse(readFileSync(schema, "utf8")));
for (const file of files) {
  for (const document of parseAllDocuments(readFileSync(file, "utf8"))) {
    const value = document.toJS();
    if (value === null) continue;
    const why = takes(value) ? "" : takes.errors.map((e) => `${e.instancePath} ${e.message}`).join("; ");
    console.log(`${file}: ${why === "" ? "taken" : `refused: ${why}`}`);
  }
}
