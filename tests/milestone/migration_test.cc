// Publication with a plan: those under way move as was previewed, while events go on arriving, however often the
// service falls over.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/milestone/replays.h"
#include "tests/support/metric.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MigrationTest : public Replays {
 protected:
  // The second version asks for two reports where the first asks for three, and has no renewal.
  static journey::v1::JourneyDefinition Second() {
    return Steps({{"setup", "connect"}, {"adoption", "report", 2}, {"value", "share"}});
  }

  journey::v1::MigrationPlan PlanFor(const journey::v1::JourneyDefinition& definition) {
    const auto report = Preview(definition);
    EXPECT_TRUE(report.ok()) << report.status();
    return report->plan();
  }

  void PublishWith(const journey::v1::JourneyDefinition& definition, const journey::v1::MigrationPlan& plan,
                   uint32_t number = 2) {
    world_.PublishOnly("j", number, definition, "default", {}, &plan);
  }

  absl::StatusOr<v1::GetMigrationResponse> GetMigration(World& world, uint32_t number = 2) {
    const auto stub = v1::ReplayService::NewStub(world.channel());
    grpc::ClientContext context;
    rpc::AddCredential(context, "", "default");
    v1::GetMigrationRequest request;
    request.set_journey_id("j");
    request.set_number(number);
    v1::GetMigrationResponse response;
    const grpc::Status status = stub->GetMigration(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  static bool RunLoop(World& world, const std::string& name) {
    for (const Loop& loop : world.parts().loops()) {
      if (loop.name != name) continue;
      const auto once = loop.run_once();
      EXPECT_TRUE(once.ok()) << once.status();
      return once.ok() && *once;
    }
    ADD_FAILURE() << "there is no loop " << name;
    return false;
  }
  static bool Step(World& world) { return RunLoop(world, "move customers to published versions"); }

  // A migration of many customers and pages, while events arrive, for some of them, and one replica after another falls
  // over.
  struct Amid {
    int customers = 0;
    int thousands = 0;  // Of events before it.
  };
  struct Migrated {
    v1::GetMigrationResponse migration;
    std::set<std::string> changed;  // Who had news since the preview.
    int events = 0;
    size_t facts = 0;  // Before it.
    int replicas = 0;
    int as_previewed = 0;
  };
  // Sees that whoever had no news ends exactly as previewed.
  void Migrate(std::mt19937& random, const Amid& amid, const journey::v1::JourneyDefinition& definition,
               v1::PreviewVersionRequest request, Migrated& migrated) {
    const auto pick = [&](int n) { return static_cast<int>(random() % n); };
    const char* types[] = {"connect", "report", "renew", "share", "login"};
    world_.Publish("j", 1, Onboarding());
    const auto some = [&](int count, int from, int to) {
      std::vector<v1::Event> list;
      for (int i = 0; i < count; ++i) {
        list.push_back(At(from + pick(to - from), absl::StrCat("c", pick(amid.customers)), types[pick(5)],
                          absl::StrCat("e", ++migrated.events)));
      }
      return list;
    };
    for (int i = 0; i < amid.thousands; ++i) ASSERT_TRUE(world_.Ingest(some(1'000, -900, 0)).ok());
    request.set_change_limit(1'000);
    const auto previewed = Preview(request);
    ASSERT_TRUE(previewed.ok()) << previewed.status();
    std::map<std::string, std::string> expected;
    for (const v1::CustomerDifference& change : previewed->changes()) {
      const v1::Standing& to = change.enrollments(0).to();
      expected[change.customer_id()] = absl::StrCat("v2 ", to.stage_key(), "/", to.state());
    }
    clock_.Advance(absl::Minutes(30));
    // Some have news before the version is known here …
    const auto arrive = [&](World& world, int count, int from, int to) {
      const std::vector<v1::Event> list = some(count, from, to);
      for (const v1::Event& event : list) migrated.changed.insert(event.customer_id());
      ASSERT_TRUE(world.Ingest(list).ok());
    };
    arrive(world_, 20, 0, 20);
    PublishWith(definition, previewed->plan());
    migrated.facts = world_.Facts().size();

    // … and some while it is applied: by one replica after another, each of which does a little.
    for (bool more = true; more; ++migrated.replicas) {
      World replica(*db_, clock_);
      for (int step = pick(3); more && step >= 0; --step) {
        if (pick(2) == 0) RunLoop(replica, "evaluate customers after publication");
        more = Step(replica);
        if (more) arrive(replica, 5, -900, 20);  // Late ones, too.
      }
    }
    world_.Settle();
    migrated.migration = *GetMigration(world_);
    ASSERT_EQ(migrated.migration.state(), v1::MIGRATION_STATE_DONE) << migrated.migration.DebugString();
    for (const auto& [customer, standing] : expected) {
      if (migrated.changed.contains(customer)) continue;
      EXPECT_THAT(Look(world_, customer), ::testing::StartsWith(standing)) << customer;
      ++migrated.as_previewed;
    }
    EXPECT_EQ(Recompute(false)->customers_differing(), 0);
  }

  // Customer -> version, stage, state, and every date, as the service keeps it.
  static std::string Look(World& world, const std::string& customer) {
    const auto progress = world.GetProgress(customer);
    if (!progress.ok()) return "none";
    std::string text;
    for (const v1::EnrollmentProgress& enrollment : progress->enrollments()) {
      const v1::CurrentStage& current = enrollment.current();
      absl::StrAppend(&text, "v", current.version(), " ", current.stage_key(), "/", current.state());
      for (const v1::StageProgress& stage : enrollment.stages()) {
        absl::StrAppend(&text, " ", stage.stage_key(), "=", stage.enter_time().seconds(), "-",
                        stage.complete_time().seconds());
        for (const v1::MilestoneProgress& one : stage.milestones()) {
          absl::StrAppend(&text, " ", one.milestone_key(), "=", one.achieve_time().seconds());
        }
      }
    }
    return text;
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, MigrationTest, support::BothEngines(), support::EngineName);

TEST_P(MigrationTest, ThoseUnderWayMoveAsPreviewedAndNobodyIsSentAnything) {
  Begin();
  const journey::v1::MigrationPlan plan = PlanFor(Second());
  const std::vector<std::string> before = world_.Facts();
  PublishWith(Second(), plan);
  EXPECT_EQ(GetMigration(world_)->state(), v1::MIGRATION_STATE_CHECKING);
  EXPECT_EQ(GetMigration(world_)->pending_customers(), 3);
  EXPECT_GT(world_.GetFunnel("j")->pending_customers(), 0);
  // While people move, nobody can say where everybody stands.
  EXPECT_EQ(Preview(Second()).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(WhatIf(Second()).status().code(), absl::StatusCode::kFailedPrecondition);
  world_.Settle();

  const auto migration = GetMigration(world_);
  EXPECT_EQ(migration->state(), v1::MIGRATION_STATE_DONE);
  EXPECT_EQ(migration->customers_moved(), 3);
  EXPECT_EQ(migration->customers_changed_since(), 0);
  EXPECT_EQ(migration->pending_customers(), 0);
  EXPECT_EQ(migration->outcome_hash(), plan.outcome_hash());
  EXPECT_EQ(world_.GetFunnel("j")->pending_customers(), 0);
  EXPECT_EQ(world_.StageOf("acme"), "j:value");
  EXPECT_EQ(world_.StageOf("beta"), "j:value");
  EXPECT_EQ(world_.StageOf("core"), "j:setup");
  EXPECT_EQ(world_.GetProgress("core")->enrollments(0).current().version(), 2u);

  // Everything that this told is historical: the renewal that there is no more, the stage that came earlier.
  const std::vector<std::string> after = world_.Facts();
  EXPECT_GT(after.size(), before.size());
  std::multiset<std::string> told(after.begin(), after.end());
  for (const std::string& fact : before) told.erase(told.find(fact));
  for (const std::string& fact : told) EXPECT_EQ(fact.back(), '!') << fact;
  EXPECT_TRUE(told.contains("ConclusionRetracted:acme!"));
  EXPECT_TRUE(told.contains("MilestoneRevised:acme!"));
  EXPECT_TRUE(told.contains("StageEntered:beta!"));

  // It is what is in force for them now, and all that is kept is right.
  EXPECT_EQ(Preview(Second())->customers_changed(), 0);
  EXPECT_EQ(Preview(OfVersion(2))->outcome_hash(), plan.outcome_hash());
  EXPECT_EQ(Recompute(false)->customers_differing(), 0);
  EXPECT_EQ(world_.Facts(), after);
  // New events count under it, and set off what they should.
  ASSERT_TRUE(world_.Ingest({At(9, "beta", "share", "b9")}).ok());
  EXPECT_EQ(world_.GetProgress("beta")->enrollments(0).current().state(), v1::ENROLLMENT_STATE_COMPLETED);
  const std::vector<std::string> last = world_.Facts();
  EXPECT_EQ(std::count(last.begin(), last.end(), "JourneyCompleted:beta"), 1);
}

TEST_P(MigrationTest, AnotherOutcomeThanPreviewedIsRefusedAndNobodyMoves) {
  Begin();
  journey::v1::MigrationPlan plan = PlanFor(Second());
  const std::string outcome = plan.outcome_hash();
  plan.set_outcome_hash(std::string(64, '0'));
  const std::vector<std::string> facts = world_.Facts();
  const double refused = support::ValueOf("waymark_migrations_refused_total");
  PublishWith(Second(), plan);
  world_.Settle();
  const auto migration = GetMigration(world_);
  EXPECT_EQ(migration->state(), v1::MIGRATION_STATE_REFUSED);
  EXPECT_EQ(migration->found_outcome_hash(), outcome);
  EXPECT_GE(refused, 0);  // Told from the start.
  EXPECT_EQ(support::ValueOf("waymark_migrations_refused_total"), refused + 1);
  EXPECT_EQ(migration->customers_moved(), 0);
  EXPECT_EQ(world_.StageOf("acme"), "j:renewal");
  EXPECT_EQ(world_.GetProgress("acme")->enrollments(0).current().version(), 1u);
  EXPECT_EQ(world_.Facts(), facts);
  EXPECT_EQ(world_.GetFunnel("j")->pending_customers(), 0);
  // The version is in force for who comes now.
  ASSERT_TRUE(world_.Ingest({At(5, "dora", "connect", "d1")}).ok());
  EXPECT_EQ(world_.GetProgress("dora")->enrollments(0).current().version(), 2u);
}

TEST_P(MigrationTest, PositionsOfAnotherJournalAreRefused) {
  Begin();
  journey::v1::MigrationPlan plan = PlanFor(Second());
  plan.set_epoch(plan.epoch() + 1);
  PublishWith(Second(), plan);
  world_.Settle();
  EXPECT_EQ(GetMigration(world_)->state(), v1::MIGRATION_STATE_REFUSED);
  EXPECT_EQ(GetMigration(world_)->found_outcome_hash(), "");
  plan.set_epoch(plan.epoch() - 1);
  plan.set_lane_positions(3, 1'000'000);
  PublishWith(Second(), plan, 3);
  world_.Settle();
  EXPECT_EQ(GetMigration(world_, 3)->state(), v1::MIGRATION_STATE_REFUSED);
  EXPECT_EQ(world_.StageOf("acme"), "j:renewal");
}

TEST_P(MigrationTest, WithoutAPlanNobodyMoves) {
  Begin();
  world_.Publish("j", 2, Second());
  EXPECT_EQ(world_.StageOf("acme"), "j:renewal");
  EXPECT_EQ(GetMigration(world_).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(GetMigration(world_, 0).status().code(), absl::StatusCode::kNotFound);
}

// The second version with its stages called otherwise, and more asked for in each.
journey::v1::JourneyDefinition Renamed() {
  return Steps({{"start", "connect", 5}, {"usage", "report", 9}, {"value", "share"}});
}

v1::PreviewVersionRequest ByMap(const journey::v1::JourneyDefinition& definition,
                                const std::map<std::string, std::string>& stages) {
  v1::PreviewVersionRequest request;
  v1::Replay& replay = *request.mutable_replay();
  replay.set_journey_id("j");
  *replay.mutable_definition() = definition;
  replay.set_migration(journey::v1::MIGRATION_MAP);
  replay.mutable_map()->mutable_stages()->insert(stages.begin(), stages.end());
  return request;
}

TEST_P(MigrationTest, ByMapEverybodyStandsWhereTheMapSays) {
  Begin();
  // dora is through: she stays as she is.
  ASSERT_TRUE(world_
                  .Ingest({At(0, "dora", "connect", "d1"), At(1, "dora", "report", "d2"), At(2, "dora", "report", "d3"),
                           At(3, "dora", "report", "d4"), At(4, "dora", "renew", "d5")})
                  .ok());
  ASSERT_EQ(world_.GetProgress("dora")->enrollments(0).current().state(), v1::ENROLLMENT_STATE_COMPLETED);
  const std::string dora = Look(world_, "dora");

  // Somebody stands in a stage that nobody mapped: there is nothing to publish with.
  const auto refused = Preview(ByMap(Renamed(), {{"setup", "start"}, {"adoption", "usage"}}));
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_THAT(refused->unmapped_stage_keys(), ElementsAre("renewal"));
  EXPECT_EQ(refused->customers_staying(), 1);
  EXPECT_FALSE(refused->has_plan());

  const auto previewed = Preview(ByMap(Renamed(), {{"setup", "start"}, {"adoption", "usage"}, {"renewal", "value"}}));
  ASSERT_TRUE(previewed.ok()) << previewed.status();
  EXPECT_EQ(previewed->unmapped_stage_keys_size(), 0);
  EXPECT_EQ(previewed->customers_staying(), 0);
  EXPECT_EQ(previewed->plan().migration(), journey::v1::MIGRATION_MAP);
  std::map<std::string, std::string> expected;
  for (const v1::CustomerDifference& change : previewed->changes()) {
    expected[change.customer_id()] = change.enrollments(0).to().stage_key();
  }
  EXPECT_EQ(expected["acme"], "value");
  EXPECT_EQ(expected["beta"], "usage");
  EXPECT_EQ(expected["core"], "start");

  clock_.Advance(absl::Minutes(30));
  const std::vector<std::string> before = world_.Facts();
  PublishWith(Renamed(), previewed->plan());
  world_.Settle();
  const auto migration = GetMigration(world_);
  ASSERT_EQ(migration->state(), v1::MIGRATION_STATE_DONE) << migration->DebugString();
  EXPECT_EQ(migration->customers_moved(), 3);
  EXPECT_EQ(migration->customers_changed_since(), 0);
  for (const auto& [customer, stage] : expected) {
    EXPECT_EQ(world_.StageOf(customer), absl::StrCat("j:", stage)) << customer;
    EXPECT_EQ(world_.GetProgress(customer)->enrollments(0).current().version(), 2u) << customer;
  }
  EXPECT_EQ(Look(world_, "dora"), dora);
  // Nothing is sent to anybody.
  const std::vector<std::string> after = world_.Facts();
  std::multiset<std::string> told(after.begin(), after.end());
  for (const std::string& fact : before) told.erase(told.find(fact));
  for (const std::string& fact : told) EXPECT_EQ(fact.back(), '!') << fact;
  // It is history: folded anew it comes to the same, and to what was previewed.
  EXPECT_EQ(Recompute(false)->customers_differing(), 0);
  EXPECT_EQ(Preview(OfVersion(2))->customers_changed(), 1);  // dora, who was not under way.
  // Late events count beside it; and from where they stand all go on under the new version.
  ASSERT_TRUE(world_.Ingest({At(-100, "acme", "connect", "a0")}).ok());
  EXPECT_EQ(world_.StageOf("acme"), "j:value");
  ASSERT_TRUE(world_.Ingest({At(41, "acme", "share", "a9")}).ok());
  EXPECT_EQ(world_.GetProgress("acme")->enrollments(0).current().state(), v1::ENROLLMENT_STATE_COMPLETED);
  EXPECT_EQ(Recompute(false)->customers_differing(), 0);
}

TEST_P(MigrationTest, WhoCannotGoByMapStaysAndIsCounted) {
  Begin();
  // Whoever has connected would be through with it.
  const journey::v1::JourneyDefinition shorter = Steps({{"start", "connect"}});
  const auto previewed = Preview(ByMap(shorter, {{"setup", "start"}, {"adoption", "start"}, {"renewal", "start"}}));
  ASSERT_TRUE(previewed.ok()) << previewed.status();
  EXPECT_EQ(previewed->customers_staying(), 2);
  PublishWith(shorter, previewed->plan());
  world_.Settle();
  const auto migration = GetMigration(world_);
  ASSERT_EQ(migration->state(), v1::MIGRATION_STATE_DONE) << migration->DebugString();
  EXPECT_EQ(migration->customers_moved(), 1);
  EXPECT_EQ(migration->customers_staying(), 2);
  EXPECT_EQ(world_.StageOf("core"), "j:start");
  EXPECT_EQ(world_.StageOf("beta"), "j:adoption");
  EXPECT_EQ(world_.GetProgress("beta")->enrollments(0).current().version(), 1u);
}

TEST_P(MigrationTest, MilestonesStayAchievedByMap) {
  Begin();  // beta has achieved what setup asks for, and stands in adoption.
  v1::PreviewVersionRequest request =
      ByMap(Renamed(), {{"setup", "start"}, {"adoption", "start"}, {"renewal", "start"}});
  (*request.mutable_replay()->mutable_map()->mutable_milestones())["setup_done"] = "start_done";
  const auto previewed = Preview(request);
  ASSERT_TRUE(previewed.ok()) << previewed.status();
  PublishWith(Renamed(), previewed->plan());
  world_.Settle();
  ASSERT_EQ(GetMigration(world_)->state(), v1::MIGRATION_STATE_DONE);
  // With its milestone achieved the stage is left at once.
  EXPECT_EQ(world_.StageOf("beta"), "j:usage");
  EXPECT_EQ(world_.StageOf("core"), "j:start");
  const auto progress = world_.GetProgress("beta");
  EXPECT_EQ(progress->enrollments(0).stages(0).milestones(0).achieve_time().seconds(),
            previewed->plan().as_of().seconds());
}

TEST_P(MigrationTest, AMapIsChecked) {
  Begin();
  const auto wrong = [&](const v1::PreviewVersionRequest& request) {
    const auto answer = Preview(request);
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(answer.status().message());
  };
  EXPECT_THAT(wrong(ByMap(Renamed(), {{"setup", "nowhere"}})), HasSubstr("replay.map.stages[\"setup\"]"));
  EXPECT_THAT(wrong(ByMap(Renamed(), {{"setup", "no key!"}})), HasSubstr("replay.map.stages"));
  v1::PreviewVersionRequest request = ByMap(Renamed(), {});
  (*request.mutable_replay()->mutable_map()->mutable_milestones())["setup_done"] = "nothing";
  EXPECT_THAT(wrong(request), HasSubstr("replay.map.milestones[\"setup_done\"]"));
  request = ByMap(Renamed(), {{"setup", "start"}});
  request.mutable_replay()->set_base_number(1);
  EXPECT_THAT(wrong(request), HasSubstr("replay.base_number"));
  request = ByMap(Renamed(), {{"setup", "start"}});
  request.mutable_replay()->set_migration(journey::v1::MIGRATION_REPLAY);
  EXPECT_THAT(wrong(request), HasSubstr("replay.map"));
  std::map<std::string, std::string> many;
  for (int i = 0; i <= 100; ++i) many[absl::StrCat("s", i)] = "start";
  EXPECT_THAT(wrong(ByMap(Renamed(), many)), HasSubstr("at most 100"));
  // A plan whose map was changed is not what was previewed.
  const auto previewed = Preview(ByMap(Renamed(), {{"setup", "start"}, {"adoption", "usage"}, {"renewal", "value"}}));
  journey::v1::MigrationPlan plan = previewed->plan();
  (*plan.mutable_map()->mutable_stages())["renewal"] = "usage";
  PublishWith(Renamed(), plan);
  world_.Settle();
  EXPECT_EQ(GetMigration(world_)->state(), v1::MIGRATION_STATE_REFUSED);
  EXPECT_EQ(world_.StageOf("acme"), "j:renewal");
}

// As with REPLAY: random histories, pages, events between them, one replica after another that falls over. Who had no
// news ends exactly as previewed; and what is kept of everybody is what its history comes to.
TEST_P(MigrationTest, ByMapWhileEventsArriveAndTheServiceFallsOverEverybodyEndsAsPreviewed) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  Migrated migrated;
  ASSERT_NO_FATAL_FAILURE(Migrate(random, {.customers = 500, .thousands = 2}, Renamed(),
                                  ByMap(Renamed(), {{"setup", "start"}, {"adoption", "usage"}, {"renewal", "value"}}),
                                  migrated));
  EXPECT_GT(migrated.migration.customers_moved(), 100);
  EXPECT_GT(migrated.as_previewed, 100);
}

// Many customers and pages; events arrive between the pages, for some of them; the service ends in the middle, again
// and again, and another begins on the same database. Who had no news ends exactly as previewed; and everybody ends as
// whoever had been under the new version from the start.
TEST_P(MigrationTest, WhileEventsArriveAndTheServiceFallsOverEverybodyEndsWhereTheirHistoryLeads) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  constexpr int kCustomers = 900;
  Migrated migrated;
  ASSERT_NO_FATAL_FAILURE(Migrate(random, {.customers = kCustomers, .thousands = 5}, Second(), Of(Second()), migrated));
  EXPECT_GE(migrated.replicas, 2);
  const v1::GetMigrationResponse& migration = migrated.migration;
  EXPECT_GT(migration.customers_moved(), 500);
  EXPECT_GT(migration.customers_changed_since(), 5);
  EXPECT_LE(migration.customers_changed_since(), static_cast<int64_t>(migrated.changed.size()));
  EXPECT_EQ(migration.changed_customer_ids_size(), migration.customers_changed_since());
  EXPECT_TRUE(std::is_sorted(migration.changed_customer_ids().begin(), migration.changed_customer_ids().end()));
  for (const std::string& customer : migration.changed_customer_ids()) {
    EXPECT_TRUE(migrated.changed.contains(customer));
  }
  EXPECT_GT(migrated.as_previewed, 20);
  EXPECT_EQ(Preview(OfVersion(2))->customers_changed(), 0);

  // The same history where there never was another version.
  const auto db = support::OpenFresh(GetParam());
  World fresh(*db, clock_);
  fresh.Publish("j", 2, Second());
  std::vector<v1::Event> all;
  for (int c = 0; c < kCustomers; ++c) {
    grpc::ClientContext context;
    rpc::AddCredential(context, "", "default");
    v1::ListTimelineRequest list;
    list.set_customer_id(absl::StrCat("c", c));
    list.set_page_size(1'000);
    v1::ListTimelineResponse timeline;
    if (!world_.milestones().ListTimeline(&context, list, &timeline).ok()) continue;
    for (const v1::TimelineItem& item : timeline.items()) {
      if (item.has_event()) all.push_back(item.event());
    }
  }
  EXPECT_EQ(static_cast<int>(all.size()), migrated.events);
  for (size_t i = 0; i < all.size(); i += 1'000) {
    ASSERT_TRUE(fresh.Ingest({all.begin() + i, all.begin() + std::min(all.size(), i + 1'000)}).ok());
  }
  for (int c = 0; c < kCustomers; ++c) {
    const std::string customer = absl::StrCat("c", c);
    ASSERT_EQ(Look(world_, customer), Look(fresh, customer)) << customer;
  }
  EXPECT_GT(world_.Facts().size(), migrated.facts);
}

}  // namespace
}  // namespace waymark::milestone
