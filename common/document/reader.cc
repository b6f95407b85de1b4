#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/checks.h"
#include "common/base/nearest.h"
#include "common/document/document.h"
#include "common/document/duration.h"
#include "common/document/node.h"
#include "common/document/text.h"

namespace waymark::document {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// A text from outside, short enough and without anything that could drive a terminal.
std::string Shown(absl::string_view text) {
  const size_t length = Utf8Prefix(text.substr(0, 60));
  return absl::StrCat("\"", absl::Utf8SafeCHexEscape(text.substr(0, length)), "\"", length < text.size() ? "…" : "");
}

// What stands there, in words for an error.
std::string Describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kMap:
      return "a mapping";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kScalar:
      return Shown(node.text);
  }
  return "";
}

std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) names.push_back(type.field(i)->name());
  return names;
}

const FieldDescriptor* FindField(const Descriptor& type, const std::string& name) {
  if (const FieldDescriptor* field = type.FindFieldByName(name); field != nullptr) return field;
  const FieldDescriptor* field = type.FindFieldByCamelcaseName(name);
  return field != nullptr && field->json_name() == name ? field : nullptr;
}

// Whether the type has a JSON form of its own (timestamps, durations, structs …).
bool IsGoogleType(const Descriptor& type) { return absl::StartsWith(type.full_name(), "google.protobuf."); }

// Whether null is a value of the field, and not its absence.
bool TakesNull(const FieldDescriptor& field) {
  return field.message_type() != nullptr && field.message_type()->full_name() == "google.protobuf.Value";
}

std::string JsonText(const std::string& text) {
  google::protobuf::Value value;
  value.set_string_value(text);
  std::string json;
  static_cast<void>(google::protobuf::util::MessageToJsonString(value, &json));
  return json;
}

// Fills one message from one document.
class MessageReader {
 public:
  MessageReader(const Limits& limits, std::vector<Problem>* problems, std::map<std::string, Position>* positions)
      : limits_(limits), problems_(*problems), positions_(*positions) {}

  void ReadMessage(const Node& node, const std::string& path, Message* message) {
    if (!Count(node)) return;
    const Descriptor& type = *message->GetDescriptor();
    if (IsGoogleType(type)) return ReadGoogleType(node, path, message);
    if (node.kind != Node::Kind::kMap) {
      const std::string names = absl::StrJoin(FieldNames(type), ", ");
      return Report(node, path,
                    names.empty() ? absl::StrCat("must be an empty mapping, {}; here stands ", Describe(node))
                                  : absl::StrCat("must be a mapping with ", names, "; here stands ", Describe(node)));
    }
    std::set<const FieldDescriptor*> seen;
    std::map<const OneofDescriptor*, const FieldDescriptor*> chosen;
    for (size_t i = 0; i + 1 < node.parts.size() && !Full(); i += 2) {
      const Node& name = *node.parts[i];
      const Node& value = *node.parts[i + 1];
      const FieldDescriptor* field = FieldOf(name, path, type);
      if (field == nullptr) continue;
      const std::string field_path = path.empty() ? field->name() : absl::StrCat(path, ".", field->name());
      if (!seen.insert(field).second) {
        Report(name, field_path, "is given twice; remove one");
        continue;
      }
      if (value.kind == Node::Kind::kNull && !TakesNull(*field)) continue;
      if (const OneofDescriptor* oneof = field->real_containing_oneof(); oneof != nullptr) {
        const auto [first, is_new] = chosen.emplace(oneof, field);
        if (!is_new) {
          Report(name, field_path, absl::StrCat("cannot stand beside ", first->second->name(), "; choose one"));
          continue;
        }
      }
      positions_[field_path] = name.position;
      ReadField(value, field_path, *field, message);
    }
  }

 private:
  bool Full() const { return values_ > limits_.values || problems_.size() >= kMostProblems; }

  // Whether there is room for one value more. Aliases can make a short text a long one.
  bool Count(const Node& node) {
    if (values_ > limits_.values) return false;
    if (++values_ <= limits_.values) return true;
    Report(node, "", absl::StrCat("there are more than ", limits_.values, " values"));
    return false;
  }

  void Report(const Node& node, const std::string& path, std::string message) {
    if (problems_.size() >= kMostProblems) return;
    problems_.push_back({.position = node.position, .path = path, .message = std::move(message)});
  }

  const FieldDescriptor* FieldOf(const Node& name, const std::string& path, const Descriptor& type) {
    if (name.kind != Node::Kind::kScalar) {
      Report(name, path, "a field's name must be text");
      return nullptr;
    }
    const FieldDescriptor* field = FindField(type, name.text);
    if (field != nullptr) return field;
    const std::vector<std::string> names = FieldNames(type);
    const std::optional<std::string> nearest = Nearest(name.text.substr(0, 60), names);
    Report(name, path,
           absl::StrCat("unknown field ", Shown(name.text),
                        nearest.has_value() ? absl::StrCat("; did you mean \"", *nearest, "\"?")
                        : names.empty()     ? "; there are none here"
                                            : absl::StrCat("; known are ", absl::StrJoin(names, ", "))));
    return nullptr;
  }

  // The types of google.protobuf, in the JSON form that protobuf gives each.
  void ReadGoogleType(const Node& node, const std::string& path, Message* message) {
    if (auto* value = dynamic_cast<google::protobuf::Value*>(message)) return ReadAny(node, path, value);
    if (auto* object = dynamic_cast<google::protobuf::Struct*>(message)) return ReadObject(node, path, object);
    if (auto* list = dynamic_cast<google::protobuf::ListValue*>(message)) return ReadElements(node, path, list);
    if (auto* duration = dynamic_cast<google::protobuf::Duration*>(message)) {
      std::optional<google::protobuf::Duration> read;
      if (node.kind == Node::Kind::kScalar) read = ReadDuration(node.text);
      if (read.has_value()) return duration->CopyFrom(*read);
      return Report(node, path, Describe(node) + " is not a duration; write one such as 14d, 36h, 90m or 30s");
    }
    if (auto* time = dynamic_cast<google::protobuf::Timestamp*>(message)) {
      if (node.kind == Node::Kind::kScalar && google::protobuf::util::TimeUtil::FromString(node.text, time)) return;
      return Report(node, path, Describe(node) + " is not a time; write RFC 3339, such as 2026-05-04T09:00:00Z");
    }
    const auto read = google::protobuf::util::JsonStringToMessage(ToJson(node), message);
    if (!read.ok()) Report(node, path, absl::StrCat(Describe(node), " is not a ", message->GetDescriptor()->name()));
  }

  void ReadAny(const Node& node, const std::string& path, google::protobuf::Value* value) {
    switch (node.kind) {
      case Node::Kind::kNull:
        return value->set_null_value(google::protobuf::NULL_VALUE);
      case Node::Kind::kMap:
        return ReadObject(node, path, value->mutable_struct_value());
      case Node::Kind::kList:
        return ReadElements(node, path, value->mutable_list_value());
      case Node::Kind::kScalar:
        break;
    }
    const std::string& text = node.text;
    if (!node.quoted && (text == "true" || text == "false")) return value->set_bool_value(text == "true");
    const bool is_number = !node.quoted && (IsJsonNumber(text) || text == ".nan" || text == ".inf" || text == "-.inf");
    if (!is_number) return value->set_string_value(text);
    if (const auto number = ReadNumber(node, path); number.has_value()) value->set_number_value(*number);
  }

  void ReadObject(const Node& node, const std::string& path, google::protobuf::Struct* object) {
    if (node.kind != Node::Kind::kMap) {
      return Report(node, path, absl::StrCat("must be a mapping; here stands ", Describe(node)));
    }
    for (size_t i = 0; i + 1 < node.parts.size() && !Full(); i += 2) {
      const Node& name = *node.parts[i];
      if (name.kind != Node::Kind::kScalar) {
        Report(name, path, "a name must be text");
        continue;
      }
      const std::string member = absl::StrCat(path, "[", Shown(name.text), "]");
      const auto [entry, is_new] = object->mutable_fields()->insert({name.text, {}});
      if (!is_new) {
        Report(name, member, "is given twice; remove one");
      } else if (Count(*node.parts[i + 1])) {
        ReadAny(*node.parts[i + 1], member, &entry->second);
      }
    }
  }

  void ReadElements(const Node& node, const std::string& path, google::protobuf::ListValue* list) {
    if (!CheckList(node, path)) return;
    for (size_t i = 0; i < node.parts.size() && !Full(); ++i) {
      if (Count(*node.parts[i])) ReadAny(*node.parts[i], absl::StrCat(path, "[", i, "]"), list->add_values());
    }
  }

  // The JSON that a part of the text means, for types that only protobuf's own reader knows.
  std::string ToJson(const Node& node) {
    if (!Count(node)) return "null";
    std::vector<std::string> parts;
    switch (node.kind) {
      case Node::Kind::kNull:
        return "null";
      case Node::Kind::kScalar:
        return !node.quoted && (IsJsonNumber(node.text) || node.text == "true" || node.text == "false")
                   ? node.text
                   : JsonText(node.text);
      case Node::Kind::kList:
        for (const Node* part : node.parts) parts.push_back(ToJson(*part));
        return absl::StrCat("[", absl::StrJoin(parts, ","), "]");
      case Node::Kind::kMap:
        for (size_t i = 0; i + 1 < node.parts.size(); i += 2) {
          parts.push_back(absl::StrCat(JsonText(node.parts[i]->text), ":", ToJson(*node.parts[i + 1])));
        }
        return absl::StrCat("{", absl::StrJoin(parts, ","), "}");
    }
    return "null";
  }

  bool CheckList(const Node& node, const std::string& path) {
    if (node.kind == Node::Kind::kList) return true;
    Report(node, path,
           absl::StrCat("must be a list (- … on lines of their own, or [a, b]); here stands ", Describe(node)));
    return false;
  }

  void ReadField(const Node& node, const std::string& path, const FieldDescriptor& field, Message* message) {
    if (field.is_map()) return ReadMap(node, path, field, message);
    if (!field.is_repeated()) return ReadValue(node, path, field, message);
    if (!CheckList(node, path)) return;
    for (size_t i = 0; i < node.parts.size() && !Full(); ++i) {
      const Node& element = *node.parts[i];
      const std::string element_path = absl::StrCat(path, "[", i, "]");
      positions_[element_path] = element.position;
      if (element.kind == Node::Kind::kNull && !TakesNull(field)) {
        Report(element, element_path, "is empty");
      } else {
        ReadValue(element, element_path, field, message);
      }
    }
  }

  void ReadMap(const Node& node, const std::string& path, const FieldDescriptor& field, Message* message) {
    if (node.kind != Node::Kind::kMap) {
      return Report(node, path, absl::StrCat("must be a mapping; here stands ", Describe(node)));
    }
    std::set<std::string> seen;
    for (size_t i = 0; i + 1 < node.parts.size() && !Full(); i += 2) {
      const Node& name = *node.parts[i];
      const Node& value = *node.parts[i + 1];
      const std::string member_path = absl::StrCat(path, "[", Shown(name.text), "]");
      positions_[member_path] = name.position;
      if (!seen.insert(name.text).second) {
        Report(name, member_path, "is given twice; remove one");
        continue;
      }
      Message* entry = message->GetReflection()->AddMessage(message, &field);
      const Descriptor& type = *entry->GetDescriptor();
      ReadValue(name, member_path, *type.map_key(), entry);
      if (value.kind != Node::Kind::kNull || TakesNull(*type.map_value())) {
        ReadValue(value, member_path, *type.map_value(), entry);
      }
    }
  }

  // Sets the field, or adds to it where it is a list.
  void ReadValue(const Node& node, const std::string& path, const FieldDescriptor& field, Message* message) {
    const Reflection& reflection = *message->GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return ReadMessage(
          node, path,
          field.is_repeated() ? reflection.AddMessage(message, &field) : reflection.MutableMessage(message, &field));
    }
    if (!Count(node)) return;
    if (node.kind != Node::Kind::kScalar) {
      return Report(node, path, absl::StrCat("must be one value; here stands ", Describe(node)));
    }
    const std::string& text = node.text;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        if (text != "true" && text != "false") return Report(node, path, Describe(node) + " is neither true nor false");
        if (field.is_repeated()) return reflection.AddBool(message, &field, text == "true");
        return reflection.SetBool(message, &field, text == "true");
      case FieldDescriptor::CPPTYPE_STRING:
        return ReadText(node, path, field, message);
      case FieldDescriptor::CPPTYPE_ENUM:
        return ReadEnum(node, path, field, message);
      case FieldDescriptor::CPPTYPE_INT32:
        if (const auto value = ReadInteger<int32_t>(node, path); value.has_value()) {
          field.is_repeated() ? reflection.AddInt32(message, &field, *value)
                              : reflection.SetInt32(message, &field, *value);
        }
        return;
      case FieldDescriptor::CPPTYPE_INT64:
        if (const auto value = ReadInteger<int64_t>(node, path); value.has_value()) {
          field.is_repeated() ? reflection.AddInt64(message, &field, *value)
                              : reflection.SetInt64(message, &field, *value);
        }
        return;
      case FieldDescriptor::CPPTYPE_UINT32:
        if (const auto value = ReadInteger<uint32_t>(node, path); value.has_value()) {
          field.is_repeated() ? reflection.AddUInt32(message, &field, *value)
                              : reflection.SetUInt32(message, &field, *value);
        }
        return;
      case FieldDescriptor::CPPTYPE_UINT64:
        if (const auto value = ReadInteger<uint64_t>(node, path); value.has_value()) {
          field.is_repeated() ? reflection.AddUInt64(message, &field, *value)
                              : reflection.SetUInt64(message, &field, *value);
        }
        return;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        if (const auto value = ReadNumber(node, path); value.has_value()) {
          field.is_repeated() ? reflection.AddDouble(message, &field, *value)
                              : reflection.SetDouble(message, &field, *value);
        }
        return;
      case FieldDescriptor::CPPTYPE_FLOAT:
        if (const auto value = ReadNumber(node, path); value.has_value()) {
          const auto single = static_cast<float>(*value);
          field.is_repeated() ? reflection.AddFloat(message, &field, single)
                              : reflection.SetFloat(message, &field, single);
        }
        return;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return;  // Read above.
    }
  }

  template <typename Integer>
  std::optional<Integer> ReadInteger(const Node& node, const std::string& path) {
    Integer value = 0;
    if (absl::SimpleAtoi(node.text, &value)) return value;
    double number = 0;
    const bool is_whole = IsJsonNumber(node.text) && absl::SimpleAtod(node.text, &number) && std::isfinite(number) &&
                          std::trunc(number) == number;
    using Limits = std::numeric_limits<Integer>;
    if (is_whole && number >= static_cast<double>(Limits::min()) && number < std::ldexp(1.0, Limits::digits)) {
      return static_cast<Integer>(number);  // `1e3` and `3.0` are whole numbers in JSON too.
    }
    Report(node, path,
           is_whole ? absl::StrCat(Describe(node), " is out of range: ", Limits::min(), " to ", Limits::max())
                    : absl::StrCat(Describe(node), " is not a whole number"));
    return std::nullopt;
  }

  // Also what is no finite number, in protobuf's spelling and in YAML's: whoever reads the message refuses it.
  std::optional<double> ReadNumber(const Node& node, const std::string& path) {
    const std::string& text = node.text;
    if (text == "NaN" || text == ".nan") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity" || text == ".inf") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity" || text == "-.inf") return -std::numeric_limits<double>::infinity();
    double value = 0;
    if (!IsJsonNumber(text) || !absl::SimpleAtod(text, &value)) {
      Report(node, path, absl::StrCat(Describe(node), " is not a number"));
      return std::nullopt;
    }
    if (std::isfinite(value)) return value;
    Report(node, path, absl::StrCat(Describe(node), " is too large a number"));
    return std::nullopt;
  }

  void ReadText(const Node& node, const std::string& path, const FieldDescriptor& field, Message* message) {
    std::string text = node.text;
    if (field.type() == FieldDescriptor::TYPE_BYTES && !absl::Base64Unescape(node.text, &text)) {
      return Report(node, path, Describe(node) + " is not base64");
    }
    const Reflection& reflection = *message->GetReflection();
    field.is_repeated() ? reflection.AddString(message, &field, std::move(text))
                        : reflection.SetString(message, &field, std::move(text));
  }

  void ReadEnum(const Node& node, const std::string& path, const FieldDescriptor& field, Message* message) {
    const EnumValueDescriptor* value = field.enum_type()->FindValueByName(node.text);
    if (value == nullptr) {
      std::vector<std::string> choices;
      for (int i = 0; i < field.enum_type()->value_count(); ++i) {
        if (field.enum_type()->value(i)->number() != 0) choices.push_back(field.enum_type()->value(i)->name());
      }
      // `yearly` is most likely meant for PERIOD_YEARLY.
      const std::string upper = absl::AsciiStrToUpper(node.text.substr(0, 60));
      std::optional<std::string> nearest = Nearest(upper, choices);
      for (const std::string& choice : choices) {
        if (absl::EndsWith(choice, absl::StrCat("_", upper))) nearest = choice;
      }
      return Report(node, path,
                    absl::StrCat(Describe(node), " is none of ", absl::StrJoin(choices, ", "),
                                 nearest.has_value() ? absl::StrCat("; did you mean ", *nearest, "?") : ""));
    }
    const Reflection& reflection = *message->GetReflection();
    field.is_repeated() ? reflection.AddEnum(message, &field, value) : reflection.SetEnum(message, &field, value);
  }

  const Limits& limits_;
  std::vector<Problem>& problems_;
  std::map<std::string, Position>& positions_;
  int values_ = 0;
};

// What is wrong with a text as such, whatever it says.
std::optional<Problem> WhatIsWrongWith(absl::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes) {
    return Problem{.position = {1, 1}, .message = absl::StrCat("it is larger than ", limits.bytes, " bytes")};
  }
  if (IsUtf8(text)) return std::nullopt;
  return Problem{.position = PositionAt(text, Utf8Prefix(text)), .message = "not UTF-8; save the file as UTF-8"};
}

Reading ReadNodes(const Nodes& nodes, const Message& prototype, const Limits& limits) {
  Reading reading;
  if (nodes.problem.has_value()) {
    reading.problems.push_back(*nodes.problem);
    return reading;
  }
  for (const Node* node : nodes.documents) {
    if (node->kind == Node::Kind::kNull) continue;
    Document document{.message = std::unique_ptr<Message>(prototype.New())};
    document.positions[""] = node->position;
    const size_t before = reading.problems.size();
    MessageReader(limits, &reading.problems, &document.positions).ReadMessage(*node, "", document.message.get());
    if (reading.problems.size() == before) reading.documents.push_back(std::move(document));
    if (reading.problems.size() >= kMostProblems) break;
  }
  return reading;
}

}  // namespace

Position Document::PositionOf(absl::string_view path) const {
  std::string around(path);
  while (true) {
    const auto found = positions.find(around);
    if (found != positions.end()) return found->second;
    const size_t end = around.find_last_of(".[");
    if (end == std::string::npos) break;
    around.resize(end);
  }
  const auto start = positions.find("");
  return start == positions.end() ? Position{.line = 1, .column = 1} : start->second;
}

Reading ReadYaml(absl::string_view text, const Message& prototype, const Limits& limits) {
  if (auto problem = WhatIsWrongWith(text, limits); problem.has_value()) return {.problems = {*std::move(problem)}};
  if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(text), "{")) {
    // JSON has escapes that yaml-cpp does not know, and its own reader is the quicker one.
    const Nodes json = ReadJsonNodes(text, limits);
    if (!json.problem.has_value()) return ReadNodes(json, prototype, limits);
  }
  return ReadNodes(ReadYamlNodes(text, limits), prototype, limits);
}

Reading ReadJson(absl::string_view text, const Message& prototype, const Limits& limits) {
  if (auto problem = WhatIsWrongWith(text, limits); problem.has_value()) return {.problems = {*std::move(problem)}};
  return ReadNodes(ReadJsonNodes(text, limits), prototype, limits);
}

}  // namespace waymark::document
