#include <google/protobuf/descriptor.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/cli/yaml.h"

namespace waymark::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string ToJson(const Message& message, bool all) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = all;
  std::string json;
  static_cast<void>(google::protobuf::util::MessageToJsonString(message, &json, options));
  return json;
}

// Whether YAML reads the text back as this very text without quotes: letters, digits and a few harmless signs, and no
// number, boolean or null.
bool IsPlain(const std::string& text) {
  if (text.empty() || !absl::ascii_isalpha(static_cast<unsigned char>(text.front())) || text.back() == ' ')
    return false;
  const bool is_harmless = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains(" _-./()+", c) ||
           static_cast<unsigned char>(c) >= 0x80;
  });
  static constexpr const char* kWords[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  return is_harmless && std::none_of(std::begin(kWords), std::end(kWords),
                                     [&](const char* word) { return absl::EqualsIgnoreCase(text, word); });
}

// A text as YAML: a JSON string is one too.
std::string Quoted(const std::string& text) {
  if (IsPlain(text)) return text;
  google::protobuf::Value value;
  value.set_string_value(text);
  return ToJson(value, false);
}

class YamlWriter {
 public:
  explicit YamlWriter(Fields fields) : fields_(fields) {}

  // The fields of a message, each on a line of its own; `indent` stands before each.
  void WriteFields(const Message& message, const std::string& indent) {
    for (const FieldDescriptor* field : FieldsOf(message)) {
      absl::StrAppend(&text_, indent, field->name(), ":");
      if (field->is_map()) {
        absl::StrAppend(&text_, " ", MapAsJson(message, *field), "\n");
      } else if (field->is_repeated()) {
        WriteList(message, *field, indent);
      } else if (IsNested(*field)) {
        WriteNested(message.GetReflection()->GetMessage(message, field), indent + "  ");
      } else {
        absl::StrAppend(&text_, " ", Scalar(message, *field, -1), "\n");
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

  // Whether the field's value is written over several lines: a message that has no short JSON form of its own.
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
    if (!IsNested(field)) {
      absl::string_view separator = "";
      text_ += " [";
      for (int i = 0; i < size; ++i) {
        absl::StrAppend(&text_, separator, Scalar(message, field, i));
        separator = ", ";
      }
      text_ += "]\n";
      return;
    }
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

  static std::string MapAsJson(const Message& message, const FieldDescriptor& field) {
    std::unique_ptr<Message> alone(message.New());
    const Reflection& reflection = *message.GetReflection();
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      reflection.AddMessage(alone.get(), &field)->CopyFrom(reflection.GetRepeatedMessage(message, &field, i));
    }
    const std::string json = ToJson(*alone, false);
    return json == "{}" ? json : json.substr(json.find(':') + 1, json.size() - json.find(':') - 2);
  }

  // The value of a field, or of its `index`-th element.
  static std::string Scalar(const Message& message, const FieldDescriptor& field, int index) {
    const Reflection& reflection = *message.GetReflection();
    const bool one = index < 0;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return absl::StrCat(one ? reflection.GetInt32(message, &field)
                                : reflection.GetRepeatedInt32(message, &field, index));
      case FieldDescriptor::CPPTYPE_INT64:
        return absl::StrCat(one ? reflection.GetInt64(message, &field)
                                : reflection.GetRepeatedInt64(message, &field, index));
      case FieldDescriptor::CPPTYPE_UINT32:
        return absl::StrCat(one ? reflection.GetUInt32(message, &field)
                                : reflection.GetRepeatedUInt32(message, &field, index));
      case FieldDescriptor::CPPTYPE_UINT64:
        return absl::StrCat(one ? reflection.GetUInt64(message, &field)
                                : reflection.GetRepeatedUInt64(message, &field, index));
      case FieldDescriptor::CPPTYPE_BOOL:
        return (one ? reflection.GetBool(message, &field) : reflection.GetRepeatedBool(message, &field, index))
                   ? "true"
                   : "false";
      case FieldDescriptor::CPPTYPE_ENUM:
        return (one ? reflection.GetEnum(message, &field) : reflection.GetRepeatedEnum(message, &field, index))->name();
      case FieldDescriptor::CPPTYPE_STRING:
        if (field.type() == FieldDescriptor::TYPE_STRING) {
          return Quoted(one ? reflection.GetString(message, &field)
                            : reflection.GetRepeatedString(message, &field, index));
        }
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE: {
        const std::string json =
            ToJson(one ? reflection.GetMessage(message, &field) : reflection.GetRepeatedMessage(message, &field, index),
                   false);
        // Times are read without quotes as well.
        const bool is_time = absl::StrContains(field.message_type()->full_name(), "Timestamp") ||
                             absl::StrContains(field.message_type()->full_name(), "Duration");
        return is_time && json.size() > 2 ? json.substr(1, json.size() - 2) : json;
      }
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_FLOAT:
        break;
    }
    return AloneAsJson(message, field, index);
  }

  // Numbers with a fraction and bytes, as protobuf writes them.
  static std::string AloneAsJson(const Message& message, const FieldDescriptor& field, int index) {
    google::protobuf::Value value;
    const Reflection& reflection = *message.GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
      value.set_number_value(index < 0 ? reflection.GetDouble(message, &field)
                                       : reflection.GetRepeatedDouble(message, &field, index));
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_FLOAT) {
      value.set_number_value(index < 0 ? reflection.GetFloat(message, &field)
                                       : reflection.GetRepeatedFloat(message, &field, index));
    } else {
      value.set_string_value(absl::Base64Escape(index < 0 ? reflection.GetString(message, &field)
                                                          : reflection.GetRepeatedString(message, &field, index)));
    }
    return ToJson(value, false);
  }

  const Fields fields_;
  std::string text_;
};

}  // namespace

std::string WriteYaml(const Message& message, Fields fields) {
  YamlWriter writer(fields);
  writer.WriteFields(message, "");
  std::string text = std::move(writer).text();
  return text.empty() ? "{}\n" : text;
}

std::string WriteJson(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  options.add_whitespace = true;
  std::string json;
  static_cast<void>(google::protobuf::util::MessageToJsonString(message, &json, options));
  return json;
}

}  // namespace waymark::cli
