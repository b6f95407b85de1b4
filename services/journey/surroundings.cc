#include "services/journey/surroundings.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/journey/journey_store.h"
#include "services/journey/tombstone_store.h"
#include "services/rules/convert/definition.h"
#include "waymark/journey/v1/segment.pb.h"

namespace waymark::journey {
namespace {

absl::StatusOr<std::vector<std::optional<Edition>>> Find(sql::Transaction& tx, absl::string_view workspace,
                                                         EditionKind kind, const std::vector<EditionName>& names) {
  ASSIGN_OR_RETURN(std::vector<std::optional<Edition>> found, FindEditions(tx, workspace, kind, names));
  for (size_t i = 0; i < found.size(); ++i) {
    const bool open = names[i].number == 0;
    if (open && found[i].has_value() && found[i]->archive_time.has_value()) found[i] = std::nullopt;
  }
  return found;
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
  ASSIGN_OR_RETURN(surroundings.personas, Find(tx, workspace, EditionKind::kPersona, personas));
  ASSIGN_OR_RETURN(surroundings.segments, Find(tx, workspace, EditionKind::kSegment, segments));
  ASSIGN_OR_RETURN(surroundings.journeys, FindJourneys(tx, workspace, JourneysNamedBy(definition)));
  ASSIGN_OR_RETURN(surroundings.tombstones, ListTombstones(tx, workspace, journey_id));
  return surroundings;
}

std::vector<rules::Finding> Inspect(const v1::JourneyDefinition& definition, const Surroundings& surroundings,
                                    const Subject& subject) {
  static_cast<void>(surroundings);
  static_cast<void>(subject);
  return rules::Check(definition);
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
