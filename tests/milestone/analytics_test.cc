// Counts and times over all customers, as clients of the service see them.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/rpc/status.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Onboarding() that cancelling ends.
journey::v1::JourneyDefinition WithExit() {
  journey::v1::JourneyDefinition definition = Onboarding();
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(
      "exits { key: 'gone' outcome: OUTCOME_CHURNED criterion { event_count { event_types: 'cancel' } } }",
      &definition));
  return definition;
}

class AnalyticsTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(grpc::Status (v1::AnalyticsService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                                                  Response*),
                               const Request& request) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (world_.analytics().*method)(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }
  // With the journey and, as text, the rest.
  template <typename Request>
  static Request Asking(const std::string& rest = "") {
    Request request;
    request.set_journey_id("onboarding");
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(rest, &request));
    return request;
  }
  v1::GetFunnelResponse Funnel(const std::string& rest = "") {
    return Ask(&v1::AnalyticsService::Stub::GetFunnel, Asking<v1::GetFunnelRequest>(rest)).value();
  }
  // Of each stage: entered, completed, present, left.
  static std::vector<std::string> Counts(const v1::GetFunnelResponse& funnel) {
    std::vector<std::string> counts;
    for (const v1::FunnelStage& stage : funnel.stages()) {
      counts.push_back(absl::StrCat(stage.entered(), " ", stage.completed(), " ", stage.present(), " ", stage.left()));
    }
    return counts;
  }
  static std::string AsOf(absl::Time time) {
    return absl::StrCat("cohort { as_of { seconds: ", absl::ToUnixSeconds(time), " } }");
  }
  void Send(const std::string& customer, const std::vector<std::pair<int, std::string>>& story) {
    std::vector<v1::Event> events;
    for (const auto& [minute, type] : story) {
      events.push_back(At(minute, customer, type, absl::StrCat(customer, "-", ++sent_)));
    }
    const auto receipt = world_.Ingest(events);
    ASSERT_TRUE(receipt.ok()) << receipt.status();
  }
  // acme completes, birch leaves, cedar stands where it began, dune does everything in the wrong order.
  void SendStories() {
    Send("acme", {{-100, "connect"}, {-90, "report"}, {-80, "report"}, {-70, "report"}, {-10, "renew"}});
    Send("birch", {{-100, "login"}, {-95, "connect"}, {-94, "report"}, {-60, "cancel"}});
    Send("cedar", {{-50, "login"}, {-49, "login"}});
    Send("dune", {{-40, "renew"}, {-39, "report"}, {-38, "report"}, {-37, "report"}, {-30, "connect"}});
  }

  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  World world_{*db_, clock_};
  int sent_ = 0;
};

// ---- Funnel ----

TEST_P(AnalyticsTest, TheFunnelTellsWhoCameHowFarWhoIsThereAndWhoLeft) {
  world_.Publish("onboarding", 1, WithExit());
  SendStories();
  const v1::GetFunnelResponse funnel = Funnel();
  EXPECT_EQ(funnel.enrolled(), 4);
  EXPECT_EQ(funnel.customers(), 4);
  EXPECT_THAT(Counts(funnel), ElementsAre("4 3 1 0", "3 1 1 1", "1 1 0 0"));
  EXPECT_DOUBLE_EQ(funnel.stages(1).conversion(), 0.25);
  EXPECT_FALSE(funnel.stages(0).has_open());
  EXPECT_EQ(funnel.as_of().seconds(), absl::ToUnixSeconds(Noon()));
}

TEST_P(AnalyticsTest, TheOpenFunnelCountsWhatWasEverDoneWhateverTheOrder) {
  world_.Publish("onboarding", 1, WithExit());
  SendStories();
  const v1::GetFunnelResponse funnel = Funnel("include_open: true");
  EXPECT_THAT(Counts(funnel), ElementsAre("4 3 1 0", "3 1 1 1", "1 1 0 0"));
  EXPECT_EQ(funnel.stages(0).open(), 3);
  EXPECT_EQ(funnel.stages(1).open(), 2);  // acme and dune.
  EXPECT_EQ(funnel.stages(2).open(), 2);
  // dune's third report came at -37, and it connected last.
  const v1::GetFunnelResponse before = Funnel("include_open: true " + AsOf(Noon() - absl::Minutes(38)));
  EXPECT_EQ(before.stages(0).open(), 2);
  EXPECT_EQ(before.stages(1).open(), 1);
  EXPECT_EQ(before.stages(2).open(), 1);
}

// The law of as_of: a server that has been sent nothing later answers the same.
TEST_P(AnalyticsTest, AsOfAnInstantEqualsAServerThatKnowsNothingLater) {
  const uint32_t seed = 4711;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  journey::v1::JourneyDefinition definition = WithExit();
  // Time moves on, too: who renews comes to a stage that half an hour without a login completes.
  ASSERT_TRUE(google::protobuf::TextFormat::MergeFromString(
      "stages { key: 'quiet' milestones { key: 'silence' scope: SCOPE_FROM_STAGE criterion { absence { event_types: "
      "'login' lasting { seconds: 1800 } } } } }",
      &definition));
  world_.Publish("onboarding", 1, definition);
  const std::vector<std::string> types = {"connect", "report", "report", "renew", "login", "cancel"};
  std::vector<v1::Event> events;
  for (int i = 0; i < 600; ++i) {
    events.push_back(At(-static_cast<int>(random() % 300), absl::StrCat("c", random() % 40),
                        types[random() % (random() % 10 == 0 ? 6 : 5)], absl::StrCat("e", i)));
  }
  ASSERT_TRUE(world_.Ingest(events).ok());
  world_.Settle();
  for (const int minute : {-299, -250, -200, -120, -60, -31, 0}) {
    SCOPED_TRACE(minute);
    const absl::Time instant = Noon() + absl::Minutes(minute);
    VirtualClock clock(instant);
    const std::unique_ptr<sql::Database> db = support::OpenFresh(GetParam());
    World then(*db, clock);
    then.Publish("onboarding", 1, definition);
    std::vector<v1::Event> known;
    for (const v1::Event& event : events) {
      if (event.event_time().seconds() <= absl::ToUnixSeconds(instant)) known.push_back(event);
    }
    if (!known.empty()) {
      ASSERT_TRUE(then.Ingest(known).ok());
    }
    then.Settle();
    EXPECT_EQ(Funnel(AsOf(instant)).DebugString(), then.GetFunnel("onboarding")->DebugString());
    grpc::ClientContext context;
    v1::GetDwellResponse dwell;
    ASSERT_TRUE(then.analytics().GetDwell(&context, Asking<v1::GetDwellRequest>(), &dwell).ok());
    EXPECT_EQ(Ask(&v1::AnalyticsService::Stub::GetDwell, Asking<v1::GetDwellRequest>(AsOf(instant)))->DebugString(),
              dwell.DebugString());
  }
}

TEST_P(AnalyticsTest, CohortsAreOfAVersionAndOfAWindow) {
  world_.Publish("onboarding", 1, Onboarding());
  Send("acme", {{-100, "connect"}});
  world_.Publish("onboarding", 2, Steps({{"setup", "connect"}, {"habit", "report"}}));
  Send("birch", {{-50, "connect"}});
  // Stages of the latest version; acme's adoption is none of them.
  EXPECT_THAT(Counts(Funnel()), ElementsAre("2 2 0 0", "1 0 1 0"));
  EXPECT_EQ(Funnel("cohort { version: 2 }").enrolled(), 1);
  const v1::GetFunnelResponse first = Funnel("cohort { version: 1 }");
  EXPECT_EQ(first.version(), 1u);
  EXPECT_THAT(Counts(first), ElementsAre("1 1 0 0", "1 0 1 0", "0 0 0 0"));
  const auto window = [&](int from, int until) {
    return Funnel(absl::StrCat("cohort { enrolled_from { seconds: ", absl::ToUnixSeconds(Noon()) + from * 60,
                               " } enrolled_until { seconds: ", absl::ToUnixSeconds(Noon()) + until * 60, " } }"))
        .enrolled();
  };
  EXPECT_EQ(window(-100, -50), 1);
  EXPECT_EQ(window(-100, -49), 2);
  EXPECT_EQ(window(-99, -50), 0);
}

TEST_P(AnalyticsTest, CohortsAreOfASegmentThatTheVersionPins) {
  journey::v1::PinnedSegment heavy;
  heavy.set_segment_id("heavy");
  heavy.mutable_criterion()->mutable_event_count()->add_event_types("report");
  heavy.mutable_criterion()->mutable_event_count()->set_at_least(3);
  world_.Publish("onboarding", 1, WithExit(), "default", {heavy});
  SendStories();
  EXPECT_THAT(Counts(Funnel("cohort { segment_id: 'heavy' }")), ElementsAre("2 2 0 0", "2 1 1 0", "1 1 0 0"));
  EXPECT_EQ(Funnel(absl::StrCat("cohort { segment_id: 'heavy' as_of { seconds: ",
                                absl::ToUnixSeconds(Noon() - absl::Minutes(38)), " } }"))
                .enrolled(),
            1);
}

TEST_P(AnalyticsTest, EachEnrollmentCountsAndEachCustomerOnce) {
  journey::v1::JourneyDefinition definition = WithExit();
  definition.mutable_entry()->set_re_entry(journey::v1::RE_ENTRY_AFTER_EXIT);
  world_.Publish("onboarding", 1, definition);
  Send("acme", {{-100, "connect"}, {-90, "cancel"}, {-80, "login"}, {-70, "connect"}});
  const v1::GetFunnelResponse funnel = Funnel();
  EXPECT_EQ(funnel.enrolled(), 2);
  EXPECT_EQ(funnel.customers(), 1);
  EXPECT_THAT(Counts(funnel), ElementsAre("2 2 0 0", "2 0 1 1", "0 0 0 0"));
}

// ---- Dwell ----

int64_t Minutes(const google::protobuf::Duration& duration) { return duration.seconds() / 60; }

TEST_P(AnalyticsTest, DwellIsOfThoseWhoMovedOnAndTheMedianOfEverybody) {
  world_.Publish("onboarding", 1, WithExit());
  SendStories();
  const v1::GetDwellResponse dwell = Ask(&v1::AnalyticsService::Stub::GetDwell, Asking<v1::GetDwellRequest>()).value();
  EXPECT_EQ(dwell.enrolled(), 4);
  // Set up took acme 0, birch 5 and dune 10 minutes; cedar has been there for 50.
  const v1::TimeSummary& setup = dwell.stages(0).stay();
  EXPECT_EQ(setup.finished(), 3);
  EXPECT_EQ(setup.unfinished(), 1);
  EXPECT_EQ(Minutes(setup.p50()), 5);
  EXPECT_EQ(Minutes(setup.p90()), 10);
  EXPECT_EQ(Minutes(setup.median()), 5);  // 3/4, 2/4.
  // Adoption took acme 30 minutes; birch was ended in it after 35, dune has been there for 30.
  const v1::TimeSummary& adoption = dwell.stages(1).stay();
  EXPECT_EQ(adoption.finished(), 1);
  EXPECT_EQ(adoption.unfinished(), 2);
  EXPECT_EQ(Minutes(adoption.p50()), 30);
  EXPECT_FALSE(adoption.has_median());  // 2/3 are not done with it.
  // From the enrollment to having adoption behind them.
  EXPECT_EQ(Minutes(dwell.stages(1).since_start().p50()), 30);
  EXPECT_EQ(dwell.stages(1).since_start().unfinished(), 3);
  EXPECT_EQ(Minutes(dwell.stages(2).since_start().p50()), 90);
  EXPECT_EQ(dwell.milestones(0).milestone_key(), "setup_done");
  EXPECT_EQ(Minutes(dwell.milestones(0).since_start().p90()), 10);
  EXPECT_EQ(dwell.milestones(1).stage_key(), "adoption");
  // Of the others nobody has been looked at for so long.
  EXPECT_EQ(Minutes(dwell.milestones(2).since_start().median()), 90);
}

TEST_P(AnalyticsTest, SinceStartMayCountFromAStage) {
  world_.Publish("onboarding", 1, WithExit());
  SendStories();
  const v1::GetDwellResponse dwell =
      Ask(&v1::AnalyticsService::Stub::GetDwell, Asking<v1::GetDwellRequest>("from_stage_key: 'adoption'")).value();
  EXPECT_EQ(dwell.stages(0).since_start().finished(), 0);
  EXPECT_EQ(dwell.stages(0).since_start().unfinished(), 0);
  EXPECT_EQ(dwell.stages(0).stay().finished(), 3);
  const v1::TimeSummary& renewal = dwell.stages(2).since_start();
  EXPECT_EQ(renewal.finished(), 1);
  EXPECT_EQ(renewal.unfinished(), 2);
  EXPECT_EQ(Minutes(renewal.p50()), 90);
}

// ---- Friction ----

TEST_P(AnalyticsTest, FrictionRanksStagesAndMilestones) {
  journey::v1::JourneyDefinition definition = WithExit();
  definition.mutable_stages(0)->mutable_target()->set_seconds(8 * 60);
  definition.mutable_stages(1)->mutable_milestones(0)->mutable_deadline()->set_seconds(20 * 60);
  world_.Publish("onboarding", 1, definition);
  SendStories();
  const auto friction = [&](const std::string& order) {
    return Ask(&v1::AnalyticsService::Stub::GetFriction, Asking<v1::GetFrictionRequest>(order)).value();
  };
  const auto names = [](const v1::GetFrictionResponse& answer) {
    std::vector<std::string> names;
    for (const v1::FrictionPoint& point : answer.points()) {
      names.push_back(absl::StrCat(point.stage_key(), "/", point.milestone_key()));
    }
    return names;
  };
  const v1::GetFrictionResponse by_drop_off = friction("");
  EXPECT_THAT(names(by_drop_off), ElementsAre("adoption/", "adoption/adoption_done", "setup/", "setup/setup_done",
                                              "renewal/", "renewal/renewal_done"));
  const v1::FrictionPoint& adoption = by_drop_off.points(0);
  EXPECT_EQ(adoption.entered(), 3);
  EXPECT_EQ(adoption.completed(), 1);
  EXPECT_EQ(adoption.waiting(), 1);
  EXPECT_EQ(adoption.left(), 1);
  EXPECT_NEAR(adoption.drop_off(), 2.0 / 3, 1e-12);
  EXPECT_FALSE(adoption.has_overdue_share());
  const v1::FrictionPoint& reports = by_drop_off.points(1);
  EXPECT_EQ(reports.overdue(), 3);  // 30 minutes, 35 until the end, 30 until now.
  EXPECT_DOUBLE_EQ(reports.dwell_against_target(), 1.5);
  const v1::FrictionPoint& setup = by_drop_off.points(2);
  EXPECT_EQ(setup.overdue(), 2);  // dune took 10 minutes, cedar has waited for 50.
  EXPECT_DOUBLE_EQ(setup.overdue_share(), 0.5);
  EXPECT_DOUBLE_EQ(setup.dwell_against_target(), 5.0 / 8);
  EXPECT_EQ(names(friction("order: FRICTION_ORDER_OVERDUE"))[0], "adoption/adoption_done");
  EXPECT_EQ(names(friction("order: FRICTION_ORDER_OVERDUE"))[1], "setup/");
  EXPECT_EQ(names(friction("order: FRICTION_ORDER_DWELL"))[0], "adoption/adoption_done");
}

// ---- Paths ----

std::string NameOf(const v1::PathNode& node) {
  switch (node.node_case()) {
    case v1::PathNode::kStageKey:
      return node.stage_key();
    case v1::PathNode::kEventType:
      return node.event_type();
    default:
      return absl::StrCat("(", v1::PathEnd_Name(node.end()).substr(std::string("PATH_END_").size()), ")");
  }
}

std::vector<std::string> LinksOf(const v1::GetPathsResponse& paths) {
  std::vector<std::string> links;
  for (const v1::PathLink& link : paths.links()) {
    links.push_back(absl::StrCat(NameOf(link.from()), ">", NameOf(link.to()), " ", link.times(), "/",
                                 link.enrollments(), link.back() ? " back" : "", link.hidden() ? " hidden" : ""));
  }
  return links;
}

TEST_P(AnalyticsTest, PathsBetweenStagesShowWhatIsComeBackTo) {
  journey::v1::JourneyDefinition definition = Steps({{"setup", "connect"}, {"use", "renew"}});
  ASSERT_TRUE(
      google::protobuf::TextFormat::MergeFromString("transitions { key: 'on' from_stage: 'setup' to_stage: 'use' } "
                                                    "transitions { key: 'again' from_stage: 'use' to_stage: 'setup' "
                                                    "criterion { event_count { event_types: 'break' } } }"
                                                    "transitions { key: 'done' from_stage: 'use' }",
                                                    &definition));
  definition.mutable_stages(0)->set_regress(journey::v1::REGRESS_ALLOW);
  world_.Publish("onboarding", 1, definition);
  Send("acme", {{-90, "connect"}, {-80, "break"}, {-70, "connect"}, {-60, "break"}, {-50, "connect"}, {-40, "renew"}});
  Send("birch", {{-90, "connect"}, {-80, "login"}});
  const v1::GetPathsResponse paths = Ask(&v1::AnalyticsService::Stub::GetPaths, Asking<v1::GetPathsRequest>()).value();
  EXPECT_EQ(paths.enrolled(), 2);
  EXPECT_THAT(LinksOf(paths), ElementsAre("setup>use 4/2", "(ENROLLED)>setup 2/2", "use>setup 2/1 back",
                                          "use>(COMPLETED) 1/1", "use>(STILL_THERE) 1/1"));
  ASSERT_EQ(paths.rework_size(), 2);
  EXPECT_EQ(NameOf(paths.rework(0).node()), "setup");
  EXPECT_EQ(paths.rework(0).times(), 2);
  EXPECT_EQ(paths.rework(0).enrollments(), 1);
  EXPECT_THAT(paths.hidden(), IsEmpty());
  const v1::GetPathsResponse two =
      Ask(&v1::AnalyticsService::Stub::GetPaths, Asking<v1::GetPathsRequest>("max_links: 2")).value();
  EXPECT_EQ(two.links_size(), 2);
  EXPECT_EQ(two.other_links(), 3);
  EXPECT_EQ(two.other_times(), 4);
}

TEST_P(AnalyticsTest, PathsBetweenEventsShowWhatTheJourneyDoesNotName) {
  world_.Publish("onboarding", 1, WithExit());
  Send("acme", {{-100, "connect"}, {-90, "login"}, {-85, "login"}, {-80, "report"}, {-70, "login"}});
  Send("birch",
       {{-100, "login"}, {-95, "connect"}, {-60, "cancel"}, {-50, "report"}});  // The last comes after the end.
  const v1::GetPathsResponse paths =
      Ask(&v1::AnalyticsService::Stub::GetPaths, Asking<v1::GetPathsRequest>("steps: PATH_STEPS_EVENTS")).value();
  EXPECT_THAT(
      LinksOf(paths),
      ElementsAre("(ENROLLED)>connect 1/1", "(ENROLLED)>login 1/1 hidden", "cancel>(EXITED) 1/1", "connect>cancel 1/1",
                  "connect>login 1/1 hidden", "login>(STILL_THERE) 1/1 hidden", "login>connect 1/1 hidden",
                  "login>login 1/1 back hidden", "login>report 1/1 hidden", "report>login 1/1 hidden"));
  ASSERT_EQ(paths.rework_size(), 1);
  EXPECT_EQ(NameOf(paths.rework(0).node()), "login");
  EXPECT_EQ(paths.rework(0).times(), 1);
  ASSERT_EQ(paths.hidden_size(), 1);
  EXPECT_EQ(paths.hidden(0).event_type(), "login");
  EXPECT_EQ(paths.hidden(0).times(), 4);
  EXPECT_EQ(paths.hidden(0).enrollments(), 2);
}

// ---- Conformance ----

TEST_P(AnalyticsTest, ConformanceHoldsEachEventAgainstTheStageStoodIn) {
  world_.Publish("onboarding", 1, WithExit());
  SendStories();
  Send("acme", {{-75, "connect"}});  // Again, in adoption.
  const auto ask = [&](const std::string& rest) {
    return Ask(&v1::AnalyticsService::Stub::GetConformance, Asking<v1::GetConformanceRequest>(rest)).value();
  };
  const v1::GetConformanceResponse acme = ask("customer_id: 'acme'");
  EXPECT_EQ(acme.enrolled(), 1);
  EXPECT_EQ(acme.conforming(), 1);
  EXPECT_EQ(acme.fitting(), 5);
  EXPECT_EQ(acme.again(), 1);
  EXPECT_DOUBLE_EQ(acme.share(), 1);
  const v1::GetConformanceResponse dune = ask("customer_id: 'dune'");
  EXPECT_EQ(dune.fitting(), 2);  // What opened the journey, and connecting.
  EXPECT_EQ(dune.ahead(), 3);
  EXPECT_EQ(dune.conforming(), 0);
  EXPECT_DOUBLE_EQ(dune.share(), 2.0 / 5);
  ASSERT_EQ(dune.deviations_size(), 1);
  EXPECT_EQ(dune.deviations(0).kind(), v1::DEVIATION_KIND_AHEAD);
  EXPECT_EQ(dune.deviations(0).event_type(), "report");
  EXPECT_EQ(dune.deviations(0).stage_key(), "setup");
  EXPECT_EQ(dune.deviations(0).named_by_stage_key(), "adoption");
  EXPECT_EQ(dune.deviations(0).times(), 3);
  const v1::GetConformanceResponse all = ask("");
  EXPECT_EQ(all.enrolled(), 4);
  EXPECT_EQ(all.conforming(), 3);  // All but dune; cedar did nothing that is named.
  EXPECT_EQ(all.fitting(), 5 + 4 + 1 + 2);
  EXPECT_EQ(all.ahead(), 3);
  EXPECT_EQ(all.again(), 1);
  EXPECT_EQ(all.outside(), 1);
  EXPECT_EQ(all.deviations_size(), 2);
  EXPECT_EQ(all.deviations(1).example_customer_id(), "acme");
  EXPECT_EQ(all.deviations(1).example_event_id(), "acme-17");
}

// ---- Revenue ----

class RevenueTest : public AnalyticsTest {
 protected:
  v1::Event Paid(int minutes, const std::string& customer, const std::string& type, double amount) {
    v1::Event event = At(minutes, customer, type, absl::StrCat("paid-", ++paid_));
    auto& contract = *(*event.mutable_properties()->mutable_fields())["contract"].mutable_struct_value();
    (*contract.mutable_fields())["value"].set_number_value(amount);
    return event;
  }
  static std::string Period(int from, int until, const std::string& more = "") {
    return absl::StrCat("from { seconds: ", absl::ToUnixSeconds(Noon()) + from * 60,
                        " } until { seconds: ", absl::ToUnixSeconds(Noon()) + until * 60, " } ",
                        more.empty() ? kSources : more);
  }
  static constexpr char kSources[] =
      "sources { event_type: 'signed' property: 'contract.value' kind: REVENUE_KIND_NEW } "
      "sources { event_type: 'renewed' property: 'contract.value' kind: REVENUE_KIND_RENEWAL } "
      "sources { event_type: 'more' property: 'contract.value' amount: REVENUE_AMOUNT_CHANGE kind: "
      "REVENUE_KIND_UPSELL } sources { event_type: 'cancel' }";
  v1::GetRevenueResponse Revenue(const std::string& rest) {
    return Ask(&v1::AnalyticsService::Stub::GetRevenue, Asking<v1::GetRevenueRequest>(rest)).value();
  }
  int paid_ = 0;
};

TEST_P(RevenueTest, RetentionIsOfThoseWhoBroughtSomethingAtTheBeginning) {
  world_.Publish("onboarding", 1, Onboarding());
  Send("birch", {{-100, "connect"}});
  ASSERT_TRUE(world_
                  .Ingest({// Grows by two kinds.
                           Paid(-100, "acme", "signed", 1000), Paid(-50, "acme", "more", 250.5),
                           Paid(-40, "acme", "renewed", 1500),
                           // Shrinks.
                           Paid(-90, "birch", "signed", 800), Paid(-30, "birch", "renewed", 600),
                           // Ends; what it is sold later is growth, and makes up for nothing.
                           Paid(-95, "cedar", "signed", 400), At(-45, "cedar", "cancel", "c"),
                           Paid(-20, "cedar", "signed", 100),
                           // Ends for good.
                           Paid(-95, "dune", "signed", 200), At(-45, "dune", "cancel", "c"),
                           // Brings nothing at the beginning.
                           Paid(-59, "elm", "signed", 5000),
                           // Cannot be read.
                           At(-50, "birch", "more", "no-amount"), Paid(-50, "birch", "more", 1e11),
                           // Comes after the end.
                           Paid(-5, "acme", "more", 9000)})
                  .ok());
  const v1::GetRevenueResponse revenue = Revenue(Period(-60, -10));
  const v1::RevenueRetention& total = revenue.total();
  EXPECT_EQ(total.customers(), 4);
  EXPECT_EQ(total.churned_customers(), 1);
  EXPECT_EQ(total.start_amount(), 2400);
  EXPECT_EQ(total.end_amount(), 1500 + 600 + 100);
  ASSERT_EQ(total.expansion_size(), 3);
  EXPECT_EQ(total.expansion(0).kind(), v1::REVENUE_KIND_NEW);
  EXPECT_EQ(total.expansion(0).amount(), 100);
  EXPECT_EQ(total.expansion(1).kind(), v1::REVENUE_KIND_RENEWAL);
  EXPECT_EQ(total.expansion(1).amount(), 249.5);
  EXPECT_EQ(total.expansion(2).kind(), v1::REVENUE_KIND_UPSELL);
  EXPECT_EQ(total.expansion(2).amount(), 250.5);
  EXPECT_EQ(total.expansion(2).customers(), 1);
  EXPECT_EQ(total.contraction(), 200);
  EXPECT_EQ(total.churn(), 600);
  EXPECT_DOUBLE_EQ(total.net_retention(), 2200.0 / 2400);
  EXPECT_DOUBLE_EQ(total.gross_retention(), (1000.0 + 600 + 100) / 2400);
  EXPECT_EQ(revenue.unreadable_events(), 2);
  // birch stood in adoption, the others in set-up.
  ASSERT_EQ(revenue.stages_size(), 3);
  EXPECT_EQ(revenue.stages(0).retention().start_amount(), 1600);
  EXPECT_EQ(revenue.stages(1).retention().start_amount(), 800);
  EXPECT_DOUBLE_EQ(revenue.stages(1).retention().net_retention(), 0.75);
  EXPECT_FALSE(revenue.stages(2).retention().has_net_retention());
}

TEST_P(RevenueTest, WhatComesInAndGoesOutAddsUpWhateverHappens) {
  const uint32_t seed = 815;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  world_.Publish("onboarding", 1, WithExit());
  std::vector<v1::Event> events;
  for (int i = 0; i < 900; ++i) {
    const std::string customer = absl::StrCat("c", random() % 60);
    const int minutes = -static_cast<int>(random() % 200);
    const char* types[] = {"signed", "renewed", "more", "cancel", "connect", "report"};
    const int type = random() % 6;
    events.push_back(type < 3 ? Paid(minutes, customer, types[type], (static_cast<int>(random() % 4000) - 500) / 10.0)
                              : At(minutes, customer, types[type], absl::StrCat("e", i)));
  }
  ASSERT_TRUE(world_.Ingest(events).ok());
  for (const auto& [from, until] : {std::pair(-150, -100), std::pair(-120, 0), std::pair(-199, -1)}) {
    const v1::GetRevenueResponse revenue = Revenue(Period(from, until));
    double starts = 0;
    for (const v1::StageRevenue& stage : revenue.stages()) starts += stage.retention().start_amount();
    const v1::RevenueRetention& total = revenue.total();
    EXPECT_NEAR(starts, total.start_amount(), 1e-6);
    double end = total.start_amount() - total.contraction() - total.churn();
    for (const v1::RevenueExpansion& expansion : total.expansion()) end += expansion.amount();
    EXPECT_NEAR(end, total.end_amount(), 1e-6);
    EXPECT_LE(total.gross_retention(), std::min(1.0, total.net_retention()));
  }
}

TEST_P(RevenueTest, WhatIsWrongIsNamed) {
  world_.Publish("onboarding", 1, Onboarding());
  const auto wrong = [&](const std::string& rest) {
    const absl::Status status =
        Ask(&v1::AnalyticsService::Stub::GetRevenue, Asking<v1::GetRevenueRequest>(rest)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    const std::vector<FieldViolation> violations = ViolationsOf(status);
    return violations.empty() ? std::string() : violations[0].field;
  };
  EXPECT_EQ(wrong(kSources), "from");
  EXPECT_EQ(wrong(Period(-10, -10)), "until");
  EXPECT_EQ(wrong(Period(-10, 1)), "until");
  EXPECT_EQ(wrong(Period(-10, 0) + AsOf(Noon())), "cohort.as_of");
  EXPECT_EQ(wrong(Period(-10, 0, " ")), "sources");
  EXPECT_EQ(wrong(Period(-10, 0, "sources {}")), "sources[0].event_type");
  EXPECT_EQ(wrong(Period(-10, 0, "sources { event_type: 'a' } sources { event_type: 'a' }")), "sources[1].event_type");
  EXPECT_EQ(wrong(Period(-10, 0, "sources { event_type: 'a' amount: 9 }")), "sources[0].amount");
  EXPECT_EQ(wrong(Period(-10, 0, "sources { event_type: 'a' kind: 9 }")), "sources[0].kind");
  EXPECT_EQ(wrong(Period(-10, 0, absl::StrCat("sources { event_type: 'a' property: '", std::string(256, 'x'), "' }"))),
            "sources[0].property");
  EXPECT_EQ(Ask(&v1::AnalyticsService::Stub::GetRevenue,
                Asking<v1::GetRevenueRequest>(Period(-10, 0, std::string(kSources) + " journey_id: 'other'")))
                .status()
                .code(),
            absl::StatusCode::kNotFound);
}

INSTANTIATE_TEST_SUITE_P(Engines, RevenueTest, support::BothEngines(), support::EngineName);

// ---- Event types ----

TEST_P(AnalyticsTest, EventTypesAreCountedAndPaged) {
  Send("acme", {{-10, "login"}, {-9, "login"}, {-8, "report"}, {-7, "Zebra"}});
  Send("birch", {{-20, "login"}, {-3, "äther"}});
  const auto ask = [&](int size, const std::string& token) {
    grpc::ClientContext context;
    v1::ListEventTypesRequest request;
    request.set_page_size(size);
    request.set_page_token(token);
    v1::ListEventTypesResponse response;
    const grpc::Status status = world_.events().ListEventTypes(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  };
  const auto names = [](const v1::ListEventTypesResponse& page) {
    std::vector<std::string> names;
    for (const v1::EventType& type : page.event_types()) {
      names.push_back(absl::StrCat(type.type(), " ", type.customers(), "/", type.events()));
    }
    return names;
  };
  const v1::ListEventTypesResponse all = ask(0, "");
  EXPECT_THAT(names(all), ElementsAre("Zebra 1/1", "login 2/3", "report 1/1", "äther 1/1"));
  EXPECT_EQ(all.next_page_token(), "");
  EXPECT_EQ(all.event_types(1).first_event_time().seconds(), absl::ToUnixSeconds(Noon() - absl::Minutes(20)));
  EXPECT_EQ(all.event_types(1).last_event_time().seconds(), absl::ToUnixSeconds(Noon() - absl::Minutes(9)));
  std::vector<std::string> paged;
  std::string token;
  do {
    const v1::ListEventTypesResponse page = ask(1, token);
    for (const std::string& name : names(page)) paged.push_back(name);
    token = page.next_page_token();
  } while (!token.empty());
  EXPECT_EQ(paged, names(all));
  EXPECT_EQ(ask(4, "").next_page_token(), "");
}

// ---- Errors ----

TEST_P(AnalyticsTest, WhatIsWrongIsNamed) {
  world_.Publish("onboarding", 1, Onboarding());
  const auto wrong = [&](const std::string& rest) {
    const absl::Status status =
        Ask(&v1::AnalyticsService::Stub::GetFunnel, Asking<v1::GetFunnelRequest>(rest)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    const std::vector<FieldViolation> violations = ViolationsOf(status);
    return violations.empty() ? std::string() : violations[0].field;
  };
  EXPECT_EQ(wrong("journey_id: 'On Boarding'"), "journey_id");
  EXPECT_EQ(wrong("cohort { as_of { seconds: 1 } }"), "cohort.as_of");
  EXPECT_EQ(wrong(AsOf(Noon() + absl::Seconds(1))), "cohort.as_of");
  EXPECT_EQ(wrong("cohort { as_of { seconds: 1700000000 nanos: -1 } }"), "cohort.as_of");
  EXPECT_EQ(wrong("cohort { enrolled_from { seconds: 5000000000 } }"), "cohort.enrolled_from");
  EXPECT_EQ(wrong("cohort { enrolled_from { seconds: 1700000000 } enrolled_until { seconds: 1700000000 } }"),
            "cohort.enrolled_until");
  EXPECT_EQ(wrong("cohort { segment_id: 'Big Ones' }"), "cohort.segment_id");
  EXPECT_EQ(wrong("consistency { at_least_as_fresh: 'nonsense' }"), "consistency.at_least_as_fresh");

  const auto code = [&](auto method, const auto& request) { return Ask(method, request).status().code(); };
  using Stub = v1::AnalyticsService::Stub;
  EXPECT_EQ(code(&Stub::GetFunnel, Asking<v1::GetFunnelRequest>("journey_id: 'other'")), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(&Stub::GetFunnel, Asking<v1::GetFunnelRequest>("cohort { version: 2 }")), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(&Stub::GetFunnel, Asking<v1::GetFunnelRequest>("cohort { segment_id: 'heavy' }")),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(code(&Stub::GetDwell, Asking<v1::GetDwellRequest>("from_stage_key: 'nowhere'")),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(&Stub::GetDwell, Asking<v1::GetDwellRequest>("cohort { version: 2 }")), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(&Stub::GetFriction, Asking<v1::GetFrictionRequest>("order: 9")), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(&Stub::GetFriction, Asking<v1::GetFrictionRequest>("journey_id: 'other'")),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(code(&Stub::GetPaths, Asking<v1::GetPathsRequest>("steps: 9")), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(&Stub::GetPaths, Asking<v1::GetPathsRequest>("max_links: -1")), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(&Stub::GetPaths, Asking<v1::GetPathsRequest>("journey_id: 'other'")), absl::StatusCode::kNotFound);
  EXPECT_EQ(code(&Stub::GetConformance, Asking<v1::GetConformanceRequest>("customer_id: 'nobody'")),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(code(&Stub::GetConformance, Asking<v1::GetConformanceRequest>("customer_id: 'a\\nb'")),
            absl::StatusCode::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Engines, AnalyticsTest, support::BothEngines(), support::EngineName);

}  // namespace
}  // namespace waymark::milestone
