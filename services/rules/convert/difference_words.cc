#include "services/rules/convert/difference_words.h"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "common/reflection/field_value.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/rules/convert/canonical.h"
#include "services/rules/convert/words.h"
#include "waymark/journey/v1/criterion.pb.h"
#include "waymark/journey/v1/definition.pb.h"
#include "waymark/type/v1/form.pb.h"

namespace waymark::rules {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// How much of a text is shown, and how much of it before the first difference; bytes.
constexpr size_t kShown = 60;
constexpr size_t kLead = 16;

bool ContinuesCharacter(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// `text[from, from + kShown)`, at the bounds of characters, with `…` for what is left out; control characters as `?`.
std::string Window(absl::string_view text, size_t from) {
  while (from > 0 && from < text.size() && ContinuesCharacter(text[from])) --from;
  size_t to = std::min(text.size(), from + kShown);
  while (to < text.size() && ContinuesCharacter(text[to])) ++to;
  std::string shown = absl::StrCat(from > 0 ? "…" : "", text.substr(from, to - from), to < text.size() ? "…" : "");
  for (char& c : shown) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = c == '\n' ? ' ' : '?';
  }
  return absl::StrCat("\"", shown, "\"");
}

std::string DurationWords(const google::protobuf::Duration& duration) {
  struct Unit {
    const char* name;
    int64_t seconds;
  };
  static constexpr Unit kUnits[] = {{"d", 86'400}, {"h", 3'600}, {"min", 60}};
  if (duration.nanos() != 0) {
    return absl::StrFormat("%.9g s", static_cast<double>(duration.seconds()) + duration.nanos() / 1e9);
  }
  for (const Unit& unit : kUnits) {
    if (duration.seconds() != 0 && duration.seconds() % unit.seconds == 0) {
      return absl::StrCat(duration.seconds() / unit.seconds, " ", unit.name);
    }
  }
  return absl::StrCat(duration.seconds(), " s");
}

std::string ListWords(const google::protobuf::ListValue& list);

std::string AnyWords(const google::protobuf::Value& value) {
  switch (value.kind_case()) {
    case google::protobuf::Value::kNumberValue:
      return absl::StrFormat("%.15g", value.number_value());
    case google::protobuf::Value::kStringValue:
      return QuotedText(value.string_value());
    case google::protobuf::Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case google::protobuf::Value::kStructValue:
      return "an object";
    case google::protobuf::Value::kListValue:
      return ListWords(value.list_value());
    case google::protobuf::Value::kNullValue:
    case google::protobuf::Value::KIND_NOT_SET:
      break;
  }
  return "null";
}

std::string ListWords(const google::protobuf::ListValue& list) {
  std::vector<std::string> values;
  for (const google::protobuf::Value& value : list.values()) values.push_back(AnyWords(value));
  return absl::StrCat("[", absl::StrJoin(values, ", "), "]");
}

std::string ObjectWords(const google::protobuf::Struct& object) {
  std::vector<std::string> members;
  for (const auto& [name, value] : object.fields()) members.push_back(absl::StrCat(name, ": ", AnyWords(value)));
  std::sort(members.begin(), members.end());
  return absl::StrCat("{", absl::StrJoin(members, ", "), "}");
}

// `SCOPE_FROM_STAGE` is `from stage`.
std::string EnumWords(const google::protobuf::EnumValueDescriptor& value) {
  const google::protobuf::EnumDescriptor& type = *value.type();
  absl::string_view unspecified = type.value(0)->name();
  absl::ConsumeSuffix(&unspecified, "UNSPECIFIED");
  absl::string_view name = value.number() == 0 && FirstIsDefault(type) ? type.value(1)->name() : value.name();
  absl::ConsumePrefix(&name, unspecified);
  if (name == "UNSPECIFIED") return "none";
  return absl::AsciiStrToLower(absl::StrReplaceAll(name, {{"_", " "}}));
}

}  // namespace

std::string FieldWords(const FieldDescriptor& field) { return absl::StrReplaceAll(field.name(), {{"_", " "}}); }

std::string ElementNoun(const Descriptor& type) {
  if (type.name() == "Criterion") return "part";
  if (type.name() == "ValueCondition") return "condition";
  absl::string_view name = type.name();
  absl::ConsumeSuffix(&name, "Ref");
  for (const absl::string_view last : {"Step", "Question"}) {
    if (absl::EndsWith(name, last)) name = last;
  }
  std::string noun;
  for (const char c : name) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !noun.empty()) noun.push_back(' ');
    noun.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  return noun;
}

bool IsSaidAsAWhole(const Descriptor& type) { return absl::StartsWith(type.full_name(), "google.protobuf."); }

bool IsDescribed(const Descriptor& type) { return type.name() == "Criterion" || type.name() == "Trigger"; }

std::string MessageWords(const Message& message) {
  if (const auto* value = dynamic_cast<const google::protobuf::Duration*>(&message)) return DurationWords(*value);
  if (const auto* value = dynamic_cast<const google::protobuf::Value*>(&message)) return AnyWords(*value);
  if (const auto* value = dynamic_cast<const google::protobuf::ListValue*>(&message)) return ListWords(*value);
  if (const auto* value = dynamic_cast<const google::protobuf::Struct*>(&message)) return ObjectWords(*value);
  if (const auto* value = dynamic_cast<const google::protobuf::Timestamp*>(&message)) {
    return absl::FormatTime("%Y-%m-%d %H:%M:%E*S",
                            absl::FromUnixSeconds(value->seconds()) + absl::Nanoseconds(value->nanos()),
                            absl::UTCTimeZone());
  }
  if (const auto* criterion = dynamic_cast<const journey::v1::Criterion*>(&message))
    return DescribeCriterion(*criterion);
  if (const auto* trigger = dynamic_cast<const journey::v1::Trigger*>(&message)) return DescribeTrigger(*trigger);
  const Descriptor& type = *message.GetDescriptor();
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  std::vector<std::string> words;
  for (const FieldDescriptor* field : fields) {
    const bool list = field->is_repeated();
    const bool nested = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (list && nested) continue;
    if (field->real_containing_oneof() != nullptr && nested && !IsSaidAsAWhole(*field->message_type())) {
      const std::string inside = MessageWords(message.GetReflection()->GetMessage(message, field));
      words.push_back(absl::StrCat(FieldWords(*field), inside.empty() ? "" : " ", inside));
    } else if (list) {
      std::vector<std::string> elements;
      for (int i = 0; i < message.GetReflection()->FieldSize(message, field); ++i) {
        elements.push_back(ValueWords(message, *field, i));
      }
      words.push_back(absl::StrJoin(elements, ", "));
    } else if (!nested || IsSaidAsAWhole(*field->message_type())) {
      const bool names = field->index() == 0 && type.oneof_decl_count() == 0;
      words.push_back(absl::StrCat(names ? "" : FieldWords(*field), names ? "" : " ", ValueWords(message, *field, -1)));
    }
    if (words.size() == 3) break;  // It is to be a few words.
  }
  return absl::StrJoin(words, ", ");
}

namespace {

// Says a value of the field.
struct Speaker {
  const FieldDescriptor& field;

  std::string operator()(const Message& message) const { return MessageWords(message); }
  std::string operator()(const std::string& text) const {
    const bool is_name = field.options().GetExtension(type::v1::form).format() != type::v1::FORMAT_UNSPECIFIED;
    const std::string quoted = QuotedText(text);
    return is_name && !text.empty() && quoted.size() == text.size() + 2 ? text : quoted;
  }
  std::string operator()(const google::protobuf::EnumValueDescriptor& value) const { return EnumWords(value); }
  std::string operator()(bool truth) const { return truth ? "yes" : "no"; }
  std::string operator()(double number) const { return absl::StrFormat("%.15g", number); }
  std::string operator()(float number) const { return absl::StrFormat("%.7g", number); }
  std::string operator()(std::integral auto number) const {
    return absl::StrCat(number == 0 && ZeroIsOne(field) ? 1 : number);
  }
};

}  // namespace

std::string ValueWords(const Message& message, const FieldDescriptor& field, int index) {
  return reflection::VisitValue(message, field, index, Speaker{field});
}

std::string QuotedText(absl::string_view text) { return Window(text, 0); }

std::string TextChange(absl::string_view before, absl::string_view after) {
  const size_t least = std::min(before.size(), after.size());
  size_t first = std::mismatch(before.begin(), before.begin() + least, after.begin()).first - before.begin();
  const bool fits = before.size() <= kShown && after.size() <= kShown;
  const size_t from = fits || first < kLead ? 0 : first - kLead;
  return absl::StrCat(Window(before, from), " → ", Window(after, from));
}

}  // namespace waymark::rules
