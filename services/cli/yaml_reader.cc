#include <google/protobuf/descriptor.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/checks.h"
#include "common/base/nearest.h"
#include "services/cli/json.h"
#include "services/cli/yaml.h"

namespace waymark::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// Aliases let a small text stand for a huge one; a person's file has far fewer values than this.
constexpr int kMostValues = 100'000;

Position ToPosition(const YAML::Mark& mark) { return {.line = mark.line + 1, .column = mark.column + 1}; }

bool IsQuoted(const YAML::Node& node) { return node.Tag() == "!"; }

bool IsUnset(const YAML::Node& node) {
  if (node.IsNull()) return true;
  const std::string text = node.IsScalar() && !IsQuoted(node) ? node.Scalar() : "-";
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

// What stands there, in words for an error.
std::string Describe(const YAML::Node& node) {
  if (node.IsMap()) return "a mapping";
  if (node.IsSequence()) return "a list";
  return absl::StrCat("\"", absl::Utf8SafeCHexEscape(node.Scalar().substr(0, 60)), "\"");
}

std::string JsonText(const std::string& text) {
  google::protobuf::Value value;
  value.set_string_value(text);
  std::string json;
  static_cast<void>(google::protobuf::util::MessageToJsonString(value, &json));
  return json;
}

// Whether the text is a number, true or false in JSON.
bool IsJsonLiteral(const std::string& text) {
  const auto object = ReadJsonObject(absl::StrCat("{\"value\":", text, "}"));
  const auto* fields = std::get_if<google::protobuf::Struct>(&object);
  if (fields == nullptr || fields->fields().size() != 1) return false;
  const google::protobuf::Value& value = fields->fields().begin()->second;
  return value.has_number_value() || value.has_bool_value();
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

// Fills one message from one document.
class DocumentReader {
 public:
  DocumentReader(std::vector<Problem>* problems, std::map<std::string, Position>* positions)
      : problems_(*problems), positions_(*positions) {}

  void ReadMessage(const YAML::Node& node, const std::string& path, Message* message) {
    if (++values_ > kMostValues) return;
    const Descriptor& type = *message->GetDescriptor();
    if (IsGoogleType(type)) return ReadGoogleType(node, path, message);
    if (!node.IsMap()) {
      const std::string names = absl::StrJoin(FieldNames(type), ", ");
      return Report(node, path, absl::StrCat("must be a mapping with ", names, "; here stands ", Describe(node)));
    }
    std::set<const FieldDescriptor*> seen;
    std::map<const OneofDescriptor*, const FieldDescriptor*> chosen;
    for (const auto& member : node) {
      const FieldDescriptor* field = FieldOf(member.first, path, type);
      if (field == nullptr) continue;
      const std::string field_path = path.empty() ? field->name() : absl::StrCat(path, ".", field->name());
      if (!seen.insert(field).second) {
        Report(member.first, field_path, "is given twice; remove one");
        continue;
      }
      if (IsUnset(member.second)) continue;
      if (const OneofDescriptor* oneof = field->real_containing_oneof(); oneof != nullptr) {
        const auto [first, is_new] = chosen.emplace(oneof, field);
        if (!is_new) {
          Report(member.first, field_path, absl::StrCat("cannot stand beside ", first->second->name(), "; choose one"));
          continue;
        }
      }
      positions_[field_path] = ToPosition(member.first.Mark());
      ReadField(member.second, field_path, *field, message);
    }
  }

  void ReportTooLarge(const YAML::Node& node) {
    if (values_ > kMostValues) Report(node, "", absl::StrCat("has more than ", kMostValues, " values"));
  }

 private:
  void Report(const YAML::Node& node, const std::string& path, std::string message) {
    problems_.push_back({.position = ToPosition(node.Mark()), .path = path, .message = std::move(message)});
  }

  const FieldDescriptor* FieldOf(const YAML::Node& key, const std::string& path, const Descriptor& type) {
    if (!key.IsScalar()) {
      Report(key, path, "a field's name must be text");
      return nullptr;
    }
    const FieldDescriptor* field = FindField(type, key.Scalar());
    if (field != nullptr) return field;
    const std::vector<std::string> names = FieldNames(type);
    const std::optional<std::string> nearest = Nearest(key.Scalar(), names);
    const std::string shown = absl::Utf8SafeCHexEscape(key.Scalar().substr(0, 60));
    Report(key, path,
           absl::StrCat("unknown field \"", shown, "\"",
                        nearest.has_value() ? absl::StrCat("; did you mean \"", *nearest, "\"?")
                        : names.empty()     ? "; there are none here"
                                            : absl::StrCat("; known are ", absl::StrJoin(names, ", "))));
    return nullptr;
  }

  // The JSON that a part of the YAML means: for the types of google.protobuf, which only protobuf's own reader knows.
  std::string ToJson(const YAML::Node& node) {
    if (++values_ > kMostValues) return "null";
    if (node.IsMap()) {
      std::vector<std::string> members;
      for (const auto& member : node) {
        members.push_back(
            absl::StrCat(JsonText(member.first.IsScalar() ? member.first.Scalar() : ""), ":", ToJson(member.second)));
      }
      return absl::StrCat("{", absl::StrJoin(members, ","), "}");
    }
    if (node.IsSequence()) {
      std::vector<std::string> elements;
      for (const YAML::Node& element : node) elements.push_back(ToJson(element));
      return absl::StrCat("[", absl::StrJoin(elements, ","), "]");
    }
    if (IsUnset(node)) return "null";
    return !IsQuoted(node) && IsJsonLiteral(node.Scalar()) ? node.Scalar() : JsonText(node.Scalar());
  }

  void ReadGoogleType(const YAML::Node& node, const std::string& path, Message* message) {
    const auto status = google::protobuf::util::JsonStringToMessage(ToJson(node), message);
    if (status.ok()) return;
    absl::string_view hint;
    const std::string& type = message->GetDescriptor()->full_name();
    if (type == "google.protobuf.Timestamp") hint = "; write RFC 3339, such as 2026-05-04T09:00:00Z";
    if (type == "google.protobuf.Duration") hint = "; write seconds, such as 86400s";
    Report(node, path, absl::StrCat(Describe(node), " is not a ", message->GetDescriptor()->name(), hint));
  }

  void ReadField(const YAML::Node& node, const std::string& path, const FieldDescriptor& field, Message* message) {
    if (field.is_map()) return ReadMap(node, path, field, message);
    if (!field.is_repeated()) return ReadValue(node, path, field, message);
    if (!node.IsSequence()) {
      return Report(
          node, path,
          absl::StrCat("must be a list (- … on lines of their own, or [a, b]); here stands ", Describe(node)));
    }
    size_t index = 0;
    for (const YAML::Node& element : node) {
      const std::string element_path = absl::StrCat(path, "[", index++, "]");
      positions_[element_path] = ToPosition(element.Mark());
      if (IsUnset(element)) {
        Report(element, element_path, "is empty");
      } else {
        ReadValue(element, element_path, field, message);
      }
    }
  }

  void ReadMap(const YAML::Node& node, const std::string& path, const FieldDescriptor& field, Message* message) {
    if (!node.IsMap()) return Report(node, path, absl::StrCat("must be a mapping; here stands ", Describe(node)));
    std::set<std::string> seen;
    for (const auto& member : node) {
      const std::string key = member.first.IsScalar() ? member.first.Scalar() : "";
      const std::string member_path = absl::StrCat(path, "[\"", absl::Utf8SafeCHexEscape(key), "\"]");
      positions_[member_path] = ToPosition(member.first.Mark());
      if (!seen.insert(key).second) {
        Report(member.first, member_path, "is given twice; remove one");
        continue;
      }
      Message* entry = message->GetReflection()->AddMessage(message, &field);
      const Descriptor& type = *entry->GetDescriptor();
      ReadValue(member.first, member_path, *type.map_key(), entry);
      if (!IsUnset(member.second)) ReadValue(member.second, member_path, *type.map_value(), entry);
    }
  }

  // Sets the field, or adds to it where it is a list.
  void ReadValue(const YAML::Node& node, const std::string& path, const FieldDescriptor& field, Message* message) {
    if (++values_ > kMostValues) return;
    const Reflection& reflection = *message->GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      return ReadMessage(
          node, path,
          field.is_repeated() ? reflection.AddMessage(message, &field) : reflection.MutableMessage(message, &field));
    }
    if (!node.IsScalar()) return Report(node, path, absl::StrCat("must be one value; here stands ", Describe(node)));
    const std::string& text = node.Scalar();
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
  std::optional<Integer> ReadInteger(const YAML::Node& node, const std::string& path) {
    Integer value = 0;
    if (absl::SimpleAtoi(node.Scalar(), &value)) return value;
    double number = 0;
    const bool is_whole =
        absl::SimpleAtod(node.Scalar(), &number) && std::isfinite(number) && std::trunc(number) == number;
    using Limits = std::numeric_limits<Integer>;
    if (is_whole && number >= static_cast<double>(Limits::min()) && number < std::ldexp(1.0, Limits::digits)) {
      return static_cast<Integer>(number);  // `1e3` and `3.0` are whole numbers in JSON too.
    }
    Report(node, path,
           is_whole ? absl::StrCat(Describe(node), " is out of range: ", Limits::min(), " to ", Limits::max())
                    : absl::StrCat(Describe(node), " is not a whole number"));
    return std::nullopt;
  }

  std::optional<double> ReadNumber(const YAML::Node& node, const std::string& path) {
    double value = 0;
    if (absl::SimpleAtod(node.Scalar(), &value) && std::isfinite(value)) return value;
    Report(node, path, absl::StrCat(Describe(node), " is not a number"));
    return std::nullopt;
  }

  void ReadText(const YAML::Node& node, const std::string& path, const FieldDescriptor& field, Message* message) {
    std::string text = node.Scalar();
    if (field.type() == FieldDescriptor::TYPE_BYTES && !absl::Base64Unescape(node.Scalar(), &text)) {
      return Report(node, path, Describe(node) + " is not base64");
    }
    const Reflection& reflection = *message->GetReflection();
    field.is_repeated() ? reflection.AddString(message, &field, std::move(text))
                        : reflection.SetString(message, &field, std::move(text));
  }

  void ReadEnum(const YAML::Node& node, const std::string& path, const FieldDescriptor& field, Message* message) {
    const EnumValueDescriptor* value = field.enum_type()->FindValueByName(node.Scalar());
    if (value == nullptr) {
      std::vector<std::string> choices;
      for (int i = 0; i < field.enum_type()->value_count(); ++i) {
        if (field.enum_type()->value(i)->number() != 0) choices.push_back(field.enum_type()->value(i)->name());
      }
      // `from_stage` is most likely meant for SCOPE_FROM_STAGE.
      const std::string upper = absl::AsciiStrToUpper(node.Scalar());
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

  std::vector<Problem>& problems_;
  std::map<std::string, Position>& positions_;
  int values_ = 0;
};

// Where the first byte stands that is not UTF-8.
Position FirstBadByte(absl::string_view text) {
  Position position{.line = 1, .column = 1};
  size_t start = 0;
  for (size_t end = text.find('\n'); end != absl::string_view::npos; end = text.find('\n', start)) {
    if (!IsUtf8(text.substr(start, end - start))) break;
    start = end + 1;
    ++position.line;
  }
  const absl::string_view line = text.substr(start, text.find('\n', start) - start);
  while (static_cast<size_t>(position.column) <= line.size()) {
    // A character has at most four bytes, so a good prefix ends at most three bytes before the bad one.
    size_t length = 1;
    while (length <= 4 && !IsUtf8(line.substr(position.column - 1, length))) ++length;
    if (length > 4) break;
    position.column += static_cast<int>(length);
  }
  return position;
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

YamlReading ReadYaml(absl::string_view text, const google::protobuf::Message& prototype) {
  YamlReading reading;
  if (!IsUtf8(text)) {
    reading.problems.push_back({.position = FirstBadByte(text), .message = "not UTF-8; save the file as UTF-8"});
    return reading;
  }
  std::vector<YAML::Node> nodes;
  try {
    nodes = YAML::LoadAll(std::string(text));
  } catch (const YAML::Exception& malformed) {
    // yaml-cpp has no other way to say so.
    reading.problems.push_back(
        {.position = ToPosition(malformed.mark), .message = absl::StrCat("malformed YAML: ", malformed.msg)});
    return reading;
  }
  for (const YAML::Node& node : nodes) {
    if (IsUnset(node)) continue;
    Document document{.message = std::unique_ptr<Message>(prototype.New())};
    document.positions[""] = ToPosition(node.Mark());
    const size_t before = reading.problems.size();
    DocumentReader reader(&reading.problems, &document.positions);
    reader.ReadMessage(node, "", document.message.get());
    reader.ReportTooLarge(node);
    if (reading.problems.size() == before) reading.documents.push_back(std::move(document));
  }
  return reading;
}

}  // namespace waymark::cli
