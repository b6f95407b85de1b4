#include "services/milestone/watch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/packed.h"
#include "common/base/status.h"
#include "services/milestone/convert.h"
#include "waymark/milestone/v1/facts.pb.h"

namespace waymark::milestone {
namespace {

// What one Next() looks at and answers at most.
constexpr int kMostEntries = 1000;

absl::Status NoCursor() {
  return InvalidField("cursor", "is not one that a watch with these filters gave: begin without it");
}

absl::Status Restored() {
  return Error(absl::StatusCode::kDataLoss, "EPOCH_CHANGED",
               "the database was restored since this cursor was given: begin without it, and read the stages anew");
}

v1::StageChangeKind WhatIsRetracted(v1::RetractedKind kind) {
  switch (kind) {
    case v1::RETRACTED_KIND_ENROLLMENT:
      return v1::STAGE_CHANGE_KIND_ENROLLED;
    case v1::RETRACTED_KIND_STAGE:
      return v1::STAGE_CHANGE_KIND_ENTERED;
    case v1::RETRACTED_KIND_COMPLETION:
      return v1::STAGE_CHANGE_KIND_COMPLETED;
    case v1::RETRACTED_KIND_EXIT:
      return v1::STAGE_CHANGE_KIND_EXITED;
    default:
      return v1::STAGE_CHANGE_KIND_UNSPECIFIED;  // A milestone.
  }
}

bool ConcernsWholeJourney(const v1::StageChange& change) {
  return change.kind() == v1::STAGE_CHANGE_KIND_COMPLETED || change.retracted() == v1::STAGE_CHANGE_KIND_COMPLETED ||
         change.retracted() == v1::STAGE_CHANGE_KIND_ENROLLED;
}

void Fill(const v1::StageEntered& fact, v1::StageChange& change) {
  change.set_kind(v1::STAGE_CHANGE_KIND_ENTERED);
  change.set_stage_key(fact.stage_key());
  change.set_previous_stage_key(fact.previous_stage_key());
  *change.mutable_time() = fact.enter_time();
}

void Fill(const v1::StageRevised& fact, v1::StageChange& change) {
  change.set_kind(v1::STAGE_CHANGE_KIND_REVISED);
  change.set_stage_key(fact.stage_key());
  *change.mutable_time() = fact.enter_time();
  *change.mutable_previous_time() = fact.previous_enter_time();
}

void Fill(const v1::JourneyCompleted& fact, v1::StageChange& change) {
  change.set_kind(v1::STAGE_CHANGE_KIND_COMPLETED);
  *change.mutable_time() = fact.complete_time();
}

void Fill(const v1::CustomerExited& fact, v1::StageChange& change) {
  change.set_kind(v1::STAGE_CHANGE_KIND_EXITED);
  change.set_stage_key(fact.stage_key());
  change.set_exit_key(fact.exit_key());
  *change.mutable_time() = fact.exit_time();
}

void Fill(const v1::ConclusionRetracted& fact, v1::StageChange& change) {
  change.set_kind(v1::STAGE_CHANGE_KIND_RETRACTED);
  change.set_retracted(WhatIsRetracted(fact.kind()));
  change.set_stage_key(fact.stage_key());
  *change.mutable_previous_time() = fact.previous_time();
}

// Reads the entry where it is a Fact, into `change`; whether it is.
template <typename Fact>
absl::StatusOr<bool> Take(const journal::Entry& entry, std::optional<v1::StageChange>& change) {
  if (entry.type != Fact::descriptor()->full_name()) return false;
  Fact fact;
  if (!fact.ParseFromString(entry.payload)) {
    return absl::InternalError(absl::StrCat("the fact at ", entry.lane, "/", entry.position, " cannot be read"));
  }
  change.emplace();
  Fill(fact, *change);
  change->set_customer_id(fact.context().customer_id());
  change->set_journey_id(fact.context().journey_id());
  change->set_version(fact.context().version());
  change->set_witness_event_id(fact.context().witness_event_id());
  change->set_effect_key(fact.context().effect_key());
  change->set_historical(fact.context().historical());
  SetTime(entry.record_time, change->mutable_record_time());
  return true;
}

std::string BoundTo(const WatchFilter& filter) {
  std::string bound = absl::StrCat("WatchStages/", filter.workspace, "/", filter.journey_id, "/");
  for (const std::set<std::string>* set : {&filter.stage_keys, &filter.customer_ids}) {
    PutNumber(set->size(), bound);
    for (const std::string& text : *set) PutText(text, bound);
  }
  return bound;
}

// Ascending.
std::set<int> LanesOf(const WatchFilter& filter) {
  std::set<int> lanes;
  for (const std::string& customer_id : filter.customer_ids) {
    lanes.insert(journal::LaneOf(filter.workspace, customer_id));
  }
  for (int lane = 0; lane < journal::kLanes && filter.customer_ids.empty(); ++lane) lanes.insert(lane);
  return lanes;
}

}  // namespace

absl::StatusOr<std::optional<v1::StageChange>> ToStageChange(const journal::Entry& entry) {
  std::optional<v1::StageChange> change;
  for (const auto take : {Take<v1::StageEntered>, Take<v1::StageRevised>, Take<v1::JourneyCompleted>,
                          Take<v1::CustomerExited>, Take<v1::ConclusionRetracted>}) {
    ASSIGN_OR_RETURN(const bool taken, take(entry, change));
    if (taken) break;
  }
  if (change.has_value() && change->kind() == v1::STAGE_CHANGE_KIND_RETRACTED &&
      change->retracted() == v1::STAGE_CHANGE_KIND_UNSPECIFIED) {
    change.reset();
  }
  return change;
}

Watch::Watch(journal::Journal& journal, WatchFilter filter)
    : journal_(&journal), filter_(std::move(filter)), bound_to_(BoundTo(filter_)) {
  for (const int lane : LanesOf(filter_)) after_.push_back({lane, 0});
  ends_.resize(after_.size());
}

absl::StatusOr<Watch> Watch::Begin(journal::Journal& journal, WatchFilter filter, absl::string_view cursor) {
  Watch watch(journal, std::move(filter));
  if (!cursor.empty()) {
    const absl::StatusOr<std::string> content = ReadPageToken(watch.bound_to_, cursor);
    if (!content.ok()) return NoCursor();
    Unpacker packed(*content);
    const auto epoch = static_cast<int64_t>(packed.Number());
    for (journal::Place& place : watch.after_) {
      place.position = static_cast<int64_t>(packed.Number());
      if (place.position < 0) return NoCursor();
    }
    if (!packed.ok() || !packed.AtEnd()) return NoCursor();
    if (epoch != journal.epoch()) return Restored();
  }
  RETURN_IF_ERROR(journal.db().Read([&](sql::Transaction& tx) { return watch.FindEnds(tx); }));
  for (size_t i = 0; i < watch.after_.size() && cursor.empty(); ++i) watch.after_[i].position = watch.ends_[i];
  return watch;
}

absl::Status Watch::FindEnds(sql::Transaction& tx) {
  ASSIGN_OR_RETURN(const std::vector<journal::Place> heads, journal_->Heads(tx));
  for (size_t i = 0; i < after_.size(); ++i) {
    ends_[i] = heads[after_[i].lane].position;
    if (after_[i].position > ends_[i]) return Restored();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<v1::StageChange>> Watch::Next() {
  std::vector<v1::StageChange> changes;
  std::vector<journal::Place> after;
  RETURN_IF_ERROR(journal_->db().Read([&](sql::Transaction& tx) -> absl::Status {
    changes.clear();
    after = after_;
    if (AtEnd()) RETURN_IF_ERROR(FindEnds(tx));
    int looked_at = 0;
    for (size_t i = 0; i < after.size() && looked_at < kMostEntries; ++i) {
      if (after[i].position >= ends_[i]) continue;
      ASSIGN_OR_RETURN(
          const journal::Journal::Stretch stretch,
          journal_->Read(tx, after[i].lane, after[i].position, kMostEntries - looked_at, filter_.workspace));
      looked_at += static_cast<int>(stretch.entries.size());
      after[i].position = stretch.reached;
      for (const journal::Entry& entry : stretch.entries) {
        ASSIGN_OR_RETURN(std::optional<v1::StageChange> change, ToStageChange(entry));
        if (change.has_value() && Wants(*change)) changes.push_back(*std::move(change));
      }
    }
    return absl::OkStatus();
  }));
  after_ = std::move(after);
  return changes;
}

bool Watch::Wants(const v1::StageChange& change) const {
  if (!filter_.journey_id.empty() && change.journey_id() != filter_.journey_id) return false;
  if (!filter_.customer_ids.empty() && !filter_.customer_ids.contains(change.customer_id())) return false;
  return filter_.stage_keys.empty() || ConcernsWholeJourney(change) ||
         filter_.stage_keys.contains(change.stage_key()) || filter_.stage_keys.contains(change.previous_stage_key());
}

bool Watch::AtEnd() const {
  for (size_t i = 0; i < after_.size(); ++i) {
    if (after_[i].position < ends_[i]) return false;
  }
  return true;
}

std::string Watch::cursor() const {
  std::string content;
  PutNumber(static_cast<uint64_t>(journal_->epoch()), content);
  for (const journal::Place& place : after_) PutNumber(static_cast<uint64_t>(place.position), content);
  return MakePageToken(bound_to_, content);
}

}  // namespace waymark::milestone
