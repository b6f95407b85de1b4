#include "common/journal/follower.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/rpc/status.h"
#include "waymark/journal/v1/journal.grpc.pb.h"

namespace waymark::journal {
namespace {

// How long the source may take besides waiting for news; a stream cut off here goes on with the next RunOnce.
constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr std::chrono::milliseconds kFirstPause(100);
constexpr std::chrono::seconds kLongestPause(30);

metrics::Gauge& StoppedGauge(const std::string& source, int lane) {
  return metrics::GetGauge("waymark_follower_stopped", "1 while a lane of another service's journal is not followed.",
                           {{"source", source}, {"lane", absl::StrCat(lane)}});
}

// What may be over the next time, and is nothing that an operator could look at here.
bool IsTransient(const absl::Status& error) {
  return absl::IsUnavailable(error) || absl::IsAborted(error) || absl::IsResourceExhausted(error);
}

Entry ToEntry(v1::JournalEntry& entry) {
  const std::string& url = entry.payload().type_url();
  return {.lane = static_cast<int>(entry.lane()),
          .position = entry.position(),
          .workspace = std::move(*entry.mutable_workspace()),
          .key = std::move(*entry.mutable_key()),
          .record_time =
              absl::FromUnixSeconds(entry.record_time().seconds()) + absl::Nanoseconds(entry.record_time().nanos()),
          .depth = static_cast<int>(entry.depth()),
          .type = url.substr(url.rfind('/') + 1),
          .payload = std::move(*entry.mutable_payload()->mutable_value())};
}

// A lane has no gaps for who may read all of it: one that shows some is not to be trusted.
absl::Status CheckGapless(int64_t after, absl::Span<const Entry> entries, int64_t reached) {
  int64_t last = after;
  for (const Entry& entry : entries) {
    if (entry.position != last + 1) break;
    ++last;
  }
  if (last == reached) return absl::OkStatus();
  return Error(absl::StatusCode::kDataLoss, "EPOCH_CHANGED",
               absl::StrCat("the source answers position ", reached, " without everything after ", last));
}

}  // namespace

Follower::Follower(Options options, std::shared_ptr<grpc::ChannelInterface> channel, Journal& own, Apply apply,
                   Applied applied)
    : options_(std::move(options)),
      channel_(std::move(channel)),
      own_(own),
      apply_(std::move(apply)),
      applied_(std::move(applied)) {}

Follower::~Follower() = default;

absl::StatusOr<bool> Follower::RunOnce() {
  Run run = {.lanes = LanesDue()};
  if (run.lanes.empty()) return false;
  RETURN_IF_ERROR(own_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(run.cursors, LoadCursors(tx, options_.source));
    return absl::OkStatus();
  }));
  const absl::Status read = Read(run);
  if (absl::IsDataLoss(read)) {
    for (const int lane : std::set<int>(run.lanes)) Fail(run, lane, read);
  }
  if (!run.error.ok()) return run.error;
  if (!read.ok() && !run.applied) return read;
  return run.applied;
}

void Follower::Cancel() {
  absl::MutexLock lock(&mutex_);
  stopping_ = true;
  for (grpc::ClientContext* const context : running_) context->TryCancel();
}

std::vector<Stop> Follower::stops() const {
  absl::MutexLock lock(&mutex_);
  std::vector<journal::Stop> stops;
  for (const auto& [lane, pause] : pauses_) stops.push_back(pause.stop);
  return stops;
}

std::set<int> Follower::LanesDue() const {
  std::set<int> due;
  const auto now = std::chrono::steady_clock::now();
  absl::MutexLock lock(&mutex_);
  for (int lane = 0; lane < kLanes; ++lane) {
    const auto pause = pauses_.find(lane);
    if (!stopping_ && (pause == pauses_.end() || pause->second.until <= now)) due.insert(lane);
  }
  return due;
}

absl::Status Follower::Read(Run& run) {
  v1::ReadJournalRequest request;
  request.set_journal(options_.source);
  for (const int lane : run.lanes) {
    v1::LanePosition& after = *request.add_after();
    after.set_lane(lane);
    after.set_position(run.cursors[lane].position);
    // Lanes may only differ in it when the source was restored; the answer is compared with each.
    request.set_epoch(std::max(request.epoch(), run.cursors[lane].epoch));
  }
  request.mutable_max_wait()->set_seconds(absl::ToInt64Seconds(options_.max_wait));
  request.mutable_max_wait()->set_nanos(absl::ToInt64Nanoseconds(options_.max_wait % absl::Seconds(1)));

  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + options_.max_wait + kPatience));
  context.AddMetadata("waymark-workspace", "*");
  if (!options_.service_key.empty()) context.AddMetadata("authorization", "Bearer " + options_.service_key);
  {
    absl::MutexLock lock(&mutex_);
    if (stopping_) return absl::OkStatus();
    running_.insert(&context);
  }
  const absl::Cleanup leave = [&] {
    absl::MutexLock lock(&mutex_);
    running_.erase(&context);
  };

  const auto stub = v1::JournalService::NewStub(channel_);
  const auto stream = stub->ReadJournal(&context, request);
  v1::ReadJournalResponse response;
  while (stream->Read(&response)) {
    std::map<int, std::vector<Entry>> entries;
    for (v1::JournalEntry& entry : *response.mutable_entries()) {
      entries[static_cast<int>(entry.lane())].push_back(ToEntry(entry));
    }
    for (const v1::LanePosition& reached : response.reached()) {
      const int lane = static_cast<int>(reached.lane());
      if (run.lanes.contains(lane)) {
        ApplyLane(run, lane, response.epoch(), reached.position(), std::move(entries[lane]));
      }
    }
    // Nobody wants the rest: the source need not send it.
    if (run.lanes.empty()) context.TryCancel();
  }
  const absl::Status status = rpc::FromGrpc(stream->Finish());
  if (run.lanes.empty()) return absl::OkStatus();
  absl::MutexLock lock(&mutex_);
  if (stopping_) return absl::OkStatus();
  return absl::IsDeadlineExceeded(status)
             ? Error(absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE", "the source has not answered in time")
             : status;
}

void Follower::ApplyLane(Run& run, int lane, int64_t epoch, int64_t reached, std::vector<Entry> entries) {
  Cursor& cursor = run.cursors[lane];
  if (cursor.epoch != 0 && cursor.epoch != epoch) {
    return Fail(run, lane,
                Error(absl::StatusCode::kDataLoss, "EPOCH_CHANGED",
                      absl::StrCat("the journal has epoch ", epoch, ", the cursor ", cursor.epoch)));
  }
  const absl::Status gapless = CheckGapless(cursor.position, entries, reached);
  if (!gapless.ok()) return Fail(run, lane, gapless);

  absl::Span<const Entry> rest = entries;
  while (!rest.empty()) {
    const absl::Span<const Entry> batch = rest.subspan(0, options_.batch);
    const Cursor to = {.epoch = epoch, .position = batch.back().position};
    const absl::StatusOr<bool> moved = ApplyBatch(lane, cursor, to, batch);
    if (!moved.ok()) return Fail(run, lane, moved.status());
    if (!*moved) {
      run.lanes.erase(lane);  // Another replica was faster: what we have of this lane is stale.
      return;
    }
    cursor = to;
    run.applied = true;
    rest.remove_prefix(batch.size());
  }
  GoOn(lane);
}

absl::StatusOr<bool> Follower::ApplyBatch(int lane, const Cursor& from, const Cursor& to,
                                          absl::Span<const Entry> entries) {
  Lanes lanes;
  bool moved = false;
  std::vector<Entry> there(entries.begin(), entries.end());
  there.erase(std::remove_if(there.begin(), there.end(), [](const Entry& entry) { return entry.type == kErasedType; }),
              there.end());
  RETURN_IF_ERROR(own_.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(lanes, own_.Lock(tx, {lane}));
    ASSIGN_OR_RETURN(moved, MoveCursor(tx, options_.source, lane, from, to));
    if (!moved) return absl::OkStatus();
    RETURN_IF_ERROR(apply_(tx, lanes, there));
    return own_.Store(tx, lanes);
  }));
  if (!moved) return false;
  own_.Announce(lanes);
  if (applied_ != nullptr) applied_(lanes);
  return true;
}

void Follower::Fail(Run& run, int lane, const absl::Status& error) {
  run.error.Update(error);
  run.lanes.erase(lane);
  if (IsTransient(error)) return;
  const int64_t after = run.cursors[lane].position;
  log::Error("a lane is not followed any more", {{"source", options_.source},
                                                 {"lane", lane},
                                                 {"after", after},
                                                 {"code", absl::StatusCodeToString(error.code())},
                                                 {"error", error.message()}});
  StoppedGauge(options_.source, lane).Set(1);
  absl::MutexLock lock(&mutex_);
  Pause& pause = pauses_[lane];
  pause.stop = {.lane = lane, .after = after, .error = error};
  pause.pause = std::clamp<std::chrono::steady_clock::duration>(pause.pause * 2, kFirstPause, kLongestPause);
  pause.until = std::chrono::steady_clock::now() + pause.pause;
}

void Follower::GoOn(int lane) {
  absl::MutexLock lock(&mutex_);
  if (pauses_.erase(lane) > 0) StoppedGauge(options_.source, lane).Set(0);
}

}  // namespace waymark::journal
