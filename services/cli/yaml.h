// YAML as another spelling of protobuf's JSON form (protobuf.dev/programming-guides/proto3/#json): what people write is
// read into messages with every problem named by line and column, and messages are written for people to read.
#ifndef WAYMARK_SERVICES_CLI_YAML_H_
#define WAYMARK_SERVICES_CLI_YAML_H_

#include <google/protobuf/message.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/cli/problem.h"

namespace waymark::cli {

// One YAML document as a message.
struct Document {
  std::unique_ptr<google::protobuf::Message> message;
  std::map<std::string, Position> positions;  // Of each field that is written, by its path in snake_case.

  // Where `path` is written, or the nearest thing around it.
  Position PositionOf(absl::string_view path) const;
};

// What a text says, and everything that is wrong with it. Documents with problems are left out.
struct YamlReading {
  std::vector<Document> documents;
  std::vector<Problem> problems;
};

// Reads every document of `text` (several are separated by `---`; empty ones are skipped) as a message like
// `prototype`. Field names may be snake_case or lowerCamelCase; what is unset or null has its default. Malformed YAML
// is one problem; in well-formed YAML all are reported: unknown fields (with the nearest known one), fields given
// twice, values of another type, enum values that do not exist (with those that do), several members of a oneof.
YamlReading ReadYaml(absl::string_view text, const google::protobuf::Message& prototype);

// Which fields are written.
enum class Fields {
  kSet,  // Those that are set.
  kAll,  // Numbers, texts, booleans and lists also where they have their default.
};

// The message as YAML in its JSON form, fields in the order of the proto, in snake_case.
std::string WriteYaml(const google::protobuf::Message& message, Fields fields);

// The message as JSON, in snake_case, on several lines, with all fields.
std::string WriteJson(const google::protobuf::Message& message);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_YAML_H_
