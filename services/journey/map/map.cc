#include "services/journey/map/map.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/journey/map/typesetting.h"
#include "services/rules/convert/words.h"

namespace waymark::journey {
namespace {

using rules::DescribeCriterion;
using rules::DescribeDuration;

std::string TitleOr(const std::string& title, const std::string& key) { return Clean(title).empty() ? key : title; }

// Roles are keys: `csm` is CSM, `account_executive` is Account executive.
std::string RoleInWords(std::string role) {
  std::replace_if(
      role.begin(), role.end(), [](char c) { return c == '_' || c == '-'; }, ' ');
  if (role.size() <= 3) return absl::AsciiStrToUpper(role);
  role[0] = absl::ascii_toupper(role[0]);
  return role;
}

std::string KindInWords(v1::Kind kind, v1::Subject subject) {
  const bool user = subject == v1::SUBJECT_USER;
  switch (kind) {
    case v1::KIND_FUTURE_STATE:
      return user ? "Future user journey" : "Future customer journey";
    case v1::KIND_SERVICE_BLUEPRINT:
      return "Service blueprint";
    case v1::KIND_DAY_IN_THE_LIFE:
      return "A day in the life";
    case v1::KIND_EMPATHY:
      return "Empathy map";
    case v1::KIND_EXPERIENCE:
      return "Experience map";
    default:
      return user ? "User journey" : "Customer journey";
  }
}

// What is looked up while a map is made.
struct Context {
  const MapSource& source;
  rules::Titles titles;
  std::map<std::string, std::string> goals;
  std::map<std::string, MapNumbers> numbers;
};

Context ContextOf(const MapSource& source) {
  Context context{.source = source, .titles = rules::TitlesIn(source.definition)};
  for (const auto& [id, segment] : source.segments) context.titles.segments.emplace(id, segment.title());
  for (const auto& goal : source.definition.goals())
    context.goals.emplace(goal.key(), TitleOr(goal.title(), goal.key()));
  for (const auto& stage : source.overlay.stages()) {
    MapNumbers numbers;
    if (stage.has_count()) numbers.count = stage.count();
    if (stage.has_conversion() && !std::isnan(stage.conversion())) {
      numbers.conversion = std::clamp(stage.conversion(), 0.0, 1.0);
    }
    if (stage.has_median_dwell()) numbers.median_dwell = DescribeDuration(stage.median_dwell());
    context.numbers.emplace(stage.stage_key(), std::move(numbers));
  }
  return context;
}

MapMilestone MilestoneOf(const v1::Milestone& milestone, const Context& context) {
  MapMilestone drawn{.key = milestone.key(),
                     .title = TitleOr(milestone.title(), milestone.key()),
                     .proof = DescribeCriterion(milestone.criterion(), context.titles),
                     .required = !milestone.optional(),
                     .value_moment = milestone.value_moment(),
                     .by_vendor = milestone.party() == v1::PARTY_VENDOR};
  for (const auto& variant : milestone.variants()) {
    const auto title = context.titles.segments.find(variant.segment_id());
    drawn.variants.push_back({.segment = title == context.titles.segments.end() ? variant.segment_id() : title->second,
                              .proof = DescribeCriterion(variant.criterion(), context.titles)});
  }
  if (milestone.has_deadline()) drawn.deadline = DescribeDuration(milestone.deadline());
  if (milestone.latching() == v1::LATCHING_RECURRING) drawn.period = DescribeDuration(milestone.period());
  if (const auto goal = context.goals.find(milestone.goal_key()); goal != context.goals.end())
    drawn.goal = goal->second;
  return drawn;
}

MapTouchpoint TouchpointOf(const v1::Touchpoint& touchpoint, const Context& context) {
  MapTouchpoint drawn{.title = TitleOr(touchpoint.title(), touchpoint.key()),
                      .channel = touchpoint.channel(),
                      .element = touchpoint.element(),
                      .inbound = touchpoint.direction() == v1::DIRECTION_INBOUND};
  if (!touchpoint.owner_role().empty()) drawn.owner = RoleInWords(touchpoint.owner_role());
  const auto named = [&](const std::string& key) {
    const auto title = context.titles.milestones.find(key);
    return title == context.titles.milestones.end() ? key : title->second;
  };
  if (!touchpoint.after_milestone().empty()) drawn.place = absl::StrCat("after ", named(touchpoint.after_milestone()));
  if (!touchpoint.before_milestone().empty()) {
    absl::StrAppend(&drawn.place, drawn.place.empty() ? "" : ", ", "before ", named(touchpoint.before_milestone()));
  }
  return drawn;
}

MapQuestion QuestionOf(const v1::HandOffQuestion& question) {
  MapQuestion drawn{.text = question.question(), .required = !question.optional()};
  const std::string asks = question.asked_by().empty() ? "" : RoleInWords(question.asked_by());
  const std::string answers = question.answered_by().empty() ? "" : RoleInWords(question.answered_by());
  if (!asks.empty() && !answers.empty()) drawn.between = absl::StrCat(asks, " asks ", answers);
  if (asks.empty() && !answers.empty()) drawn.between = absl::StrCat(answers, " answers");
  if (!asks.empty() && answers.empty()) drawn.between = absl::StrCat(asks, " asks");
  return drawn;
}

std::string CompletedWhen(const v1::Stage& stage) {
  const int all = stage.milestones_size();
  if (all == 0) return "";
  if (stage.has_exit_rule()) return absl::StrCat(stage.exit_rule().at_least(), " of ", all, " milestones are achieved");
  const auto required = std::count_if(stage.milestones().begin(), stage.milestones().end(),
                                      [](const v1::Milestone& milestone) { return !milestone.optional(); });
  if (required == 0) return "it is entered: no milestone is required";
  if (all == 1) return "its milestone is achieved";
  if (required == all) return absl::StrCat("all ", all, " milestones are achieved");
  return required == 1 ? "its required milestone is achieved"
                       : absl::StrCat("all ", required, " required milestones are achieved");
}

MapStage StageOf(const v1::Stage& stage, const Context& context) {
  MapStage drawn{.key = stage.key(),
                 .title = TitleOr(stage.title(), stage.key()),
                 .goal = stage.goal(),
                 .completed_when = CompletedWhen(stage),
                 .risk = stage.risk(),
                 .expansion = stage.expansion(),
                 .felt = stage.has_experience(),
                 .mood = std::clamp(stage.experience().mood(), -2, 2),
                 .emotion = stage.experience().emotion(),
                 .need = stage.experience().need()};
  if (stage.has_entry_criterion()) drawn.entered_when = DescribeCriterion(stage.entry_criterion(), context.titles);
  for (const auto& question : stage.hand_off().questions()) drawn.questions.push_back(QuestionOf(question));
  for (const auto& milestone : stage.milestones()) drawn.milestones.push_back(MilestoneOf(milestone, context));
  for (const auto& touchpoint : context.source.definition.touchpoints()) {
    if (touchpoint.stage_key() == stage.key()) drawn.touchpoints.push_back(TouchpointOf(touchpoint, context));
  }
  for (const auto& role : stage.owner_roles()) {
    if (!role.empty()) drawn.owners.push_back(RoleInWords(role));
  }
  if (stage.has_target()) drawn.target = DescribeDuration(stage.target());
  if (stage.has_behind_after()) drawn.behind_after = DescribeDuration(stage.behind_after());
  if (stage.has_stuck_after()) drawn.stuck_after = DescribeDuration(stage.stuck_after());
  for (const auto& pain : stage.experience().pain_points()) drawn.pain_points.push_back(pain);
  for (const auto& chance : stage.experience().opportunities()) drawn.opportunities.push_back(chance);
  if (const auto numbers = context.numbers.find(stage.key()); numbers != context.numbers.end()) {
    drawn.numbers = numbers->second;
  }
  return drawn;
}

// Gives a part what is said of the whole before it.
void Inherit(const MapStage& whole, MapStage& part) {
  if (part.goal.empty()) part.goal = whole.goal;
  if (part.entered_when.empty()) {
    part.entered_when = whole.entered_when;
  } else if (!whole.entered_when.empty()) {
    part.entered_when = absl::StrCat(whole.entered_when, " and ", part.entered_when);
  }
  part.questions.insert(part.questions.begin(), whole.questions.begin(), whole.questions.end());
  part.touchpoints.insert(part.touchpoints.begin(), whole.touchpoints.begin(), whole.touchpoints.end());
}

// Adds the stages with parts beside each other, after the stage that they are parts of. A parent without milestones and
// feelings, that no way names, is only the heading of its parts: its goal and gate are those of the first part.
void AddStages(const Context& context, JourneyMap& map) {
  const auto& stages = context.source.definition.stages();
  std::map<std::string, const v1::Stage*> by_key;
  for (const auto& stage : stages) by_key.emplace(stage.key(), &stage);
  std::map<std::string, std::vector<const v1::Stage*>> parts;  // By the parent's key.
  const auto parent_of = [&](const v1::Stage& stage) -> const v1::Stage* {
    if (stage.parent_key().empty() || stage.parent_key() == stage.key()) return nullptr;
    const auto parent = by_key.find(stage.parent_key());
    return parent == by_key.end() || !parent->second->parent_key().empty() ? nullptr : parent->second;
  };
  for (const auto& stage : stages) {
    if (const v1::Stage* parent = parent_of(stage)) parts[parent->key()].push_back(&stage);
  }
  std::set<std::string> drawn_parents;
  for (const auto& stage : stages) {
    const v1::Stage* parent = parent_of(stage);
    const v1::Stage& whole = parent == nullptr ? stage : *parent;
    const auto its_parts = parts.find(whole.key());
    if (its_parts == parts.end()) {
      map.stages.push_back(StageOf(stage, context));
      continue;
    }
    if (!drawn_parents.insert(whole.key()).second) continue;
    const std::string title = TitleOr(whole.title(), whole.key());
    const size_t first = map.stages.size();
    if (!whole.milestones().empty() || whole.has_experience() || map.branches) {
      map.stages.push_back(StageOf(whole, context));
    }
    for (const v1::Stage* part : its_parts->second) map.stages.push_back(StageOf(*part, context));
    for (size_t i = first; i < map.stages.size(); ++i) map.stages[i].group = title;
    if (map.stages[first].key != whole.key()) Inherit(StageOf(whole, context), map.stages[first]);
  }
}

void AddWays(const Context& context, JourneyMap& map) {
  if (!map.branches) {
    for (size_t i = 0; i < map.stages.size(); ++i) {
      map.stages[i].ways.push_back({.to = i + 1 < map.stages.size() ? std::optional<size_t>(i + 1) : std::nullopt});
    }
    return;
  }
  std::map<std::string, size_t> index;
  for (size_t i = 0; i < map.stages.size(); ++i) index.emplace(map.stages[i].key, i);
  std::vector<const v1::Transition*> transitions;
  for (const auto& transition : context.source.definition.transitions()) transitions.push_back(&transition);
  std::stable_sort(transitions.begin(), transitions.end(),
                   [](const auto* a, const auto* b) { return a->priority() > b->priority(); });
  for (const v1::Transition* transition : transitions) {
    const auto from = index.find(transition->from_stage());
    const auto to = index.find(transition->to_stage());
    const bool ends = transition->to_stage().empty();
    if (from == index.end() || (to == index.end() && !ends)) continue;
    MapWay way;
    if (!ends) way.to = to->second;
    if (transition->has_criterion()) way.when = DescribeCriterion(transition->criterion(), context.titles);
    map.stages[from->second].ways.push_back(std::move(way));
  }
}

std::vector<MapPersona> PersonasOf(const MapSource& source) {
  std::vector<MapPersona> personas;
  for (const auto& reference : source.definition.personas()) {
    MapPersona persona{.title = reference.persona_id(), .anchor = reference.anchor()};
    if (const auto found = source.personas.find(reference.persona_id()); found != source.personas.end()) {
      const v1::PersonaDefinition& definition = found->second;
      persona.title = TitleOr(definition.title(), reference.persona_id());
      persona.about = definition.jobs_to_be_done().empty() ? definition.description() : definition.jobs_to_be_done(0);
    }
    personas.push_back(std::move(persona));
  }
  std::stable_partition(personas.begin(), personas.end(), [](const MapPersona& persona) { return persona.anchor; });
  return personas;
}

}  // namespace

JourneyMap MakeMap(const MapSource& source) {
  const Context context = ContextOf(source);
  const v1::JourneyDefinition& definition = source.definition;
  JourneyMap map{.title = source.title,
                 .kind = KindInWords(definition.kind(), definition.subject()),
                 .description = definition.description(),
                 .personas = PersonasOf(source),
                 .branches = definition.transitions_size() > 0};
  for (const auto& trigger : definition.entry().triggers()) {
    absl::StrAppend(&map.starts_when, map.starts_when.empty() ? "" : ", or ",
                    rules::DescribeTrigger(trigger, context.titles));
  }
  AddStages(context, map);
  AddWays(context, map);
  for (const auto& exit : definition.exits()) {
    map.exits.push_back({.key = exit.key(),
                         .title = TitleOr(exit.title(), exit.key()),
                         .when = DescribeCriterion(exit.criterion(), context.titles),
                         .outcome = exit.outcome()});
  }
  if (source.overlay.has_as_of()) {
    const absl::Time as_of = absl::FromUnixSeconds(source.overlay.as_of().seconds());
    map.numbers_as_of = absl::StrCat(absl::ToCivilDay(as_of, absl::UTCTimeZone()).day(),
                                     absl::FormatTime(" %B %Y", as_of, absl::UTCTimeZone()));
  }
  return map;
}

}  // namespace waymark::journey
