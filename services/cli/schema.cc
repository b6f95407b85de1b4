#include "services/cli/schema.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "descriptors/manifest_descriptors.h"  // Made by protoc, with the comments of the protos.
#include "waymark/type/v1/form.pb.h"

namespace waymark::cli {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;

std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += {'\\', c};
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&quoted, "\\u%04x", c);
    } else {
      quoted.push_back(c);
    }
  }
  return quoted + "\"";
}

// An object whose values are JSON already, in the order in which they are put.
class Object {
 public:
  Object& Put(absl::string_view name, std::string json) {
    members_.push_back(absl::StrCat(Quoted(name), ": ", json));
    return *this;
  }
  Object& PutText(absl::string_view name, absl::string_view text) {
    return text.empty() ? *this : Put(name, Quoted(text));
  }
  Object& PutNumber(absl::string_view name, int64_t number) { return Put(name, absl::StrCat(number)); }
  std::string Json() const { return absl::StrCat("{", absl::StrJoin(members_, ", "), "}"); }
  bool empty() const { return members_.empty(); }

 private:
  std::vector<std::string> members_;
};

std::string List(const std::vector<std::string>& elements) {
  return absl::StrCat("[", absl::StrJoin(elements, ", "), "]");
}

// The JSON over several lines.
std::string Spread(absl::string_view json) {
  std::string spread;
  size_t depth = 0;
  bool in_text = false;
  const auto begin_line = [&] { absl::StrAppend(&spread, "\n", std::string(2 * depth, ' ')); };
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      spread.push_back(c);
      if (c == '\\') spread.push_back(json[++i]);
      in_text = c != '"';
      continue;
    }
    in_text = c == '"';
    const bool closes_nothing = i + 1 < json.size() && (json[i + 1] == '}' || json[i + 1] == ']');
    if (c == '{' || c == '[') {
      spread.push_back(c);
      ++depth;
      if (!closes_nothing) begin_line();
    } else if (c == '}' || c == ']') {
      --depth;
      if (json[i - 1] != '{' && json[i - 1] != '[') begin_line();
      spread.push_back(c);
    } else if (c == ',') {
      spread.push_back(c);
      begin_line();
      ++i;  // The space after it.
    } else {
      spread.push_back(c);
    }
  }
  return spread + "\n";
}

// What the proto says of an element, its lines joined to paragraphs.
template <typename Element>
std::string CommentOf(const Element& element) {
  google::protobuf::SourceLocation location;
  if (!element.GetSourceLocation(&location)) return "";
  std::string comment;
  bool joins = false;
  for (absl::string_view line : absl::StrSplit(location.leading_comments, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) {
      joins = false;
      continue;
    }
    absl::StrAppend(&comment, comment.empty() ? "" : joins ? " " : "\n\n", line);
    joins = true;
  }
  return comment;
}

// A pattern of the whole numbers from 1 to `most`, without zeros before.
std::string UpTo(uint64_t most) {
  const std::string digits = absl::StrCat(most);
  std::vector<std::string> choices;
  if (digits.size() > 1) choices.push_back(absl::StrCat("[1-9][0-9]{0,", digits.size() - 2, "}"));
  // As many digits: the first that is smaller decides.
  for (size_t i = 0; i < digits.size(); ++i) {
    const char least = i == 0 ? '1' : '0';
    if (digits[i] <= least) continue;
    const size_t rest = digits.size() - i - 1;
    choices.push_back(absl::StrCat(digits.substr(0, i), "[", std::string(1, least), "-",
                                   std::string(1, static_cast<char>(digits[i] - 1)), "]",
                                   rest == 0 ? "" : absl::StrCat("[0-9]{", rest, "}")));
  }
  choices.push_back(digits);
  return absl::StrCat("(", absl::StrJoin(choices, "|"), ")");
}

class SchemaMaker {
 public:
  std::string Make(const Descriptor& root) {
    const std::string reference = MessageReference(root);
    Object definitions;
    for (const auto& [name, json] : definitions_) definitions.Put(name, json);
    return Spread(Object()
                      .PutText("$schema", "https://json-schema.org/draft/2020-12/schema")
                      .PutText("$id", "urn:waymark:manifest:v1")
                      .PutText("title", "Waymark")
                      .PutText("$ref", reference)
                      .Put("$defs", definitions.Json())
                      .Json());
  }

 private:
  // Where the schema of a message stands; made at the first call.
  std::string MessageReference(const Descriptor& type) {
    if (made_.insert(type.full_name()).second) {
      const size_t place = definitions_.size();
      definitions_.emplace_back(type.full_name(), "");
      std::string json = MessageSchema(type);
      definitions_[place].second = std::move(json);
    }
    return absl::StrCat("#/$defs/", type.full_name());
  }

  static const type::v1::Form& FormOf(const FieldDescriptor& field) {
    return field.options().GetExtension(type::v1::form);
  }

  // That the field is given, under either of its names.
  static std::string IsGiven(const FieldDescriptor& field) {
    const auto under = [](const std::string& name) { return Object().Put("required", List({Quoted(name)})).Json(); };
    if (field.json_name() == field.name()) return under(field.name());
    return Object().Put("anyOf", List({under(field.name()), under(field.json_name())})).Json();
  }

  std::string MessageSchema(const Descriptor& type) {
    Object properties;
    std::vector<std::string> rules;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      properties.Put(field.name(), FieldSchema(field));
      if (field.json_name() != field.name()) {
        properties.Put(
            field.json_name(),
            Object().PutText("$ref", absl::StrCat("#/$defs/", type.full_name(), "/properties/", field.name())).Json());
        rules.push_back(
            Object()
                .Put("not", Object().Put("required", List({Quoted(field.name()), Quoted(field.json_name())})).Json())
                .Json());
      }
      const bool alone = field.real_containing_oneof() == nullptr;
      if (alone && (FormOf(field).min_items() > 0 || (FormOf(field).required() && !field.is_repeated()))) {
        rules.push_back(IsGiven(field));
      }
    }
    for (int i = 0; i < type.real_oneof_decl_count(); ++i) rules.push_back(Choice(*type.oneof_decl(i)));
    Object schema;
    schema.PutText("description", CommentOf(type)).PutText("type", "object").Put("properties", properties.Json());
    schema.Put("additionalProperties", "false");
    if (!rules.empty()) schema.Put("allOf", List(rules));
    return schema.Json();
  }

  static std::string Choice(const OneofDescriptor& choice) {
    std::vector<std::string> given;
    for (int i = 0; i < choice.field_count(); ++i) given.push_back(IsGiven(*choice.field(i)));
    if (!FormOf(*choice.field(0)).choose()) {
      given.push_back(Object().Put("not", Object().Put("anyOf", List(given)).Json()).Json());
    }
    return Object().Put("oneOf", List(given)).Json();
  }

  std::string FieldSchema(const FieldDescriptor& field) {
    const type::v1::Form& form = FormOf(field);
    Object schema;
    std::string comment = CommentOf(field);
    if (field.enum_type() != nullptr) absl::StrAppend(&comment, "\n\n", EnumWords(*field.enum_type()));
    schema.PutText("description", comment);
    if (field.is_map()) {
      Object values;
      PutValue(*field.message_type()->map_value(), {}, &values);
      schema.PutText("type", "object").Put("additionalProperties", values.Json());
    } else if (field.is_repeated()) {
      Object element;
      PutValue(field, form, &element);
      schema.PutText("type", "array");
      if (form.min_items() > 0) schema.PutNumber("minItems", form.min_items());
      if (form.max_items() > 0) schema.PutNumber("maxItems", form.max_items());
      if (form.unique() && field.message_type() == nullptr) schema.Put("uniqueItems", "true");
      schema.Put("items", element.Json());
    } else {
      PutValue(field, form, &schema);
    }
    return schema.Json();
  }

  static std::string EnumWords(const EnumDescriptor& type) {
    std::string words;
    for (int i = 0; i < type.value_count(); ++i) {
      if (type.value(i)->number() == 0) continue;
      absl::StrAppend(&words, words.empty() ? "" : "\n", type.value(i)->name(), ": ", CommentOf(*type.value(i)));
    }
    return words;
  }

  // What one value of the field must be.
  void PutValue(const FieldDescriptor& field, const type::v1::Form& form, Object* schema) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        schema->PutText("type", "boolean");
        return;
      case FieldDescriptor::CPPTYPE_INT32:
        schema->PutText("type", "integer").PutNumber("minimum", INT32_MIN).PutNumber("maximum", INT32_MAX);
        return;
      case FieldDescriptor::CPPTYPE_UINT32:
        schema->PutText("type", "integer")
            .PutNumber("minimum", form.required() ? 1 : 0)
            .PutNumber("maximum", form.max_value() > 0 ? static_cast<int64_t>(form.max_value()) : UINT32_MAX);
        return;
      case FieldDescriptor::CPPTYPE_INT64:
      case FieldDescriptor::CPPTYPE_UINT64:
        schema->Put("type", List({Quoted("integer"), Quoted("string")})).PutText("pattern", "^-?[0-9]+$");
        return;
      case FieldDescriptor::CPPTYPE_DOUBLE:
      case FieldDescriptor::CPPTYPE_FLOAT:
        schema->PutText("type", "number");
        return;
      case FieldDescriptor::CPPTYPE_ENUM: {
        std::vector<std::string> names;
        for (int i = 0; i < field.enum_type()->value_count(); ++i) {
          if (form.required() && field.enum_type()->value(i)->number() == 0) continue;
          names.push_back(Quoted(field.enum_type()->value(i)->name()));
        }
        schema->Put("enum", List(names));
        return;
      }
      case FieldDescriptor::CPPTYPE_STRING:
        return PutTextForm(field, form, schema);
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return PutMessage(*field.message_type(), form, schema);
    }
  }

  static void PutTextForm(const FieldDescriptor& field, const type::v1::Form& form, Object* schema) {
    // In a list every text says something.
    const bool not_empty = form.required() || field.is_repeated() ||
                           (field.has_presence() && form.format() != type::v1::FORMAT_UNSPECIFIED);
    const uint32_t most = form.max_characters() > 0 ? form.max_characters() : form.max_bytes();
    schema->PutText("type", "string");
    if (not_empty) schema->PutNumber("minLength", 1);
    if (most > 0) schema->PutNumber("maxLength", most);
    const auto put_pattern = [&](absl::string_view pattern) {
      schema->PutText("pattern", absl::StrCat("^(", pattern, ")", not_empty ? "" : "?", "$"));
    };
    switch (form.format()) {
      case type::v1::FORMAT_KEY:
        return put_pattern("[a-z][a-z0-9_-]{0,62}");
      case type::v1::FORMAT_ID:
        return put_pattern("[a-z][a-z0-9-]{0,62}");
      case type::v1::FORMAT_NAME:
        return put_pattern("[^\\u0000-\\u001f\\u007f]{1,255}");
      case type::v1::FORMAT_TIME_ZONE:
        return put_pattern("[A-Za-z][A-Za-z0-9_+/-]*");
      case type::v1::FORMAT_DATE:
        return put_pattern("[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])");
      default:
        return;
    }
  }

  void PutMessage(const Descriptor& type, const type::v1::Form& form, Object* schema) {
    const std::string& name = type.full_name();
    if (name == "google.protobuf.Duration") {
      schema->PutText("$ref", DurationReference(form.max_days()));
    } else if (name == "google.protobuf.Timestamp") {
      schema->PutText("type", "string").PutText("format", "date-time");
    } else if (name == "google.protobuf.Struct") {
      schema->PutText("type", "object");
    } else if (name == "google.protobuf.ListValue") {
      schema->PutText("type", "array");
    } else if (name != "google.protobuf.Value") {
      schema->PutText("$ref", MessageReference(type));
    }
  }

  // Durations of up to so many days; 0 means up to 7,300, and none at all is one too.
  std::string DurationReference(uint32_t max_days) {
    const std::string name = max_days == 0 ? "duration" : absl::StrCat("duration.", max_days);
    if (made_.insert(name).second) {
      const uint64_t days = max_days == 0 ? 7300 : max_days;
      std::vector<std::string> choices = {absl::StrCat(UpTo(days / 7), "w"),
                                          absl::StrCat(UpTo(days), "d"),
                                          absl::StrCat(UpTo(days * 24), "h"),
                                          absl::StrCat(UpTo(days * 1440), "m"),
                                          absl::StrCat(UpTo(days * 86'400), "(\\.[0-9]{1,9})?s"),
                                          "0\\.[0-9]{0,8}[1-9][0-9]{0,8}s"};
      if (max_days == 0) choices.push_back("0(\\.0{1,9})?[smhdw]");
      definitions_.emplace_back(
          name, Object()
                    .PutText("description", absl::StrCat("Such as 2w, 14d, 36h, 90m or 30s; at most ", days, " days."))
                    .PutText("type", "string")
                    .PutText("pattern", absl::StrCat("^(", absl::StrJoin(choices, "|"), ")$"))
                    .Json());
    }
    return absl::StrCat("#/$defs/", name);
  }

  std::vector<std::pair<std::string, std::string>> definitions_;
  std::set<std::string> made_;
};

}  // namespace

std::string ManifestSchema() {
  google::protobuf::FileDescriptorSet files;
  DescriptorPool pool;
  // Both are made at build time from what this program is built from: they hold together.
  if (!files.ParseFromArray(kManifestDescriptors, sizeof(kManifestDescriptors) - 1)) return "";
  for (const google::protobuf::FileDescriptorProto& file : files.file()) {
    if (pool.BuildFile(file) == nullptr) return "";
  }
  const Descriptor* manifest = pool.FindMessageTypeByName("waymark.manifest.v1.Manifest");
  return manifest == nullptr ? "" : SchemaMaker().Make(*manifest);
}

}  // namespace waymark::cli
