#include <string>
#include <vector>

#include "common/base/errors.h"
#include "common/journal/journal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/health/activity_store.h"
#include "services/health/score_store.h"
#include "services/health/scorecard_store.h"
#include "tests/support/databases.h"

namespace waymark::health {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::Optional;

absl::Time Day(int64_t day) { return absl::UnixEpoch() + day * absl::Hours(24); }

class StoreTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  // Runs `body` in a transaction that must succeed.
  void Do(absl::FunctionRef<absl::Status(sql::Transaction&)> body) {
    const absl::Status status = db_->Transact(body);
    ASSERT_TRUE(status.ok()) << status;
  }
  // What `ask` answers.
  template <typename Ask>
  auto Get(Ask ask) -> typename decltype(ask(std::declval<sql::Transaction&>()))::value_type {
    decltype(ask(std::declval<sql::Transaction&>())) answer = absl::UnknownError("not asked");
    EXPECT_TRUE(db_->Read([&](sql::Transaction& tx) {
                     answer = ask(tx);
                     return answer.status();
                   })
                    .ok());
    EXPECT_TRUE(answer.ok()) << answer.status();
    return *std::move(answer);
  }

  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam(), {journal::Journal::schema(), schema()});
};
INSTANTIATE_TEST_SUITE_P(Engines, StoreTest, support::BothEngines(), support::EngineName);

// ---- Activity ----

Activity Logins(int64_t event_day, int64_t recorded_day, int64_t events, absl::Time last) {
  return {.workspace = "w",
          .customer_id = "acme",
          .event_type = "login",
          .event_day = event_day,
          .recorded_day = recorded_day,
          .events = events,
          .last_time = last};
}

TEST_P(StoreTest, ActivityAddsUpInWhateverOrder) {
  Do([](sql::Transaction& tx) {
    return AddActivity(tx, {Logins(10, 10, 2, Day(10) + absl::Hours(9)), Logins(11, 11, 1, Day(11))});
  });
  Do([](sql::Transaction& tx) { return AddActivity(tx, {Logins(10, 10, 3, Day(10) + absl::Hours(5))}); });
  const std::vector<ActivityQuery> queries = {
      {"acme", "login", 10, 10}, {"acme", "login", 0, 99}, {"acme", "logout", 0, 99}, {"umbra", "login", 0, 99}};
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return CountEvents(tx, "w", queries, 99); }), ElementsAre(5, 6, 0, 0));
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return LastEvents(tx, "w", queries, 99); }),
              ElementsAre(Optional(Day(10) + absl::Hours(9)), Optional(Day(11)), Eq(std::nullopt), Eq(std::nullopt)));
}

TEST_P(StoreTest, ActivityIsKnownFromTheDayItWasRecorded) {
  Do([](sql::Transaction& tx) {
    return AddActivity(tx, {Logins(10, 10, 1, Day(10)), Logins(10, 20, 4, Day(10) + absl::Hours(1))});
  });
  const std::vector<ActivityQuery> queries = {{"acme", "login", 0, 99}};
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return CountEvents(tx, "w", queries, 9); }), ElementsAre(0));
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return CountEvents(tx, "w", queries, 19); }), ElementsAre(1));
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return CountEvents(tx, "w", queries, 20); }), ElementsAre(5));
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return LastEvents(tx, "w", queries, 19); }),
              ElementsAre(Optional(Day(10))));
}

TEST_P(StoreTest, NoTypeMeansEveryTypeAndWorkspacesAreApart) {
  Activity report = Logins(10, 10, 7, Day(10) + absl::Hours(2));
  report.event_type = "report_run";
  Activity foreign = Logins(10, 10, 100, Day(10));
  foreign.workspace = "v";
  Do([&](sql::Transaction& tx) { return AddActivity(tx, {Logins(10, 10, 1, Day(10)), report, foreign}); });
  const std::vector<ActivityQuery> queries = {{"acme", "", 0, 99}, {"acme", "login", 0, 99}};
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return CountEvents(tx, "w", queries, 99); }), ElementsAre(8, 1));
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return LastEvents(tx, "w", queries, 99); }),
              ElementsAre(Optional(Day(10) + absl::Hours(2)), Optional(Day(10))));
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return CountEvents(tx, "u", queries, 99); }), ElementsAre(0, 0));
}

TEST_P(StoreTest, PassagesComeInTheOrderOfTellingAsFarAsKnown) {
  const auto row = [](int64_t position, Passage passage, absl::Time recorded) {
    return PassageRow{.workspace = "w",
                      .customer_id = "acme",
                      .journey_id = "onboarding",
                      .position = position,
                      .passage = std::move(passage),
                      .recorded_time = recorded};
  };
  Do([&](sql::Transaction& tx) {
    return AddPassages(tx, {row(12, {Passage::Kind::kEntered, "adoption", Day(3)}, Day(5)),
                            row(7, {Passage::Kind::kEntered, "setup", Day(1)}, Day(1))});
  });
  const std::vector<std::string> customers = {"acme", "umbra"};
  const auto keys = [&](absl::Time known_at) {
    const auto ways =
        Get([&](sql::Transaction& tx) { return ListPassages(tx, "w", "onboarding", customers, known_at); });
    std::vector<std::string> stages;
    for (const Passage& passage : ways[0]) stages.push_back(passage.stage_key);
    return stages;
  };
  EXPECT_THAT(keys(Day(4)), ElementsAre("setup"));
  EXPECT_THAT(keys(Day(5)), ElementsAre("setup", "adoption"));
  EXPECT_TRUE(
      Get([&](sql::Transaction& tx) { return ListPassages(tx, "v", "onboarding", customers, Day(9)); })[0].empty());
}

// ---- Customers and sweeps ----

Customer Known(const std::string& id, News news, int depth = 0, const std::string& workspace = "w") {
  return {.workspace = workspace, .customer_id = id, .known_since = Day(1), .news = news, .depth = depth};
}

TEST_P(StoreTest, NewsOnlyGrowsUntilItIsCleared) {
  const int lane = journal::LaneOf("w", "acme");
  Do([](sql::Transaction& tx) { return AddNews(tx, {Known("acme", News::kBackfill, 1)}); });
  Customer later = Known("acme", News::kLive, 3);
  later.known_since = Day(9);
  Do([&](sql::Transaction& tx) { return AddNews(tx, {later}); });
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return ListWithNews(tx, lane, 10); }),
              ElementsAre(Known("acme", News::kBackfill, 3)));
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return FindLaneWithNews(tx, lane); }), Optional(lane));
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return FindLaneWithNews(tx, (lane + 1) % 16); }), Optional(lane));

  Do([](sql::Transaction& tx) { return ClearNews(tx, {Known("acme", News::kBackfill, 3)}); });
  EXPECT_EQ(Get([&](sql::Transaction& tx) { return FindLaneWithNews(tx, 0); }), std::nullopt);
  EXPECT_THAT(Get([](sql::Transaction& tx) { return FindCustomer(tx, "w", "acme"); }),
              Optional(Known("acme", News::kNone)));
  EXPECT_EQ(Get([](sql::Transaction& tx) { return FindCustomer(tx, "v", "acme"); }), std::nullopt);
}

TEST_P(StoreTest, CustomersOfALaneAreListedByWorkspaceAndId) {
  std::vector<Customer> customers;
  for (int i = 0; i < 200; ++i) customers.push_back(Known(absl::StrCat("c", 1000 + i), News::kNone));
  Do([&](sql::Transaction& tx) { return AddNews(tx, customers); });
  size_t found = 0;
  for (int lane = 0; lane < journal::kLanes; ++lane) {
    std::string after;
    for (;;) {
      const auto page = Get([&](sql::Transaction& tx) { return ListCustomers(tx, "w", lane, after, 3); });
      if (page.empty()) break;
      for (const Customer& customer : page) {
        EXPECT_LT(after, customer.customer_id);
        EXPECT_EQ(journal::LaneOf("w", customer.customer_id), lane);
        after = customer.customer_id;
        ++found;
      }
    }
    EXPECT_TRUE(Get([&](sql::Transaction& tx) { return ListCustomers(tx, "v", lane, "", 3); }).empty());
  }
  EXPECT_EQ(found, 200);
}

TEST_P(StoreTest, ASweepIsFoundUntilItEndsAndAgainTheNextDay) {
  EXPECT_FALSE(Get([](sql::Transaction& tx) { return FindSweep(tx, 0, 100); }).has_value());
  Do([](sql::Transaction& tx) { return StartSweeps(tx, "w", 100); });
  for (int lane = 0; lane < journal::kLanes; ++lane) {
    Do([&](sql::Transaction& tx) -> absl::Status {
      absl::StatusOr<Sweep> sweep = LockSweep(tx, "w", lane);
      if (!sweep.ok()) return sweep.status();
      EXPECT_THAT(sweep->after, Optional(std::string()));
      sweep->after = lane == 5 ? std::optional<std::string>("acme") : std::nullopt;
      return SaveSweep(tx, *sweep);
    });
  }
  EXPECT_EQ(Get([](sql::Transaction& tx) { return FindSweep(tx, 9, 100); })->lane, 5);
  EXPECT_THAT(Get([](sql::Transaction& tx) { return FindSweep(tx, 5, 100); })->after, Optional(std::string("acme")));
  Do([](sql::Transaction& tx) { return SaveSweep(tx, {.workspace = "w", .lane = 5, .day = 100, .after = {}}); });
  EXPECT_FALSE(Get([](sql::Transaction& tx) { return FindSweep(tx, 0, 100); }).has_value());
  EXPECT_EQ(Get([](sql::Transaction& tx) { return FindSweep(tx, 9, 101); })->lane, 9);
  // A publication starts it anew.
  Do([](sql::Transaction& tx) { return StartSweeps(tx, "w", 100); });
  EXPECT_TRUE(Get([](sql::Transaction& tx) { return FindSweep(tx, 0, 100); }).has_value());
}

// ---- Scores ----

Record Scored(const std::string& customer, std::optional<Band> band) {
  Record record = {.customer_id = customer,
                   .scorecard_id = "default",
                   .version = 2,
                   .as_of = Day(7),
                   .health_milli = 45'853,
                   .coverage_ppm = 900'000,
                   .sufficient = band.has_value(),
                   .band_changes = 3,
                   .contributions = std::string("\0\x01", 2)};
  if (band.has_value()) record.band = BandState{.band = *band, .since = Day(6)};
  return record;
}

TEST_P(StoreTest, RecordsComeBackAsTheyWereAndTheLastOneStands) {
  Record red = Scored("acme", Band::kRed);
  red.band->candidate = Band::kYellow;
  red.band->candidate_since = Day(5);
  red.band->candidate_past = true;
  red.band->past = true;
  Record kept = Scored("umbra", std::nullopt);
  kept.health_milli.reset();
  Do([&](sql::Transaction& tx) { return SaveRecords(tx, "w", {red, kept}); });
  const std::vector<std::string> customers = {"umbra", "nobody", "acme"};
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return LoadRecords(tx, "w", "default", customers); }),
              ElementsAre(Optional(kept), Eq(std::nullopt), Optional(red)));

  red.band = BandState{.band = Band::kYellow, .since = Day(8)};
  red.as_of = Day(8);
  Do([&](sql::Transaction& tx) { return SaveRecords(tx, "w", {red}); });
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return LoadRecords(tx, "w", "default", {"acme"}); }),
              ElementsAre(Optional(red)));
  EXPECT_THAT(Get([&](sql::Transaction& tx) { return LoadRecords(tx, "v", "default", {"acme"}); }),
              ElementsAre(Eq(std::nullopt)));
}

TEST_P(StoreTest, RecordsAreListedByBandAndAfterACustomer) {
  Record standing = Scored("d", Band::kRed);
  standing.sufficient = false;  // Shown as insufficient, whatever band it stands in.
  Do([&](sql::Transaction& tx) {
    return SaveRecords(tx, "w",
                       {Scored("a", Band::kRed), Scored("b", Band::kGreen), Scored("c", Band::kRed), standing});
  });
  const auto ids = [&](std::optional<ShownBand> shown, const std::string& after, int limit) {
    std::vector<std::string> ids;
    for (const Record& record :
         Get([&](sql::Transaction& tx) { return ListRecords(tx, "w", "default", shown, after, limit); })) {
      ids.push_back(record.customer_id);
    }
    return ids;
  };
  EXPECT_THAT(ids(std::nullopt, "", 10), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(ids(std::nullopt, "a", 2), ElementsAre("b", "c"));
  EXPECT_THAT(ids(ShownBand{Band::kRed}, "", 10), ElementsAre("a", "c"));
  EXPECT_THAT(ids(ShownBand{Band::kRed}, "a", 10), ElementsAre("c"));
  EXPECT_THAT(ids(ShownBand{std::nullopt}, "", 10), ElementsAre("d"));
}

// ---- Scorecards ----

Scorecard Card(const std::string& id) { return {.scorecard_id = id, .title = "How they do", .create_time = Day(1)}; }
Version Draft(const std::string& id, uint32_t number) {
  return {.scorecard_id = id,
          .number = number,
          .definition = "\x08\x01",
          .content_hash = "abc",
          .change_note = "first",
          .create_time = Day(2),
          .publish_time = std::nullopt};
}

TEST_P(StoreTest, ScorecardsBelongToTheirWorkspace) {
  Do([](sql::Transaction& tx) { return AddScorecard(tx, "w", Card("default")); });
  EXPECT_EQ(Get([](sql::Transaction& tx) { return LoadScorecard(tx, "w", "default"); }), Card("default"));
  EXPECT_EQ(db_->Transact([](sql::Transaction& tx) { return AddScorecard(tx, "w", Card("default")); }).code(),
            absl::StatusCode::kAlreadyExists);
  Do([](sql::Transaction& tx) -> absl::Status {
    EXPECT_TRUE(absl::IsNotFound(LoadScorecard(tx, "v", "default").status()));
    EXPECT_TRUE(absl::IsNotFound(LoadVersion(tx, "v", "default", 1).status()));
    EXPECT_TRUE(absl::IsNotFound(LoadPublished(tx, "v", "default").status()));
    return absl::OkStatus();
  });
  Do([](sql::Transaction& tx) { return AddScorecard(tx, "w", Card("enterprise")); });
  EXPECT_THAT(Get([](sql::Transaction& tx) { return ListScorecards(tx, "w", "default", 10); }),
              ElementsAre(Card("enterprise")));
  EXPECT_THAT(Get([](sql::Transaction& tx) { return ListScorecards(tx, "v", "", 10); }), ElementsAre());
}

TEST_P(StoreTest, ThePublishedVersionIsTheOneScoredBy) {
  Do([](sql::Transaction& tx) -> absl::Status {
    for (const absl::Status& status : {AddScorecard(tx, "w", Card("default")), AddVersion(tx, "w", Draft("default", 1)),
                                       AddVersion(tx, "w", Draft("default", 2))}) {
      if (!status.ok()) return status;
    }
    EXPECT_TRUE(absl::IsNotFound(LoadPublished(tx, "w", "default").status()));
    return absl::OkStatus();
  });
  EXPECT_TRUE(Get([](sql::Transaction& tx) { return ListPublished(tx, "w"); }).empty());
  EXPECT_THAT(Get([](sql::Transaction& tx) { return FilterScored(tx, {"v", "w"}); }), ElementsAre());
  EXPECT_EQ(Get([](sql::Transaction& tx) { return LoadVersion(tx, "w", "default", 2); }), Draft("default", 2));
  EXPECT_EQ(Get([](sql::Transaction& tx) { return LoadScorecard(tx, "w", "default"); }).last_number, 2);

  Version published = Draft("default", 1);
  published.state = VersionState::kPublished;
  published.revision = 2;
  published.publish_time = Day(3);
  Do([&](sql::Transaction& tx) { return SavePublication(tx, "w", published); });
  EXPECT_EQ(Get([](sql::Transaction& tx) { return LoadPublished(tx, "w", "default"); }), published);
  EXPECT_THAT(Get([](sql::Transaction& tx) { return ListPublished(tx, "w"); }), ElementsAre(published));
  EXPECT_THAT(Get([](sql::Transaction& tx) { return FilterScored(tx, {"v", "w"}); }), ElementsAre("w"));
  EXPECT_EQ(Get([](sql::Transaction& tx) { return LoadScorecard(tx, "w", "default"); }).latest_published_number, 1);
}

}  // namespace
}  // namespace waymark::health
