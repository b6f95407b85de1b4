#include "services/health/scorer.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "common/base/status.h"
#include "services/health/convert.h"
#include "services/health/measures.h"
#include "services/health/score_store.h"
#include "services/health/scorecard_store.h"
#include "services/health/scoring.h"

namespace waymark::health {
namespace {

// Customers scored in one transaction: enough to share its commit, few enough that a follower of the lane waits for no
// more than a blink.
constexpr int kPage = 200;

// A published version and what it says.
struct Card {
  Version version;
  Definition definition;
};

absl::StatusOr<std::vector<Card>> LoadCards(sql::Transaction& tx, absl::string_view workspace) {
  ASSIGN_OR_RETURN(std::vector<Version> versions, ListPublished(tx, workspace));
  std::vector<Card> cards;
  for (Version& version : versions) {
    ASSIGN_OR_RETURN(Definition definition, ReadDefinition(version));
    cards.push_back({.version = std::move(version), .definition = std::move(definition)});
  }
  return cards;
}

// One customer's next record, and whether a band was decided.
struct Judgement {
  Record record;
  bool band_changed = false;
  bool past = false;
};

Judgement Judge(const Card& card, const Customer& customer, const std::optional<Record>& before,
                absl::Span<const Value> values, absl::Time as_of) {
  const Occasion occasion = {.news = customer.news,
                             .known_since = customer.known_since,
                             .scored_version = before.has_value() ? std::optional(before->version) : std::nullopt,
                             .version = card.version.number,
                             .publish_time = *card.version.publish_time};
  const Score score = ComputeScore(card.definition, values);
  const BandStep step = AdvanceBand(card.definition.bands, before.has_value() ? before->band : std::nullopt, score,
                                    as_of, IsPast(occasion));
  const int64_t changes_before = before.has_value() ? before->band_changes : 0;
  return {.record = {.customer_id = customer.customer_id,
                     .scorecard_id = card.version.scorecard_id,
                     .version = card.version.number,
                     .as_of = as_of,
                     .health_milli = score.health_milli,
                     .coverage_ppm = score.coverage_ppm,
                     .sufficient = score.sufficient,
                     .band = step.state,
                     .band_changes = changes_before + (step.changed ? 1 : 0),
                     .contributions = EncodeContributions(score.contributions)},
          .band_changed = step.changed,
          .past = step.past};
}

// Scores customers of one workspace, whose lane is locked, on one scorecard.
absl::Status ScoreOn(sql::Transaction& tx, journal::Lanes& lanes, const Card& card, absl::string_view workspace,
                     absl::Span<const Customer> customers, absl::Time as_of) {
  std::vector<std::string> ids;
  for (const Customer& customer : customers) ids.push_back(customer.customer_id);
  ASSIGN_OR_RETURN(const auto values, LoadValues(tx, workspace, card.definition, ids, as_of));
  ASSIGN_OR_RETURN(const auto before, LoadRecords(tx, workspace, card.version.scorecard_id, ids));
  std::vector<Record> records;
  std::vector<journal::NewEntry> facts;
  for (size_t i = 0; i < customers.size(); ++i) {
    Judgement judgement = Judge(card, customers[i], before[i], values[i], as_of);
    if (judgement.band_changed) {
      const v1::BandChanged fact =
          ToFact(judgement.record, before[i].has_value() ? before[i]->band : std::nullopt, judgement.past);
      facts.push_back({.workspace = std::string(workspace),
                       .key = customers[i].customer_id,
                       .type = fact.GetTypeName(),
                       .payload = fact.SerializeAsString(),
                       .depth = customers[i].depth + 1});
    }
    records.push_back(std::move(judgement.record));
  }
  RETURN_IF_ERROR(SaveRecords(tx, workspace, records));
  lanes.Append(std::move(facts));
  return absl::OkStatus();
}

// Scores customers, whose lane is locked and who are sorted by workspace, on every published scorecard of theirs.
absl::Status ScoreAll(sql::Transaction& tx, journal::Lanes& lanes, absl::Span<const Customer> customers,
                      absl::Time as_of) {
  while (!customers.empty()) {
    const std::string& workspace = customers[0].workspace;
    size_t count = 1;
    while (count < customers.size() && customers[count].workspace == workspace) ++count;
    ASSIGN_OR_RETURN(const std::vector<Card> cards, LoadCards(tx, workspace));
    for (const Card& card : cards) {
      RETURN_IF_ERROR(ScoreOn(tx, lanes, card, workspace, customers.subspan(0, count), as_of));
    }
    RETURN_IF_ERROR(ClearNews(tx, customers.subspan(0, count)));
    customers.remove_prefix(count);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> Scorer::RunOnce() {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const bool had_news, ScoreNews(now));
  ASSIGN_OR_RETURN(const bool swept, ScoreSweep(now));
  next_lane_ = (next_lane_ + 1) % journal::kLanes;
  return had_news || swept;
}

absl::StatusOr<bool> Scorer::ScoreNews(absl::Time now) {
  std::optional<int> lane;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(lane, FindLaneWithNews(tx, next_lane_));
    return absl::OkStatus();
  }));
  if (!lane.has_value()) return false;
  journal::Lanes lanes;
  RETURN_IF_ERROR(journal_.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, {*lane}));
    ASSIGN_OR_RETURN(const std::vector<Customer> customers, ListWithNews(tx, *lane, kPage));
    RETURN_IF_ERROR(ScoreAll(tx, lanes, customers, now));
    return journal_.Store(tx, lanes);
  }));
  journal_.Announce(lanes);
  return true;
}

absl::StatusOr<bool> Scorer::ScoreSweep(absl::Time now) {
  const int64_t today = DayOf(now);
  std::optional<Sweep> found;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(found, FindSweep(tx, next_lane_, today));
    return absl::OkStatus();
  }));
  if (!found.has_value()) return false;
  journal::Lanes lanes;
  RETURN_IF_ERROR(journal_.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, {found->lane}));
    // Locked before the scorecards are read: a publication either is seen here, or starts this sweep again.
    ASSIGN_OR_RETURN(Sweep sweep, LockSweep(tx, found->workspace, found->lane));
    if (!sweep.after.has_value() && sweep.day >= today) return absl::OkStatus();  // Another replica has finished it.
    if (!sweep.after.has_value()) sweep = {.workspace = sweep.workspace, .lane = sweep.lane, .day = today, .after = ""};
    ASSIGN_OR_RETURN(const std::vector<Customer> customers,
                     ListCustomers(tx, sweep.workspace, sweep.lane, *sweep.after, kPage));
    RETURN_IF_ERROR(ScoreAll(tx, lanes, customers, now));
    sweep.after = customers.size() < kPage ? std::nullopt : std::optional(customers.back().customer_id);
    RETURN_IF_ERROR(SaveSweep(tx, sweep));
    return journal_.Store(tx, lanes);
  }));
  journal_.Announce(lanes);
  return true;
}

absl::Status Scorer::ScoreNow(absl::string_view workspace, absl::string_view customer_id) {
  const absl::Time now = clock_.Now();
  journal::Lanes lanes;
  RETURN_IF_ERROR(journal_.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, {journal::LaneOf(workspace, customer_id)}));
    ASSIGN_OR_RETURN(const std::optional<Customer> customer, FindCustomer(tx, workspace, customer_id));
    if (customer.has_value()) RETURN_IF_ERROR(ScoreAll(tx, lanes, {*customer}, now));
    return journal_.Store(tx, lanes);
  }));
  journal_.Announce(lanes);
  return absl::OkStatus();
}

}  // namespace waymark::health
