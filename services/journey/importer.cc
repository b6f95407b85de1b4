#include "services/journey/importer.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/base/status.h"
#include "services/journey/editions.h"
#include "services/journey/editor.h"
#include "services/journey/journey_store.h"
#include "services/journey/surroundings.h"
#include "services/rules/convert/canonical.h"

namespace waymark::journey {
namespace {

// What making a plan's journey came to.
struct Made {
  Version version;
  bool journey = false;
  bool draft = false;
};

// The content hash that a definition would have if it were published now.
absl::StatusOr<std::string> PinnedHash(const Change& change, const std::string& journey_id,
                                       const std::string& definition) {
  v1::JourneyDefinition message;
  if (!message.ParseFromString(definition)) return absl::InternalError("a stored definition is unreadable");
  ASSIGN_OR_RETURN(const Surroundings surroundings, LookAround(change.tx, change.workspace, journey_id, message));
  return rules::ContentHash(Pin(std::move(message), surroundings));
}

// The newest version, where it says the same as `content` and can still be gone on with.
absl::StatusOr<std::optional<Version>> FindSame(const Change& change, const Journey& journey, const Content& content) {
  if (journey.last_number == 0) return std::nullopt;
  ASSIGN_OR_RETURN(Version newest, LoadVersion(change.tx, change.workspace, journey.journey_id, journey.last_number));
  if (newest.state == VersionState::kRetired) return std::nullopt;
  ASSIGN_OR_RETURN(const std::string wanted, PinnedHash(change, journey.journey_id, content.definition));
  ASSIGN_OR_RETURN(const std::string present, PinnedHash(change, journey.journey_id, newest.definition));
  if (wanted != present) return std::nullopt;
  return newest;
}

absl::StatusOr<Made> MakeJourney(const Change& change, const Plan& plan) {
  Made made;
  absl::StatusOr<Journey> journey = LoadJourney(change.tx, change.workspace, plan.journey.journey_id);
  if (absl::IsNotFound(journey.status())) {
    journey = Journey{.journey_id = plan.journey.journey_id,
                      .title = plan.journey.title,
                      .labels = plan.journey.labels,
                      .required_approvals = plan.journey.required_approvals,
                      .create_time = change.now,
                      .archive_time = std::nullopt};
    RETURN_IF_ERROR(AddJourney(change.tx, change.workspace, *journey));
    made.journey = true;
  }
  RETURN_IF_ERROR(journey.status());
  RETURN_IF_ERROR(CheckOpen(*journey));
  ASSIGN_OR_RETURN(std::optional<Version> same, FindSame(change, *journey, plan.content));
  if (same.has_value()) {
    made.version = *std::move(same);
    return made;
  }
  Version draft = {.definition = plan.content.definition,
                   .content_hash = plan.content.content_hash,
                   .change_note = plan.change_note};
  AddAuthor(draft, plan.author);
  ASSIGN_OR_RETURN(made.version, AddDraft(change, *journey, std::move(draft)));
  made.draft = true;
  return made;
}

}  // namespace

absl::StatusOr<v1::ImportJourneyResponse> Importer::ImportJourney(const Plan& plan) {
  return changes_.Run<v1::ImportJourneyResponse>(
      plan.call, "ImportJourney", {plan.journey.journey_id},
      [&](const Change& change) -> absl::StatusOr<v1::ImportJourneyResponse> {
        ASSIGN_OR_RETURN(const Made made, MakeJourney(change, plan));
        v1::ImportJourneyResponse response;
        ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(made.version));
        response.set_journey_created(made.journey);
        response.set_draft_created(made.draft);
        return response;
      });
}

absl::StatusOr<v1::CreateJourneyFromTemplateResponse> Importer::CreateJourneyFromTemplate(const Plan& plan) {
  std::vector<std::string> ids = {plan.journey.journey_id};
  for (const EditionContent& persona : plan.personas) ids.push_back(persona.id);
  for (const EditionContent& segment : plan.segments) ids.push_back(segment.id);
  return changes_.Run<v1::CreateJourneyFromTemplateResponse>(
      plan.call, "CreateJourneyFromTemplate", ids,
      [&](const Change& change) -> absl::StatusOr<v1::CreateJourneyFromTemplateResponse> {
        v1::CreateJourneyFromTemplateResponse response;
        for (const EditionContent& persona : plan.personas) {
          ASSIGN_OR_RETURN(const bool added, AddWhereMissing(change, EditionKind::kPersona, persona));
          if (added) response.add_created_persona_ids(persona.id);
        }
        for (const EditionContent& segment : plan.segments) {
          ASSIGN_OR_RETURN(const bool added, AddWhereMissing(change, EditionKind::kSegment, segment));
          if (added) response.add_created_segment_ids(segment.id);
        }
        ASSIGN_OR_RETURN(const Made made, MakeJourney(change, plan));
        ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(made.version));
        response.set_journey_created(made.journey);
        response.set_draft_created(made.draft);
        return response;
      });
}

}  // namespace waymark::journey
