#include "common/journal/token.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/journal/cursor.h"
#include "waymark/type/v1/consistency.pb.h"

namespace waymark::journal {
namespace {

// Far above what any write reaches: every lane of four journals.
constexpr size_t kMostBytes = 4096;
// How often the cursors are looked at when it may be another replica that moves them.
constexpr absl::Duration kPoll = absl::Milliseconds(200);

bool IsWellFormed(const type::v1::ConsistencyToken::Position& position) {
  return !position.service().empty() && position.epoch() > 0 && position.lane() < kLanes && position.position() >= 0;
}

}  // namespace

std::string MakeToken(absl::Span<const TokenPosition> positions) {
  type::v1::ConsistencyToken token;
  for (const TokenPosition& position : positions) {
    type::v1::ConsistencyToken::Position& added = *token.add_positions();
    added.set_service(position.service);
    added.set_epoch(position.epoch);
    added.set_lane(position.lane);
    added.set_position(position.position);
  }
  return absl::WebSafeBase64Escape(token.SerializeAsString());
}

absl::StatusOr<std::vector<TokenPosition>> ParseToken(absl::string_view token, absl::string_view field) {
  std::string bytes;
  type::v1::ConsistencyToken parsed;
  if (token.size() > kMostBytes || !absl::WebSafeBase64Unescape(token, &bytes) || !parsed.ParseFromString(bytes) ||
      !std::all_of(parsed.positions().begin(), parsed.positions().end(), IsWellFormed) ||
      (parsed.positions().empty() && !token.empty())) {
    return InvalidField(field, "is not a consistency token: pass one back exactly as a write returned it");
  }
  std::vector<TokenPosition> positions;
  for (const auto& position : parsed.positions()) {
    positions.push_back({.service = position.service(),
                         .epoch = position.epoch(),
                         .lane = static_cast<int>(position.lane()),
                         .position = position.position()});
  }
  return positions;
}

absl::Status WaitForToken(Journal& own, absl::Span<const TokenPosition> positions,
                          absl::Span<const std::string> followed, absl::string_view field, absl::Time deadline) {
  std::vector<TokenPosition> waiting;
  for (const TokenPosition& position : positions) {
    if (position.service == own.name()) {
      if (position.epoch == own.epoch()) continue;
      return InvalidField(field, "is from before the database was restored: read again without it");
    }
    if (std::find(followed.begin(), followed.end(), position.service) == followed.end()) {
      return InvalidField(field, absl::StrCat("was given by a service that ", own.name(), " does not follow"));
    }
    // Where the service has not written yet there is nothing to wait for, nor a cursor that knows its epoch.
    if (position.position > 0) waiting.push_back(position);
  }

  for (uint64_t seen = 0;;) {
    // Asked for before the cursors are read, so that no move is missed in between.
    seen = own.WaitForNews(seen, absl::InfinitePast());
    RETURN_IF_ERROR(own.db().Read([&](sql::Transaction& tx) -> absl::Status {
      std::map<std::string, Cursors> cursors;
      for (const TokenPosition& position : waiting) {
        if (cursors.contains(position.service)) continue;
        ASSIGN_OR_RETURN(cursors[position.service], LoadCursors(tx, position.service));
      }
      std::erase_if(waiting, [&](const TokenPosition& position) {
        const Cursor& cursor = cursors.at(position.service)[position.lane];
        return cursor.epoch == position.epoch && cursor.position >= position.position;
      });
      return absl::OkStatus();
    }));
    if (waiting.empty()) return absl::OkStatus();
    const absl::Time now = absl::Now();
    if (now >= deadline) {
      return NotYetReached(absl::StrCat(own.name(), " has not yet applied what ", waiting.front().service,
                                        " wrote under this token: ask again"));
    }
    seen = own.WaitForNews(seen, std::min(deadline, now + kPoll));
  }
}

}  // namespace waymark::journal
