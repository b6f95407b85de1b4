#include "services/rules/convert/definition.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/rules/convert/form.h"
#include "services/rules/convert/scenario.h"
#include "services/rules/validation.h"

namespace waymark::rules {
namespace {

namespace v1 = journey::v1;

// To microseconds, as times are kept.
absl::Duration ToDuration(const google::protobuf::Duration& message) {
  return absl::Seconds(message.seconds()) + absl::Microseconds(message.nanos() / 1'000);
}

std::vector<std::string> ToTexts(const google::protobuf::RepeatedPtrField<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

template <typename From>
auto ToList(const google::protobuf::RepeatedPtrField<From>& messages) {
  std::vector<decltype(FromProto(std::declval<const From&>()))> list;
  list.reserve(messages.size());
  for (const From& message : messages) list.push_back(FromProto(message));
  return list;
}

ValueCondition ToCondition(const v1::ValueCondition& message) {
  ValueCondition condition{.name = message.name()};
  const auto with = [&](Comparison comparison, std::vector<Value> values) {
    condition.comparison = comparison;
    condition.values = std::move(values);
    return condition;
  };
  switch (message.comparison_case()) {
    case v1::ValueCondition::kEquals:
      return with(Comparison::kEquals, {FromProto(message.equals())});
    case v1::ValueCondition::kOneOf:
      return with(Comparison::kOneOf, ToList(message.one_of().values()));
    case v1::ValueCondition::kNotOneOf:
      return with(Comparison::kNotOneOf, ToList(message.not_one_of().values()));
    case v1::ValueCondition::kAtLeast:
      return with(Comparison::kAtLeast, {message.at_least()});
    case v1::ValueCondition::kAtMost:
      return with(Comparison::kAtMost, {message.at_most()});
    case v1::ValueCondition::kMoreThan:
      return with(Comparison::kMoreThan, {message.more_than()});
    case v1::ValueCondition::kLessThan:
      return with(Comparison::kLessThan, {message.less_than()});
    case v1::ValueCondition::kContains:
      return with(Comparison::kContains, {message.contains()});
    case v1::ValueCondition::kExists:
      return with(message.exists() ? Comparison::kExists : Comparison::kNotExists, {});
    case v1::ValueCondition::COMPARISON_NOT_SET:
      break;
  }
  return condition;
}

std::vector<ValueCondition> ToConditions(const google::protobuf::RepeatedPtrField<v1::ValueCondition>& messages) {
  std::vector<ValueCondition> conditions;
  for (const v1::ValueCondition& message : messages) conditions.push_back(ToCondition(message));
  return conditions;
}

template <typename Message>
EventPattern ToPattern(const Message& message) {
  return {.event_types = ToTexts(message.event_types()), .where = ToConditions(message.where())};
}

EventCount ToCount(const v1::EventCount& message) {
  EventCount count{.events = ToPattern(message), .at_least = std::max(message.at_least(), 1u)};
  if (message.has_within()) count.within = ToDuration(message.within());
  if (message.distinct() == v1::DISTINCT_USERS) count.distinct = Distinct::kUsers;
  if (message.distinct() == v1::DISTINCT_DAYS) count.distinct = Distinct::kDays;
  if (message.distinct() == v1::DISTINCT_PROPERTY) count.distinct = Distinct::kProperty;
  count.distinct_property = message.distinct_property();
  return count;
}

Sequence ToSequence(const v1::Sequence& message) {
  Sequence sequence;
  for (const v1::SequenceStep& step : message.steps()) sequence.steps.push_back(ToPattern(step));
  if (message.has_max_gap()) sequence.max_gap = ToDuration(message.max_gap());
  if (message.has_max_span()) sequence.max_span = ToDuration(message.max_span());
  return sequence;
}

Absence ToAbsence(const v1::Absence& message) {
  Absence absence{.events = ToPattern(message), .lasting = ToDuration(message.lasting())};
  if (message.since() == v1::ANCHOR_ENROLLED) absence.since = Anchor::kEnrolled;
  if (message.since() == v1::ANCHOR_FIRST_EVENT) absence.since = Anchor::kFirstEvent;
  return absence;
}

InSegment ToSegment(const v1::InSegment& message) { return {.segment_id = message.segment_id()}; }

DateReached ToDate(const v1::DateReached& message) {
  return {
      .attribute = message.attribute(), .offset_months = message.offset_months(), .offset_days = message.offset_days()};
}

std::vector<Trigger> ToTriggers(const google::protobuf::RepeatedPtrField<v1::Trigger>& messages) {
  std::vector<Trigger> triggers;
  for (const v1::Trigger& message : messages) {
    switch (message.kind_case()) {
      case v1::Trigger::kAnyEvent:
      case v1::Trigger::KIND_NOT_SET:
        triggers.push_back(AnyEvent{});
        break;
      case v1::Trigger::kFirstEvent:
        triggers.push_back(FirstEvent{ToPattern(message.first_event())});
        break;
      case v1::Trigger::kSegmentEntered:
        triggers.push_back(ToSegment(message.segment_entered()));
        break;
      case v1::Trigger::kDateReached:
        triggers.push_back(ToDate(message.date_reached()));
        break;
      case v1::Trigger::kJourneyCompleted:
        triggers.push_back(JourneyCompletion{message.journey_completed().journey_id()});
        break;
      case v1::Trigger::kByCall:
        triggers.push_back(ByCall{});
        break;
    }
  }
  return triggers;
}

Entry ToEntry(const v1::Entry& message) {
  Entry entry{.triggers = ToTriggers(message.triggers()),
              .cooldown = ToDuration(message.cooldown()),
              .entry_key = message.entry_key()};
  if (message.re_entry() == v1::RE_ENTRY_AFTER_EXIT) entry.re_entry = ReEntry::kAfterExit;
  if (message.re_entry() == v1::RE_ENTRY_ALWAYS) entry.re_entry = ReEntry::kAlways;
  return entry;
}

std::string TitleOf(const std::string& title, const std::string& key) { return title.empty() ? key : title; }

Exit ToExit(const v1::Exit& message) {
  Exit exit{.key = message.key(),
            .title = TitleOf(message.title(), message.key()),
            .criterion = FromProto(message.criterion())};
  if (message.outcome() == v1::OUTCOME_SUCCESS) exit.outcome = Outcome::kSuccess;
  if (message.outcome() == v1::OUTCOME_CHURNED) exit.outcome = Outcome::kChurned;
  return exit;
}

Scope ToScope(v1::Scope scope) {
  switch (scope) {
    case v1::SCOPE_ALL_HISTORY:
      return Scope::kAllHistory;
    case v1::SCOPE_FROM_ENTRY:
      return Scope::kFromEntry;
    case v1::SCOPE_WINDOW:
      return Scope::kWindow;
    default:
      return Scope::kFromStage;
  }
}

Milestone ToMilestone(const v1::Milestone& message) {
  Milestone milestone{.key = message.key(),
                      .title = TitleOf(message.title(), message.key()),
                      .scope = ToScope(message.scope()),
                      .criterion = FromProto(message.criterion()),
                      .required = !message.optional(),
                      .depends_on = ToTexts(message.depends_on()),
                      .goal_key = message.goal_key()};
  if (message.has_scope_window()) milestone.scope_window = ToDuration(message.scope_window());
  if (message.has_deadline()) milestone.deadline = ToDuration(message.deadline());
  if (message.latching() == v1::LATCHING_REVOCABLE) milestone.latching = Latching::kRevocable;
  if (message.latching() == v1::LATCHING_RECURRING) milestone.latching = Latching::kRecurring;
  if (message.has_period()) milestone.period = ToDuration(message.period());
  for (const v1::Variant& variant : message.variants()) {
    milestone.variants.push_back({variant.segment_id(), FromProto(variant.criterion())});
  }
  return milestone;
}

Stage ToStage(const v1::Stage& message) {
  Stage stage{.key = message.key(),
              .title = TitleOf(message.title(), message.key()),
              .parent_key = message.parent_key(),
              .regress = message.regress() == v1::REGRESS_ALLOW};
  for (const v1::Milestone& milestone : message.milestones()) stage.milestones.push_back(ToMilestone(milestone));
  if (message.has_entry_criterion()) stage.entry_criterion = FromProto(message.entry_criterion());
  if (message.has_exit_rule()) stage.exit_at_least = message.exit_rule().at_least();
  if (message.has_target()) stage.target = ToDuration(message.target());
  if (message.has_behind_after()) stage.behind_after = ToDuration(message.behind_after());
  if (message.has_stuck_after()) stage.stuck_after = ToDuration(message.stuck_after());
  for (const v1::HandOffQuestion& question : message.hand_off().questions()) {
    if (!question.optional()) stage.required_answers.push_back(question.attribute());
  }
  return stage;
}

Transition ToTransition(const v1::Transition& message) {
  Transition transition{.key = message.key(),
                        .from_stage = message.from_stage(),
                        .to_stage = message.to_stage(),
                        .priority = message.priority()};
  if (message.has_criterion()) transition.criterion = FromProto(message.criterion());
  return transition;
}

}  // namespace

Value FromProto(const google::protobuf::Value& message) {
  switch (message.kind_case()) {
    case google::protobuf::Value::kBoolValue:
      return message.bool_value();
    case google::protobuf::Value::kNumberValue:
      return message.number_value();
    case google::protobuf::Value::kStringValue:
      return message.string_value();
    default:
      return std::monostate();
  }
}

Criterion FromProto(const v1::Criterion& message) {
  switch (message.kind_case()) {
    case v1::Criterion::kEventCount:
      return {ToCount(message.event_count())};
    case v1::Criterion::kAllOf:
      return {Some{.quorum = Quorum::kAll, .criteria = ToList(message.all_of().criteria())}};
    case v1::Criterion::kAnyOf:
      return {Some{.quorum = Quorum::kAny, .criteria = ToList(message.any_of().criteria())}};
    case v1::Criterion::kAtLeastOf:
      return {Some{.quorum = Quorum::kAtLeast,
                   .at_least = std::max(message.at_least_of().n(), 1u),
                   .criteria = ToList(message.at_least_of().criteria())}};
    case v1::Criterion::kNoneOf:
      return {NoneOf{ToList(message.none_of().criteria())}};
    case v1::Criterion::kSequence:
      return {ToSequence(message.sequence())};
    case v1::Criterion::kAbsence:
      return {ToAbsence(message.absence())};
    case v1::Criterion::kAttribute:
      return {AttributeIs{ToCondition(message.attribute())}};
    case v1::Criterion::kSegment:
      return {ToSegment(message.segment())};
    case v1::Criterion::kMilestone:
      return {MilestoneMet{message.milestone().milestone_key()}};
    case v1::Criterion::kHealthBand:
      return {InBand{message.health_band().scorecard_id(), ToTexts(message.health_band().bands())}};
    case v1::Criterion::kAttested:
      return {Attested{message.attested().role()}};
    case v1::Criterion::kDateReached:
      return {ToDate(message.date_reached())};
    case v1::Criterion::KIND_NOT_SET:
      break;
  }
  return {};
}

Definition FromProto(const v1::JourneyDefinition& message) {
  Definition definition{.entry = ToEntry(message.entry())};
  for (const v1::Stage& stage : message.stages()) definition.stages.push_back(ToStage(stage));
  definition.tracks = message.kind() == v1::KIND_UNSPECIFIED || message.kind() == v1::KIND_CURRENT_STATE;
  definition.of_users = message.subject() == v1::SUBJECT_USER;
  for (const v1::Exit& exit : message.exits()) definition.exits.push_back(ToExit(exit));
  for (const v1::Transition& transition : message.transitions()) {
    definition.transitions.push_back(ToTransition(transition));
  }
  for (const v1::Touchpoint& touchpoint : message.touchpoints()) {
    definition.touchpoints.push_back({.key = touchpoint.key(),
                                      .stage_key = touchpoint.stage_key(),
                                      .after_milestone = touchpoint.after_milestone(),
                                      .before_milestone = touchpoint.before_milestone(),
                                      .expected_event = touchpoint.expected_event(),
                                      .playbook_id = touchpoint.playbook_id()});
  }
  for (const v1::PersonaRef& persona : message.personas()) {
    definition.personas.push_back({persona.persona_id(), persona.number(), persona.anchor()});
  }
  for (const v1::SegmentRef& segment : message.segments()) {
    definition.segments.push_back({segment.segment_id(), segment.number()});
  }
  for (const v1::Goal& goal : message.goals()) definition.goals.push_back({goal.key()});
  if (!message.calendar().time_zone().empty()) definition.time_zone = message.calendar().time_zone();
  if (message.has_lateness()) definition.lateness = ToDuration(message.lateness());
  if (message.has_effect_horizon()) definition.effect_horizon = ToDuration(message.effect_horizon());
  if (message.has_enroll_from()) {
    definition.enroll_from =
        absl::FromUnixSeconds(message.enroll_from().seconds()) + absl::Nanoseconds(message.enroll_from().nanos());
  }
  return definition;
}

namespace {

constexpr int kMostMood = 2;

// What is wrong with the form of a message's fields, and then whatever `more` finds.
std::vector<Finding> CheckBoth(const google::protobuf::Message& message,
                               absl::FunctionRef<std::vector<Finding>()> more) {
  std::vector<Finding> findings = CheckForm(message);
  // What is too much to be a definition is not looked into.
  const bool too_much =
      findings.size() >= kMostFindings || std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.code == "TOO_MANY" || finding.code == "TOO_DEEP";
      });
  if (too_much) return findings;
  const std::vector<Finding> form = findings;
  for (Finding& finding : more()) {
    // What has no form has no inside that could be wrong.
    const bool known = std::any_of(form.begin(), form.end(), [&](const Finding& found) {
      return !found.path.empty() && absl::StartsWith(finding.path, found.path);
    });
    if (!known) findings.push_back(std::move(finding));
  }
  SortByPlace(*message.GetDescriptor(), findings);
  if (findings.size() > kMostFindings) findings.resize(kMostFindings);
  return findings;
}

}  // namespace

std::vector<Finding> Check(const v1::JourneyDefinition& message, const Surroundings& surroundings) {
  return CheckBoth(message, [&] {
    std::vector<Finding> findings = Validate(FromProto(message), surroundings, ScenariosOf(message));
    // Moods decide nothing and stay in the proto.
    for (int i = 0; i < message.stages_size(); ++i) {
      const int mood = message.stages(i).experience().mood();
      if (mood >= -kMostMood && mood <= kMostMood) continue;
      Note(findings, {.code = "OUT_OF_RANGE",
                      .path = absl::StrCat("stages[", i, "].experience.mood"),
                      .message = absl::StrCat(mood, " is out of range"),
                      .hint = absl::StrCat("keep between -", kMostMood, " and ", kMostMood)});
    }
    return findings;
  });
}

std::vector<Finding> Check(const v1::SegmentDefinition& message, const Surroundings& surroundings) {
  return CheckBoth(message, [&] { return ValidateSegment(FromProto(message.criterion()), surroundings); });
}

}  // namespace waymark::rules
