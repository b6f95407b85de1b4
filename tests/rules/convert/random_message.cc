#include "tests/rules/convert/random_message.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace waymark::rules {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// How deep a message gets; from here on nothing is chosen that contains its own kind.
constexpr int kDeepest = 7;

const type::v1::Form& FormOf(const FieldDescriptor& field) { return field.options().GetExtension(type::v1::form); }

// Whether a message of the type can hold one of the other type, at any depth.
bool Contains(const Descriptor& type, const Descriptor& other, std::set<const Descriptor*>& seen) {
  if (!seen.insert(&type).second) return false;
  for (int i = 0; i < type.field_count(); ++i) {
    const Descriptor* part = type.field(i)->message_type();
    if (part != nullptr && (part == &other || Contains(*part, other, seen))) return true;
  }
  return false;
}

bool IsRecursive(const FieldDescriptor& field) {
  static auto& known = *new std::map<const FieldDescriptor*, bool>();
  const auto found = known.find(&field);
  if (found != known.end()) return found->second;
  std::set<const Descriptor*> seen;
  return known[&field] =
             field.message_type() != nullptr && Contains(*field.message_type(), *field.containing_type(), seen);
}

size_t Characters(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

}  // namespace

std::string RandomMessages::FreeText() {
  static constexpr const char* kWords[] = {"Adoption",
                                           "true",
                                           "null",
                                           "~",
                                           "12",
                                           "1e3",
                                           "NaN",
                                           ".inf",
                                           "2026-05-04",
                                           "14d",
                                           " ",
                                           "  ",
                                           "\n",
                                           "\n\n",
                                           "\t",
                                           "\r\n",
                                           ": ",
                                           " #",
                                           "- ",
                                           "? ",
                                           "---",
                                           "...",
                                           "|",
                                           ">",
                                           "\"",
                                           "'",
                                           "\\",
                                           "\\u0041",
                                           "{",
                                           "}",
                                           "[",
                                           "]",
                                           ", ",
                                           "&a",
                                           "*a",
                                           "!!str",
                                           "%",
                                           "@",
                                           "`",
                                           "é",
                                           "ü",
                                           "日本",
                                           "שלום",
                                           "العربية",
                                           "😀",
                                           "👩‍👩‍👧",
                                           "\xE2\x80\xAE",
                                           "\xE2\x80\xA8",
                                           "\xC2\x85",
                                           "\xEF\xBB\xBF",
                                           "\x01",
                                           "\x1b[1m",
                                           "\x7f",
                                           "word",
                                           "the customer",
                                           "x",
                                           "yes",
                                           "0x1F",
                                           "=",
                                           "<<",
                                           "\xF3\xA0\x80\x81"};
  std::string text;
  const uint64_t count = OneIn(40) ? 20 + Below(200) : Below(6);
  for (uint64_t i = 0; i < count; ++i) text += kWords[Below(std::size(kWords))];
  return text;
}

std::string RandomMessages::Text(const type::v1::Form& form) {
  static constexpr const char* kZones[] = {"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"};
  static constexpr const char* kNames[] = {"signed_up",  "A_SUBMITTED/COMPLETE",
                                           "report run", "true",
                                           "null",       "007",
                                           "plan.name",  "é",
                                           "😀",          " x ",
                                           "- a",        "a: b",
                                           "#1",         "14d",
                                           "\"q\"",      "🏁 done"};
  std::string text;
  switch (form.format()) {
    case type::v1::FORMAT_KEY:
      return absl::StrCat(OneIn(3) ? "no" : OneIn(2) ? "key_" : "k-", ++names_);
    case type::v1::FORMAT_ID:
      return absl::StrCat(OneIn(3) ? "null-" : "id", ++names_);
    case type::v1::FORMAT_NAME:
      return absl::StrCat(kNames[Below(std::size(kNames))], OneIn(2) ? "" : absl::StrCat(++names_));
    case type::v1::FORMAT_TIME_ZONE:
      return kZones[Below(std::size(kZones))];
    case type::v1::FORMAT_DATE:
      return "2026-05-04";
    default:
      break;
  }
  do {
    text = FreeText();
  } while (text.empty() && form.required());
  while ((form.max_characters() > 0 && Characters(text) > form.max_characters()) ||
         (form.max_bytes() > 0 && text.size() > form.max_bytes())) {
    text = "It was too long";
  }
  return text;
}

double RandomMessages::Number() {
  if (OneIn(3)) return static_cast<double>(Below(1000)) - 500;
  if (OneIn(2)) return static_cast<double>(Below(1'000'000)) / 1000 - 300;
  double number = 0;
  do {
    const uint64_t bits = random_();
    std::memcpy(&number, &bits, sizeof(number));
  } while (!std::isfinite(number));
  return number;
}

bool RandomMessages::FillWellKnown(Message& message, const type::v1::Form& form, int depth) {
  if (auto* duration = dynamic_cast<google::protobuf::Duration*>(&message)) {
    const uint64_t most = uint64_t{form.max_days() == 0 ? 7300 : form.max_days()} * 86'400;
    static constexpr uint64_t kUnits[] = {1, 60, 3'600, 86'400, 604'800};
    const uint64_t unit = kUnits[Below(std::size(kUnits))];
    duration->set_seconds(static_cast<int64_t>(unit * (1 + Below(most / unit))));
    if (OneIn(8) && duration->seconds() < static_cast<int64_t>(most)) {
      duration->set_nanos(static_cast<int32_t>(OneIn(2) ? Below(1'000'000'000) : Below(1000) * 1'000'000));
    }
    return true;
  }
  if (auto* time = dynamic_cast<google::protobuf::Timestamp*>(&message)) {
    time->set_seconds(static_cast<int64_t>(946'684'800 + Below(3'000'000'000)));
    if (OneIn(3)) time->set_nanos(static_cast<int32_t>(Below(1'000'000'000)));
    return true;
  }
  if (auto* value = dynamic_cast<google::protobuf::Value*>(&message)) {
    switch (Below(depth > kDeepest ? 4 : 6)) {
      case 0:
        value->set_null_value(google::protobuf::NULL_VALUE);
        break;
      case 1:
        value->set_bool_value(OneIn(2));
        break;
      case 2:
        value->set_number_value(Number());
        break;
      case 3:
        value->set_string_value(FreeText());
        break;
      case 4:
        FillWellKnown(*value->mutable_list_value(), form, depth + 1);
        break;
      case 5:
        FillWellKnown(*value->mutable_struct_value(), form, depth + 1);
        break;
    }
    return true;
  }
  if (auto* list = dynamic_cast<google::protobuf::ListValue*>(&message)) {
    for (uint64_t i = Below(4); i > 0; --i) FillWellKnown(*list->add_values(), form, depth + 1);
    return true;
  }
  if (auto* object = dynamic_cast<google::protobuf::Struct*>(&message)) {
    for (uint64_t i = Below(4); i > 0; --i) FillWellKnown((*object->mutable_fields())[FreeText()], form, depth + 1);
    return true;
  }
  return false;
}

const FieldDescriptor& RandomMessages::Choose(const OneofDescriptor& choice, int depth) {
  while (true) {
    const FieldDescriptor& field = *choice.field(static_cast<int>(Below(choice.field_count())));
    if (depth < kDeepest || !IsRecursive(field)) return field;
  }
}

void RandomMessages::Fill(Message& message, int depth) {
  const Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (const OneofDescriptor* choice = field.real_containing_oneof(); choice != nullptr) {
      if (choice->field(0) == &field && (FormOf(field).choose() || OneIn(2))) {
        FillOne(message, Choose(*choice, depth), depth);
      }
      continue;
    }
    const type::v1::Form& form = FormOf(field);
    if (form.required() || form.min_items() > 0 || OneIn(depth > 3 ? 4 : 2)) FillField(message, field, depth);
  }
}

void RandomMessages::FillField(Message& message, const FieldDescriptor& field, int depth) {
  if (!field.is_repeated() || field.is_map()) return field.is_map() ? void() : FillOne(message, field, depth);
  const type::v1::Form& form = FormOf(field);
  const uint64_t most = form.max_items() == 0 ? 3 : std::min<uint64_t>(form.max_items(), form.min_items() + 3);
  const uint64_t count = form.min_items() + Below(most - form.min_items() + 1);
  std::set<std::string> seen;
  for (uint64_t i = 0; i < count; ++i) {
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      std::string text;
      do {
        text = Text(form);
      } while (text.empty() || (form.unique() && !seen.insert(text).second));
      message.GetReflection()->AddString(&message, &field, text);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Message& element = *message.GetReflection()->AddMessage(&message, &field);
      if (!FillWellKnown(element, form, depth)) Fill(element, depth + 1);
    }
  }
}

void RandomMessages::FillOne(Message& message, const FieldDescriptor& field, int depth) {
  const Reflection& reflection = *message.GetReflection();
  const type::v1::Form& form = FormOf(field);
  const uint64_t most = form.max_value() == 0 ? 1'000'000 : form.max_value();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      Message& part = *reflection.MutableMessage(&message, &field);
      if (!FillWellKnown(part, form, depth)) Fill(part, depth + 1);
      return;
    }
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection.SetString(&message, &field, Text(form));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto& type = *field.enum_type();
      const int first = form.required() ? 1 : 0;
      return reflection.SetEnum(&message, &field,
                                type.value(first + static_cast<int>(Below(type.value_count() - first))));
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, OneIn(2));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.SetDouble(&message, &field, Number());
    case FieldDescriptor::CPPTYPE_FLOAT:
      return reflection.SetFloat(&message, &field, static_cast<float>(Below(1000)) / 7);
    case FieldDescriptor::CPPTYPE_UINT32:
      return reflection.SetUInt32(&message, &field,
                                  static_cast<uint32_t>(1 + (OneIn(2) ? Below(3) : Below(most)) % most));
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(&message, &field, 1 + Below(most));
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&message, &field, static_cast<int32_t>(Below(5)) - 2);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.SetInt64(&message, &field, static_cast<int64_t>(random_()));
  }
}

void RandomMessages::Mutate(Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  const Reflection& reflection = *message.GetReflection();
  if (type.field_count() == 0) return;
  const FieldDescriptor& field = *type.field(static_cast<int>(Below(type.field_count())));
  const bool is_message = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field.is_map();
  if (field.is_map() || FillWellKnown(message, {}, 0)) return;
  if (field.is_repeated()) {
    const int size = reflection.FieldSize(message, &field);
    switch (Below(size == 0 ? 1 : 5)) {
      case 0:
        return FillField(message, field, 3);
      case 1:
        return reflection.RemoveLast(&message, &field);
      case 2:
        return reflection.SwapElements(&message, &field, static_cast<int>(Below(size)), static_cast<int>(Below(size)));
      default:
        if (is_message) Mutate(*reflection.MutableRepeatedMessage(&message, &field, static_cast<int>(Below(size))));
        return;
    }
  }
  if (is_message && reflection.HasField(message, &field) && !OneIn(6)) {
    return Mutate(*reflection.MutableMessage(&message, &field));
  }
  if (OneIn(3)) return reflection.ClearField(&message, &field);
  if (field.real_containing_oneof() == nullptr || !IsRecursive(field)) FillOne(message, field, 4);
}

}  // namespace waymark::rules
