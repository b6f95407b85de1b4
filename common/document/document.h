// Protobuf messages as YAML and as JSON, both ways without loss.
//
// YAML is another spelling of protobuf's JSON form (protobuf.dev/programming-guides/proto3/#json). Read is both alike,
// with every problem named by line and column; beyond protobuf's own JSON, names may be snake_case or lowerCamelCase
// and a google.protobuf.Duration may be written `2w`, `14d`, `36h` or `90m` besides `1209600s`. Whatever is written
// here is read back as an equal message, be its texts multi-line, like numbers or full of control characters.
//
//   const document::Reading reading = document::ReadYaml(text, JourneyDefinition::default_instance());
//   for (const document::Problem& problem : reading.problems) Tell(document::ToString("journey.yaml", problem));
//   const auto& definition = static_cast<const JourneyDefinition&>(*reading.documents[0].message);
//   const document::Position place = reading.documents[0].PositionOf("stages[0].key");  // For findings made later.
#ifndef WAYMARK_COMMON_DOCUMENT_DOCUMENT_H_
#define WAYMARK_COMMON_DOCUMENT_DOCUMENT_H_

#include <google/protobuf/message.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/document/problem.h"

namespace waymark::document {

// How much a text may be. What a person writes is far below; what is hostile (nests of brackets, aliases that stand for
// aliases) is refused before it costs anything.
struct Limits {
  size_t bytes = 4 << 20;
  int depth = 64;  // Mappings and lists inside each other.
  int values =
      200'000;  // Names, values, mappings and lists, each use of an alias counted with everything it stands for.
};

// One YAML document as a message.
struct Document {
  std::unique_ptr<google::protobuf::Message> message;
  std::map<std::string, Position> positions;  // Of each field that is written, by its path in snake_case.

  // Where `path` is written, or the nearest thing around it.
  Position PositionOf(absl::string_view path) const;
};

// What a text says, and what is wrong with it: at most kMostProblems. Documents with problems are left out.
struct Reading {
  std::vector<Document> documents;
  std::vector<Problem> problems;
};
inline constexpr size_t kMostProblems = 100;

// Reads every document of `text` (several are separated by `---`; empty ones are skipped) as a message like
// `prototype`, whose type must be a generated one. What is unset or null has its default. Malformed YAML is one
// problem; in well-formed YAML all are reported: unknown fields (with the nearest known one), fields given twice,
// values of another type, enum values that do not exist (with those that do), several members of a oneof. JSON is YAML
// too.
Reading ReadYaml(absl::string_view text, const google::protobuf::Message& prototype, const Limits& limits = {});

// The same of JSON (RFC 8259): strictly, one document.
Reading ReadJson(absl::string_view text, const google::protobuf::Message& prototype, const Limits& limits = {});

// Which fields are written.
enum class Fields {
  kSet,  // Those that are set.
  kAll,  // Numbers, texts, booleans and lists also where they have their default.
};

// The message as YAML, fields in the order of the proto, in snake_case. Equal messages give equal texts.
std::string WriteYaml(const google::protobuf::Message& message, Fields fields);

// The message as protobuf's JSON, in snake_case, on several lines. Empty where JSON has no words for it: a
// google.protobuf.Value with a number that is none, a time out of range.
std::string WriteJson(const google::protobuf::Message& message, Fields fields);

}  // namespace waymark::document

#endif  // WAYMARK_COMMON_DOCUMENT_DOCUMENT_H_
