#include "services/rules/convert/diff.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "services/rules/convert/canonical.h"
#include "services/rules/convert/difference_words.h"

namespace waymark::rules {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;
using Kind = Difference::Kind;

// Lists without names are matched by a table of both sizes; of longer ones (which no form allows) the n-th is compared
// with the n-th.
constexpr size_t kLargestTable = 1 << 20;
// A list of names is shown as a whole where it is no longer than this.
constexpr size_t kShortList = 60;

// Where the comparison is, as a path and in words.
struct Place {
  std::string path;
  std::string owner;   // The nearest thing with a name of its own: `milestone first_report`.
  std::string inside;  // What lies between: `entry criterion `.

  std::string Say(absl::string_view words) const {
    return absl::StrCat(owner, owner.empty() ? "" : ": ", inside, words);
  }
  std::string PathOf(const FieldDescriptor& field) const {
    return absl::StrCat(path, path.empty() ? "" : ".", field.name());
  }
};

// The field by which the elements of such a list are told apart; null where by nothing but what they say.
const FieldDescriptor* NameOf(const Descriptor& type) {
  for (const char* name : {"key", "persona_id", "segment_id", "attribute", "name"}) {
    const FieldDescriptor* field = type.FindFieldByName(name);
    if (field != nullptr && field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && !field->is_repeated() &&
        field->real_containing_oneof() == nullptr) {
      return field;
    }
  }
  return nullptr;
}

std::vector<const Message*> ElementsOf(const Message& message, const FieldDescriptor& field) {
  std::vector<const Message*> elements;
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    elements.push_back(&message.GetReflection()->GetRepeatedMessage(message, &field, i));
  }
  return elements;
}

// The names of the elements, where each has one of its own.
std::optional<std::vector<std::string>> NamesOf(const std::vector<const Message*>& elements,
                                                const FieldDescriptor* name) {
  if (name == nullptr) return std::nullopt;
  std::vector<std::string> names;
  absl::flat_hash_set<std::string> seen;
  for (const Message* element : elements) {
    names.push_back(element->GetReflection()->GetString(*element, name));
    if (names.back().empty() || !seen.insert(names.back()).second) return std::nullopt;
  }
  return names;
}

// Which of the numbers belong to a longest increasing run through them: those that need not move.
std::vector<bool> LongestIncreasing(const std::vector<size_t>& numbers) {
  std::vector<size_t> tails;  // Of each length, the place of the smallest last number.
  std::vector<size_t> previous(numbers.size(), numbers.size());
  for (size_t i = 0; i < numbers.size(); ++i) {
    const auto at = std::lower_bound(tails.begin(), tails.end(), numbers[i],
                                     [&](size_t place, size_t number) { return numbers[place] < number; });
    if (at != tails.begin()) previous[i] = *(at - 1);
    if (at == tails.end()) {
      tails.push_back(i);
    } else {
      *at = i;
    }
  }
  std::vector<bool> stays(numbers.size(), false);
  for (size_t i = tails.empty() ? numbers.size() : tails.back(); i < numbers.size(); i = previous[i]) stays[i] = true;
  return stays;
}

// What equals what in two lists, in order: pairs of places of a longest common subsequence.
std::vector<std::pair<size_t, size_t>> CommonOf(const std::vector<std::string>& before,
                                                const std::vector<std::string>& after) {
  std::vector<std::pair<size_t, size_t>> common;
  const size_t width = after.size() + 1;
  if ((before.size() + 1) * width > kLargestTable) return common;
  std::vector<uint32_t> length((before.size() + 1) * width, 0);
  for (size_t i = before.size(); i-- > 0;) {
    for (size_t k = after.size(); k-- > 0;) {
      length[i * width + k] = before[i] == after[k] ? length[(i + 1) * width + k + 1] + 1
                                                    : std::max(length[(i + 1) * width + k], length[i * width + k + 1]);
    }
  }
  for (size_t i = 0, k = 0; i < before.size() && k < after.size();) {
    if (before[i] == after[k]) {
      common.emplace_back(i++, k++);
    } else if (length[(i + 1) * width + k] >= length[i * width + k + 1]) {
      ++i;
    } else {
      ++k;
    }
  }
  return common;
}

class Comparison {
 public:
  void Compare(const Message& before, const Message& after, const Place& place) {
    const Descriptor& type = *before.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const OneofDescriptor* choice = field.real_containing_oneof();
      if (choice == nullptr) {
        CompareField(before, after, field, place);
      } else if (choice->field(0) == &field) {
        CompareChoice(before, after, *choice, place);
      }
    }
  }

  // What was taken out of one list and put into another of its kind has moved.
  std::vector<Difference> Finish() {
    for (size_t i = 0; i < removed_.size(); ++i) {
      for (size_t k = 0; k < added_.size(); ++k) {
        if (removed_[i].list != added_[k].list || removed_[i].name != added_[k].name) continue;
        Difference& line = lines_[added_[k].line];
        line.kind = Kind::kMoved;
        line.words = absl::StrCat(ElementNoun(*added_[k].list->message_type()), " ", added_[k].name, " moved from ",
                                  removed_[i].owner, " to ", added_[k].owner);
        lines_[removed_[i].line].words.clear();
        Compare(*removed_[i].element, *added_[k].element,
                {line.path, absl::StrCat(ElementNoun(*added_[k].list->message_type()), " ", added_[k].name), ""});
      }
    }
    lines_.erase(
        std::remove_if(lines_.begin(), lines_.end(), [](const Difference& line) { return line.words.empty(); }),
        lines_.end());
    return std::move(lines_);
  }

 private:
  // An element with a key that is in one of the messages only.
  struct Lone {
    const FieldDescriptor* list;
    std::string name;
    std::string owner;
    const Message* element;
    size_t line;
  };

  void Add(Kind kind, std::string path, std::string words) {
    lines_.push_back({kind, std::move(path), std::move(words)});
  }

  // The place inside of a field that is one message.
  static Place Into(const Place& place, const FieldDescriptor& field) {
    Place inner = place;
    inner.path = place.PathOf(field);
    const bool says_nothing = field.real_containing_oneof() != nullptr || field.name() == "criterion";
    if (place.owner.empty()) {
      inner.owner = FieldWords(field);
    } else if (!says_nothing) {
      absl::StrAppend(&inner.inside, FieldWords(field), " ");
    }
    return inner;
  }

  void CompareField(const Message& before, const Message& after, const FieldDescriptor& field, const Place& place) {
    if (EncodeField(before, field) == EncodeField(after, field)) return;
    const Reflection& reflection = *before.GetReflection();
    const std::string words = FieldWords(field);
    const std::string path = place.PathOf(field);
    if (field.is_map()) return Add(Kind::kChanged, path, place.Say(absl::StrCat(words, " changed")));
    if (field.is_repeated()) {
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) return CompareElements(before, after, field, place);
      return CompareValues(before, after, field, place);
    }
    const bool was = reflection.HasField(before, &field);
    const bool is = reflection.HasField(after, &field);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (was && is && !IsSaidAsAWhole(*field.message_type())) {
        return Compare(reflection.GetMessage(before, &field), reflection.GetMessage(after, &field), Into(place, field));
      }
      if (was != is) {
        const std::string said = ValueWords(was ? before : after, field, -1);
        return Add(is ? Kind::kAdded : Kind::kRemoved, path,
                   place.Say(absl::StrCat(words, is ? " added" : " removed", said.empty() ? "" : ": ", said)));
      }
    }
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      if (was != is) {
        return Add(is ? Kind::kAdded : Kind::kRemoved, path,
                   place.Say(absl::StrCat(
                       words, is ? " added: " : " removed: ", ValueWords(was ? before : after, field, -1))));
      }
      const std::string from = ValueWords(before, field, -1);
      if (from.front() == '"') {
        return Add(
            Kind::kChanged, path,
            place.Say(absl::StrCat(
                words, " ", TextChange(reflection.GetString(before, &field), reflection.GetString(after, &field)))));
      }
    }
    Add(Kind::kChanged, path,
        place.Say(absl::StrCat(words, " ", ValueWords(before, field, -1), " → ", ValueWords(after, field, -1))));
  }

  void CompareChoice(const Message& before, const Message& after, const OneofDescriptor& choice, const Place& place) {
    const Reflection& reflection = *before.GetReflection();
    const FieldDescriptor* was =
        reflection.HasOneof(before, &choice) ? reflection.GetOneofFieldDescriptor(before, &choice) : nullptr;
    const FieldDescriptor* is =
        reflection.HasOneof(after, &choice) ? reflection.GetOneofFieldDescriptor(after, &choice) : nullptr;
    if (was == is) {
      if (is != nullptr) CompareField(before, after, *is, place);
      return;
    }
    if (IsDescribed(*before.GetDescriptor())) {
      return Add(Kind::kChanged, place.path, place.Say(absl::StrCat(MessageWords(before), " → ", MessageWords(after))));
    }
    const auto said = [](const Message& message, const FieldDescriptor* field) -> std::string {
      if (field == nullptr) return "nothing";
      const std::string value = ValueWords(message, *field, -1);
      return absl::StrCat(FieldWords(*field), value.empty() ? "" : " ", value);
    };
    Add(Kind::kChanged, place.path, place.Say(absl::StrCat(said(before, was), " → ", said(after, is))));
  }

  // Lists of texts and numbers.
  void CompareValues(const Message& before, const Message& after, const FieldDescriptor& field, const Place& place) {
    const auto values_of = [&](const Message& message) {
      std::vector<std::string> values;
      for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
        values.push_back(ValueWords(message, field, i));
      }
      return values;
    };
    const std::vector<std::string> was = values_of(before);
    const std::vector<std::string> is = values_of(after);
    const std::string words = FieldWords(field);
    const std::string path = place.PathOf(field);
    if (was.empty() || is.empty()) {
      return Add(was.empty() ? Kind::kAdded : Kind::kRemoved, path,
                 place.Say(absl::StrCat(
                     words, was.empty() ? " added: " : " removed: ", absl::StrJoin(was.empty() ? is : was, ", "))));
    }
    const std::string from = absl::StrJoin(was, ", ");
    const std::string to = absl::StrJoin(is, ", ");
    if (from.size() <= kShortList && to.size() <= kShortList) {
      return Add(Kind::kChanged, path, place.Say(absl::StrCat(words, " ", from, " → ", to)));
    }
    const size_t lines = lines_.size();
    const auto missing_in = [](const std::vector<std::string>& there, const std::string& value) {
      return std::find(there.begin(), there.end(), value) == there.end();
    };
    for (const std::string& value : was) {
      if (missing_in(is, value)) Add(Kind::kRemoved, path, place.Say(absl::StrCat(words, " without ", value)));
    }
    for (const std::string& value : is) {
      if (missing_in(was, value)) Add(Kind::kAdded, path, place.Say(absl::StrCat(words, " with ", value)));
    }
    if (lines_.size() == lines) Add(Kind::kMoved, path, place.Say(absl::StrCat(words, " in another order")));
  }

  // Lists of messages.
  void CompareElements(const Message& before, const Message& after, const FieldDescriptor& field, const Place& place) {
    const std::vector<const Message*> was = ElementsOf(before, field);
    const std::vector<const Message*> is = ElementsOf(after, field);
    const FieldDescriptor* name = NameOf(*field.message_type());
    const auto names_before = NamesOf(was, name);
    const auto names_after = NamesOf(is, name);
    if (names_before.has_value() && names_after.has_value()) {
      CompareNamed({was, *names_before}, {is, *names_after}, *name, field, place);
    } else {
      CompareByContent(was, is, field, place);
    }
  }

  struct Named {
    const std::vector<const Message*>& elements;
    const std::vector<std::string>& names;
  };

  void CompareNamed(const Named& before, const Named& after, const FieldDescriptor& name, const FieldDescriptor& field,
                    const Place& place) {
    const std::string noun = ElementNoun(*field.message_type());
    const std::string list = place.PathOf(field);
    const auto places_of = [](const Named& named) {
      absl::flat_hash_map<std::string, size_t> places;
      for (size_t i = 0; i < named.names.size(); ++i) places[named.names[i]] = i;
      return places;
    };
    const auto places_before = places_of(before);
    const auto places_after = places_of(after);

    std::vector<size_t> order;  // Of what is in both, by the later one: its place in the earlier.
    for (const std::string& one : after.names) {
      if (const auto found = places_before.find(one); found != places_before.end()) order.push_back(found->second);
    }
    const std::vector<bool> stays = LongestIncreasing(order);
    size_t common = 0;
    for (size_t i = 0; i < after.names.size(); ++i) {
      const std::string path = absl::StrCat(list, "[", i, "]");
      const std::string& called = after.names[i];
      const auto earlier = places_before.find(called);
      if (earlier == places_before.end()) {
        AddLone(Kind::kAdded, path, field, called, *after.elements[i], place,
                i == 0 ? "" : absl::StrCat(" after ", after.names[i - 1]));
        continue;
      }
      if (!stays[common++]) {
        const bool last = i + 1 == after.names.size();
        Add(Kind::kMoved, path,
            place.Say(absl::StrCat(noun, " ", called, " moved ",
                                   last ? "to the end" : absl::StrCat("before ", after.names[i + 1]))));
      }
      Place inner{path, place.owner, place.inside};
      if (name.name() == "key") {
        inner.owner = absl::StrCat(noun, " ", called);
        inner.inside.clear();
      } else {
        absl::StrAppend(&inner.inside, noun, " ", called, " ");
      }
      Compare(*before.elements[earlier->second], *after.elements[i], inner);
    }
    for (size_t i = 0; i < before.names.size(); ++i) {
      if (places_after.contains(before.names[i])) continue;
      AddLone(Kind::kRemoved, absl::StrCat(list, "[", i, "]"), field, before.names[i], *before.elements[i], place, "");
    }
  }

  // `after` tells where something was put in: of stages, whose order people see, it is said.
  void AddLone(Kind kind, const std::string& path, const FieldDescriptor& field, const std::string& name,
               const Message& element, const Place& place, const std::string& after) {
    const Descriptor& type = *field.message_type();
    const bool added = kind == Kind::kAdded;
    std::string words = absl::StrCat(ElementNoun(type), " ", name, added ? " added" : " removed");
    if (type.FindFieldByName("key") == nullptr) {
      words = place.Say(words);
    } else if (!place.owner.empty()) {
      absl::StrAppend(&words, added ? " to " : " from ", place.owner);
      (added ? added_ : removed_).push_back({&field, name, place.owner, &element, lines_.size()});
    } else if (type.name() == "Stage") {
      words += after;
    }
    // What it holds goes with it.
    if (const FieldDescriptor* list = type.FindFieldByName("milestones"); list != nullptr) {
      std::vector<std::string> held;
      for (const Message* part : ElementsOf(element, *list)) {
        held.push_back(part->GetReflection()->GetString(*part, NameOf(*part->GetDescriptor())));
      }
      if (!held.empty()) absl::StrAppend(&words, ", with ", absl::StrJoin(held, ", "));
    }
    Add(kind, path, words);
  }

  void CompareByContent(const std::vector<const Message*>& was, const std::vector<const Message*>& is,
                        const FieldDescriptor& field, const Place& place) {
    const auto contents_of = [](const std::vector<const Message*>& elements) {
      std::vector<std::string> contents;
      for (const Message* element : elements) contents.push_back(EncodeMessage(*element));
      return contents;
    };
    std::vector<std::pair<size_t, size_t>> common = CommonOf(contents_of(was), contents_of(is));
    common.emplace_back(was.size(), is.size());
    size_t i = 0;
    size_t k = 0;
    for (const auto& [was_end, is_end] : common) {
      // Between what is equal: the first with the first, the second with the second; what is left over came or went.
      for (; i < was_end && k < is_end; ++i, ++k) ComparePair(*was[i], *is[k], k, is.size(), field, place);
      for (; k < is_end; ++k) AddNameless(Kind::kAdded, *is[k], k, field, place);
      for (; i < was_end; ++i) AddNameless(Kind::kRemoved, *was[i], i, field, place);
      ++i;
      ++k;
    }
  }

  void ComparePair(const Message& was, const Message& is, size_t index, size_t size, const FieldDescriptor& field,
                   const Place& place) {
    Place inner = place;
    inner.path = absl::StrCat(place.PathOf(field), "[", index, "]");
    if (size > 1) absl::StrAppend(&inner.inside, ElementNoun(*field.message_type()), " ", index + 1, " ");
    if (inner.owner.empty()) inner.owner = ElementNoun(*field.message_type());
    Compare(was, is, inner);
  }

  void AddNameless(Kind kind, const Message& element, size_t index, const FieldDescriptor& field, const Place& place) {
    const std::string said = MessageWords(element);
    Add(kind, absl::StrCat(place.PathOf(field), "[", index, "]"),
        place.Say(absl::StrCat(ElementNoun(*field.message_type()), kind == Kind::kAdded ? " added" : " removed",
                               said.empty() ? "" : ": ", said)));
  }

  std::vector<Difference> lines_;
  std::vector<Lone> added_;
  std::vector<Lone> removed_;
};

std::unique_ptr<Message> CanonicalCopy(const Message& message) {
  std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  MakeCanonical(*copy);
  return copy;
}

}  // namespace

std::vector<Difference> Diff(const Message& before, const Message& after) {
  const std::unique_ptr<Message> was = CanonicalCopy(before);
  const std::unique_ptr<Message> is = CanonicalCopy(after);
  Comparison comparison;
  comparison.Compare(*was, *is, {});
  return comparison.Finish();
}

}  // namespace waymark::rules
