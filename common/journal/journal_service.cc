#include "common/journal/journal_service.h"

#include <grpcpp/server_context.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/rpc/status.h"

namespace waymark::journal {
namespace {

// What one message holds at most; gRPC clients refuse messages above 4 MiB unless told otherwise.
constexpr int kEntriesPerMessage = 1000;
constexpr size_t kBytesPerMessage = 1 << 20;
constexpr absl::Duration kMostWait = absl::Seconds(60);
// How often to look for entries that another replica committed, and whether the caller has gone.
constexpr absl::Duration kPoll = absl::Milliseconds(200);
// Each holds a thread while it waits.
constexpr int kMostReaders = 256;

// A request, checked.
struct JournalQuery {
  std::optional<std::string> workspace;  // Whose entries; all where none.
  int64_t epoch = 0;
  std::vector<Place> after;
  absl::Duration max_wait;
};

absl::StatusOr<JournalQuery> ToJournalQuery(const rpc::Caller& caller, const v1::ReadJournalRequest& request) {
  JournalQuery query = {.epoch = request.epoch()};
  if (absl::string_view(caller.workspace) != "*") query.workspace = caller.workspace;
  if (request.after().empty()) return InvalidField("after", "must name at least one lane");
  std::set<uint32_t> seen;
  for (int i = 0; i < request.after_size(); ++i) {
    const v1::LanePosition& after = request.after(i);
    const std::string field = absl::StrCat("after[", i, "]");
    if (after.lane() >= kLanes) {
      return InvalidField(field + ".lane", absl::StrCat("must be 0 to ", kLanes - 1, ", not ", after.lane()));
    }
    if (!seen.insert(after.lane()).second) {
      return InvalidField(field + ".lane", absl::StrCat("names lane ", after.lane(), " a second time"));
    }
    if (after.position() < 0) return InvalidField(field + ".position", "must not be negative; 0 is before the first");
    if (after.position() > 0 && request.epoch() == 0) {
      return InvalidField("epoch", "must be given with positions: the one that came with them");
    }
    query.after.push_back({static_cast<int>(after.lane()), after.position()});
  }
  query.max_wait = absl::Seconds(request.max_wait().seconds()) + absl::Nanoseconds(request.max_wait().nanos());
  if (query.max_wait < absl::ZeroDuration() || query.max_wait > kMostWait) {
    return InvalidField("max_wait", "must be 0 to 60 seconds");
  }
  return query;
}

absl::Status EpochChanged(absl::string_view message) {
  return Error(absl::StatusCode::kDataLoss, "EPOCH_CHANGED", message);
}

void AddPlace(const Place& place, google::protobuf::RepeatedPtrField<v1::LanePosition>& places) {
  v1::LanePosition& added = *places.Add();
  added.set_lane(place.lane);
  added.set_position(place.position);
}

void AddEntry(Entry entry, v1::ReadJournalResponse& response) {
  v1::JournalEntry& added = *response.add_entries();
  added.set_lane(entry.lane);
  added.set_position(entry.position);
  added.set_workspace(std::move(entry.workspace));
  added.set_key(std::move(entry.key));
  const int64_t micros = absl::ToUnixMicros(entry.record_time);
  added.mutable_record_time()->set_seconds(micros / 1'000'000);
  added.mutable_record_time()->set_nanos(micros % 1'000'000 * 1'000);
  added.set_depth(entry.depth);
  added.mutable_payload()->set_type_url(absl::StrCat("type.googleapis.com/", entry.type));
  added.mutable_payload()->set_value(std::move(entry.payload));
}

// One reader's way through a journal, message by message.
class Reading {
 public:
  Reading(Journal& journal, JournalQuery query) : journal_(journal), query_(std::move(query)), told_(query_.after) {}

  // The next entries, from one state of the database: none where there is no news. Errors: DATA_LOSS  a position is
  // beyond the end. INTERNAL  the journal is damaged.
  absl::StatusOr<v1::ReadJournalResponse> Next() {
    v1::ReadJournalResponse response;
    std::vector<Place> after;
    RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
      response.Clear();
      after = query_.after;
      return Fill(tx, after, response);
    }));
    query_.after = std::move(after);
    return response;
  }

  // Whether everything was read that was there when it was last so, or at first.
  bool AtEnd() const {
    return std::all_of(query_.after.begin(), query_.after.end(),
                       [&](const Place& place) { return place.position >= end_[place.lane]; });
  }

  // Adds to `response` how far each lane has been read, where that was not told before; false where all was.
  bool Tell(v1::ReadJournalResponse& response) {
    for (size_t i = 0; i < told_.size(); ++i) {
      if (told_[i] != query_.after[i]) AddPlace(query_.after[i], *response.mutable_reached());
    }
    told_ = query_.after;
    return response.reached_size() > 0;
  }

 private:
  absl::Status Fill(sql::Transaction& tx, std::vector<Place>& after, v1::ReadJournalResponse& response) {
    ASSIGN_OR_RETURN(const std::vector<Place> heads, journal_.Heads(tx));
    if (AtEnd()) {
      for (const Place& head : heads) end_[head.lane] = head.position;
    }
    response.set_epoch(journal_.epoch());
    size_t bytes = 0;
    for (Place& place : after) {
      const int room = kEntriesPerMessage - response.entries_size();
      if (place.position > heads[place.lane].position) {
        return EpochChanged(absl::StrCat("position ", place.position, " of lane ", place.lane, " of ", journal_.name(),
                                         " is beyond the end: its database was restored"));
      }
      if (place.position >= end_[place.lane] || room == 0 || bytes >= kBytesPerMessage) continue;
      ASSIGN_OR_RETURN(Journal::Stretch stretch,
                       journal_.Read(tx, place.lane, place.position, room,
                                     query_.workspace.has_value() ? std::optional<absl::string_view>(*query_.workspace)
                                                                  : std::nullopt));
      for (Entry& entry : stretch.entries) {
        bytes += entry.payload.size();
        AddEntry(std::move(entry), response);
      }
      if (stretch.reached == place.position) {
        return Error(absl::StatusCode::kInternal, "INTERNAL",
                     absl::StrCat("the journal is damaged: lane ", place.lane, " ends at ", place.position));
      }
      place.position = stretch.reached;
    }
    return absl::OkStatus();
  }

  Journal& journal_;
  JournalQuery query_;  // `after` moves on.
  std::vector<Place> told_;
  std::array<int64_t, kLanes> end_ = {};  // What is to be sent before the stream ends.
};

}  // namespace

absl::StatusOr<Journal*> JournalServiceImpl::Find(absl::string_view name) const {
  for (Journal* const journal : journals_) {
    if (journal->name() == name) return journal;
  }
  return NotFound(absl::StrCat("journal \"", name, "\" on this server"));
}

grpc::Status JournalServiceImpl::ReadJournal(grpc::ServerContext* context, const v1::ReadJournalRequest* request,
                                             grpc::ServerWriter<v1::ReadJournalResponse>* writer) {
  ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, rpc::Permission::kJournal));
  ASSIGN_OR_RETURN_GRPC(JournalQuery query, ToJournalQuery(caller, *request));
  ASSIGN_OR_RETURN_GRPC(Journal* const journal, Find(request->journal()));
  if (query.epoch != 0 && query.epoch != journal->epoch()) {
    return rpc::ToGrpc(EpochChanged(absl::StrCat("the journal of ", journal->name(), " has epoch ", journal->epoch(),
                                                 ", not ", query.epoch, ": its database was restored")));
  }
  const absl::Cleanup leave = [this] { --readers_; };
  if (++readers_ > kMostReaders) {
    return rpc::ToGrpc(Overloaded("too many readers of journals at once", absl::Seconds(1)));
  }

  const absl::Time deadline = absl::Now() + query.max_wait;
  Reading reading(*journal, std::move(query));
  bool found = false;
  for (uint64_t seen = 0;;) {
    // Asked for before reading, so that nothing announced in between is missed.
    seen = journal->WaitForNews(seen, absl::InfinitePast());
    ASSIGN_OR_RETURN_GRPC(v1::ReadJournalResponse response, reading.Next());
    found = found || response.entries_size() > 0;
    const bool over = reading.AtEnd() && (found || stopping_ || absl::Now() >= deadline);
    // A reader of one workspace is not bothered with every step of the others.
    const bool worth_telling = response.entries_size() > 0 || over || !reading.AtEnd();
    if (worth_telling && reading.Tell(response) && !writer->Write(response)) return grpc::Status::CANCELLED;
    if (over) return grpc::Status::OK;
    if (context->IsCancelled()) return grpc::Status::CANCELLED;
    if (reading.AtEnd()) seen = journal->WaitForNews(seen, std::min(deadline, absl::Now() + kPoll));
  }
}

grpc::Status JournalServiceImpl::GetJournalInfo(grpc::ServerContext* context, const v1::GetJournalInfoRequest* request,
                                                v1::GetJournalInfoResponse* response) {
  RETURN_IF_ERROR_GRPC(authorizer_.Admit(*context, rpc::Permission::kJournal).status());
  ASSIGN_OR_RETURN_GRPC(Journal* const journal, Find(request->journal()));
  std::vector<Place> heads;
  RETURN_IF_ERROR_GRPC(journal->db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(heads, journal->Heads(tx));
    return absl::OkStatus();
  }));
  response->set_epoch(journal->epoch());
  for (const Place& head : heads) AddPlace(head, *response->mutable_heads());
  return grpc::Status::OK;
}

}  // namespace waymark::journal
