#include "services/milestone/redis_stage_cache.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "services/milestone/convert.h"
#include "waymark/milestone/v1/facts.pb.h"

namespace waymark::milestone {
namespace {

// Values and tails start with fixed-width parts, so that the scripts can compare them as text:
//   value  generation[16] epoch[16] position[16] CustomerStages
//   tail   generation[16] epoch[16] start[16] position[16] milliseconds since 1970 of the last renewal
// Numbers are hexadecimal. A value older than its generation's start is never written: whether it was overtaken
// meanwhile, nobody could tell.
constexpr size_t kWidth = 16;
constexpr absl::Duration kTrusted = absl::Seconds(5);
// Entries of the journal that Tail() tells in one script, and customers that a shortcut does: what is more is told by
// Tail(). Redis serves nobody else meanwhile, about 1 ms.
constexpr int kStretch = 200;
constexpr size_t kMostInScript = 500;

// Writes values, and moves the tail over the stretch that they are all the news of. Both or neither: a tail that moved
// without its values, across a restart from a snapshot, would be believed. KEYS: the tail, each value's. ARGV: seconds
// to keep values, `epoch after through` of the stretch or nothing, the values without their generation.
constexpr char kPut[] = R"lua(
local tail = redis.call('GET', KEYS[1])
if not tail then return 0 end
local generation = string.sub(tail, 1, 16)
local start = string.sub(tail, 17, 48)
local epoch = string.sub(tail, 17, 32)
for i = 2, #KEYS do
  local version = string.sub(ARGV[i + 1], 1, 32)
  if string.sub(version, 1, 16) == epoch and version >= start then
    local old = redis.call('GETRANGE', KEYS[i], 0, 47)
    if string.sub(old, 1, 16) ~= generation or string.sub(old, 17, 48) < version then
      redis.call('SET', KEYS[i], generation .. ARGV[i + 1], 'EX', ARGV[1])
    end
  end
end
local position = string.sub(tail, 49, 64)
local after, through = string.sub(ARGV[2], 17, 32), string.sub(ARGV[2], 33, 48)
if string.sub(ARGV[2], 1, 16) == epoch and after <= position and position < through then
  redis.call('SET', KEYS[1], string.sub(tail, 1, 48) .. through .. string.sub(tail, 65))
end
return 1
)lua";

// Says that a tail was sure at ARGV[2], unless it is before the epoch and position of ARGV[1].
constexpr char kRenewTail[] = R"lua(
local tail = redis.call('GET', KEYS[1])
if not tail or string.sub(tail, 17, 32) ~= string.sub(ARGV[1], 1, 16) then return 0 end
if string.sub(tail, 49, 64) < string.sub(ARGV[1], 17, 32) then return 0 end
redis.call('SET', KEYS[1], string.sub(tail, 1, 64) .. ARGV[2])
return 1
)lua";

// Replaces a tail, unless somebody else has replaced what was seen.
constexpr char kBeginTail[] = R"lua(
local tail = redis.call('GET', KEYS[1])
if (tail or '') == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end
return 0
)lua";

// A week: what nobody has touched for so long is asked for rarely.
constexpr char kSeconds[] = "604800";

bool IsDeletion(const journal::Entry& entry) { return entry.type == v1::CustomerDeleted::descriptor()->full_name(); }

std::string Hex(int64_t number) { return absl::StrFormat("%016x", number); }

std::string ValueKey(absl::string_view workspace, absl::string_view customer_id) {
  return absl::StrCat("waymark:stage:", workspace, ":", customer_id);
}
std::string TailKey(int lane) { return absl::StrCat("waymark:stage-tail:", lane); }

struct ParsedTail {
  std::string generation;
  int64_t epoch = 0;
  int64_t start = 0;
  int64_t position = 0;
  absl::Time renewed;
};

std::string Write(const ParsedTail& tail) {
  return absl::StrCat(tail.generation, Hex(tail.epoch), Hex(tail.start), Hex(tail.position),
                      absl::ToUnixMillis(tail.renewed));
}

std::optional<ParsedTail> Parse(const std::optional<std::string>& text) {
  if (!text.has_value() || text->size() <= 4 * kWidth) return std::nullopt;
  const absl::string_view view = *text;
  ParsedTail tail{.generation = std::string(view.substr(0, kWidth))};
  int64_t milliseconds = 0;
  if (!absl::SimpleHexAtoi(view.substr(kWidth, kWidth), &tail.epoch) ||
      !absl::SimpleHexAtoi(view.substr(2 * kWidth, kWidth), &tail.start) ||
      !absl::SimpleHexAtoi(view.substr(3 * kWidth, kWidth), &tail.position) ||
      !absl::SimpleAtoi(view.substr(4 * kWidth), &milliseconds)) {
    return std::nullopt;
  }
  tail.renewed = absl::FromUnixMillis(milliseconds);
  return tail;
}

// What Redis is told of `values`, all of one lane, and of the stretch that they are all the news of; `stretch` may be
// missing.
redis::Client::Command ToPut(int lane, absl::Span<const v1::CustomerStages* const> values, int64_t epoch,
                             const StageCache::Stretch* stretch) {
  redis::Client::Command command{"EVAL", kPut, absl::StrCat(values.size() + 1), TailKey(lane)};
  for (const v1::CustomerStages* value : values) command.push_back(ValueKey(value->workspace(), value->customer_id()));
  command.push_back(kSeconds);
  command.push_back(stretch == nullptr ? "" : absl::StrCat(Hex(epoch), Hex(stretch->after), Hex(stretch->through)));
  for (const v1::CustomerStages* value : values) {
    command.push_back(
        absl::StrCat(Hex(value->version_epoch()), Hex(value->version_position()), value->SerializeAsString()));
  }
  return command;
}

}  // namespace

RedisStageCache::RedisStageCache(redis::Client& client, journal::Journal& journal, Reader& reader, const Clock& clock)
    : client_(client), journal_(journal), reader_(reader), clock_(clock) {}

RedisStageCache::~RedisStageCache() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](RedisStageCache* self) ABSL_EXCLUSIVE_LOCKS_REQUIRED(self->mutex_) { return self->under_way_ == 0; }, this));
}

void RedisStageCache::Send(redis::Client::Command command, redis::Client::Done done) {
  {
    absl::MutexLock lock(&mutex_);
    ++under_way_;
  }
  client_.Send(std::move(command), [this, done = std::move(done)](absl::StatusOr<redis::Reply> reply) {
    done(std::move(reply));
    absl::MutexLock lock(&mutex_);
    --under_way_;
  });
}

void RedisStageCache::Put(std::vector<v1::CustomerStages> values, std::vector<Stretch> stretches) {
  std::map<int, std::vector<const v1::CustomerStages*>> by_lane;
  for (v1::CustomerStages& value : values) {
    Shorten(value);
    by_lane[journal::LaneOf(value.workspace(), value.customer_id())].push_back(&value);
  }
  std::map<int, const Stretch*> stretch_of;
  for (const Stretch& stretch : stretches) stretch_of[stretch.lane] = &stretch;
  for (const auto& [lane, of_lane] : by_lane) {
    const absl::Span<const v1::CustomerStages* const> all = of_lane;
    const Stretch* const stretch = all.size() > kMostInScript ? nullptr : stretch_of[lane];
    for (size_t begin = 0; begin < all.size(); begin += kMostInScript) {
      // Whether it was written is seen by Tail().
      Send(ToPut(lane, all.subspan(begin, kMostInScript), journal_.epoch(), stretch),
           [](const absl::StatusOr<redis::Reply>&) {});
    }
  }
}

void RedisStageCache::Get(absl::string_view workspace, absl::string_view customer_id, Done done) {
  Send({"MGET", TailKey(journal::LaneOf(workspace, customer_id)), ValueKey(workspace, customer_id)},
       [this, done = std::move(done)](const absl::StatusOr<redis::Reply>& reply) {
         if (!reply.ok() || reply->elements.size() != 2) return done(std::nullopt);
         const std::optional<ParsedTail> tail = Parse(reply->elements[0].text);
         const std::optional<std::string>& text = reply->elements[1].text;
         // Not of the future either: a clock that goes wrong elsewhere must not make it sure for long.
         const bool trusted = tail.has_value() && tail->epoch == journal_.epoch() &&
                              absl::AbsDuration(clock_.Now() - tail->renewed) < kTrusted;
         v1::CustomerStages value;
         const bool found =
             trusted && text.has_value() && text->size() >= 3 * kWidth &&
             text->compare(0, kWidth, tail->generation) == 0 &&
             value.ParseFromArray(text->data() + 3 * kWidth, static_cast<int>(text->size() - 3 * kWidth));
         done(found ? std::optional<v1::CustomerStages>(std::move(value)) : std::nullopt);
       });
}

absl::Status RedisStageCache::Tell(int lane, const journal::Journal::Stretch& stretch, int64_t after) {
  std::map<std::string, std::set<std::string>> changed;
  for (const journal::Entry& entry : stretch.entries) {
    if (!entry.key.empty()) changed[entry.workspace].insert(entry.key);
  }
  std::vector<v1::CustomerStages> values;
  for (const auto& [workspace, customers] : changed) {
    const std::vector<std::string> ids(customers.begin(), customers.end());
    ASSIGN_OR_RETURN(std::vector<v1::CustomerStages> found, reader_.GetStages(workspace, ids, clock_.Now()));
    for (size_t i = 0; i < ids.size(); ++i) {
      // Who was merged into another is told as that one, perhaps of another lane.
      const bool renamed = found[i].customer_id() != ids[i];
      values.push_back(renamed ? AnotherName(workspace, ids[i], journal_.epoch(), stretch.reached)
                               : std::move(found[i]));
    }
  }
  std::vector<const v1::CustomerStages*> pointers;
  for (v1::CustomerStages& value : values) {
    Shorten(value);
    pointers.push_back(&value);
  }
  const Stretch told{.lane = lane, .after = after, .through = stretch.reached};
  return client_.Call(ToPut(lane, pointers, journal_.epoch(), &told)).status();
}

absl::StatusOr<bool> RedisStageCache::BeginAnew(int lane, int64_t head, absl::Time sure,
                                                const std::optional<std::string>& kept) {
  // Nothing that Redis holds of the lane can be trusted. What is filled from now on is at least as new as the journal's
  // present end. Where another replica was quicker, its tail stands.
  const ParsedTail fresh{.generation = absl::BytesToHexString(RandomBytes(kWidth / 2)),
                         .epoch = journal_.epoch(),
                         .start = head,
                         .position = head,
                         .renewed = sure};
  RETURN_IF_ERROR(client_.Call({"EVAL", kBeginTail, "1", TailKey(lane), kept.value_or(""), Write(fresh)}).status());
  return true;
}

absl::StatusOr<bool> RedisStageCache::TailLane(int lane, int64_t head, absl::Time sure,
                                               const std::optional<std::string>& kept) {
  const std::optional<ParsedTail> tail = Parse(kept);
  if (!tail.has_value() || tail->epoch != journal_.epoch() || tail->position > head) {
    return BeginAnew(lane, head, sure, kept);
  }
  int64_t position = tail->position;
  while (position < head) {
    journal::Journal::Stretch stretch;
    RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(stretch, journal_.Read(tx, lane, position, kStretch, std::nullopt));
      return absl::OkStatus();
    }));
    // Whose value it is that must go, the journal does not say: whoever deleted it put a tombstone there together with
    // the tail, or else could not.
    if (std::any_of(stretch.entries.begin(), stretch.entries.end(), IsDeletion)) {
      ASSIGN_OR_RETURN(const redis::Reply present, client_.Call({"GET", TailKey(lane)}));
      return BeginAnew(lane, head, sure, present.text);
    }
    RETURN_IF_ERROR(Tell(lane, stretch, position));
    position = stretch.reached;
  }
  ASSIGN_OR_RETURN(const redis::Reply renewed,
                   client_.Call({"EVAL", kRenewTail, "1", TailKey(lane), absl::StrCat(Hex(journal_.epoch()), Hex(head)),
                                 absl::StrCat(absl::ToUnixMillis(sure))}));
  return position > tail->position || renewed.integer != 1;
}

absl::StatusOr<bool> RedisStageCache::Tail() {
  // Redis first: what is committed after this is beyond the tails at hand.
  std::vector<redis::Client::Command> commands;
  for (int lane = 0; lane < journal::kLanes; ++lane) commands.push_back({"GET", TailKey(lane)});
  const std::vector<absl::StatusOr<redis::Reply>> kept = client_.Call(commands);
  for (const absl::StatusOr<redis::Reply>& reply : kept) RETURN_IF_ERROR(reply.status());
  const absl::Time sure = clock_.Now();
  std::vector<journal::Place> heads;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(heads, journal_.Heads(tx));
    return absl::OkStatus();
  }));
  bool did = false;
  for (int lane = 0; lane < journal::kLanes; ++lane) {
    ASSIGN_OR_RETURN(const bool did_lane, TailLane(lane, heads[lane].position, sure, kept[lane]->text));
    did = did || did_lane;
  }
  return did;
}

}  // namespace waymark::milestone
