#include "services/rules/explanation.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "services/rules/evaluation.h"

namespace waymark::rules {
namespace {

std::string Quoted(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return "nothing";
  const std::string text = TextOf(value).value_or("");
  return std::holds_alternative<std::string>(value) ? absl::StrCat("\"", text, "\"") : text;
}

std::string QuotedList(const std::vector<Value>& values) {
  return absl::StrJoin(values, " or ",
                       [](std::string* out, const Value& value) { absl::StrAppend(out, Quoted(value)); });
}

std::string Describe(const ValueCondition& condition) {
  const auto compared = [&](absl::string_view how) {
    return absl::StrCat(condition.name, " ", how, " ", QuotedList(condition.values));
  };
  switch (condition.comparison) {
    case Comparison::kEquals:
    case Comparison::kOneOf:
      return compared("is");
    case Comparison::kNotOneOf:
      return compared("is not");
    case Comparison::kAtLeast:
      return compared("is at least");
    case Comparison::kAtMost:
      return compared("is at most");
    case Comparison::kMoreThan:
      return compared("is more than");
    case Comparison::kLessThan:
      return compared("is less than");
    case Comparison::kContains:
      return compared("contains");
    case Comparison::kExists:
      return absl::StrCat(condition.name, " is known");
    case Comparison::kNotExists:
      return absl::StrCat(condition.name, " is not known");
  }
  return "";
}

std::string Describe(const EventPattern& pattern) {
  std::string text = pattern.event_types.empty() ? "any event" : absl::StrJoin(pattern.event_types, " or ");
  if (pattern.where.empty()) return text;
  return absl::StrCat(text, " where ",
                      absl::StrJoin(pattern.where, " and ", [](std::string* out, const ValueCondition& condition) {
                        absl::StrAppend(out, Describe(condition));
                      }));
}

// What a count counts.
std::string Unit(const Leaf& leaf) {
  const std::string events = Describe(leaf.patterns[0]);
  switch (leaf.distinct) {
    case Distinct::kEvents:
      return events;
    case Distinct::kUsers:
      return absl::StrCat("users with ", events);
    case Distinct::kDays:
      return absl::StrCat("days with ", events);
    case Distinct::kProperty:
      return absl::StrCat("values of ", leaf.distinct_property, " in ", events);
  }
  return events;
}

std::string DateWords(const DateReached& date) {
  std::vector<std::string> offsets;
  const auto add = [&](int32_t number, absl::string_view unit) {
    if (number == 0) return;
    const int32_t size = number < 0 ? -number : number;
    offsets.push_back(absl::StrCat(size, " ", unit, size == 1 ? "" : "s", number < 0 ? " before" : " after"));
  };
  add(date.offset_months, "month");
  add(date.offset_days, "day");
  offsets.push_back(date.attribute);
  return absl::StrJoin(offsets, " ");
}

// Says what keeps criteria from being met, or what meets them.
class Speaker {
 public:
  Speaker(const Journey& journey, const Progress& progress, const Run& run, absl::Time at)
      : journey_(journey), evaluation_(journey, progress, &run, at) {}

  const Evaluation& evaluation() const { return evaluation_; }

  // What a criterion that is not met lacks.
  std::string Lacking(size_t index) const {
    const Node& node = journey_.nodes()[index];
    switch (node.kind) {
      case Node::Kind::kSome: {
        std::vector<std::string> lacking;
        for (const size_t child : node.children) {
          if (!evaluation_.Met(child)) lacking.push_back(Lacking(child));
        }
        const size_t met = node.children.size() - lacking.size();
        if (node.at_least == node.children.size()) return absl::StrJoin(lacking, "; ");
        const std::string either = absl::StrJoin(lacking, ", or ");
        return node.at_least == met + 1 ? either : absl::StrCat(node.at_least - met, " of these: ", either);
      }
      case Node::Kind::kNone: {
        std::vector<std::string> met;
        for (const size_t child : node.children) {
          if (evaluation_.Met(child)) met.push_back(Describe(child));
        }
        return absl::StrCat("not: ", absl::StrJoin(met, ", nor "));
      }
      case Node::Kind::kLeaf:
        return Lacking(journey_.leaves()[node.index]);
      case Node::Kind::kSegment:
      case Node::Kind::kAttribute:
      case Node::Kind::kMilestone:
      case Node::Kind::kBand:
      case Node::Kind::kDate:
      case Node::Kind::kNever:
        return Describe(index);
    }
    return "";
  }

 private:
  std::string Lacking(const Leaf& leaf) const {
    switch (leaf.kind) {
      case Leaf::Kind::kCount:
      case Leaf::Kind::kRecent:
      case Leaf::Kind::kDistinct:
        return absl::StrCat(evaluation_.Counted(leaf), " of ", leaf.at_least, " ", Unit(leaf), Window(leaf));
      case Leaf::Kind::kAbsence: {
        const std::optional<absl::Time> since = evaluation_.SilentSince(leaf);
        const std::string what = Describe(leaf);
        if (!since.has_value()) return what;
        return absl::StrCat(what, ", until ",
                            absl::FormatTime("%Y-%m-%d %H:%M", *since + leaf.lasting, journey_.calendar()));
      }
      case Leaf::Kind::kSequence: {
        // How far the sequence is.
        const LeafState& state = evaluation_.state(leaf);
        size_t steps = 0;
        while (2 * steps < state.times.size() && state.times[2 * steps] != absl::InfinitePast()) ++steps;
        if (steps == 0 || steps >= leaf.patterns.size()) return Describe(leaf);
        return absl::StrCat(Describe(leaf), " (", steps, " of ", leaf.patterns.size(), " came)");
      }
      case Leaf::Kind::kAttested:
        return Describe(leaf);
    }
    return "";
  }

  static std::string Window(const Leaf& leaf) {
    return leaf.within.has_value() ? absl::StrCat(" within ", Words(*leaf.within)) : std::string();
  }

  static std::string Describe(const Leaf& leaf) {
    switch (leaf.kind) {
      case Leaf::Kind::kCount:
      case Leaf::Kind::kRecent:
      case Leaf::Kind::kDistinct:
        return absl::StrCat(leaf.at_least, " ", Unit(leaf), Window(leaf));
      case Leaf::Kind::kSequence:
        return absl::StrCat(absl::StrJoin(leaf.patterns, ", then ",
                                          [](std::string* out, const EventPattern& pattern) {
                                            absl::StrAppend(out, rules::Describe(pattern));
                                          }),
                            leaf.max_gap.has_value() ? absl::StrCat(", each within ", Words(*leaf.max_gap)) : "",
                            leaf.max_span.has_value() ? absl::StrCat(", in all within ", Words(*leaf.max_span)) : "",
                            Window(leaf));
      case Leaf::Kind::kAbsence:
        return absl::StrCat("no ", rules::Describe(leaf.patterns[0]), " for ", Words(leaf.lasting));
      case Leaf::Kind::kAttested:
        return leaf.role.empty() ? "a person's confirmation" : absl::StrCat("confirmation by a ", leaf.role);
    }
    return "";
  }

  std::string Describe(size_t index) const {
    const Node& node = journey_.nodes()[index];
    const auto children = [&](absl::string_view separator) {
      return absl::StrJoin(node.children, separator,
                           [&](std::string* out, size_t child) { absl::StrAppend(out, Describe(child)); });
    };
    switch (node.kind) {
      case Node::Kind::kSome:
        if (node.at_least == node.children.size()) return children(" and ");
        if (node.at_least == 1) return children(" or ");
        return absl::StrCat(node.at_least, " of these: ", children(", "));
      case Node::Kind::kNone:
        return absl::StrCat("not: ", children(", nor "));
      case Node::Kind::kLeaf:
        return Describe(journey_.leaves()[node.index]);
      case Node::Kind::kAttribute:
        return rules::Describe(node.condition);
      case Node::Kind::kSegment:
        return absl::StrCat("the segment: ", Describe(node.index));
      case Node::Kind::kMilestone:
        return absl::StrCat("milestone ", journey_.milestone(node.index).key);
      case Node::Kind::kBand:
        return absl::StrCat("health band ", absl::StrJoin(node.bands, " or "), " of ",
                            journey_.scorecards()[node.index]);
      case Node::Kind::kDate: {
        const std::optional<absl::Time> instant =
            InstantOf(node.date, evaluation_.attribute(node.index), journey_.calendar());
        if (!instant.has_value()) return absl::StrCat(DateWords(node.date), ", which is not known");
        return absl::StrCat(DateWords(node.date), ", ", absl::FormatTime("%Y-%m-%d", *instant, journey_.calendar()));
      }
      case Node::Kind::kNever:
        return "something that is not known";
    }
    return "";
  }

  const Journey& journey_;
  const Evaluation evaluation_;
};

}  // namespace

std::string Words(absl::Duration duration) {
  struct Unit {
    absl::Duration size;
    absl::string_view name;
  };
  std::vector<std::string> words;
  for (const Unit& unit : {Unit{absl::Hours(24), "d"}, Unit{absl::Hours(1), "h"}, Unit{absl::Minutes(1), "min"}}) {
    const int64_t whole = absl::IDivDuration(duration, unit.size, &duration);
    if (whole != 0) words.push_back(absl::StrCat(whole, " ", unit.name));
  }
  if (duration != absl::ZeroDuration() || words.empty()) {
    words.push_back(absl::StrCat(absl::ToDoubleSeconds(duration), " s"));
  }
  return absl::StrJoin(words, " ");
}

std::string Missing(const Journey& journey, const Progress& progress, const Run& run, size_t rule_index,
                    absl::Time at) {
  const MilestoneProgress& milestone = run.milestones[rule_index];
  if (milestone.achieved.has_value()) return "";
  const Rule& rule = journey.rules()[rule_index];
  if (rule.plain) return absl::StrCat(milestone.counted, " of ", rule.needed, " ", Describe(rule.pattern));
  std::vector<std::string> lacking;
  for (const size_t other : rule.depends_on) {
    if (!run.milestones[other].achieved.has_value()) {
      lacking.push_back(absl::StrCat("milestone ", journey.milestone(other).key));
    }
  }
  const Speaker speaker(journey, progress, run, at);
  const size_t criterion = speaker.evaluation().CriterionOf(rule);
  if (!speaker.evaluation().Met(criterion)) lacking.push_back(speaker.Lacking(criterion));
  return absl::StrJoin(lacking, "; ");
}

uint32_t Counted(const Journey& journey, const Progress& progress, const Run& run, size_t rule_index, absl::Time at) {
  const Rule& rule = journey.rules()[rule_index];
  const MilestoneProgress& milestone = run.milestones[rule_index];
  if (rule.plain) return milestone.counted;
  if (milestone.achieved.has_value()) return rule.needed;
  const Evaluation evaluation(journey, progress, &run, at);
  const Node& node = journey.nodes()[evaluation.CriterionOf(rule)];
  if (node.kind != Node::Kind::kLeaf) return 0;
  return std::min(evaluation.Counted(journey.leaves()[node.index]), rule.needed);
}

std::string WhyStays(const Journey& journey, const Progress& progress, const Run& run, absl::Time at) {
  if (!run.enrolled() || run.ended()) return "";
  const Speaker speaker(journey, progress, run, at);
  const size_t stage = run.stage();
  std::vector<std::string> reasons;
  for (const Way& way : journey.ways(stage)) {
    std::vector<std::string> waits;
    if (way.criterion.has_value()) {
      if (!speaker.evaluation().Met(*way.criterion)) waits.push_back(speaker.Lacking(*way.criterion));
    } else if (!run.entered.back().completed.has_value()) {
      const Stage& here = journey.stages()[stage];
      for (size_t i = 0; i < here.milestones.size(); ++i) {
        const size_t rule = journey.first_rule(stage) + i;
        if (run.milestones[rule].achieved.has_value()) continue;
        if (!here.exit_at_least.has_value() && !here.milestones[i].required) continue;
        waits.push_back(absl::StrCat(here.milestones[i].key, " is missing (",
                                     Missing(journey, progress, run, rule, at), ")"));
      }
    }
    if (way.to.has_value()) {
      const std::optional<size_t> entry = journey.entry_criterion(*way.to);
      const std::string& next = journey.stages()[*way.to].key;
      if (entry.has_value() && !speaker.evaluation().Met(*entry)) {
        waits.push_back(absl::StrCat(next, " may not be entered yet (", speaker.Lacking(*entry), ")"));
      }
      for (const size_t answer : journey.required_answers(*way.to)) {
        if (speaker.evaluation().attribute(answer) != nullptr) continue;
        waits.push_back(absl::StrCat("the hand-off to ", next, " lacks ", journey.attributes()[answer]));
      }
    }
    if (waits.empty()) continue;
    const bool named = way.transition.has_value() && journey.ways(stage).size() > 1;
    reasons.push_back(absl::StrCat(
        named ? absl::StrCat(journey.version().definition.transitions[*way.transition].key, ": ") : "",
        absl::StrJoin(waits, ", ")));
  }
  return absl::StrJoin(reasons, "; ");
}

}  // namespace waymark::rules
