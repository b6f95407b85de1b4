// Answers where customers stand: from the stage cache where it may, from the database where it must.
#ifndef WAYMARK_SERVICES_MILESTONE_STAGE_READER_H_
#define WAYMARK_SERVICES_MILESTONE_STAGE_READER_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/base/clock.h"
#include "common/journal/token.h"
#include "common/worker/pool.h"
#include "services/milestone/reader.h"
#include "services/milestone/stage_cache.h"
#include "waymark/type/v1/consistency.pb.h"

namespace waymark::milestone {

// What a reader requires of an answer.
struct Freshness {
  bool from_store = false;                        // FULLY_CONSISTENT.
  std::vector<journal::TokenPosition> positions;  // AT_LEAST_AS_FRESH.
  absl::Time deadline =
      absl::InfiniteFuture();  // Of the machine's clock: until when a foreign token may be waited for.
};

// Errors: INVALID_ARGUMENT  the token is unreadable (`consistency.at_least_as_fresh`).
absl::StatusOr<Freshness> ToFreshness(const type::v1::Consistency& consistency, absl::Time deadline);

// Thread-safe.
class StageReader {
 public:
  // What is given must outlive the reader.
  StageReader(journal::Journal& journal, Reader& reader, StageCache& cache, const Clock& clock);

  struct Answer {
    v1::CustomerStages stages;
    v1::AnswerSource source = v1::ANSWER_SOURCE_UNSPECIFIED;
  };
  using Done = std::function<void(absl::StatusOr<Answer>)>;
  // Calls `done` once, perhaps before returning. At any time there is at most one look into the database for a
  // customer: questions that miss the cache meanwhile are answered by it where it is as new as they ask, else by one
  // more afterwards. Errors: of WaitForToken and of the database.
  void GetStages(const std::string& workspace, const std::string& customer_id, Freshness freshness, Done done);

  // The same for many at once, in the order asked; blocks.
  absl::StatusOr<std::vector<v1::CustomerStages>> BatchGetStages(const std::string& workspace,
                                                                 absl::Span<const std::string> customer_ids,
                                                                 const Freshness& freshness);

  // Waits until what the token tells of others has arrived here; blocks.
  absl::Status Wait(const Freshness& freshness);

  // The token that makes a later read never older than this answer.
  std::string TokenOf(absl::string_view workspace, const v1::CustomerStages& stages) const;

 private:
  using Key = std::pair<std::string, std::string>;
  // Who waits for a look into the database.
  struct Waiting {
    Freshness freshness;
    Done done;
  };
  // A look that is wanted or under way.
  struct Look {
    bool begun = false;
    std::vector<Waiting> waiting;
    std::vector<Waiting> later;  // For the next one: this one may have begun before what they must see was written.
  };
  // Whether a value is as new as is asked.
  bool IsFresh(const Freshness& freshness, absl::string_view workspace, const v1::CustomerStages& value) const;
  bool Serves(const std::string& workspace, const std::string& customer_id, const Freshness& freshness,
              const v1::CustomerStages& cached) const;
  void AskStore(const Key& key, Freshness freshness, Done done);
  void LookInto(const Key& key);

  journal::Journal& journal_;
  Reader& reader_;
  StageCache& cache_;
  const Clock& clock_;
  absl::Mutex mutex_;
  absl::flat_hash_map<Key, Look> looks_ ABSL_GUARDED_BY(mutex_);
  Pool pool_{4};  // Looks into the database. Last, so that it ends first.
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_STAGE_READER_H_
