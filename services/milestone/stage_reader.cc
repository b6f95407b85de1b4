#include "services/milestone/stage_reader.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include "absl/synchronization/blocking_counter.h"
#include "common/base/status.h"
#include "services/milestone/convert.h"

namespace waymark::milestone {
namespace {

constexpr char kTokenField[] = "consistency.at_least_as_fresh";
// Whose tokens `milestone` can wait for.
const std::string kFollowed[] = {"journey"};

// Takes out what is of the cache alone.
void KeepToItself(v1::CustomerStages& stages) {
  stages.clear_workspace();
  stages.clear_holds_until_time();
}

}  // namespace

absl::StatusOr<Freshness> ToFreshness(const type::v1::Consistency& consistency, absl::Time deadline) {
  Freshness freshness{.from_store = consistency.fully_consistent(), .deadline = deadline};
  ASSIGN_OR_RETURN(freshness.positions, journal::ParseToken(consistency.at_least_as_fresh(), kTokenField));
  return freshness;
}

StageReader::StageReader(journal::Journal& journal, Reader& reader, StageCache& cache, const Clock& clock)
    : journal_(journal), reader_(reader), cache_(cache), clock_(clock) {}

absl::Status StageReader::Wait(const Freshness& freshness) {
  return journal::WaitForToken(journal_, freshness.positions, kFollowed, kTokenField, freshness.deadline);
}

std::string StageReader::TokenOf(absl::string_view workspace, const v1::CustomerStages& stages) const {
  return journal::MakeToken({{.service = journal_.name(),
                              .epoch = stages.version_epoch(),
                              .lane = journal::LaneOf(workspace, stages.customer_id()),
                              .position = stages.version_position()}});
}

bool StageReader::IsFresh(const Freshness& freshness, absl::string_view workspace,
                          const v1::CustomerStages& value) const {
  const int lane = journal::LaneOf(workspace, value.customer_id());
  return std::all_of(freshness.positions.begin(), freshness.positions.end(),
                     [&](const journal::TokenPosition& position) {
                       return position.service == journal_.name() && position.epoch == value.version_epoch() &&
                              (position.lane != lane || position.position <= value.version_position());
                     });
}

bool StageReader::Serves(const std::string& workspace, const std::string& customer_id, const Freshness& freshness,
                         const v1::CustomerStages& cached) const {
  if (cached.workspace() != workspace || cached.customer_id() != customer_id) return false;
  if (cached.version_epoch() != journal_.epoch() || cached.more()) return false;
  if (cached.has_holds_until_time() && ToTime(cached.holds_until_time()) <= clock_.Now()) return false;
  return IsFresh(freshness, workspace, cached);
}

void StageReader::AskStore(const Key& key, Freshness freshness, Done done) {
  {
    absl::MutexLock lock(&mutex_);
    const auto [found, first] = looks_.try_emplace(key);
    Look& look = found->second;
    std::vector<Waiting>& waiting = look.begun && freshness.from_store ? look.later : look.waiting;
    waiting.push_back({std::move(freshness), std::move(done)});
    if (!first) return;
  }
  pool_.Run([this, key] { LookInto(key); });
}

void StageReader::LookInto(const Key& key) {
  {
    absl::MutexLock lock(&mutex_);
    looks_.at(key).begun = true;
  }
  absl::StatusOr<std::vector<v1::CustomerStages>> found = reader_.GetStages(key.first, {key.second}, clock_.Now());
  if (found.ok()) {
    cache_.Put({found->front()}, {});
    KeepToItself(found->front());
  }
  std::vector<Waiting> waiting;
  {
    absl::MutexLock lock(&mutex_);
    Look& look = looks_.at(key);
    waiting = std::move(look.waiting);
    // Who joined a look that was under way may have to see what it had begun too early for.
    const auto served = std::stable_partition(waiting.begin(), waiting.end(), [&](const Waiting& one) {
      return !found.ok() || one.freshness.from_store || IsFresh(one.freshness, key.first, found->front());
    });
    std::move(served, waiting.end(), std::back_inserter(look.later));
    waiting.erase(served, waiting.end());
    if (look.later.empty()) {
      looks_.erase(key);
    } else {
      look.waiting = std::move(look.later);
      look.later.clear();
      look.begun = false;
      // From the store, whatever the token says: it lies behind what has been written by now, or it is no token of
      // ours.
      for (Waiting& one : look.waiting) one.freshness.from_store = true;
      pool_.Run([this, key] { LookInto(key); });
    }
  }
  for (const Waiting& one : waiting) {
    if (found.ok()) {
      one.done(Answer{.stages = found->front(), .source = v1::ANSWER_SOURCE_STORE});
    } else {
      one.done(found.status());
    }
  }
}

void StageReader::GetStages(const std::string& workspace, const std::string& customer_id, Freshness freshness,
                            Done done) {
  const bool foreign =
      std::any_of(freshness.positions.begin(), freshness.positions.end(), [&](const journal::TokenPosition& position) {
        return position.service != journal_.name() || position.epoch != journal_.epoch();
      });
  if (foreign) {
    pool_.Run([this, workspace, customer_id, freshness = std::move(freshness), done = std::move(done)]() mutable {
      if (absl::Status waited = Wait(freshness); !waited.ok()) return done(waited);
      freshness.from_store = true;
      AskStore({workspace, customer_id}, std::move(freshness), done);
    });
    return;
  }
  if (freshness.from_store) return AskStore({workspace, customer_id}, std::move(freshness), std::move(done));
  cache_.Get(workspace, customer_id,
             [this, workspace, customer_id, freshness = std::move(freshness),
              done = std::move(done)](std::optional<v1::CustomerStages> cached) {
               if (!cached.has_value() || !Serves(workspace, customer_id, freshness, *cached)) {
                 return AskStore({workspace, customer_id}, freshness, done);
               }
               KeepToItself(*cached);
               done(Answer{.stages = *std::move(cached), .source = v1::ANSWER_SOURCE_CACHE});
             });
}

absl::StatusOr<std::vector<v1::CustomerStages>> StageReader::BatchGetStages(const std::string& workspace,
                                                                            absl::Span<const std::string> customer_ids,
                                                                            const Freshness& freshness) {
  RETURN_IF_ERROR(Wait(freshness));
  std::vector<std::optional<v1::CustomerStages>> cached(customer_ids.size());
  if (!freshness.from_store) {
    absl::BlockingCounter left(static_cast<int>(customer_ids.size()));
    for (size_t i = 0; i < customer_ids.size(); ++i) {
      cache_.Get(workspace, customer_ids[i], [&, i](std::optional<v1::CustomerStages> value) {
        if (value.has_value() && Serves(workspace, customer_ids[i], freshness, *value)) cached[i] = std::move(value);
        left.DecrementCount();
      });
    }
    left.Wait();
  }
  std::vector<std::string> missing;
  for (size_t i = 0; i < customer_ids.size(); ++i) {
    if (!cached[i].has_value()) missing.push_back(customer_ids[i]);
  }
  std::vector<v1::CustomerStages> found;
  if (!missing.empty()) {
    ASSIGN_OR_RETURN(found, reader_.GetStages(workspace, missing, clock_.Now()));
    cache_.Put(found, {});
  }
  std::vector<v1::CustomerStages> answers;
  answers.reserve(customer_ids.size());
  size_t next = 0;
  for (std::optional<v1::CustomerStages>& value : cached) {
    answers.push_back(value.has_value() ? *std::move(value) : std::move(found[next++]));
    KeepToItself(answers.back());
  }
  return answers;
}

}  // namespace waymark::milestone
