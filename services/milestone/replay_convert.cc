#include "services/milestone/replay_convert.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/milestone/convert.h"
#include "services/milestone/mapping.h"
#include "services/rules/convert/canonical.h"
#include "services/rules/convert/definition.h"
#include "services/rules/convert/form.h"

namespace waymark::milestone {
namespace {

constexpr int kMostCustomers = 1'000;
constexpr int kMostSegments = 50;  // As many as a definition names.
constexpr int32_t kChanges = 100;
constexpr int32_t kMostChanges = 1'000;

// The ids in bytewise order.
absl::StatusOr<std::vector<std::string>> ToCustomerIds(absl::string_view field,
                                                       const google::protobuf::RepeatedPtrField<std::string>& given) {
  if (given.size() > kMostCustomers) {
    return InvalidField(field, absl::StrCat("must be at most ", kMostCustomers, ", not ", given.size(),
                                            ": leave them out to have everybody"));
  }
  for (int i = 0; i < given.size(); ++i) RETURN_IF_ERROR(CheckId(absl::StrCat(field, "[", i, "]"), given[i]));
  std::vector<std::string> ids(given.begin(), given.end());
  std::sort(ids.begin(), ids.end());
  const auto twice = std::adjacent_find(ids.begin(), ids.end());
  if (twice != ids.end()) return InvalidField(field, absl::StrCat("names \"", *twice, "\" twice"));
  return ids;
}

void Note(absl::string_view field, const std::vector<rules::Finding>& findings,
          std::vector<FieldViolation>& violations) {
  for (const rules::Finding& finding : findings) {
    if (finding.severity != rules::Severity::kError) continue;
    violations.push_back({finding.path.empty() ? std::string(field) : absl::StrCat(field, ".", finding.path),
                          absl::StrCat(finding.message, ": ", finding.hint)});
  }
}

// The candidate that a request spells out; it must be as fit as for publication.
absl::StatusOr<rules::JourneyVersion> ToCandidate(const v1::Replay& replay) {
  if (replay.segments_size() > kMostSegments) {
    return InvalidField("replay.segments",
                        absl::StrCat("must be at most ", kMostSegments, ", not ", replay.segments_size()));
  }
  rules::JourneyVersion version;
  version.journey_id = replay.journey_id();
  rules::Surroundings surroundings;
  surroundings.journey_id = replay.journey_id();
  surroundings.segments.emplace();
  std::vector<FieldViolation> violations;
  for (int i = 0; i < replay.segments_size(); ++i) {
    const journey::v1::PinnedSegment& segment = replay.segments(i);
    const std::string field = absl::StrCat("replay.segments[", i, "]");
    RETURN_IF_ERROR(CheckName(absl::StrCat(field, ".segment_id"), segment.segment_id()));
    journey::v1::SegmentDefinition definition;
    definition.set_title(segment.segment_id());
    if (segment.has_criterion()) *definition.mutable_criterion() = segment.criterion();
    Note(field, rules::Check(definition), violations);
    if (!surroundings.segments->emplace(segment.segment_id(), std::numeric_limits<uint32_t>::max()).second) {
      return InvalidField(absl::StrCat(field, ".segment_id"), "is given twice");
    }
  }
  if (!violations.empty()) return InvalidFields(violations);
  for (const journey::v1::PinnedSegment& segment : replay.segments()) {
    version.segments.push_back({segment.segment_id(), rules::FromProto(segment.criterion())});
  }
  surroundings.segment_rules = version.segments;
  Note("replay.definition", rules::Check(replay.definition(), surroundings), violations);
  if (!violations.empty()) return InvalidFields(violations);
  version.definition = rules::FromProto(replay.definition());
  if (!version.definition.tracks) {
    return InvalidField("replay.definition.kind", "must be CURRENT_STATE: maps of other kinds track nobody");
  }
  if (version.definition.of_users) {
    return InvalidField("replay.definition.subject", "must be CUSTOMER: journeys of users are not followed yet");
  }
  journey::v1::JourneyDefinition known = replay.definition();
  known.DiscardUnknownFields();
  version.content_hash = rules::ContentHash(known);
  return version;
}

absl::Status CheckKeys(absl::string_view field, const google::protobuf::Map<std::string, std::string>& keys,
                       size_t most) {
  if (keys.size() > most) {
    return InvalidField(field, absl::StrCat("must be at most ", most, ", not ", keys.size()));
  }
  for (const auto& [from, to] : keys) {
    RETURN_IF_ERROR(CheckKey(field, from));
    RETURN_IF_ERROR(CheckKey(absl::StrCat(field, "[\"", from, "\"]"), to));
  }
  return absl::OkStatus();
}

absl::Status CheckMap(const journey::v1::KeyMap& map) {
  RETURN_IF_ERROR(CheckKeys("replay.map.stages", map.stages(), rules::kMostMappedStages));
  return CheckKeys("replay.map.milestones", map.milestones(), rules::kMostMappedMilestones);
}

}  // namespace

absl::StatusOr<ReplayOrder> ToReplayOrder(const std::string& workspace, const v1::Replay& replay, absl::Time now) {
  ReplayOrder order{.workspace = workspace, .journey_id = replay.journey_id()};
  RETURN_IF_ERROR(CheckName("replay.journey_id", replay.journey_id()));
  ASSIGN_OR_RETURN(order.customer_ids, ToCustomerIds("replay.customer_ids", replay.customer_ids()));
  if (replay.has_as_of()) {
    const auto& as_of = replay.as_of();
    if (as_of.nanos() < 0 || as_of.nanos() > 999'999'999 || as_of.seconds() < kFirstSecond) {
      return InvalidField("replay.as_of", "must be a time from the year 2000 on");
    }
    order.as_of = ToTime(as_of);
    if (*order.as_of > now) {
      return InvalidField("replay.as_of", absl::StrCat("must not lie in the future (it is ",
                                                       absl::FormatTime(now, absl::UTCTimeZone()), ")"));
    }
  }
  switch (replay.migration()) {
    case journey::v1::MIGRATION_UNSPECIFIED:
    case journey::v1::MIGRATION_REPLAY:
      break;
    case journey::v1::MIGRATION_PIN:
      order.keeps_pins = true;
      break;
    case journey::v1::MIGRATION_MAP:
      RETURN_IF_ERROR(CheckMap(replay.map()));
      order.map = FromProto(replay.map());
      break;
    default:
      return InvalidField("replay.migration", "must be MIGRATION_PIN, MIGRATION_REPLAY or MIGRATION_MAP");
  }
  if (replay.has_map() && !order.map.has_value()) {
    return InvalidField("replay.map", "belongs to MIGRATION_MAP: set migration to that, or leave it out");
  }
  if (order.map.has_value() && replay.base_number() != 0) {
    return InvalidField("replay.base_number",
                        "cannot be given with MIGRATION_MAP: everybody moves from where they are");
  }
  order.number = replay.number();
  order.base_number = replay.base_number();
  if (!replay.has_definition()) {
    if (!replay.segments().empty()) {
      return InvalidField("replay.segments", "belong to a definition: a published version has its own");
    }
    return order;
  }
  if (replay.number() != 0) {
    return InvalidField("replay.number", "cannot be given beside a definition: give one of both");
  }
  ASSIGN_OR_RETURN(order.candidate, ToCandidate(replay));
  return order;
}

absl::StatusOr<RecomputeOrder> ToRecomputeOrder(const std::string& workspace, const v1::RecomputeRequest& request) {
  RecomputeOrder order{.workspace = workspace, .repair = request.repair()};
  ASSIGN_OR_RETURN(order.customer_ids, ToCustomerIds("customer_ids", request.customer_ids()));
  return order;
}

absl::StatusOr<size_t> ToChangeLimit(int32_t asked) {
  if (asked < 0) return InvalidField("change_limit", "must not be negative");
  return static_cast<size_t>(asked == 0 ? kChanges : std::min(asked, kMostChanges));
}

}  // namespace waymark::milestone
