// What replaying came to, customer by customer and summed up: pure.
#ifndef WAYMARK_SERVICES_MILESTONE_REPLAY_H_
#define WAYMARK_SERVICES_MILESTONE_REPLAY_H_

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/rules/difference.h"
#include "services/rules/history.h"
#include "services/rules/journey.h"
#include "services/rules/progress.h"
#include "waymark/milestone/v1/replay.pb.h"

namespace waymark::milestone {

// One customer's history folded under two versions.
struct Replayed {
  size_t place = 0;  // Of the customer among all that are replayed, by customer_id.
  absl::string_view customer_id;
  const rules::Journey* base = nullptr;  // Nullptr: no version is in force for it.
  rules::Progress before;                // Empty without a base.
  const rules::Journey* candidate = nullptr;
  rules::Progress after;
  absl::Span<const rules::Event> events;  // In history order.
  // Of who would move by map: whether it stays on its version, and in which stage, where that is why.
  bool stays = false;
  std::string unmapped_stage;
};

// XXH3-128 of where a customer stands and of everything it has reached, with times and the ids of the events that prove
// it. Zero: it is not enrolled. Fixed for ever: MigrationPlan's outcome_hash is over these.
using Digest = std::array<uint64_t, 2>;
Digest DigestOf(absl::string_view customer_id, const rules::Journey& journey, const rules::Progress& progress,
                absl::Span<const rules::Event> events);
// SHA-256 in hexadecimal over the digests of all customers, by customer_id.
std::string HashOf(absl::Span<const Digest> digests);

// What is different for a customer, as the API tells it.
v1::CustomerDifference ToProto(absl::string_view customer_id, absl::string_view journey_id,
                               absl::Span<const rules::RunDifference> differences);

// Sums up a preview. Customers may come in any order.
class PreviewSum {
 public:
  // `customers`: how many places there are.
  PreviewSum(const rules::Journey& candidate, size_t customers, size_t most_changes);
  void Add(const Replayed& replayed);
  // Without what concerns the whole call: as_of, plan.
  v1::PreviewReport ToReport() const;

 private:
  // Stage, state, exit.
  using Stand = std::tuple<std::string, rules::RunState, std::string>;
  using OptionalStand = std::pair<bool, Stand>;
  struct StageCounts {
    v1::DateCounts entered;
    v1::DateCounts completed;
  };
  struct MilestoneCounts {
    std::string stage;
    v1::DateCounts achieved;
  };

  void Add(const rules::RunDifference& difference, const Replayed& replayed);
  void AddFlows(v1::PreviewReport& report) const;
  void AddStages(v1::PreviewReport& report) const;
  void AddMilestones(v1::PreviewReport& report) const;
  void AddFacts(v1::PreviewReport& report) const;

  const rules::Journey& candidate_;
  const size_t most_changes_;
  std::vector<Digest> digests_;
  std::vector<Digest> base_digests_;
  v1::PreviewReport counts_;  // Of customers and enrollments.
  std::set<std::string> unmapped_stages_;
  std::map<std::pair<OptionalStand, OptionalStand>, int64_t> flows_;
  std::map<std::string, StageCounts> stages_;
  std::map<std::string, MilestoneCounts> milestones_;
  std::map<std::pair<rules::DateKind, std::string>, int64_t> facts_;
  std::map<size_t, v1::CustomerDifference> changes_;  // By place; the first ones.
};

// Sums up a what-if. Customers may come in any order.
class WhatIfSum {
 public:
  explicit WhatIfSum(const rules::Journey& candidate);
  void Add(const Replayed& replayed);
  // Without as_of.
  v1::WhatIfReport ToReport() const;

 private:
  struct Figures {
    bool there = false;
    int64_t entered = 0;
    int64_t completed = 0;
    int64_t present = 0;
    std::vector<absl::Duration> dwells;
  };
  struct Side {
    v1::FunnelTotals totals;
    std::map<std::string, Figures> stages;
    std::map<std::string, std::string> titles;
  };
  static void Add(const rules::Journey& journey, const rules::Progress& progress, Side& side);
  static v1::StageFigures ToProto(const Figures& figures, int64_t enrolled);

  const rules::Journey& candidate_;
  int64_t customers_ = 0;
  Side base_;
  Side side_;
};

// The value at place ceil(share * n) of a list that is not empty: the nearest rank.
absl::Duration NearestRank(std::vector<absl::Duration> values, double share);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_REPLAY_H_
