#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <concepts>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/document/document.h"
#include "common/document/duration.h"
#include "common/document/text.h"
#include "common/reflection/field_value.h"

namespace waymark::document {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// A list that is longer than this is written an element a line.
constexpr size_t kLongestLine = 100;
// YAML takes a name for one only where its colon follows within 1,024 characters; longer ones need a `?`.
constexpr size_t kLongestName = 1000;

std::string ToJson(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  static_cast<void>(google::protobuf::util::MessageToJsonString(message, &json, options));
  return json;
}

std::string Member(const std::string& name, const std::string& value) {
  return absl::StrCat(name.size() > kLongestName ? "? " : "", name, name.size() > kLongestName ? " : " : ": ", value);
}

std::string Inline(const google::protobuf::Value& value);

std::string Inline(const google::protobuf::Struct& object) {
  std::vector<std::string> members;
  for (const auto& [name, value] : object.fields()) members.push_back(Member(InlineScalar(name), Inline(value)));
  std::sort(members.begin(), members.end());
  return absl::StrCat("{", absl::StrJoin(members, ", "), "}");
}

std::string Inline(const google::protobuf::ListValue& list) {
  std::vector<std::string> elements;
  for (const google::protobuf::Value& value : list.values()) elements.push_back(Inline(value));
  return absl::StrCat("[", absl::StrJoin(elements, ", "), "]");
}

std::string Inline(const google::protobuf::Value& value) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kNumberValue:
      return NumberText(value.number_value());
    case google::protobuf::Value::kStringValue:
      return InlineScalar(value.string_value());
    case google::protobuf::Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case google::protobuf::Value::kStructValue:
      return Inline(value.struct_value());
    case google::protobuf::Value::kListValue:
      return Inline(value.list_value());
    case google::protobuf::Value::kNullValue:
    case google::protobuf::Value::KIND_NOT_SET:
      break;
  }
  return "null";
}

// A message that has a short form of its own.
std::string Inline(const Message& message) {
  if (const auto* duration = dynamic_cast<const google::protobuf::Duration*>(&message)) return WriteDuration(*duration);
  if (const auto* time = dynamic_cast<const google::protobuf::Timestamp*>(&message)) {
    return google::protobuf::util::TimeUtil::ToString(*time);
  }
  if (const auto* value = dynamic_cast<const google::protobuf::Value*>(&message)) return Inline(*value);
  if (const auto* object = dynamic_cast<const google::protobuf::Struct*>(&message)) return Inline(*object);
  if (const auto* list = dynamic_cast<const google::protobuf::ListValue*>(&message)) return Inline(*list);
  return ToJson(message);
}

// A value of the field on one line.
struct ScalarOf {
  const FieldDescriptor& field;

  std::string operator()(const Message& message) const { return Inline(message); }
  std::string operator()(const std::string& text) const {
    return InlineScalar(field.type() == FieldDescriptor::TYPE_STRING ? text : absl::Base64Escape(text));
  }
  std::string operator()(const google::protobuf::EnumValueDescriptor& value) const { return value.name(); }
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
  std::string operator()(double number) const { return NumberText(number); }
  std::string operator()(float number) const { return NumberText(number); }
  std::string operator()(std::integral auto number) const { return absl::StrCat(number); }
};

class YamlWriter {
 public:
  explicit YamlWriter(Fields fields) : fields_(fields) {}

  // The fields of a message, each on a line of its own; `indent` stands before each.
  void WriteFields(const Message& message, const std::string& indent) {
    for (const FieldDescriptor* field : FieldsOf(message)) {
      absl::StrAppend(&text_, indent, field->name(), ":");
      if (field->is_map()) {
        absl::StrAppend(&text_, " ", InlineMap(message, *field), "\n");
      } else if (field->is_repeated()) {
        WriteList(message, *field, indent);
      } else if (IsNested(*field)) {
        WriteNested(message.GetReflection()->GetMessage(message, field), indent + "  ");
      } else {
        absl::StrAppend(&text_, " ", Value(message, *field, -1, indent + "  "));
      }
    }
  }

  std::string text() && { return std::move(text_); }

 private:
  std::vector<const FieldDescriptor*> FieldsOf(const Message& message) const {
    std::vector<const FieldDescriptor*> fields;
    if (fields_ == Fields::kSet) {
      message.GetReflection()->ListFields(message, &fields);
      // ListFields goes by number; people read in the order of the proto.
      std::sort(fields.begin(), fields.end(), [](const auto* a, const auto* b) { return a->index() < b->index(); });
      return fields;
    }
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* field = message.GetDescriptor()->field(i);
      const bool shown = field->has_presence() ? message.GetReflection()->HasField(message, field) : true;
      if (shown) fields.push_back(field);
    }
    return fields;
  }

  // Whether the field's value is written over several lines: a message that has no short form of its own.
  static bool IsNested(const FieldDescriptor& field) {
    return field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
           !absl::StartsWith(field.message_type()->full_name(), "google.protobuf.");
  }

  void WriteNested(const Message& message, const std::string& indent) {
    if (FieldsOf(message).empty()) {
      text_ += " {}\n";
      return;
    }
    text_ += "\n";
    WriteFields(message, indent);
  }

  void WriteList(const Message& message, const FieldDescriptor& field, const std::string& indent) {
    const int size = message.GetReflection()->FieldSize(message, &field);
    if (!IsNested(field)) return WriteShortList(message, field, indent);
    text_ += size == 0 ? " []\n" : "\n";
    for (int i = 0; i < size; ++i) {
      const Message& element = message.GetReflection()->GetRepeatedMessage(message, &field, i);
      const size_t start = text_.size();
      WriteFields(element, indent + "    ");
      if (text_.size() == start) {
        absl::StrAppend(&text_, indent, "  - {}\n");
      } else {
        text_[start + indent.size() + 2] = '-';
      }
    }
  }

  void WriteShortList(const Message& message, const FieldDescriptor& field, const std::string& indent) {
    const int size = message.GetReflection()->FieldSize(message, &field);
    std::vector<std::string> elements;
    bool is_short = true;
    size_t length = indent.size() + field.name().size();
    for (int i = 0; i < size; ++i) {
      elements.push_back(Value(message, field, i, indent + "    "));
      length += elements.back().size() + 2;
      // Its own line break is the last of its characters.
      is_short = is_short && elements.back().find('\n') + 1 == elements.back().size();
      elements.back().pop_back();
    }
    if (is_short && length <= kLongestLine) {
      absl::StrAppend(&text_, " [", absl::StrJoin(elements, ", "), "]\n");
      return;
    }
    text_ += "\n";
    for (const std::string& element : elements) absl::StrAppend(&text_, indent, "  - ", element, "\n");
  }

  static std::string InlineMap(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    std::vector<std::string> members;
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      const FieldDescriptor& key = *entry.GetDescriptor()->map_key();
      const FieldDescriptor& value = *entry.GetDescriptor()->map_value();
      members.push_back(Member(Scalar(entry, key, -1), Scalar(entry, value, -1)));
    }
    std::sort(members.begin(), members.end());
    return absl::StrCat("{", absl::StrJoin(members, ", "), "}");
  }

  // The value of a field, or of its `index`-th element, with the line break after it; the lines of a long text stand
  // after `indent`.
  static std::string Value(const Message& message, const FieldDescriptor& field, int index, const std::string& indent) {
    if (field.type() == FieldDescriptor::TYPE_STRING) {
      const Reflection& reflection = *message.GetReflection();
      const std::string text =
          index < 0 ? reflection.GetString(message, &field) : reflection.GetRepeatedString(message, &field, index);
      if (IsBlock(text)) return BlockScalar(text, indent);
    }
    return Scalar(message, field, index) + "\n";
  }

  static std::string Scalar(const Message& message, const FieldDescriptor& field, int index) {
    return reflection::VisitValue(message, field, index, ScalarOf{field});
  }

  const Fields fields_;
  std::string text_;
};

}  // namespace

std::string WriteYaml(const Message& message, Fields fields) {
  if (absl::StartsWith(message.GetDescriptor()->full_name(), "google.protobuf.")) return Inline(message) + "\n";
  YamlWriter writer(fields);
  writer.WriteFields(message, "");
  std::string text = std::move(writer).text();
  return text.empty() ? "{}\n" : text;
}

std::string WriteJson(const Message& message, Fields fields) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = fields == Fields::kAll;
  options.add_whitespace = true;
  std::string json;
  const auto written = google::protobuf::util::MessageToJsonString(message, &json, options);
  return written.ok() ? json : "";
}

}  // namespace waymark::document
