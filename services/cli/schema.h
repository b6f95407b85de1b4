// The JSON Schema of the files that `waymark apply` takes, made from the protos: their comments, formats and bounds.
#ifndef WAYMARK_SERVICES_CLI_SCHEMA_H_
#define WAYMARK_SERVICES_CLI_SCHEMA_H_

#include <string>

namespace waymark::cli {

// The schema of waymark.manifest.v1.Manifest by draft 2020-12 (json-schema.org/draft/2020-12). It takes what the
// command takes, names in snake_case or lowerCamelCase, and refuses what `waymark validate` finds in the form of a
// field, but for what a schema cannot say: keys that two elements share, and time zones that do not exist.
std::string ManifestSchema();

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_SCHEMA_H_
