#include "services/rules/convert/form.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/checks.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "waymark/type/v1/form.pb.h"

namespace waymark::rules {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kMostLevels = 30;
constexpr size_t kMostNameBytes = 255;

bool IsWord(absl::string_view text, bool underscores) {
  return text.size() <= 63 && absl::ascii_islower(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' || (underscores && c == '_');
         });
}

bool IsName(absl::string_view text) {
  return text.size() <= kMostNameBytes && std::none_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_iscntrl(static_cast<unsigned char>(c));
         });
}

bool IsDate(absl::string_view text) {
  absl::CivilDay day;
  return text.size() == 10 && absl::ParseCivilTime(text, &day);
}

// Code points of UTF-8: every byte that does not continue one.
size_t Characters(absl::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

// Walks through a message and notes what is wrong.
class Inspection {
 public:
  std::vector<Finding> Inspect(const Message& message) {
    Inspect(message, "", 0);
    return std::move(findings_);
  }

 private:
  bool Full() const { return findings_.size() >= kMostFindings; }

  void Add(absl::string_view code, absl::string_view path, std::string message, std::string hint) {
    if (!Full()) findings_.push_back({std::string(code), std::string(path), std::move(message), std::move(hint)});
  }

  void Inspect(const Message& message, const std::string& path, int level) {
    if (level > kMostLevels) return Add("TOO_DEEP", path, "there are too many levels here", "say it with fewer levels");
    const Descriptor& type = *message.GetDescriptor();
    if (type.full_name() == "google.protobuf.Timestamp") return InspectTime(message, path);
    for (int i = 0; i < type.field_count() && !Full(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const std::string name = field.is_extension() ? field.full_name() : field.name();
      const std::string at = path.empty() ? name : absl::StrCat(path, ".", name);
      const type::v1::Form& form = field.options().GetExtension(type::v1::form);
      if (form.choose()) InspectChoice(message, *field.real_containing_oneof(), path);
      if (field.is_map()) {
        InspectMap(message, field, at, level);
      } else if (field.is_repeated()) {
        InspectList(message, field, form, at, level);
      } else {
        InspectOne(message, field, form, at, level);
      }
    }
  }

  void InspectChoice(const Message& message, const google::protobuf::OneofDescriptor& choice, const std::string& path) {
    if (message.GetReflection()->HasOneof(message, &choice)) return;
    std::string names;
    for (int i = 0; i < choice.field_count(); ++i) {
      absl::StrAppend(&names, i == 0 ? "" : i + 1 == choice.field_count() ? " or " : ", ", choice.field(i)->name());
    }
    Add("CHOICE_MISSING", path, absl::StrCat("nothing is chosen as its ", choice.name()),
        absl::StrCat("choose ", names));
  }

  void InspectMap(const Message& message, const FieldDescriptor& field, const std::string& path, int level) {
    const Reflection& reflection = *message.GetReflection();
    for (int i = 0; i < reflection.FieldSize(message, &field) && !Full(); ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      Inspect(entry, absl::StrCat(path, "[", i, "]"), level + 1);
    }
  }

  void InspectList(const Message& message, const FieldDescriptor& field, const type::v1::Form& form,
                   const std::string& path, int level) {
    const Reflection& reflection = *message.GetReflection();
    const uint32_t size = reflection.FieldSize(message, &field);
    if (size < form.min_items()) {
      Add("TOO_FEW", path, size == 0 ? "none is given" : absl::StrCat("there is only ", size),
          absl::StrCat("give at least ", form.min_items()));
    }
    if (form.max_items() > 0 && size > form.max_items()) {
      Add("TOO_MANY", path, absl::StrCat("there are ", size), absl::StrCat("keep to ", form.max_items()));
    }
    absl::flat_hash_set<std::string> seen;
    for (uint32_t i = 0; i < size && !Full(); ++i) {
      const std::string at = absl::StrCat(path, "[", i, "]");
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        const Message& element = reflection.GetRepeatedMessage(message, &field, i);
        Inspect(element, at, level + 1);
        const FieldDescriptor* key = form.unique() ? element.GetDescriptor()->FindFieldByName("key") : nullptr;
        if (key == nullptr) continue;
        const std::string name = element.GetReflection()->GetString(element, key);
        if (!name.empty() && !seen.insert(name).second) {
          Add("KEY_REPEATED", absl::StrCat(at, ".key"),
              absl::StrCat("\"", name, "\" is the key of another one already"), "choose a key that is used only once");
        }
      } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        std::string scratch;
        const std::string& text = reflection.GetRepeatedStringReference(message, &field, i, &scratch);
        if (text.empty()) {
          Add("MISSING", at, "the text is empty", "say it, or take it out of the list");
        } else if (InspectText(text, form, at) && form.unique() && !seen.insert(text).second) {
          Add("VALUE_REPEATED", at, absl::StrCat("\"", text, "\" stands in the list already"), "name it once");
        }
      } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
        InspectEnum(*reflection.GetRepeatedEnum(message, &field, i), form, at);
      }
    }
  }

  void InspectOne(const Message& message, const FieldDescriptor& field, const type::v1::Form& form,
                  const std::string& path, int level) {
    const Reflection& reflection = *message.GetReflection();
    const bool present = field.has_presence() && reflection.HasField(message, &field);
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (!present) {
          if (form.required()) Add("MISSING", path, "it must be stated", absl::StrCat("give ", field.name()));
          return;
        }
        if (field.message_type()->full_name() == "google.protobuf.Duration") {
          return InspectDuration(reflection.GetMessage(message, &field), form, path);
        }
        return Inspect(reflection.GetMessage(message, &field), path, level + 1);
      case FieldDescriptor::CPPTYPE_STRING: {
        std::string scratch;
        const std::string& text = reflection.GetStringReference(message, &field, &scratch);
        if (!text.empty()) {
          InspectText(text, form, path);
        } else if (form.required() || (present && form.format() != type::v1::FORMAT_UNSPECIFIED)) {
          Add("MISSING", path, "it must not be empty", absl::StrCat("give ", field.name()));
        }
        return;
      }
      case FieldDescriptor::CPPTYPE_ENUM:
        return InspectEnum(*reflection.GetEnum(message, &field), form, path);
      case FieldDescriptor::CPPTYPE_UINT32:
        return InspectNumber(reflection.GetUInt32(message, &field), form, path);
      case FieldDescriptor::CPPTYPE_UINT64:
        return InspectNumber(reflection.GetUInt64(message, &field), form, path);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        if (!std::isfinite(reflection.GetDouble(message, &field))) {
          Add("OUT_OF_RANGE", path, "it is not a finite number", "give a number");
        }
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
      case FieldDescriptor::CPPTYPE_INT32:
      case FieldDescriptor::CPPTYPE_INT64:
      case FieldDescriptor::CPPTYPE_FLOAT:
        return;
    }
  }

  // True where nothing is wrong with it.
  bool InspectText(const std::string& text, const type::v1::Form& form, const std::string& path) {
    const size_t before = findings_.size();
    if (!IsUtf8(text)) {
      Add("TEXT_MALFORMED", path, "the text is not UTF-8", "write it in UTF-8");
      return false;
    }
    if (const size_t characters = Characters(text); form.max_characters() > 0 && characters > form.max_characters()) {
      Add("TEXT_TOO_LONG", path, absl::StrCat("it has ", characters, " characters"),
          absl::StrCat("keep to ", form.max_characters()));
    }
    if (form.max_bytes() > 0 && text.size() > form.max_bytes()) {
      Add("TEXT_TOO_LONG", path, absl::StrCat("it has ", text.size(), " bytes"),
          absl::StrCat("keep to ", form.max_bytes()));
    }
    switch (form.format()) {
      case type::v1::FORMAT_KEY:
        if (!IsWord(text, true)) {
          Add("KEY_MALFORMED", path, "the key is malformed",
              "use 1 to 63 lower-case letters, digits, - and _, starting with a letter");
        }
        break;
      case type::v1::FORMAT_ID:
        if (!IsWord(text, false)) {
          Add("ID_MALFORMED", path, "the id is malformed",
              "use 1 to 63 lower-case letters, digits and -, starting with a letter");
        }
        break;
      case type::v1::FORMAT_NAME:
        if (!IsName(text)) {
          Add("NAME_MALFORMED", path, "the name is malformed",
              absl::StrCat("use 1 to ", kMostNameBytes, " bytes without control characters"));
        }
        break;
      case type::v1::FORMAT_TIME_ZONE: {
        absl::TimeZone zone;
        if (!absl::LoadTimeZone(text, &zone)) {
          Add("TIME_ZONE_UNKNOWN", path, "there is no such time zone", "name one such as Europe/Berlin");
        }
        break;
      }
      case type::v1::FORMAT_DATE:
        if (!IsDate(text)) Add("DATE_MALFORMED", path, "it is not a day", "write it such as 2026-05-04");
        break;
      default:
        break;
    }
    return findings_.size() == before;
  }

  void InspectEnum(const google::protobuf::EnumValueDescriptor& value, const type::v1::Form& form,
                   const std::string& path) {
    const google::protobuf::EnumDescriptor& type = *value.type();
    if (type.FindValueByNumber(value.number()) != &value) {
      Add("ENUM_UNKNOWN", path, absl::StrCat(value.number(), " is no ", type.name(), " that this release knows"),
          absl::StrCat("choose one of ", type.value(1)->name(), " and those beside it"));
    } else if (form.required() && value.number() == 0) {
      std::string names;
      for (int i = 1; i < type.value_count(); ++i) {
        absl::StrAppend(&names, i == 1 ? "" : i + 1 == type.value_count() ? " or " : ", ", type.value(i)->name());
      }
      Add("MISSING", path, "it must be stated", absl::StrCat("choose ", names));
    }
  }

  void InspectNumber(uint64_t number, const type::v1::Form& form, const std::string& path) {
    if (form.required() && number == 0) Add("MISSING", path, "it must be stated", "give a number from 1 on");
    if (form.max_value() > 0 && number > form.max_value()) {
      Add("OUT_OF_RANGE", path, absl::StrCat(number, " is out of range"), absl::StrCat("keep to ", form.max_value()));
    }
  }

  void InspectDuration(const Message& message, const type::v1::Form& form, const std::string& path) {
    google::protobuf::Duration duration;
    duration.CopyFrom(message);
    const bool sound = std::abs(duration.nanos()) < 1'000'000'000 &&
                       (duration.seconds() <= 0 || duration.nanos() >= 0) &&
                       (duration.seconds() >= 0 || duration.nanos() <= 0);
    const bool positive = duration.seconds() > 0 || (duration.seconds() == 0 && duration.nanos() > 0);
    const int64_t most = int64_t{form.max_days() == 0 ? 7300 : form.max_days()} * 86'400;
    const bool zero = duration.seconds() == 0 && duration.nanos() == 0;
    const bool long_enough = positive || (form.max_days() == 0 && zero);
    if (sound && long_enough && (duration.seconds() < most || (duration.seconds() == most && duration.nanos() == 0))) {
      return;
    }
    Add("OUT_OF_RANGE", path, "the duration is out of range",
        absl::StrCat("give one ", form.max_days() == 0 ? "from 0" : "longer than 0", " and of at most ", most / 86'400,
                     " days, such as 1209600s for 14 days"));
  }

  void InspectTime(const Message& message, const std::string& path) {
    google::protobuf::Timestamp time;
    time.CopyFrom(message);
    if (time.seconds() < 946'684'800 || time.seconds() > 4'102'444'800 || time.nanos() < 0 ||
        time.nanos() > 999'999'999) {
      Add("OUT_OF_RANGE", path, "the time is out of range", "give a time from the year 2000 to 2100");
    }
  }

  std::vector<Finding> findings_;
};

// Where in a message a path points: field numbers and indices on the way.
std::vector<int> PlaceOf(const Descriptor* type, absl::string_view path) {
  std::vector<int> place;
  for (absl::string_view step : absl::StrSplit(path, '.', absl::SkipEmpty())) {
    const size_t bracket = step.find('[');
    const FieldDescriptor* field =
        type == nullptr ? nullptr : type->FindFieldByName(std::string(step.substr(0, bracket)));
    if (field == nullptr) break;
    place.push_back(field->number());
    int index = 0;
    if (bracket != absl::string_view::npos &&
        absl::SimpleAtoi(step.substr(bracket + 1, step.size() - bracket - 2), &index)) {
      place.push_back(index);
    }
    type = field->message_type();
  }
  return place;
}

}  // namespace

std::vector<Finding> CheckForm(const Message& message) { return Inspection().Inspect(message); }

void SortByPlace(const Descriptor& type, std::vector<Finding>& findings) {
  std::vector<std::pair<std::vector<int>, Finding>> placed;
  placed.reserve(findings.size());
  for (Finding& finding : findings) placed.emplace_back(PlaceOf(&type, finding.path), std::move(finding));
  std::stable_sort(placed.begin(), placed.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (size_t i = 0; i < placed.size(); ++i) findings[i] = std::move(placed[i].second);
}

}  // namespace waymark::rules
