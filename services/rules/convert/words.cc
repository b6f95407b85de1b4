#include "services/rules/convert/words.h"

#include <google/protobuf/struct.pb.h>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace waymark::rules {
namespace {

namespace v1 = journey::v1;

std::string Named(const std::map<std::string, std::string>& titles, const std::string& key) {
  const auto title = titles.find(key);
  return title == titles.end() || title->second.empty() ? key : title->second;
}

// `1 day`, `3 days`.
std::string Counted(int64_t count, absl::string_view what) {
  return absl::StrCat(count, " ", what, count == 1 ? "" : "s");
}

// `a`, `a or b`, `a, b or c`.
template <typename Texts>
std::string Listed(const Texts& texts, absl::string_view last) {
  std::string list;
  const int size = static_cast<int>(texts.size());
  for (int i = 0; i < size; ++i) {
    absl::StrAppend(&list, i == 0 ? "" : i + 1 == size ? absl::StrCat(" ", last, " ") : ", ", texts[i]);
  }
  return list;
}

std::string DescribeValue(const google::protobuf::Value& value) {
  using google::protobuf::Value;
  switch (value.kind_case()) {
    case Value::kStringValue:
      return absl::StrCat("“", value.string_value(), "”");
    case Value::kNumberValue:
      return absl::StrCat(value.number_value());
    case Value::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case Value::kNullValue:
    case Value::KIND_NOT_SET:
      return "nothing";
    case Value::kStructValue:
    case Value::kListValue:
      return "something composed";
  }
  return "";
}

std::vector<std::string> DescribeValues(const google::protobuf::ListValue& list) {
  std::vector<std::string> values;
  for (const auto& value : list.values()) values.push_back(DescribeValue(value));
  return values;
}

std::string DescribeValueCondition(const v1::ValueCondition& condition) {
  using v1::ValueCondition;
  const std::string& name = condition.name();
  switch (condition.comparison_case()) {
    case ValueCondition::kEquals:
      return absl::StrCat(name, " is ", DescribeValue(condition.equals()));
    case ValueCondition::kOneOf:
      return absl::StrCat(name, " is ", Listed(DescribeValues(condition.one_of()), "or"));
    case ValueCondition::kNotOneOf:
      return absl::StrCat(name, " is not ", Listed(DescribeValues(condition.not_one_of()), "or"));
    case ValueCondition::kAtLeast:
      return absl::StrCat(name, " is at least ", condition.at_least());
    case ValueCondition::kAtMost:
      return absl::StrCat(name, " is at most ", condition.at_most());
    case ValueCondition::kMoreThan:
      return absl::StrCat(name, " is more than ", condition.more_than());
    case ValueCondition::kLessThan:
      return absl::StrCat(name, " is less than ", condition.less_than());
    case ValueCondition::kContains:
      return absl::StrCat(name, " contains “", condition.contains(), "”");
    case ValueCondition::kExists:
      return absl::StrCat(name, condition.exists() ? " is known" : " is not known");
    case ValueCondition::COMPARISON_NOT_SET:
      return name;
  }
  return name;
}

// `report_run or chart_made where plan is “team”`.
template <typename Pattern>
std::string DescribeEvents(const Pattern& pattern, absl::string_view any) {
  std::string events = pattern.event_types().empty() ? std::string(any) : Listed(pattern.event_types(), "or");
  if (pattern.where().empty()) return events;
  std::vector<std::string> conditions;
  for (const auto& condition : pattern.where()) conditions.push_back(DescribeValueCondition(condition));
  return absl::StrCat(events, " where ", Listed(conditions, "and"));
}

std::string DescribeEventCount(const v1::EventCount& count) {
  const uint32_t least = count.at_least() == 0 ? 1 : count.at_least();
  std::string text = DescribeEvents(count, "an event");
  switch (count.distinct()) {
    case v1::DISTINCT_USERS:
      absl::StrAppend(&text, " by ", least == 1 ? "a user" : absl::StrCat(least, " different users"));
      break;
    case v1::DISTINCT_DAYS:
      absl::StrAppend(&text, " on ", least == 1 ? "a day" : absl::StrCat(least, " different days"));
      break;
    case v1::DISTINCT_PROPERTY:
      absl::StrAppend(&text, " with ", least == 1 ? "a value" : absl::StrCat(least, " different values"), " of ",
                      count.distinct_property());
      break;
    default:
      if (least > 1) text = absl::StrCat(least, " × ", text);
  }
  if (count.has_within()) absl::StrAppend(&text, " within ", DescribeDuration(count.within()));
  return text;
}

std::string DescribeSequence(const v1::Sequence& sequence) {
  std::vector<std::string> steps;
  for (const auto& step : sequence.steps()) steps.push_back(DescribeEvents(step, "an event"));
  std::string text = absl::StrJoin(steps, ", then ");
  if (sequence.has_max_gap()) {
    absl::StrAppend(&text, ", each at most ", DescribeDuration(sequence.max_gap()), " after the one before");
  }
  if (sequence.has_max_span()) absl::StrAppend(&text, ", all within ", DescribeDuration(sequence.max_span()));
  return text;
}

std::string DescribeAbsence(const v1::Absence& absence) {
  std::string text =
      absl::StrCat("no ", DescribeEvents(absence, "event"), " for ", DescribeDuration(absence.lasting()));
  switch (absence.since()) {
    case v1::ANCHOR_ENROLLED:
      return absl::StrCat(text, " since the enrollment");
    case v1::ANCHOR_FIRST_EVENT:
      return absl::StrCat(text, " since the first event");
    default:
      return text;
  }
}

// `renewal_date is 6 months away`, `renewal_date is 3 days past`, `renewal_date has come`.
std::string DescribeDate(const v1::DateReached& date) {
  const int64_t months = date.offset_months();
  const int64_t days = date.offset_days();
  const std::string in_months = Counted(months < 0 ? -months : months, "month");
  const std::string in_days = Counted(days < 0 ? -days : days, "day");
  if (months == 0 && days == 0) return absl::StrCat(date.attribute(), " has come");
  if (months != 0 && days != 0 && (months < 0) != (days < 0)) {
    return absl::StrCat("it is ", in_days, days < 0 ? " before" : " after", " the day on which ", date.attribute(),
                        " is ", in_months, months < 0 ? " away" : " past");
  }
  return absl::StrCat(date.attribute(), " is ", months == 0 ? "" : in_months, months != 0 && days != 0 ? " and " : "",
                      days == 0 ? "" : in_days, months < 0 || days < 0 ? " away" : " past");
}

// Whether its words need brackets among others.
bool IsComposed(const v1::Criterion& criterion) {
  switch (criterion.kind_case()) {
    case v1::Criterion::kAllOf:
      return criterion.all_of().criteria_size() > 1;
    case v1::Criterion::kAnyOf:
      return criterion.any_of().criteria_size() > 1;
    case v1::Criterion::kAtLeastOf:
    case v1::Criterion::kSequence:
      return true;
    default:
      return false;
  }
}

template <typename Criteria>
std::vector<std::string> DescribeParts(const Criteria& criteria, const Titles& titles) {
  std::vector<std::string> parts;
  for (const v1::Criterion& criterion : criteria) {
    const std::string text = DescribeCriterion(criterion, titles);
    parts.push_back(IsComposed(criterion) ? absl::StrCat("(", text, ")") : text);
  }
  return parts;
}

// `no contract_cancelled`, `not: plan is “team”`, `none of: a; b`.
std::string DescribeNoneOf(const v1::CriterionList& list, const Titles& titles) {
  if (list.criteria_size() == 1 && list.criteria(0).has_event_count()) {
    const v1::EventCount& count = list.criteria(0).event_count();
    const bool plain = count.at_least() <= 1 && count.distinct() == v1::DISTINCT_UNSPECIFIED && !count.has_within();
    if (plain) return absl::StrCat("no ", DescribeEvents(count, "event"));
  }
  const std::vector<std::string> parts = DescribeParts(list.criteria(), titles);
  return absl::StrCat(parts.size() == 1 ? "not: " : "none of: ", absl::StrJoin(parts, "; "));
}

}  // namespace

Titles TitlesIn(const v1::JourneyDefinition& definition) {
  Titles titles;
  for (const auto& stage : definition.stages()) {
    for (const auto& milestone : stage.milestones()) {
      if (!milestone.title().empty()) titles.milestones.emplace(milestone.key(), milestone.title());
    }
  }
  return titles;
}

std::string DescribeCriterion(const v1::Criterion& criterion, const Titles& titles) {
  using v1::Criterion;
  switch (criterion.kind_case()) {
    case Criterion::kEventCount:
      return DescribeEventCount(criterion.event_count());
    case Criterion::kAllOf:
      return absl::StrJoin(DescribeParts(criterion.all_of().criteria(), titles), " and ");
    case Criterion::kAnyOf:
      return absl::StrJoin(DescribeParts(criterion.any_of().criteria(), titles), " or ");
    case Criterion::kAtLeastOf:
      return absl::StrCat("at least ", criterion.at_least_of().n() == 0 ? 1 : criterion.at_least_of().n(),
                          " of: ", absl::StrJoin(DescribeParts(criterion.at_least_of().criteria(), titles), "; "));
    case Criterion::kNoneOf:
      return DescribeNoneOf(criterion.none_of(), titles);
    case Criterion::kSequence:
      return DescribeSequence(criterion.sequence());
    case Criterion::kAbsence:
      return DescribeAbsence(criterion.absence());
    case Criterion::kAttribute:
      return DescribeValueCondition(criterion.attribute());
    case Criterion::kSegment:
      return absl::StrCat("belongs to ", Named(titles.segments, criterion.segment().segment_id()));
    case Criterion::kMilestone:
      return absl::StrCat("“", Named(titles.milestones, criterion.milestone().milestone_key()), "” is achieved");
    case Criterion::kHealthBand:
      return absl::StrCat(criterion.health_band().scorecard_id(), " is ",
                          Listed(criterion.health_band().bands(), "or"));
    case Criterion::kAttested:
      return criterion.attested().role().empty() ? "somebody confirms it"
                                                 : absl::StrCat("a ", criterion.attested().role(), " confirms it");
    case Criterion::kDateReached:
      return DescribeDate(criterion.date_reached());
    case Criterion::KIND_NOT_SET:
      return "nothing";
  }
  return "nothing";
}

std::string DescribeTrigger(const v1::Trigger& trigger, const Titles& titles) {
  using v1::Trigger;
  switch (trigger.kind_case()) {
    case Trigger::kAnyEvent:
      return "the first event of any type";
    case Trigger::kFirstEvent:
      return absl::StrCat("the first ", DescribeEvents(trigger.first_event(), "event"));
    case Trigger::kSegmentEntered:
      return absl::StrCat("the customer comes to belong to ",
                          Named(titles.segments, trigger.segment_entered().segment_id()));
    case Trigger::kDateReached:
      return DescribeDate(trigger.date_reached());
    case Trigger::kJourneyCompleted:
      return absl::StrCat("journey ", trigger.journey_completed().journey_id(), " is completed");
    case Trigger::kByCall:
      return "somebody enrolls the customer";
    case Trigger::KIND_NOT_SET:
      return "nothing";
  }
  return "nothing";
}

std::string DescribeDuration(const google::protobuf::Duration& duration) {
  struct Unit {
    int64_t seconds;
    absl::string_view name;
  };
  static constexpr std::array<Unit, 4> kUnits = {{{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}}};
  int64_t rest = duration.seconds();
  std::string text;
  int units = 0;
  for (const Unit& unit : kUnits) {
    const int64_t count = rest / unit.seconds;
    if (count <= 0) continue;
    absl::StrAppend(&text, units == 0 ? "" : " ", Counted(count, unit.name));
    rest %= unit.seconds;
    if (++units == 2) break;
  }
  return text.empty() ? "0 seconds" : text;
}

}  // namespace waymark::rules
