#include "services/milestone/bands.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/log/log.h"
#include "services/milestone/convert.h"
#include "services/milestone/records.h"
#include "waymark/health/v1/facts.pb.h"
#include "waymark/milestone/v1/facts.pb.h"

namespace waymark::milestone {
namespace {

// As journeys name it; empty: none that they could ask for.
std::string NameOf(health::v1::Band band) {
  switch (band) {
    case health::v1::BAND_RED:
      return "red";
    case health::v1::BAND_YELLOW:
      return "yellow";
    case health::v1::BAND_GREEN:
      return "green";
    case health::v1::BAND_INSUFFICIENT_DATA:
      return "insufficient_data";
    default:
      return "";
  }
}

absl::StatusOr<std::optional<v1::RecordAccepted>> ToRecord(const journal::Entry& entry) {
  // What was deleted here, health tells on.
  if (entry.type == v1::CustomerDeleted::descriptor()->full_name()) return std::nullopt;
  if (entry.type != health::v1::BandChanged::descriptor()->full_name()) {
    return absl::FailedPreconditionError(
        absl::StrCat("entries of type ", entry.type, " are not known here: upgrade this service first"));
  }
  health::v1::BandChanged fact;
  if (!fact.ParseFromString(entry.payload)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the payload at ", entry.lane, "/", entry.position, " is no ", entry.type));
  }
  if (entry.depth >= journal::kMaxDepth) {
    log::Error("left out a band that too many facts led to: is there a ring of rules?",
               {{"workspace", entry.workspace}, {"scorecard", fact.scorecard_id()}, {"depth", entry.depth}});
    return std::nullopt;
  }
  v1::RecordAccepted accepted;
  v1::Record& record = *accepted.mutable_record();
  // By what it tells, not by its place: a restored journal gives places a second time.
  record.set_record_id(absl::StrCat(kOwnIds, "health/", fact.effect_key(), "@", fact.as_of().seconds()));
  record.set_customer_id(fact.customer_id());
  *record.mutable_time() = fact.as_of();
  record.set_author("health");
  record.mutable_band()->set_scorecard_id(fact.scorecard_id());
  record.mutable_band()->set_band(NameOf(fact.band()));
  return accepted;
}

}  // namespace

absl::Status BandRecorder::Apply(sql::Transaction& tx, journal::Lanes& lanes,
                                 absl::Span<const journal::Entry> entries) {
  written_ = {};
  std::vector<std::unique_ptr<Batch>> owned;
  std::vector<const Batch*> batches;
  for (const journal::Entry& entry : entries) {
    ASSIGN_OR_RETURN(const std::optional<v1::RecordAccepted> record, ToRecord(entry));
    if (!record.has_value()) continue;
    owned.push_back(ToBatch(entry.workspace, *record));
    owned.back()->depth = entry.depth;
    batches.push_back(owned.back().get());
  }
  if (batches.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(written_, tracker_.RecordWithin(tx, lanes, batches));
  return absl::OkStatus();
}

void BandRecorder::Applied(const journal::Lanes& lanes) { tracker_.Settle(lanes, std::move(written_)); }

}  // namespace waymark::milestone
