#include "services/rules/flow.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/rules/cycles.h"
#include "services/rules/values.h"

namespace waymark::rules {
namespace {

class Inspection {
 public:
  Inspection(const Outlook& outlook, const absl::flat_hash_set<std::string>& faulty)
      : outlook_(outlook), definition_(outlook.definition()), faulty_(faulty) {}

  std::vector<Finding> Inspect() {
    InspectWhole();
    InspectTriggers();
    if (!definition_.stages.empty()) {
      InspectStages();
      InspectMilestones();
      InspectExits();
      InspectTransitions();
      InspectPairs();
    }
    return std::move(findings_);
  }

 private:
  void Add(absl::string_view code, std::string path, std::string message, std::string hint,
           Severity severity = Severity::kError) {
    Note(findings_,
         {std::string(code), std::move(path), std::move(message), std::move(hint), Layer::kMeaning, severity});
  }

  // Whether a fault was found at the path or inside.
  bool IsFaulty(const std::string& path) const {
    return std::any_of(faulty_.begin(), faulty_.end(), [&](const std::string& fault) {
      return absl::StartsWith(fault, path) &&
             (fault.size() == path.size() || fault[path.size()] == '.' || fault[path.size()] == '[');
    });
  }

  const std::string& KeyOf(size_t stage) const { return definition_.stages[stage].key; }

  void InspectWhole() {
    if (definition_.stages.empty()) {
      Add("NOTHING_TO_PASS", "stages", "the journey has no stage", "add the stages that a customer passes, in order");
      return;
    }
    const bool waits = std::any_of(definition_.stages.begin(), definition_.stages.end(),
                                   [](const Stage& stage) {
                                     return !stage.milestones.empty() || stage.entry_criterion.has_value() ||
                                            !stage.required_answers.empty();
                                   }) ||
                       std::any_of(definition_.transitions.begin(), definition_.transitions.end(),
                                   [](const Transition& transition) { return transition.criterion.has_value(); });
    if (definition_.tracks && !waits) {
      Add("NOTHING_TO_PASS", "stages", "no stage has a milestone: whoever gets in has completed the journey at once",
          "add the milestones that complete a stage");
    }
  }

  // Whether whatever `narrow` waits for is also what `wide` waits for.
  static bool IsCovered(const Trigger& narrow, const Trigger& wide) {
    const FirstEvent* event = std::get_if<FirstEvent>(&narrow);
    if (event == nullptr) return narrow == wide;
    if (std::holds_alternative<AnyEvent>(wide)) return true;
    const FirstEvent* other = std::get_if<FirstEvent>(&wide);
    return other != nullptr && IsWithin(event->events, other->events);
  }

  void InspectTriggers() {
    const std::vector<Trigger>& triggers = definition_.entry.triggers;
    for (size_t i = 0; i < triggers.size(); ++i) {
      const std::string path = absl::StrCat("entry.triggers[", i, "]");
      if (IsFaulty(path)) continue;
      for (size_t k = 0; k < triggers.size(); ++k) {
        // Of two that are alike the first one stands.
        if (i == k || !IsCovered(triggers[i], triggers[k]) || (IsCovered(triggers[k], triggers[i]) && i < k)) continue;
        Add("TRIGGER_SHADOWED", path, absl::StrCat("triggers[", k, "] opens an enrollment whenever this would"),
            "take one of them out", Severity::kWarning);
        break;
      }
      if (!definition_.stages.empty() && outlook_.may_enter(0) && !outlook_.may_trigger(i)) {
        Add("TRIGGER_IMPOSSIBLE", path, "it can never open an enrollment",
            "see that it agrees with what the first stage asks of whoever enters it");
      }
    }
  }

  void InspectStages() {
    const bool dangling =
        std::any_of(definition_.transitions.begin(), definition_.transitions.end(), [&](const Transition& transition) {
          return !transition.to_stage.empty() && !outlook_.FindStage(transition.to_stage);
        });
    for (size_t stage = 0; stage < definition_.stages.size(); ++stage) {
      if (outlook_.may_enter(stage)) continue;
      // That there is no trigger is said of the entry.
      if (stage == 0 && definition_.entry.triggers.empty()) continue;
      bool any = false;
      bool from_a_reachable_one = stage == 0;
      for (const WayOut& way : outlook_.ways()) {
        if (way.to != stage) continue;
        any = true;
        from_a_reachable_one |= outlook_.may_enter(way.from);
      }
      // Of a transition whose name is wrong, this stage may have been meant.
      if (any ? !from_a_reachable_one : (dangling && stage != 0)) continue;
      Add("STAGE_UNREACHABLE", absl::StrCat("stages[", stage, "]"),
          absl::StrCat("no customer can ever enter \"", KeyOf(stage), "\": ", outlook_.WhyNotEnter(stage)),
          any || stage == 0 ? "let a customer be able to do what leads there" : "add a transition that leads there");
    }
  }

  void InspectMilestones() {
    absl::flat_hash_set<size_t> in_cycles;
    for (const DependencyCycle& cycle : FindDependencyCycles(outlook_)) {
      in_cycles.insert(cycle.milestones.begin(), cycle.milestones.end());
    }
    for (size_t index = 0; index < outlook_.milestones(); ++index) {
      const size_t stage = outlook_.stage_of(index);
      const Milestone& milestone = outlook_.milestone(index);
      const std::string path =
          absl::StrCat("stages[", stage, "].milestones[", index - outlook_.first_milestone(stage), "]");
      InspectVariants(index, path);
      if (outlook_.may_achieve(index) || in_cycles.contains(index) || IsFaulty(path)) continue;
      const bool waits = milestone.scope == Scope::kFromStage ? !outlook_.may_enter(stage) : !outlook_.may_enter(0);
      if (waits && milestone.scope != Scope::kAllHistory && milestone.scope != Scope::kWindow) continue;
      Add("MILESTONE_IMPOSSIBLE", path,
          absl::StrCat("\"", milestone.key, "\" can never be achieved: ", outlook_.WhyNotAchieve(index)),
          "let it be something that a customer can do");
    }
  }

  void InspectVariants(size_t index, const std::string& path) {
    const Milestone& milestone = outlook_.milestone(index);
    for (size_t v = 0; v < milestone.variants.size(); ++v) {
      const std::string at = absl::StrCat(path, ".variants[", v, "]");
      std::vector<Demand> demands = outlook_.DemandsOf(index, v);
      // Without the criterion: whether it ever comes to this variant.
      const Demand criterion = demands.back();
      demands.pop_back();
      demands.erase(demands.begin(), demands.begin() + milestone.depends_on.size());
      Circumstances circumstances = outlook_.CircumstancesOf(milestone);
      if (CanBeMet(demands, circumstances) == Answer::kNo) {
        Add("VARIANT_SHADOWED", at + ".segment_id",
            absl::StrCat("whoever belongs to \"", milestone.variants[v].segment_id,
                         "\" belongs to a segment before it"),
            "take it out, or put the narrower segment first");
        continue;
      }
      if (IsFaulty(at)) continue;
      demands.push_back(criterion);
      circumstances.can_be_achieved = nullptr;
      if (CanBeMet(demands, circumstances) != Answer::kNo) continue;
      Add("VARIANT_IMPOSSIBLE", at,
          absl::StrCat("no customer of \"", milestone.variants[v].segment_id, "\" can ever meet its criterion"),
          "ask for something that such a customer can do");
    }
  }

  void InspectExits() {
    for (size_t i = 0; i < definition_.exits.size(); ++i) {
      const Criterion& criterion = definition_.exits[i].criterion;
      const std::string path = absl::StrCat("exits[", i, "]");
      if (IsFaulty(path + ".criterion") || !outlook_.may_enter(0)) continue;
      if (!outlook_.may_exit(i)) {
        const bool shadowed = CanBeMet({{&criterion, true, View::kEntry}}, outlook_.circumstances()) != Answer::kNo;
        Add(shadowed ? "EXIT_SHADOWED" : "EXIT_IMPOSSIBLE", path,
            absl::StrCat("\"", definition_.exits[i].key, "\" can never be taken: ", outlook_.WhyNotExit(i)),
            shadowed ? "put the narrower criterion first" : "let it be something that can happen");
        continue;
      }
      for (size_t trigger = 0; trigger < definition_.entry.triggers.size(); ++trigger) {
        if (!outlook_.may_trigger(trigger)) continue;
        std::vector<Demand> demands = outlook_.DemandsOfTrigger(trigger);
        // The event that opens an enrollment counts for its exits.
        const Trigger& opening = definition_.entry.triggers[trigger];
        const bool event = std::holds_alternative<AnyEvent>(opening) || std::holds_alternative<FirstEvent>(opening);
        if (event) demands.back().view = View::kEntry;
        demands.push_back({&criterion, false, View::kEntry});
        if (CanBeMet(demands, outlook_.circumstances()) != Answer::kNo) continue;
        Add("EXIT_AT_ONCE", path,
            absl::StrCat("whoever gets in by triggers[", trigger, "] leaves by \"", definition_.exits[i].key,
                         "\" at once"),
            "let the exit wait for something that comes later");
        break;
      }
    }
  }

  void InspectTransitions() {
    for (size_t i = 0; i < definition_.transitions.size(); ++i) {
      const Transition& transition = definition_.transitions[i];
      const std::optional<size_t> from = outlook_.FindStage(transition.from_stage);
      const std::optional<size_t> to = outlook_.FindStage(transition.to_stage);
      if (!from.has_value() || !to.has_value()) continue;
      const std::string path = absl::StrCat("transitions[", i, "].to_stage");
      if (*to == *from) {
        Add("TRANSITION_TO_ITSELF", path,
            absl::StrCat("it leads from \"", KeyOf(*to), "\" to itself and is never taken"),
            "lead it to another stage, or take it out");
      } else if (*to < *from && !definition_.stages[*to].regress) {
        Add("REGRESS_FORBIDDEN", path,
            absl::StrCat("it leads back from \"", KeyOf(*from), "\" to \"", KeyOf(*to), "\" and is never taken"),
            absl::StrCat("let \"", KeyOf(*to), "\" say `regress: REGRESS_ALLOW`, or take the transition out"));
      }
    }
    for (size_t i = 0; i < outlook_.ways().size(); ++i) {
      const WayOut& way = outlook_.ways()[i];
      if (outlook_.may_take(i) || !way.transition.has_value() || !outlook_.may_enter(way.from)) continue;
      const std::string path = absl::StrCat("transitions[", *way.transition, "]");
      if (way.shadowed_by.has_value()) {
        const WayOut& other = outlook_.ways()[*way.shadowed_by];
        // Of equal priority: that they overlap is said below.
        if (other.priority == way.priority) continue;
        Add("TRANSITION_SHADOWED", path,
            absl::StrCat("transitions[", other.transition.value_or(0), "] is always taken instead"),
            "give the narrower criterion the higher priority");
        continue;
      }
      // Said of the stage, or of the milestone that cannot be achieved.
      const bool told = (way.to.has_value() && !outlook_.may_enter(*way.to)) ||
                        (way.criterion == nullptr && !outlook_.may_complete(way.from)) || IsFaulty(path);
      if (told) continue;
      Add("TRANSITION_IMPOSSIBLE", path,
          absl::StrCat(
              "it can never be taken: its criterion never holds together with ",
              way.to.has_value() && CanBeMet(outlook_.DemandsOfWay(way), outlook_.circumstances()) == Answer::kNo
                  ? absl::StrCat("what \"", KeyOf(*way.to), "\" asks of whoever enters it")
                  : "staying in the journey: an exit is taken before"),
          "let it be something that can happen, or take it out");
    }
  }

  // Pairs of transitions of equal priority.
  void InspectPairs() {
    const std::vector<WayOut>& ways = outlook_.ways();
    for (size_t k = 0; k < ways.size(); ++k) {
      for (size_t i = 0; i < k; ++i) {
        if (ways[i].from != ways[k].from || ways[i].priority != ways[k].priority) continue;
        if (!ways[k].transition.has_value() || !outlook_.may_enter(ways[k].from)) continue;
        const std::string path = absl::StrCat("transitions[", *ways[k].transition, "]");
        const std::string other = absl::StrCat("transitions[", ways[i].transition.value_or(0), "]");
        if (IsFaulty(path) || IsFaulty(other)) continue;
        std::vector<Demand> demands = outlook_.DemandsOfWay(ways[i]);
        for (const Demand& demand : outlook_.DemandsOfWay(ways[k])) demands.push_back(demand);
        if (CanBeMet(demands, outlook_.circumstances()) == Answer::kNo) continue;
        const bool sure = Implies(ways[i], ways[k]) || Implies(ways[k], ways[i]);
        Add("TRANSITIONS_OVERLAP", path,
            absl::StrCat("it ", sure ? "is" : "may be", " open at the same time as ", other,
                         ", and neither goes before the other"),
            "give them different priorities, or criteria that exclude each other",
            sure ? Severity::kError : Severity::kWarning);
      }
    }
  }

  // Whether one is open whenever the other is.
  bool Implies(const WayOut& one, const WayOut& other) const {
    if (other.criterion == nullptr || one.criterion == nullptr) return one.criterion == other.criterion;
    if (*one.criterion == *other.criterion) return true;
    return CanBeMet({{one.criterion, true, View::kStage}, {other.criterion, false, View::kStage}},
                    outlook_.circumstances()) == Answer::kNo;
  }

  const Outlook& outlook_;
  const Definition& definition_;
  const absl::flat_hash_set<std::string>& faulty_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> CheckFlow(const Outlook& outlook, const absl::flat_hash_set<std::string>& faulty) {
  return Inspection(outlook, faulty).Inspect();
}

}  // namespace waymark::rules
