#include "services/milestone/redis_stage_cache.h"

#include <atomic>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/ids.h"
#include "common/base/status.h"

namespace waymark::milestone {
namespace {

// Values and tails start with fixed-width parts, so that the scripts can compare them as text:
//   value  generation[16] epoch[16] position[16] CustomerStages
//   tail   generation[16] epoch[16] start[16] position[16] milliseconds since 1970 of the last renewal
// Numbers are hexadecimal. A value older than its generation's start is never written: whether it was overtaken
// meanwhile, nobody could tell.
constexpr size_t kWidth = 16;
constexpr absl::Duration kTrusted = absl::Seconds(5);
constexpr int kStretch = 1000;
constexpr size_t kValuesPerCommand = 100;

constexpr char kPut[] = R"lua(
local tail = redis.call('GET', KEYS[1])
if not tail then return 0 end
local generation = string.sub(tail, 1, 16)
local start = string.sub(tail, 17, 48)
for i = 2, #KEYS do
  local version = string.sub(ARGV[i], 1, 32)
  if string.sub(version, 1, 16) == string.sub(start, 1, 16) and version >= start then
    local old = redis.call('GETRANGE', KEYS[i], 0, 47)
    if string.sub(old, 1, 16) ~= generation or string.sub(old, 17, 48) < version then
      redis.call('SET', KEYS[i], generation .. ARGV[i], 'EX', ARGV[1])
    end
  end
end
return 1
)lua";

// Replaces a tail, unless somebody else has replaced what was seen.
constexpr char kMoveTail[] = R"lua(
local tail = redis.call('GET', KEYS[1])
if (tail or '') == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end
return 0
)lua";

// A week: what nobody has touched for so long is asked for rarely.
constexpr char kSeconds[] = "604800";

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

}  // namespace

RedisStageCache::RedisStageCache(redis::Client& client, journal::Journal& journal, Reader& reader, const Clock& clock)
    : client_(client), journal_(journal), reader_(reader), clock_(clock), shortcuts_(journal::kLanes) {}

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
  std::vector<redis::Client::Command> commands;
  std::map<int, std::vector<const v1::CustomerStages*>> by_lane;
  for (const v1::CustomerStages& value : values) {
    by_lane[journal::LaneOf(value.workspace(), value.customer_id())].push_back(&value);
  }
  for (const auto& [lane, of_lane] : by_lane) {
    for (size_t begin = 0; begin < of_lane.size(); begin += kValuesPerCommand) {
      const size_t end = std::min(begin + kValuesPerCommand, of_lane.size());
      redis::Client::Command command{"EVAL", kPut, absl::StrCat(end - begin + 1), TailKey(lane)};
      for (size_t i = begin; i < end; ++i) {
        command.push_back(ValueKey(of_lane[i]->workspace(), of_lane[i]->customer_id()));
      }
      command.push_back(kSeconds);
      for (size_t i = begin; i < end; ++i) {
        command.push_back(absl::StrCat(Hex(of_lane[i]->version_epoch()), Hex(of_lane[i]->version_position()),
                                       of_lane[i]->SerializeAsString()));
      }
      commands.push_back(std::move(command));
    }
  }
  // Only where every value was written do the stretches count as told.
  struct Progress {
    std::atomic<size_t> left;
    std::atomic<bool> good{true};
    std::vector<Stretch> stretches;
  };
  auto progress = std::make_shared<Progress>();
  progress->left = commands.size();
  progress->stretches = std::move(stretches);
  for (redis::Client::Command& command : commands) {
    Send(std::move(command), [this, progress](const absl::StatusOr<redis::Reply>& reply) {
      if (!reply.ok() || reply->integer != 1) progress->good = false;
      if (--progress->left > 0 || !progress->good) return;
      absl::MutexLock lock(&mutex_);
      for (const Stretch& stretch : progress->stretches) {
        std::map<int64_t, int64_t>& of_lane = shortcuts_[stretch.lane];
        of_lane[stretch.after] = stretch.through;
        // Far more than a healthy tail leaves behind; past it the journal is read instead.
        if (of_lane.size() > 10'000) of_lane.clear();
      }
    });
  }
}

void RedisStageCache::Get(absl::string_view workspace, absl::string_view customer_id, Done done) {
  struct Answers {
    std::optional<std::string> tail;
    std::string customer_id;
    Done done;
  };
  auto answers = std::make_shared<Answers>();
  answers->done = std::move(done);
  // Two commands of one caller are answered in order, and sent together.
  Send({"GET", TailKey(journal::LaneOf(workspace, customer_id))}, [answers](const absl::StatusOr<redis::Reply>& reply) {
    if (reply.ok()) answers->tail = reply->text;
  });
  Send({"GET", ValueKey(workspace, customer_id)}, [this, answers](const absl::StatusOr<redis::Reply>& reply) {
    const std::optional<ParsedTail> tail = Parse(answers->tail);
    const bool trusted = tail.has_value() && tail->epoch == journal_.epoch() && clock_.Now() - tail->renewed < kTrusted;
    v1::CustomerStages value;
    const bool found =
        trusted && reply.ok() && reply->text.has_value() && reply->text->size() >= 3 * kWidth &&
        reply->text->compare(0, kWidth, tail->generation) == 0 &&
        value.ParseFromArray(reply->text->data() + 3 * kWidth, static_cast<int>(reply->text->size() - 3 * kWidth));
    answers->done(found ? std::optional<v1::CustomerStages>(std::move(value)) : std::nullopt);
  });
}

int64_t RedisStageCache::FollowShortcuts(int lane, int64_t position) {
  absl::MutexLock lock(&mutex_);
  std::map<int64_t, int64_t>& of_lane = shortcuts_[lane];
  of_lane.erase(of_lane.begin(), of_lane.lower_bound(position));
  while (!of_lane.empty() && of_lane.begin()->first == position) {
    position = of_lane.begin()->second;
    of_lane.erase(of_lane.begin());
  }
  return position;
}

absl::StatusOr<bool> RedisStageCache::TailLane(int lane, int64_t head, const std::optional<std::string>& kept) {
  std::optional<ParsedTail> tail = Parse(kept);
  if (!tail.has_value() || tail->epoch != journal_.epoch() || tail->position > head) {
    // Nothing that Redis holds can be trusted: begin anew. What is filled from now on is at least as new as the
    // journal's present end.
    tail = ParsedTail{.generation = absl::BytesToHexString(RandomBytes(kWidth / 2)),
                      .epoch = journal_.epoch(),
                      .start = head,
                      .position = head};
  }
  bool wrote = false;
  tail->position = FollowShortcuts(lane, tail->position);
  while (tail->position < head) {
    journal::Journal::Stretch stretch;
    RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(stretch, journal_.Read(tx, lane, tail->position, kStretch, std::nullopt));
      return absl::OkStatus();
    }));
    std::map<std::string, std::set<std::string>> changed;
    for (const journal::Entry& entry : stretch.entries) changed[entry.workspace].insert(entry.key);
    for (const auto& [workspace, customers] : changed) {
      const std::vector<std::string> ids(customers.begin(), customers.end());
      ASSIGN_OR_RETURN(std::vector<v1::CustomerStages> values, reader_.GetStages(workspace, ids));
      for (v1::CustomerStages& value : values) {
        value.set_workspace(workspace);
        redis::Client::Command command{
            "EVAL",
            kPut,
            "2",
            TailKey(lane),
            ValueKey(workspace, value.customer_id()),
            kSeconds,
            absl::StrCat(Hex(value.version_epoch()), Hex(value.version_position()), value.SerializeAsString())};
        ASSIGN_OR_RETURN(const redis::Reply reply, client_.Call(std::move(command)));
        if (reply.integer != 1) return absl::AbortedError("the tail of the stage cache was taken away");
      }
    }
    wrote = true;
    tail->position = stretch.reached;
  }
  tail->renewed = clock_.Now();
  // Where another replica was quicker, its tail stands.
  RETURN_IF_ERROR(client_.Call({"EVAL", kMoveTail, "1", TailKey(lane), kept.value_or(""), Write(*tail)}).status());
  return wrote;
}

absl::StatusOr<bool> RedisStageCache::Tail() {
  // Redis first: what is committed after this is beyond the tails at hand.
  std::vector<redis::Client::Command> commands;
  for (int lane = 0; lane < journal::kLanes; ++lane) commands.push_back({"GET", TailKey(lane)});
  const std::vector<absl::StatusOr<redis::Reply>> kept = client_.Call(commands);
  std::vector<journal::Place> heads;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(heads, journal_.Heads(tx));
    return absl::OkStatus();
  }));
  bool wrote = false;
  for (int lane = 0; lane < journal::kLanes; ++lane) {
    RETURN_IF_ERROR(kept[lane].status());
    ASSIGN_OR_RETURN(const bool wrote_lane, TailLane(lane, heads[lane].position, kept[lane]->text));
    wrote = wrote || wrote_lane;
  }
  return wrote;
}

}  // namespace waymark::milestone
