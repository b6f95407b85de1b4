// MergeCustomers: two customers become one, as if everything had been recorded under one id from the start.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "tests/milestone/random_lives.h"
#include "tests/milestone/replays.h"
#include "tests/support/redis_server.h"
#include "waymark/milestone/v1/facts.pb.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MergingTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  absl::StatusOr<v1::MergeCustomersResponse> Merge(const std::string& customer_id, const std::string& into,
                                                   const std::string& workspace = "default", World* world = nullptr) {
    v1::MergeCustomersRequest request;
    request.set_customer_id(customer_id);
    request.set_into_customer_id(into);
    return Call<v1::MergeCustomersResponse>((world == nullptr ? world_ : *world).customers(),
                                            &v1::CustomerService::Stub::MergeCustomers, request, workspace);
  }
  void Delete(const std::string& customer_id, absl::StatusCode code) {
    v1::DeleteCustomerRequest request;
    request.set_customer_id(customer_id);
    const absl::Status status =
        Call<v1::DeleteCustomerResponse>(world_.customers(), &v1::CustomerService::Stub::DeleteCustomer, request)
            .status();
    EXPECT_EQ(status.code(), code) << status;
  }
  // Who answers for a name, and where it stands.
  std::string Stage(World& world, const std::string& customer, v1::AnswerSource source, const std::string& token = "") {
    v1::GetCurrentStageRequest request;
    request.set_customer_id(customer);
    if (token.empty()) {
      request.mutable_consistency()->set_minimize_latency(true);
    } else {
      request.mutable_consistency()->set_at_least_as_fresh(token);
    }
    const auto answer = world.GetStage(request);
    if (!answer.ok()) return answer.status().ToString();
    EXPECT_EQ(answer->source(), source) << customer;
    const v1::CustomerStages& stages = answer->stages();
    return absl::StrCat(stages.customer_id(), ":",
                        stages.enrollments_size() == 0 ? "-" : stages.enrollments(0).stage_key());
  }
  // The ids of the events, and the kinds of conclusions, in the order of the timeline.
  std::vector<std::string> Timeline(const std::string& customer) {
    v1::ListTimelineRequest request;
    request.set_customer_id(customer);
    request.set_page_size(1000);
    const auto answer =
        Call<v1::ListTimelineResponse>(world_.milestones(), &v1::MilestoneService::Stub::ListTimeline, request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    std::vector<std::string> items;
    for (const v1::TimelineItem& item : answer->items()) {
      items.push_back(item.has_conclusion() ? v1::ConclusionKind_Name(item.conclusion().kind()).substr(16)
                                            : item.item_id());
    }
    return items;
  }

  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  World world_{*db_, clock_};
};

INSTANTIATE_TEST_SUITE_P(Engines, MergingTest, support::BothEngines(), support::EngineName);

TEST_P(MergingTest, TheResultIsThatOfAHistoryRecordedUnderOneIdFromTheStart) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  const auto tidy_db = support::OpenFresh(sql::Engine::kSqlite);
  World tidy(*tidy_db, clock_);
  World other(*db_, clock_);
  World* const replicas[] = {&world_, &other};
  RandomJourneys journeys(random, /*late=*/true);
  const auto send = [&](World& world, Sent sent, const std::string& name, const std::string& workspace) {
    if (auto* event = std::get_if<v1::Event>(&sent)) {
      event->set_customer_id(name);
      const auto answer = world.Ingest({*event}, false, workspace);
      ASSERT_TRUE(answer.ok()) << answer.status();
      ASSERT_THAT(answer->results(0).outcome(),
                  ::testing::AnyOf(v1::EVENT_OUTCOME_ACCEPTED, v1::EVENT_OUTCOME_DUPLICATE));
      return;
    }
    std::visit(
        [&](auto& record) {
          if constexpr (!std::is_same_v<std::decay_t<decltype(record)>, v1::Event>) record.set_customer_id(name);
        },
        sent);
    const absl::Status status = SendRecord(world.customers(), world.milestones(), sent, workspace);
    ASSERT_TRUE(status.ok()) << status;
  };
  int merged = 0;
  for (int journey = 0; journey < 15; ++journey) {
    const std::string workspace = absl::StrCat("w", journey);
    const journey::v1::JourneyDefinition definition = journeys.Next();
    world_.Publish("j", 1, definition, workspace);
    tidy.Publish("j", 1, definition, workspace);
    for (int i = 0; i < 8; ++i) {
      // Up to three names, which become one in any order.
      std::vector<std::string> names;
      for (int k = 0; k < 3; ++k) names.push_back(absl::StrCat("name-", i, "-", k));
      std::vector<Sent> history = RandomHistory(random, names[0], Noon());
      for (const Sent& sent : history) send(tidy, sent, names[0], workspace);
      for (size_t k = 0, once = history.size(); k < once; ++k) {
        if (random() % 3 == 0) history.push_back(history[k]);
      }
      std::shuffle(history.begin(), history.end(), random);
      std::vector<std::string> left = {names[1], names[2], names[0]};
      for (const Sent& sent : history) {
        send(*replicas[random() % 2], sent, names[random() % 3], workspace);
        if (left.size() > 1 && random() % 6 == 0) {
          // Each into the one after it, so that what was merged before is merged on.
          const auto done = Merge(left[0], left[1], workspace, replicas[random() % 2]);
          if (done.ok()) left.erase(left.begin());
          EXPECT_TRUE(done.ok() || absl::IsNotFound(done.status())) << done.status();
        }
      }
      for (; left.size() > 1; left.erase(left.begin())) {
        const auto done = Merge(left[0], left[1], workspace);
        ASSERT_TRUE(done.ok() || absl::IsNotFound(done.status())) << done.status();
      }
      const auto expected = tidy.GetProgress(names[0], workspace);
      const auto found = other.GetProgress(names[random() % 3], workspace);
      if (!found.ok()) continue;  // Of a name that nothing was sent of.
      ASSERT_TRUE(expected.ok()) << expected.status();
      EXPECT_EQ(found->customer_id(), names[0]);
      EXPECT_EQ(found->state_hash(), expected->state_hash()) << workspace << " " << names[0];
      EXPECT_EQ(found->event_count(), expected->event_count());
      ++merged;
    }
  }
  EXPECT_GT(merged, 80);
  for (int journey = 0; journey < 15; ++journey) {
    const auto replays = v1::ReplayService::NewStub(world_.channel());
    const auto report = Last<v1::RecomputeReport>(*replays, &v1::ReplayService::Stub::Recompute, v1::RecomputeRequest(),
                                                  absl::StrCat("w", journey));
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->customers_differing(), 0);
  }
}

TEST_P(MergingTest, WhoWasMergedIsAnotherNameOfTheOther) {
  world_.Publish("onboarding", 1, Onboarding());
  ASSERT_TRUE(world_
                  .Ingest({At(1, "anonymous", "connect", "a1"), At(2, "acme", "report", "b1"),
                           At(3, "acme", "report", "b2"), At(4, "other", "connect", "c1")})
                  .ok());
  ASSERT_EQ(world_.StageOf("acme"), "onboarding:setup");
  const auto merged = Merge("anonymous", "acme");
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:adoption");
  EXPECT_EQ(Stage(world_, "acme", v1::ANSWER_SOURCE_CACHE), "acme:adoption");
  EXPECT_EQ(Stage(world_, "anonymous", v1::ANSWER_SOURCE_STORE), "acme:adoption");
  EXPECT_EQ(Stage(world_, "anonymous", v1::ANSWER_SOURCE_STORE, merged->consistency_token()), "acme:adoption");
  EXPECT_EQ(world_.GetProgress("anonymous")->customer_id(), "acme");
  EXPECT_EQ(Timeline("anonymous"), Timeline("acme"));
  EXPECT_THAT(Timeline("acme"),
              ElementsAre("b1", "b2", "a1", "ENROLLED", "STAGE_ENTERED", "MILESTONE_ACHIEVED", "STAGE_ENTERED"));
  EXPECT_THAT(world_.Completed("onboarding"), ElementsAre(2, 0, 0)) << "the other one, too";

  // What is sent of the old name goes there, and is recognised.
  EXPECT_THAT(world_.Outcomes({At(1, "anonymous", "connect", "a1"), At(2, "anonymous", "report", "b1"),
                               At(2, "anonymous", "login", "b1"), At(5, "anonymous", "report", "a2"),
                               At(4, "other", "login", "c2")}),
              ElementsAre("DUPLICATE", "DUPLICATE", "CONFLICT", "ACCEPTED", "ACCEPTED"));
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:renewal");
  v1::IdentifyRequest identify;
  identify.set_customer_id("anonymous");
  (*identify.mutable_attributes()->mutable_fields())["plan"].set_string_value("pro");
  ASSERT_TRUE(Call<v1::IdentifyResponse>(world_.customers(), &v1::CustomerService::Stub::Identify, identify).ok());
  v1::GetCustomerRequest get;
  get.set_customer_id("acme");
  const auto customer = Call<v1::GetCustomerResponse>(world_.customers(), &v1::CustomerService::Stub::GetCustomer, get);
  ASSERT_TRUE(customer.ok()) << customer.status();
  EXPECT_EQ(customer->customer().attributes().fields().at("plan").string_value(), "pro");
  EXPECT_EQ(world_.GetProgress("acme")->event_count(), 4);
  // There is no such customer in the list any more.
  v1::ListCustomersResponse list = *Call<v1::ListCustomersResponse>(
      world_.customers(), &v1::CustomerService::Stub::ListCustomers, v1::ListCustomersRequest());
  ASSERT_EQ(list.customers_size(), 2);
  EXPECT_EQ(list.customers(0).customer_id(), "acme");
}

TEST_P(MergingTest, AnUnknownOneIsAnotherIdForTheCustomer) {
  world_.Publish("onboarding", 1, Onboarding());
  ASSERT_TRUE(world_.Ingest({At(1, "anonymous", "connect", "1")}).ok());
  ASSERT_TRUE(Merge("anonymous", "acme").ok());
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:adoption");
  EXPECT_EQ(world_.StageOf("anonymous"), "onboarding:adoption");
}

TEST_P(MergingTest, WhatFollowsIsHistoryAndSendsNothing) {
  world_.Publish("onboarding", 1, Onboarding());
  ASSERT_TRUE(world_.Ingest({At(1, "anonymous", "connect", "1"), At(2, "acme", "report", "2")}).ok());
  ASSERT_TRUE(Merge("anonymous", "acme").ok());
  std::vector<std::string> facts;
  const absl::Status read = world_.parts().journal().db().Read([&](sql::Transaction& tx) -> absl::Status {
    for (int lane = 0; lane < journal::kLanes; ++lane) {
      auto stretch = world_.parts().journal().Read(tx, lane, 0, 1000, std::nullopt);
      if (!stretch.ok()) return stretch.status();
      for (const journal::Entry& entry : stretch->entries) {
        v1::StageEntered entered;
        if (entry.type != entered.GetDescriptor()->full_name()) continue;
        EXPECT_TRUE(entered.ParseFromString(entry.payload));
        facts.push_back(absl::StrCat(entry.key, " ", entered.stage_key(), entered.context().historical() ? "!" : ""));
      }
    }
    return absl::OkStatus();
  });
  ASSERT_TRUE(read.ok()) << read;
  EXPECT_THAT(facts, ElementsAre("acme setup!", "acme adoption!"));
}

TEST_P(MergingTest, OfTwoWithOneIdTheFirstReceivedStands) {
  world_.Publish("onboarding", 1, Onboarding());
  ASSERT_TRUE(world_.Ingest({At(1, "anonymous", "connect", "same")}).ok());
  clock_.Advance(absl::Minutes(1));
  ASSERT_TRUE(world_.Ingest({At(1, "acme", "login", "same"), At(2, "acme", "login", "else")}).ok());
  clock_.Advance(absl::Minutes(1));
  ASSERT_TRUE(world_.Ingest({At(2, "anonymous", "report", "else")}).ok());
  ASSERT_TRUE(Merge("anonymous", "acme").ok());
  EXPECT_THAT(world_.Outcomes({At(1, "acme", "connect", "same"), At(2, "acme", "login", "else"),
                               At(1, "acme", "login", "same"), At(2, "anonymous", "report", "else")}),
              ElementsAre("DUPLICATE", "DUPLICATE", "CONFLICT", "CONFLICT"));
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:adoption");
  EXPECT_EQ(world_.GetProgress("acme")->event_count(), 2);
}

TEST_P(MergingTest, AJourneyStaysPinnedAsWhenTheFirstOfThemGotIn) {
  world_.Publish("onboarding", 1, Onboarding());
  ASSERT_TRUE(world_.Ingest({At(1, "anonymous", "connect", "1")}).ok());
  world_.Publish("onboarding", 2, Steps({{"hello", "connect"}, {"bye", "renew"}}));
  ASSERT_TRUE(world_.Ingest({At(2, "acme", "report", "2")}).ok());
  ASSERT_EQ(world_.StageOf("acme"), "onboarding:hello");
  ASSERT_TRUE(Merge("anonymous", "acme").ok());
  EXPECT_EQ(world_.GetProgress("acme")->enrollments(0).current().version(), 1u);
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:adoption");
}

TEST_P(MergingTest, LongHistoriesAreMergedWhole) {
  world_.Publish("onboarding", 1, Steps({{"setup", "connect"}, {"adoption", "report", 1'400}, {"renewal", "renew"}}));
  std::vector<v1::Event> events;
  for (int i = 0; i < 1'500; ++i) {
    events.push_back(
        At(i - 2'000, i % 2 == 0 ? "anonymous" : "acme", i == 0 ? "connect" : "report", absl::StrCat("e", i)));
    if (events.size() < 500) continue;
    ASSERT_TRUE(world_.Ingest(events).ok());
    events.clear();
  }
  ASSERT_TRUE(Merge("anonymous", "acme").ok());
  EXPECT_EQ(world_.StageOf("acme"), "onboarding:renewal");
  EXPECT_EQ(world_.GetProgress("acme")->event_count(), 1'500);
  EXPECT_THAT(world_.Outcomes({At(-2'000, "acme", "connect", "e0"), At(-501, "acme", "report", "e1499"),
                               At(-600, "acme", "renew", "late")}),
              ElementsAre("DUPLICATE", "DUPLICATE", "ACCEPTED"));
}

TEST_P(MergingTest, WhatCannotBeMergedIsRefusedAndARepetitionIsNot) {
  world_.Publish("onboarding", 1, Onboarding());
  ASSERT_TRUE(world_
                  .Ingest({At(1, "a", "connect", "1"), At(1, "b", "connect", "1"), At(1, "c", "connect", "1"),
                           At(1, "gone", "connect", "1")})
                  .ok());
  Delete("gone", absl::StatusCode::kOk);
  const auto refused = [&](const std::string& customer, const std::string& into) {
    return Merge(customer, into).status();
  };
  EXPECT_EQ(refused("a", "a").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused("", "a").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(refused("nobody", "a").code(), absl::StatusCode::kNotFound);
  for (const auto& [customer, into, field] :
       {std::tuple("gone", "a", "customer_id"), std::tuple("a", "gone", "into_customer_id")}) {
    const absl::Status status = refused(customer, into);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    ASSERT_EQ(ViolationsOf(status).size(), 1u);
    EXPECT_EQ(ViolationsOf(status)[0].field, field);
  }
  ASSERT_TRUE(Merge("a", "b").ok());
  EXPECT_TRUE(Merge("a", "b").ok()) << "again";
  // A ring, and names that lead elsewhere already.
  for (const auto& [customer, into] : {std::pair("b", "a"), std::pair("a", "c"), std::pair("c", "a")}) {
    const absl::Status status = refused(customer, into);
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << customer << " into " << into;
    EXPECT_THAT(std::string(status.message()), HasSubstr("was merged into \"b\": name that one"));
  }
  // A name that leads on.
  ASSERT_TRUE(Merge("b", "c").ok());
  EXPECT_EQ(world_.GetProgress("a")->customer_id(), "c");
  EXPECT_THAT(world_.Outcomes({At(2, "a", "login", "2"), At(2, "b", "login", "3")}),
              ElementsAre("ACCEPTED", "ACCEPTED"));
  EXPECT_EQ(world_.GetProgress("c")->event_count(), 3);
}

TEST_P(MergingTest, DeletingTheOtherForgetsEveryName) {
  world_.Publish("onboarding", 1, Onboarding());
  ASSERT_TRUE(world_.Ingest({At(1, "a", "connect", "1"), At(1, "b", "connect", "2")}).ok());
  ASSERT_TRUE(Merge("a", "b").ok());
  Delete("a", absl::StatusCode::kFailedPrecondition);
  Delete("b", absl::StatusCode::kOk);
  for (const char* name : {"a", "b"}) {
    EXPECT_EQ(world_.GetProgress(name).status().code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(world_.Outcomes({At(2, name, "login", "3")}), ElementsAre("INVALID"));
  }
}

TEST_P(MergingTest, AnotherWorkspaceKeepsItsOwn) {
  world_.Publish("onboarding", 1, Onboarding());
  world_.Publish("onboarding", 1, Onboarding(), "elsewhere");
  ASSERT_TRUE(world_.Ingest({At(1, "a", "connect", "1"), At(1, "b", "login", "2")}).ok());
  ASSERT_TRUE(world_.Ingest({At(1, "a", "login", "1"), At(1, "b", "login", "2")}, false, "elsewhere").ok());
  ASSERT_TRUE(Merge("a", "b").ok());
  EXPECT_EQ(world_.StageOf("a", "elsewhere"), "onboarding:setup");
  EXPECT_EQ(world_.GetProgress("a", "elsewhere")->customer_id(), "a");
  ASSERT_TRUE(world_.Ingest({At(2, "a", "connect", "3")}, false, "elsewhere").ok());
  EXPECT_EQ(world_.StageOf("a", "elsewhere"), "onboarding:adoption");
  EXPECT_EQ(world_.StageOf("b", "elsewhere"), "onboarding:setup");
}

// Redis has the old stage of the name that is none any more; it is never served again, told by the shortcut or by the
// tail.
TEST_P(MergingTest, RedisServesTheOldStageNoMore) {
  support::RedisServer server;
  const auto redis = redis::Client::Create({.url = server.url(), .timeout = absl::Seconds(20)}).value();
  World one(*db_, clock_, redis.get());
  one.Publish("onboarding", 1, Onboarding());
  ASSERT_TRUE(one.Ingest({At(1, "a", "connect", "1"), At(1, "b", "login", "2")}).ok());
  one.Settle();
  ASSERT_EQ(Stage(one, "a", v1::ANSWER_SOURCE_CACHE), "a:adoption");
  // A replica without Redis merges: only the tail tells of it.
  ASSERT_TRUE(Merge("a", "b").ok());
  one.Settle();
  EXPECT_EQ(Stage(one, "a", v1::ANSWER_SOURCE_STORE), "b:adoption");
  EXPECT_EQ(Stage(one, "b", v1::ANSWER_SOURCE_CACHE), "b:adoption");
  // And by the shortcut.
  ASSERT_TRUE(one.Ingest({At(1, "c", "connect", "1")}).ok());
  ASSERT_EQ(Stage(one, "c", v1::ANSWER_SOURCE_CACHE), "c:adoption");
  ASSERT_TRUE(Merge("c", "b", "default", &one).ok());
  EXPECT_EQ(Stage(one, "c", v1::ANSWER_SOURCE_STORE), "b:adoption");
}

}  // namespace
}  // namespace waymark::milestone
