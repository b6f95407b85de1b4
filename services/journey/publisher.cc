#include "services/journey/publisher.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/journey/journey_store.h"
#include "services/journey/rehearsal.h"
#include "services/journey/review_store.h"
#include "services/journey/surroundings.h"
#include "services/journey/tombstone_store.h"
#include "services/rules/convert/canonical.h"

namespace waymark::journey {
namespace {

// The keys that the version before had and this one has no more are taken for ever.
absl::Status BuryKeys(const Change& change, const Journey& journey, const Version& version,
                      const v1::JourneyDefinition& definition) {
  if (journey.last_published_number == 0) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Version before,
                   LoadVersion(change.tx, change.workspace, journey.journey_id, journey.last_published_number));
  ASSIGN_OR_RETURN(const v1::JourneyDefinition past, ReadDefinition(before));
  return AddTombstones(change.tx, change.workspace, journey.journey_id, FindRemoved(past, definition, version.number));
}

// Who approved of the draft approved of what its publication wrote down, too.
absl::Status CarryApprovals(const Change& change, const VersionName& name, const std::vector<Approval>& approvals,
                            const Version& draft, const std::string& content_hash) {
  for (Approval approval : approvals) {
    if (StandingOf(approval, draft) != Standing::kCounts) continue;
    approval.content_hash = content_hash;
    RETURN_IF_ERROR(SaveApproval(change.tx, name, approval));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Publisher::Publish(const Change& change, const Journey& journey, Version& version,
                                const std::optional<v1::MigrationPlan>& plan) {
  const VersionName name = {.workspace = change.workspace, .journey_id = version.journey_id, .number = version.number};
  ASSIGN_OR_RETURN(const v1::JourneyDefinition draft, ReadDefinition(version));
  ASSIGN_OR_RETURN(const Surroundings surroundings, LookAround(change.tx, change.workspace, version.journey_id, draft));
  ASSIGN_OR_RETURN(const std::vector<v1::PinnedSegment> segments, ReadSegments(surroundings));
  ASSIGN_OR_RETURN(const std::vector<Approval> approvals, ListApprovals(change.tx, name));
  RETURN_IF_ERROR(CheckGate(version, {.findings = Inspect(draft, surroundings, {.journey_id = version.journey_id}),
                                      .failures = FailuresIn(Rehearse(draft, segments)),
                                      .approvals = CountApprovals(approvals, version),
                                      .required_approvals = journey.required_approvals}));

  v1::VersionPublished fact;
  *fact.mutable_definition() = Pin(draft, surroundings);
  const std::string content_hash = rules::ContentHash(fact.definition());
  if (plan.has_value()) {
    if (plan->content_hash() != content_hash) {
      return WrongState(absl::StrCat("the plan is of a preview of something else than what ", NameOf(version),
                                     " says: preview it, and publish with the plan that this gives"));
    }
    *fact.mutable_plan() = *plan;
  }
  RETURN_IF_ERROR(CarryApprovals(change, name, approvals, version, content_hash));
  RETURN_IF_ERROR(BuryKeys(change, journey, version, fact.definition()));
  version.definition = DeterministicBytes(fact.definition());
  version.content_hash = content_hash;
  version.state = VersionState::kPublished;
  version.publish_time = change.now;
  ++version.revision;
  RETURN_IF_ERROR(SaveVersion(change.tx, change.workspace, version));

  fact.set_journey_id(version.journey_id);
  fact.set_number(version.number);
  fact.set_content_hash(content_hash);
  fact.set_title(journey.title);
  *fact.mutable_publish_time() = ToTimestamp(change.now);
  fact.mutable_segments()->Add(segments.begin(), segments.end());
  change.Tell(version.journey_id, fact);
  return absl::OkStatus();
}

absl::StatusOr<v1::PublishVersionResponse> Publisher::PublishVersion(const VersionOrder& order) {
  return changes_.Run<v1::PublishVersionResponse>(
      order.call, "PublishVersion", {order.journey_id},
      [&](const Change& change) -> absl::StatusOr<v1::PublishVersionResponse> {
        ASSIGN_OR_RETURN(const Journey journey, LoadJourney(change.tx, change.workspace, order.journey_id));
        ASSIGN_OR_RETURN(Version version, LoadVersion(change.tx, change.workspace, order.journey_id, order.number));
        ASSIGN_OR_RETURN(const Step step, DecidePublication(journey, version, order.etag));
        if (step == Step::kNow) RETURN_IF_ERROR(Publish(change, journey, version, order.plan));
        v1::PublishVersionResponse response;
        ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(version));
        return response;
      });
}

absl::StatusOr<v1::RetireVersionResponse> Publisher::RetireVersion(const VersionOrder& order) {
  return changes_.Run<v1::RetireVersionResponse>(
      order.call, "RetireVersion", {order.journey_id},
      [&](const Change& change) -> absl::StatusOr<v1::RetireVersionResponse> {
        ASSIGN_OR_RETURN(Version version, LoadVersion(change.tx, change.workspace, order.journey_id, order.number));
        ASSIGN_OR_RETURN(const Step step, DecideRetirement(version, order.etag));
        if (step == Step::kNow) {
          version.state = VersionState::kRetired;
          version.retire_time = change.now;
          ++version.revision;
          RETURN_IF_ERROR(SaveVersion(change.tx, change.workspace, version));
          v1::VersionRetired fact;
          fact.set_journey_id(version.journey_id);
          fact.set_number(version.number);
          *fact.mutable_retire_time() = ToTimestamp(change.now);
          change.Tell(version.journey_id, fact);
        }
        v1::RetireVersionResponse response;
        ASSIGN_OR_RETURN(*response.mutable_version(), ToProto(version));
        return response;
      });
}

}  // namespace waymark::journey
