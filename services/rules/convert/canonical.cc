#include "services/rules/convert/canonical.h"

#include <algorithm>
#include <concepts>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/hash.h"
#include "common/reflection/field_value.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/struct.pb.h"

namespace waymark::rules {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void PutField(absl::string_view name, absl::string_view bytes, std::string& out) {
  absl::StrAppend(&out, name, ":", bytes.size(), ":", bytes);
}

// A value of a field as bytes.
struct Encoder {
  std::string operator()(const Message& message) const { return EncodeMessage(message); }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(const google::protobuf::EnumValueDescriptor& value) const { return value.name(); }
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
  std::string operator()(double number) const { return absl::StrFormat("%.17g", number); }
  std::string operator()(float number) const { return absl::StrFormat("%.9g", number); }
  std::string operator()(std::integral auto number) const { return absl::StrCat(number); }
};

std::string EncodeValue(const Message& message, const FieldDescriptor& field, int index) {
  return reflection::VisitValue(message, field, index, Encoder());
}

// JSON has one word for a value that is null and one that is not set.
void MakeCanonicalValue(google::protobuf::Value& value) {
  if (value.kind_case() == google::protobuf::Value::KIND_NOT_SET) value.set_null_value(google::protobuf::NULL_VALUE);
  if (value.has_struct_value()) MakeCanonical(*value.mutable_struct_value());
  if (value.has_list_value()) MakeCanonical(*value.mutable_list_value());
}

}  // namespace

bool FirstIsDefault(const google::protobuf::EnumDescriptor& type) {
  static constexpr absl::string_view kTypes[] = {"Kind",     "Subject", "ReEntry",   "Regress",
                                                 "Latching", "Party",   "Direction", "Anchor"};
  return std::find(std::begin(kTypes), std::end(kTypes), absl::string_view(type.name())) != std::end(kTypes);
}

bool ZeroIsOne(const FieldDescriptor& field) {
  return field.full_name() == "waymark.journey.v1.EventCount.at_least" ||
         field.full_name() == "waymark.journey.v1.AtLeastOf.n";
}

std::string EncodeField(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  std::string out;
  if (!field.is_repeated()) {
    if (reflection.HasField(message, &field)) PutField(field.name(), EncodeValue(message, field, -1), out);
    return out;
  }
  std::vector<std::string> elements;
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) elements.push_back(EncodeValue(message, field, i));
  if (field.is_map()) std::sort(elements.begin(), elements.end());
  for (const std::string& element : elements) PutField(field.name(), element, out);
  return out;
}

std::string EncodeMessage(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);  // Those that are set, by number.
  std::string out;
  for (const FieldDescriptor* field : fields) out += EncodeField(message, *field);
  return out;
}

void MakeCanonical(Message& message) {
  if (auto* value = dynamic_cast<google::protobuf::Value*>(&message)) return MakeCanonicalValue(*value);
  if (auto* object = dynamic_cast<google::protobuf::Struct*>(&message)) {
    for (auto& [name, value] : *object->mutable_fields()) MakeCanonicalValue(value);
    return;
  }
  const Descriptor& type = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor* key = type.FindFieldByName("key");
  const FieldDescriptor* title = type.FindFieldByName("title");
  if (key != nullptr && title != nullptr &&
      reflection.GetString(message, key) == reflection.GetString(message, title)) {
    reflection.ClearField(&message, title);
  }
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (field->is_map()) continue;
      if (field->is_repeated()) {
        for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
          MakeCanonical(*reflection.MutableRepeatedMessage(&message, field, i));
        }
      } else {
        MakeCanonical(*reflection.MutableMessage(&message, field));
      }
    } else if (field->is_repeated()) {
      continue;
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      if (FirstIsDefault(*field->enum_type()) && reflection.GetEnumValue(message, field) == 1) {
        reflection.ClearField(&message, field);
      }
    } else if (ZeroIsOne(*field) && reflection.GetUInt32(message, field) == 1) {
      reflection.ClearField(&message, field);
    }
  }
}

std::string ContentHash(const Message& message) {
  const std::unique_ptr<Message> canonical(message.New());
  canonical->CopyFrom(message);
  MakeCanonical(*canonical);
  return Sha256Hex(absl::StrCat(message.GetDescriptor()->full_name(), "\n", EncodeMessage(*canonical)));
}

}  // namespace waymark::rules
