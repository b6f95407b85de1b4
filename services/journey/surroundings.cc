#include "services/journey/surroundings.h"

#include <limits>
#include <set>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/journey/journey_store.h"
#include "services/journey/tombstone_store.h"
#include "services/rules/convert/definition.h"
#include "services/rules/surroundings.h"
#include "waymark/journey/v1/segment.pb.h"

namespace waymark::journey {
namespace {

absl::Status Find(sql::Transaction& tx, absl::string_view workspace, EditionKind kind,
                  const std::vector<EditionName>& names, std::vector<std::optional<Edition>>& found, Newest& newest) {
  ASSIGN_OR_RETURN(found, FindEditions(tx, workspace, kind, names));
  for (size_t i = 0; i < found.size(); ++i) {
    const bool open = names[i].number == 0;
    if (open && found[i].has_value() && found[i]->archive_time.has_value()) found[i] = std::nullopt;
    std::vector<std::optional<Edition>> known = {found[i]};
    // One may be there without the edition that is named.
    if (!open && !found[i].has_value()) {
      ASSIGN_OR_RETURN(known, FindEditions(tx, workspace, kind, {{.id = names[i].id}}));
    }
    if (known[0].has_value()) newest[names[i].id] = known[0]->newest;
  }
  return absl::OkStatus();
}

// Takes to exist, in whatever edition, what `assumed` names.
absl::flat_hash_map<std::string, uint32_t> ToKnown(const Newest& newest, const std::vector<std::string>& assumed) {
  absl::flat_hash_map<std::string, uint32_t> known(newest.begin(), newest.end());
  for (const std::string& id : assumed) known.emplace(id, std::numeric_limits<uint32_t>::max());
  return known;
}

rules::RemovedKeys ToRemoved(const std::vector<Tombstone>& tombstones) {
  rules::RemovedKeys removed;
  for (const Tombstone& tombstone : tombstones) {
    switch (tombstone.kind) {
      case KeyKind::kStage:
        removed.stages.emplace(tombstone.key, tombstone.removed_by);
        break;
      case KeyKind::kMilestone:
        removed.milestones.emplace(tombstone.key, tombstone.removed_by);
        break;
      case KeyKind::kTransition:
        removed.transitions.emplace(tombstone.key, tombstone.removed_by);
        break;
      case KeyKind::kTouchpoint:
        removed.touchpoints.emplace(tombstone.key, tombstone.removed_by);
        break;
      case KeyKind::kExit:
        removed.exits.emplace(tombstone.key, tombstone.removed_by);
        break;
      case KeyKind::kGoal:
        removed.goals.emplace(tombstone.key, tombstone.removed_by);
        break;
      case KeyKind::kScenario:
        removed.scenarios.emplace(tombstone.key, tombstone.removed_by);
        break;
    }
  }
  return removed;
}

std::vector<std::string> JourneysNamedBy(const v1::JourneyDefinition& definition) {
  std::set<std::string> ids;
  for (const v1::Trigger& trigger : definition.entry().triggers()) {
    if (trigger.has_journey_completed()) ids.insert(trigger.journey_completed().journey_id());
  }
  return {ids.begin(), ids.end()};
}

}  // namespace

absl::StatusOr<Surroundings> LookAround(sql::Transaction& tx, absl::string_view workspace, absl::string_view journey_id,
                                        const v1::JourneyDefinition& definition) {
  Surroundings surroundings;
  std::vector<EditionName> personas, segments;
  for (const v1::PersonaRef& persona : definition.personas()) {
    personas.push_back({persona.persona_id(), persona.number()});
  }
  for (const v1::SegmentRef& segment : definition.segments()) {
    segments.push_back({segment.segment_id(), segment.number()});
  }
  RETURN_IF_ERROR(
      Find(tx, workspace, EditionKind::kPersona, personas, surroundings.personas, surroundings.known_personas));
  RETURN_IF_ERROR(
      Find(tx, workspace, EditionKind::kSegment, segments, surroundings.segments, surroundings.known_segments));
  ASSIGN_OR_RETURN(surroundings.journeys, FindJourneys(tx, workspace, JourneysNamedBy(definition)));
  ASSIGN_OR_RETURN(surroundings.tombstones, ListTombstones(tx, workspace, journey_id));
  return surroundings;
}

std::vector<rules::Finding> Inspect(const v1::JourneyDefinition& definition, const Surroundings& surroundings,
                                    const Subject& subject) {
  rules::Surroundings known;
  known.journey_id = subject.journey_id;
  known.removed = ToRemoved(surroundings.tombstones);
  known.personas = ToKnown(surroundings.known_personas, subject.assumed_personas);
  known.segments = ToKnown(surroundings.known_segments, subject.assumed_segments);
  known.journeys.emplace(surroundings.journeys.begin(), surroundings.journeys.end());
  known.journeys->insert(subject.assumed_journeys.begin(), subject.assumed_journeys.end());
  if (!subject.journey_id.empty()) known.journeys->insert(subject.journey_id);
  for (const std::optional<Edition>& edition : surroundings.segments) {
    v1::SegmentDefinition segment;
    if (!edition.has_value() || !segment.ParseFromString(edition->definition)) continue;
    known.segment_rules.push_back({edition->id, rules::FromProto(segment.criterion())});
  }
  return rules::Check(definition, known);
}

v1::JourneyDefinition Pin(v1::JourneyDefinition definition, const Surroundings& surroundings) {
  for (int i = 0; i < definition.personas_size(); ++i) {
    const std::optional<Edition>& edition = surroundings.personas[i];
    if (edition.has_value()) definition.mutable_personas(i)->set_number(edition->number);
  }
  for (int i = 0; i < definition.segments_size(); ++i) {
    const std::optional<Edition>& edition = surroundings.segments[i];
    if (edition.has_value()) definition.mutable_segments(i)->set_number(edition->number);
  }
  return definition;
}

absl::StatusOr<std::vector<v1::PinnedSegment>> ReadSegments(const Surroundings& surroundings) {
  std::vector<v1::PinnedSegment> segments;
  for (const std::optional<Edition>& edition : surroundings.segments) {
    if (!edition.has_value()) continue;
    v1::SegmentDefinition definition;
    if (!definition.ParseFromString(edition->definition)) {
      return absl::InternalError(absl::StrCat("the stored definition of ", NameOf(*edition), " is unreadable"));
    }
    v1::PinnedSegment& segment = segments.emplace_back();
    segment.set_segment_id(edition->id);
    segment.set_number(edition->number);
    *segment.mutable_criterion() = definition.criterion();
  }
  return segments;
}

}  // namespace waymark::journey
