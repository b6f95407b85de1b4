// Previews and what-ifs, as clients of the service see them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "common/base/errors.h"
#include "services/milestone/replay_service.h"
#include "services/milestone/replayer.h"
#include "services/milestone/stage_cache.h"
#include "services/rules/convert/definition.h"
#include "tests/milestone/replays.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class ReplayTest : public Replays {};

INSTANTIATE_TEST_SUITE_P(Engines, ReplayTest, support::BothEngines(), support::EngineName);

std::vector<std::string> Flows(const v1::PreviewReport& report) {
  const auto show = [](const v1::Standing& standing) {
    return standing.stage_key().empty()
               ? std::string("-")
               : absl::StrCat(standing.stage_key(),
                              standing.state() == v1::ENROLLMENT_STATE_COMPLETED ? " completed" : "");
  };
  std::vector<std::string> flows;
  for (const v1::EnrollmentFlow& flow : report.flows()) {
    flows.push_back(absl::StrCat(show(flow.from()), " > ", show(flow.to()), ": ", flow.enrollments()));
  }
  return flows;
}

std::string Show(const v1::DateCounts& counts) {
  return absl::StrCat("+", counts.gained(), " -", counts.lost(), " <", counts.earlier(), " >", counts.later(), " ~",
                      counts.otherwise());
}

std::vector<std::string> Milestones(const v1::PreviewReport& report) {
  std::vector<std::string> milestones;
  for (const v1::MilestoneDifference& one : report.milestones()) {
    milestones.push_back(absl::StrCat(one.milestone_key(), " ", Show(one.achieved())));
  }
  return milestones;
}

std::vector<std::string> Facts(const v1::PreviewReport& report) {
  std::vector<std::string> facts;
  for (const v1::FactCount& fact : report.facts()) {
    facts.push_back(absl::StrCat(v1::ConclusionKind_Name(fact.kind()).substr(16), " ", fact.key(), ": ", fact.count()));
  }
  return facts;
}

TEST_P(ReplayTest, AVersionAgainstItselfIsNoDifference) {
  Begin();
  for (const v1::PreviewVersionRequest& request : {OfVersion(0), OfVersion(1), Of(Onboarding())}) {
    const auto report = Preview(request);
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_EQ(report->customers(), 3);
    EXPECT_EQ(report->customers_changed(), 0);
    EXPECT_THAT(report->flows(), IsEmpty());
    EXPECT_THAT(report->stages(), IsEmpty());
    EXPECT_THAT(report->milestones(), IsEmpty());
    EXPECT_THAT(report->facts(), IsEmpty());
    EXPECT_THAT(report->changes(), IsEmpty());
    EXPECT_EQ(report->outcome_hash(), report->base_outcome_hash());
    EXPECT_EQ(report->outcome_hash().size(), 64u);
  }
}

TEST_P(ReplayTest, TellsWhoMovesWhatIsReachedAndWhichFactsWouldHaveBeenTold) {
  Begin();
  const auto report = Preview(Steps({{"setup", "connect"}, {"adoption", "report", 2}, {"renewal", "renew"}}));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->customers(), 3);
  EXPECT_EQ(report->customers_changed(), 2);
  EXPECT_EQ(report->moved(), 1);
  EXPECT_EQ(report->enrolled(), 0);
  EXPECT_EQ(report->unenrolled(), 0);
  EXPECT_THAT(Flows(*report), ElementsAre("adoption > renewal: 1"));
  EXPECT_THAT(Milestones(*report), ElementsAre("adoption_done +1 -0 <1 >0 ~0"));
  ASSERT_EQ(report->stages_size(), 2);
  EXPECT_EQ(report->stages(0).stage_key(), "adoption");
  EXPECT_EQ(Show(report->stages(0).completed()), "+1 -0 <1 >0 ~0");
  EXPECT_EQ(Show(report->stages(0).entered()), "+0 -0 <0 >0 ~0");
  EXPECT_EQ(report->stages(1).stage_key(), "renewal");
  EXPECT_EQ(Show(report->stages(1).entered()), "+1 -0 <1 >0 ~0");
  EXPECT_THAT(Facts(*report), ElementsAre("STAGE_ENTERED renewal: 1", "MILESTONE_ACHIEVED adoption_done: 1"));
  EXPECT_NE(report->outcome_hash(), report->base_outcome_hash());

  ASSERT_EQ(report->changes_size(), 2);
  EXPECT_EQ(report->changes(0).customer_id(), "acme");
  const v1::EnrollmentDifference& acme = report->changes(0).enrollments(0);
  EXPECT_EQ(acme.from().stage_key(), "renewal");
  EXPECT_EQ(acme.to().stage_key(), "renewal");
  ASSERT_EQ(acme.dates_size(), 3);
  EXPECT_EQ(acme.dates(0).kind(), v1::DATE_KIND_STAGE_ENTERED);
  EXPECT_EQ(acme.dates(0).key(), "renewal");
  EXPECT_EQ(acme.dates(0).from_time().seconds() - acme.dates(0).to_time().seconds(), 60);
  const v1::EnrollmentDifference& beta = report->changes(1).enrollments(0);
  EXPECT_EQ(beta.from().stage_key(), "adoption");
  EXPECT_EQ(beta.to().stage_key(), "renewal");
  EXPECT_FALSE(beta.dates(0).has_from_time());

  // Nothing has changed by it.
  EXPECT_EQ(world_.StageOf("beta"), "j:adoption");
}

TEST_P(ReplayTest, TellsWhoWouldGetInAndWhoWouldNot) {
  Begin();
  journey::v1::JourneyDefinition candidate = Onboarding();
  candidate.mutable_entry()->mutable_triggers(0)->mutable_first_event()->add_event_types("connect");
  const auto less = Preview(candidate);
  ASSERT_TRUE(less.ok()) << less.status();
  EXPECT_EQ(less->unenrolled(), 1);
  EXPECT_THAT(Flows(*less), ElementsAre("setup > -: 1"));
  EXPECT_THAT(Facts(*less), IsEmpty());
  ASSERT_EQ(less->changes_size(), 1);
  EXPECT_EQ(less->changes(0).customer_id(), "core");

  // A journey that is new to everybody.
  v1::PreviewVersionRequest request = Of(candidate);
  request.mutable_replay()->set_journey_id("brand-new");
  const auto more = Preview(request);
  ASSERT_TRUE(more.ok()) << more.status();
  EXPECT_EQ(more->enrolled(), 2);
  EXPECT_THAT(Flows(*more), UnorderedElementsAre("- > adoption: 1", "- > renewal: 1"));
  EXPECT_EQ(Facts(*more)[0], "ENROLLED : 2");
}

TEST_P(ReplayTest, StagesThatTheCandidateHasNoMoreAreTold) {
  Begin();
  const auto report = Preview(Steps({{"setup", "connect"}, {"renewal", "renew"}}));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(Flows(*report), ElementsAre("adoption > renewal: 1"));
  EXPECT_THAT(Milestones(*report), ElementsAre("adoption_done +0 -1 <0 >0 ~0"));
  EXPECT_EQ(report->milestones(0).stage_key(), "adoption");
  EXPECT_EQ(report->stages(report->stages_size() - 1).stage_key(), "adoption");
  EXPECT_EQ(Show(report->stages(report->stages_size() - 1).entered()), "+0 -2 <0 >0 ~0");
}

TEST_P(ReplayTest, WithPinThoseUnderWayStayWhereTheyAre) {
  Begin();
  ASSERT_TRUE(world_.Ingest({At(4, "dora", "view", "d1")}).ok());
  journey::v1::JourneyDefinition first = Onboarding();
  first.mutable_entry()->mutable_triggers(0)->mutable_first_event()->add_event_types("connect");
  world_.Publish("k", 1, first);
  EXPECT_EQ(world_.StageOf("core"), "j:setup");
  // The second takes those in who connect or view.
  journey::v1::JourneyDefinition second = Steps({{"setup", "never"}, {"adoption", "never"}});
  second.mutable_entry()->mutable_triggers(0)->mutable_first_event()->add_event_types("connect");
  second.mutable_entry()->add_triggers()->mutable_first_event()->add_event_types("view");
  v1::PreviewVersionRequest request = Of(second);
  request.mutable_replay()->set_journey_id("k");
  request.mutable_replay()->set_migration(journey::v1::MIGRATION_PIN);
  const auto pinned = Preview(request);
  ASSERT_TRUE(pinned.ok()) << pinned.status();
  EXPECT_THAT(Flows(*pinned), ElementsAre("- > setup: 1"));
  EXPECT_EQ(pinned->plan().migration(), journey::v1::MIGRATION_PIN);
  request.mutable_replay()->set_migration(journey::v1::MIGRATION_REPLAY);
  const auto replayed = Preview(request);
  ASSERT_TRUE(replayed.ok()) << replayed.status();
  EXPECT_THAT(Flows(*replayed), UnorderedElementsAre("- > setup: 1", "adoption > setup: 1", "renewal > setup: 1"));
}

TEST_P(ReplayTest, TheBaseIsWhatEachIsPinnedToOrAVersionThatIsNamed) {
  Begin();
  const auto second = Steps({{"setup", "connect"}, {"adoption", "report", 2}, {"renewal", "renew"}});
  world_.Publish("j", 2, second);
  ASSERT_TRUE(
      world_.Ingest({At(0, "dora", "connect", "d1"), At(1, "dora", "report", "d2"), At(2, "dora", "report", "d3")})
          .ok());
  EXPECT_EQ(world_.StageOf("beta"), "j:adoption");  // On version 1,
  EXPECT_EQ(world_.StageOf("dora"), "j:renewal");   // on version 2.
  EXPECT_THAT(Flows(*Preview(OfVersion(2))), ElementsAre("adoption > renewal: 1"));
  EXPECT_THAT(Flows(*Preview(OfVersion(1))), ElementsAre("renewal > adoption: 1"));
  v1::PreviewVersionRequest request = OfVersion(2);
  request.mutable_replay()->set_base_number(1);
  EXPECT_THAT(Flows(*Preview(request)), ElementsAre("adoption > renewal: 2"));
  EXPECT_FALSE(Preview(request)->has_plan());
}

TEST_P(ReplayTest, CustomersMayBeChosenAndTheNamedOnesAreLimited) {
  Begin();
  const auto candidate = Steps({{"setup", "connect"}, {"adoption", "report", 2}, {"renewal", "renew"}});
  v1::PreviewVersionRequest request = Of(candidate);
  request.set_change_limit(1);
  const auto limited = Preview(request);
  ASSERT_TRUE(limited.ok()) << limited.status();
  EXPECT_EQ(limited->customers_changed(), 2);
  ASSERT_EQ(limited->changes_size(), 1);
  EXPECT_EQ(limited->changes(0).customer_id(), "acme");
  EXPECT_TRUE(limited->has_plan());
  EXPECT_EQ(limited->plan().outcome_hash(), limited->outcome_hash());
  EXPECT_EQ(limited->plan().lane_positions_size(), journal::kLanes);

  for (const char* customer : {"core", "beta", "nobody"}) request.mutable_replay()->add_customer_ids(customer);
  const auto chosen = Preview(request);
  ASSERT_TRUE(chosen.ok()) << chosen.status();
  EXPECT_EQ(chosen->customers(), 2);
  EXPECT_EQ(chosen->customers_changed(), 1);
  EXPECT_EQ(chosen->changes(0).customer_id(), "beta");
  EXPECT_FALSE(chosen->has_plan());

  // Chosen or not, everybody is looked at alike.
  for (const char* customer : {"acme"}) request.mutable_replay()->add_customer_ids(customer);
  EXPECT_EQ(Preview(request)->outcome_hash(), limited->outcome_hash());
}

TEST_P(ReplayTest, WhatHappenedAfterAsOfIsNotLookedAt) {
  Begin();
  v1::PreviewVersionRequest request =
      Of(Steps({{"setup", "connect"}, {"adoption", "report", 2}, {"renewal", "renew"}}));
  request.mutable_replay()->mutable_as_of()->set_seconds(absl::ToUnixSeconds(Noon() + absl::Minutes(1)));
  const auto report = Preview(request);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->customers(), 3);
  EXPECT_EQ(report->customers_changed(), 0);
  EXPECT_FALSE(report->has_plan());
  request.mutable_replay()->mutable_as_of()->set_seconds(absl::ToUnixSeconds(Noon()) - 1);
  EXPECT_EQ(Preview(request)->customers(), 0);
}

TEST_P(ReplayTest, TimeIsLetPassUnderTheCandidate) {
  Begin();
  journey::v1::JourneyDefinition candidate = Onboarding();
  auto* absence = candidate.mutable_stages(0)->mutable_milestones(0)->mutable_criterion()->mutable_absence();
  absence->add_event_types("connect");
  absence->mutable_lasting()->set_seconds(3600);
  EXPECT_EQ(Preview(candidate)->moved(), 2);  // Back to setup: the hour is not over.
  clock_.Advance(absl::Hours(2));
  const auto report = Preview(candidate);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(Flows(*report), UnorderedElementsAre("renewal > adoption: 1", "setup > adoption: 1"));
}

// The law: what a preview tells is what two journeys, each followed for itself by everybody, differ in.
TEST_P(ReplayTest, EqualsTheDifferenceOfTwoJourneysThatAreFollowed) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  const auto pick = [&](int n) { return static_cast<int>(random() % n); };
  const auto draw = [&] {
    std::vector<Step> steps;
    for (int i = 0; i < 4; ++i) {
      if (i > 0 && pick(5) == 0) continue;
      steps.push_back({absl::StrCat("s", i), absl::StrCat("t", pick(3)), static_cast<uint32_t>(1 + pick(3)),
                       pick(2) == 0 ? journey::v1::SCOPE_FROM_STAGE : journey::v1::SCOPE_ALL_HISTORY});
    }
    journey::v1::JourneyDefinition definition = Steps(steps);
    if (pick(2) == 0) definition.mutable_entry()->mutable_triggers(0)->mutable_first_event()->add_event_types("t1");
    return definition;
  };
  std::vector<v1::Event> events;
  for (int i = 0; i < 600; ++i) {
    events.push_back(At(-pick(300), absl::StrCat("c", pick(40)), absl::StrCat("t", pick(4)), absl::StrCat("e", i)));
  }
  std::vector<journey::v1::JourneyDefinition> definitions;
  for (int i = 0; i < 6; ++i) {
    definitions.push_back(draw());
    world_.Publish(absl::StrCat("j", i), 1, definitions[i]);
  }
  ASSERT_TRUE(world_.Ingest(events).ok());
  world_.Settle();

  // Customer and date -> time, as the service keeps it; and where each stands.
  const auto look = [&](const std::string& journey) {
    std::map<std::string, int64_t> dates;
    std::map<std::string, std::string> stands;
    for (int c = 0; c < 40; ++c) {
      const std::string customer = absl::StrCat("c", c);
      const auto progress = world_.GetProgress(customer);
      if (!progress.ok()) continue;
      for (const v1::EnrollmentProgress& enrollment : progress->enrollments()) {
        if (enrollment.current().journey_id() != journey) continue;
        stands[customer] = absl::StrCat(enrollment.current().stage_key(), "/", enrollment.current().state());
        for (const v1::StageProgress& stage : enrollment.stages()) {
          if (stage.has_enter_time()) {
            dates[absl::StrCat(customer, " entered ", stage.stage_key())] = stage.enter_time().seconds();
          }
          for (const v1::MilestoneProgress& milestone : stage.milestones()) {
            if (!milestone.has_achieve_time()) continue;
            dates[absl::StrCat(customer, " achieved ", milestone.milestone_key())] = milestone.achieve_time().seconds();
          }
        }
      }
    }
    return std::make_pair(dates, stands);
  };
  int changed = 0;
  for (int i = 1; i < 6; ++i) {
    SCOPED_TRACE(i);
    v1::PreviewVersionRequest request = Of(definitions[i]);
    request.mutable_replay()->set_journey_id("j0");
    const auto report = Preview(request);
    ASSERT_TRUE(report.ok()) << report.status();
    const auto [was, stood] = look("j0");
    const auto [is, stands] = look(absl::StrCat("j", i));
    std::set<std::string> expected, found;
    for (const auto& [name, time] : was) {
      const auto other = is.find(name);
      if (other == is.end()) expected.insert(absl::StrCat(name, " ", time, " > -"));
      if (other != is.end() && other->second != time)
        expected.insert(absl::StrCat(name, " ", time, " > ", other->second));
    }
    for (const auto& [name, time] : is) {
      if (!was.contains(name)) expected.insert(absl::StrCat(name, " - > ", time));
    }
    std::map<std::string, int64_t> expected_flows, found_flows;
    for (const auto& [customer, standing] : stood) {
      const auto now = stands.find(customer);
      const std::string to = now == stands.end() ? "-" : now->second;
      if (to != standing) ++expected_flows[absl::StrCat(standing, " > ", to)];
    }
    for (const auto& [customer, standing] : stands) {
      if (!stood.contains(customer)) ++expected_flows[absl::StrCat("- > ", standing)];
    }
    const auto show = [](const v1::Standing& standing) {
      return standing.stage_key().empty() ? "-" : absl::StrCat(standing.stage_key(), "/", standing.state());
    };
    for (const v1::EnrollmentFlow& flow : report->flows()) {
      found_flows[absl::StrCat(show(flow.from()), " > ", show(flow.to()))] += flow.enrollments();
    }
    for (const v1::CustomerDifference& change : report->changes()) {
      for (const v1::DateDifference& date : change.enrollments(0).dates()) {
        if (date.from_time().seconds() == date.to_time().seconds()) continue;  // Another event at the same time.
        const char* kind = date.kind() == v1::DATE_KIND_STAGE_ENTERED        ? "entered"
                           : date.kind() == v1::DATE_KIND_MILESTONE_ACHIEVED ? "achieved"
                                                                             : nullptr;
        if (kind == nullptr) continue;
        const auto time = [](bool there, const google::protobuf::Timestamp& at) {
          return there ? absl::StrCat(at.seconds()) : "-";
        };
        found.insert(absl::StrCat(change.customer_id(), " ", kind, " ", date.key(), " ",
                                  time(date.has_from_time(), date.from_time()), " > ",
                                  time(date.has_to_time(), date.to_time())));
      }
    }
    EXPECT_EQ(found, expected);
    EXPECT_EQ(found_flows, expected_flows);
    changed += static_cast<int>(report->customers_changed());
  }
  EXPECT_GT(changed, 10);
}

TEST_P(ReplayTest, TheHashDependsOnNeitherArrivalNorNumbering) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  std::vector<v1::Event> events;
  for (int i = 0; i < 300; ++i) {
    events.push_back(At(-static_cast<int>(random() % 300), absl::StrCat("c", random() % 20),
                        random() % 2 == 0 ? "connect" : "report", absl::StrCat("e", i)));
  }
  const auto candidate = Steps({{"setup", "connect"}, {"adoption", "report", 2}, {"renewal", "renew"}});
  world_.Publish("j", 1, Onboarding());
  ASSERT_TRUE(world_.Ingest(events).ok());
  const auto report = Preview(candidate);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->customers(), 20);

  // The same in another order, some of it twice, call by call, among another workspace's events, on the other engine.
  const auto other = GetParam() == sql::Engine::kSqlite ? sql::Engine::kPostgres : sql::Engine::kSqlite;
  const auto db = support::OpenFresh(other);
  World world(*db, clock_);
  std::shuffle(events.begin(), events.end(), random);
  for (size_t i = 0; i < events.size(); i += 7) {
    std::vector<v1::Event> some(events.begin() + i, events.begin() + std::min(events.size(), i + 9));
    ASSERT_TRUE(world.Ingest(some, i % 2 == 0).ok());
    ASSERT_TRUE(world.Ingest(some, false, "elsewhere").ok());
  }
  world.Publish("j", 1, Onboarding());
  replays_ = v1::ReplayService::NewStub(world.channel());
  const auto same = Preview(candidate);
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_EQ(same->outcome_hash(), report->outcome_hash());
  EXPECT_EQ(same->base_outcome_hash(), report->base_outcome_hash());
}

// Several thousand customers, so that there are many pages; events arrive between them.
TEST_P(ReplayTest, WhatArrivesWhileItRunsIsNotLookedAt) {
  world_.Publish("j", 1, Onboarding());
  std::vector<v1::Event> events;
  for (int i = 0; i < 2'500; ++i) {
    events.push_back(At(0, absl::StrCat("c", i), i % 3 == 0 ? "login" : "connect", "e1"));
    if (events.size() < 1'000) continue;
    ASSERT_TRUE(world_.Ingest(std::exchange(events, {})).ok());
  }
  ASSERT_TRUE(world_.Ingest(events).ok());
  const auto candidate = Steps({{"setup", "login"}, {"adoption", "report"}});
  const auto before = Preview(candidate);
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_EQ(before->customers(), 2'500);

  Shelf shelf;
  Replayer replayer(world_.parts().journal(), shelf, world_.parts().tracker(), clock_);
  ReplayOrder order{.workspace = "default",
                    .journey_id = "j",
                    .candidate = rules::JourneyVersion{.journey_id = "j", .definition = rules::FromProto(candidate)}};
  int arrived = 0;
  const auto during = replayer.PreviewVersion(order, 100, [&](int64_t, int64_t) {
    ++arrived;
    EXPECT_TRUE(world_
                    .Ingest({At(5, absl::StrCat("c", arrived), "report", absl::StrCat("late", arrived)),
                             At(-5, "c2400", "login", absl::StrCat("first", arrived)),
                             At(1, absl::StrCat("new", arrived), "login", "n")})
                    .ok());
    return true;
  });
  ASSERT_TRUE(during.ok()) << during.status();
  EXPECT_GT(arrived, 15);
  EXPECT_EQ(during->outcome_hash(), before->outcome_hash());
  EXPECT_EQ(during->base_outcome_hash(), before->base_outcome_hash());
  EXPECT_EQ(during->customers(), before->customers());
  EXPECT_EQ(during->customers_changed(), before->customers_changed());
  EXPECT_NE(Preview(candidate)->outcome_hash(), before->outcome_hash());
}

TEST_P(ReplayTest, APublicationWhileItRunsEndsIt) {
  Begin();
  Shelf shelf;
  Replayer replayer(world_.parts().journal(), shelf, world_.parts().tracker(), clock_);
  const ReplayOrder order{.workspace = "default", .journey_id = "j"};
  const auto report = replayer.PreviewVersion(order, 100, [&](int64_t done, int64_t) {
    if (done == 0) world_.PublishOnly("other", 1, Onboarding());
    return true;
  });
  EXPECT_EQ(report.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(report.status()), "WRONG_STATE");
  EXPECT_EQ(replayer.PreviewVersion(order, 100, [](int64_t, int64_t) { return false; }).status().code(),
            absl::StatusCode::kCancelled);
}

TEST_P(ReplayTest, BadRequestsAreToldByField) {
  Begin();
  const auto wrong = [&](const v1::PreviewVersionRequest& request) {
    const absl::Status status = Preview(request).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    std::vector<std::string> fields;
    for (const FieldViolation& violation : ViolationsOf(status)) fields.push_back(violation.field);
    // A what-if takes the same.
    v1::WhatIfRequest what_if;
    *what_if.mutable_replay() = request.replay();
    if (request.change_limit() == 0) {
      EXPECT_EQ(
          Last<v1::WhatIfReport>(*replays_, &v1::ReplayService::Stub::WhatIf, what_if, "default").status().message(),
          status.message());
    }
    return absl::StrJoin(fields, " ");
  };
  const auto with = [&](auto change) {
    v1::PreviewVersionRequest request = Of(Onboarding());
    change(request);
    return wrong(request);
  };
  using Request = v1::PreviewVersionRequest;
  EXPECT_EQ(with([](Request& r) { r.mutable_replay()->set_journey_id("J"); }), "replay.journey_id");
  EXPECT_EQ(with([](Request& r) { r.mutable_replay()->set_number(1); }), "replay.number");
  EXPECT_EQ(with([](Request& r) { r.mutable_replay()->add_customer_ids(""); }), "replay.customer_ids[0]");
  EXPECT_EQ(with([](Request& r) {
              for (int i = 0; i < 2; ++i) r.mutable_replay()->add_customer_ids("acme");
            }),
            "replay.customer_ids");
  EXPECT_EQ(with([](Request& r) {
              for (int i = 0; i <= 1'000; ++i) r.mutable_replay()->add_customer_ids(absl::StrCat("c", i));
            }),
            "replay.customer_ids");
  EXPECT_EQ(with([&](Request& r) {
              r.mutable_replay()->mutable_as_of()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + 1);
            }),
            "replay.as_of");
  EXPECT_EQ(with([](Request& r) { r.mutable_replay()->mutable_as_of()->set_seconds(-1); }), "replay.as_of");
  EXPECT_EQ(with([](Request& r) { r.mutable_replay()->set_migration(static_cast<journey::v1::Migration>(7)); }),
            "replay.migration");
  EXPECT_EQ(with([](Request& r) { r.set_change_limit(-1); }), "change_limit");
  EXPECT_EQ(
      with([](Request& r) { r.mutable_replay()->mutable_definition()->set_kind(journey::v1::KIND_FUTURE_STATE); }),
      "replay.definition.kind");
  EXPECT_EQ(with([](Request& r) { r.mutable_replay()->mutable_definition()->set_subject(journey::v1::SUBJECT_USER); }),
            "replay.definition.subject");
  EXPECT_EQ(with([](Request& r) { r.mutable_replay()->mutable_consistency()->set_at_least_as_fresh("?"); }),
            "consistency.at_least_as_fresh");
  // Every finding at its place.
  EXPECT_EQ(with([](Request& r) {
              r.mutable_replay()->mutable_definition()->mutable_stages(0)->set_key("Setup");
              r.mutable_replay()->mutable_definition()->mutable_stages(1)->mutable_milestones(0)->add_depends_on("no");
            }),
            "replay.definition.stages[0].key replay.definition.stages[1].milestones[0].depends_on[0]");
  // Segments: named and not given, given and malformed, given twice, given without a definition.
  EXPECT_EQ(with([](Request& r) { r.mutable_replay()->mutable_definition()->add_segments()->set_segment_id("big"); }),
            "replay.definition.segments[0].segment_id");
  EXPECT_THAT(with([](Request& r) { r.mutable_replay()->add_segments()->set_segment_id("big"); }),
              HasSubstr("replay.segments[0].criterion"));
  EXPECT_EQ(
      with([](Request& r) {
        for (int i = 0; i < 2; ++i) {
          r.mutable_replay()->add_segments()->set_segment_id("big");
          r.mutable_replay()->mutable_segments(i)->mutable_criterion()->mutable_event_count()->add_event_types("x");
        }
      }),
      "replay.segments[1].segment_id");
  EXPECT_EQ(with([](Request& r) {
              r.mutable_replay()->clear_definition();
              r.mutable_replay()->add_segments();
            }),
            "replay.segments");

  v1::PreviewVersionRequest request = OfVersion(2);
  EXPECT_EQ(Preview(request).status().code(), absl::StatusCode::kNotFound);
  request = OfVersion(1);
  request.mutable_replay()->set_base_number(7);
  EXPECT_EQ(Preview(request).status().code(), absl::StatusCode::kNotFound);
  request.mutable_replay()->set_journey_id("unknown");
  EXPECT_EQ(Preview(request).status().code(), absl::StatusCode::kNotFound);
  // Another workspace's journey is none.
  EXPECT_EQ(Preview(OfVersion(1), "elsewhere").status().code(), absl::StatusCode::kNotFound);
}

// Every second time it is asked, it holds whoever asks until it is let go: a replay asks once when it is checked, and
// once when it begins.
class HoldingClock final : public Clock {
 public:
  absl::Time Now() const override {
    absl::MutexLock lock(&mutex_);
    if (++asked_ % 2 == 0) {
      ++held_;
      mutex_.Await(absl::Condition(&free_));
    }
    return Noon();
  }
  void AwaitHeld(int count) {
    absl::MutexLock lock(&mutex_);
    const auto held = [&] { return held_ == count; };
    mutex_.Await(absl::Condition(&held));
  }
  void LetGo() {
    absl::MutexLock lock(&mutex_);
    free_ = true;
  }

 private:
  mutable absl::Mutex mutex_;
  mutable int asked_ = 0;
  mutable int held_ = 0;
  bool free_ = false;
};

TEST_P(ReplayTest, AThirdAtOnceIsToldToComeAgain) {
  Begin();
  HoldingClock clock;
  Shelf shelf;
  Replayer replayer(world_.parts().journal(), shelf, world_.parts().tracker(), clock);
  Reader reader(world_.parts().journal(), shelf);
  const auto cache = MakeProcessStageCache();
  StageReader stages(world_.parts().journal(), reader, *cache, clock);
  const auto authorizer = rpc::Authorizer::Off();
  const auto service = MakeReplayService(*authorizer, replayer, reader, stages, clock);
  const auto server = rpc::Server::Start({}, {service.get()}).value();
  replays_ = v1::ReplayService::NewStub(server->InProcessChannel());
  std::vector<std::thread> callers;
  for (int i = 1; i <= 2; ++i) {
    callers.emplace_back([&] { EXPECT_TRUE(Preview(OfVersion(1)).ok()); });
    clock.AwaitHeld(i);
  }
  const absl::Status third = Preview(OfVersion(1)).status();
  EXPECT_EQ(third.code(), absl::StatusCode::kResourceExhausted) << third;
  EXPECT_EQ(RetryAfterOf(third), absl::Seconds(1));
  clock.LetGo();
  for (std::thread& caller : callers) caller.join();
  EXPECT_TRUE(Preview(OfVersion(1)).ok());
}

TEST_P(ReplayTest, SegmentsThatAreGivenDecide) {
  Begin();
  journey::v1::JourneyDefinition candidate = Onboarding();
  candidate.add_segments()->set_segment_id("loyal");
  candidate.mutable_stages(0)->mutable_milestones(0)->mutable_criterion()->mutable_segment()->set_segment_id("loyal");
  v1::PreviewVersionRequest request = Of(candidate);
  journey::v1::PinnedSegment& segment = *request.mutable_replay()->add_segments();
  segment.set_segment_id("loyal");
  segment.mutable_criterion()->mutable_event_count()->add_event_types("report");
  segment.mutable_criterion()->mutable_event_count()->set_at_least(3);
  const auto report = Preview(request);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(Flows(*report), UnorderedElementsAre("adoption > setup: 1", "renewal > adoption: 1"));
}

TEST_P(ReplayTest, TheCandidateMayLookInsideEventsThatTheBaseOnlyCounts) {
  Begin();
  v1::Event event = At(5, "core", "connect", "c2");
  event.set_user_id("ann");
  (*event.mutable_properties()->mutable_fields())["plan"].set_string_value("pro");
  ASSERT_TRUE(world_.Ingest({event}).ok());
  journey::v1::JourneyDefinition candidate = Onboarding();
  journey::v1::ValueCondition& where =
      *candidate.mutable_stages(0)->mutable_milestones(0)->mutable_criterion()->mutable_event_count()->add_where();
  where.set_name("plan");
  where.mutable_equals()->set_string_value("pro");
  v1::PreviewVersionRequest request = Of(candidate);
  const auto everybody = Preview(request);
  ASSERT_TRUE(everybody.ok()) << everybody.status();
  EXPECT_THAT(Flows(*everybody), UnorderedElementsAre("adoption > setup: 1", "renewal > setup: 1"));
  for (const char* customer : {"acme", "beta", "core"}) request.mutable_replay()->add_customer_ids(customer);
  EXPECT_EQ(Preview(request)->outcome_hash(), everybody->outcome_hash());
}

TEST_P(ReplayTest, WhatIfTellsBothFunnelsAndHowLongStagesTake) {
  Begin();
  const auto report = WhatIf(Steps({{"setup", "connect"}, {"adoption", "report", 2}, {"value", "never"}}));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->customers(), 3);
  EXPECT_EQ(report->base().enrolled(), 3);
  EXPECT_EQ(report->candidate().enrolled(), 3);
  std::vector<std::string> stages;
  for (const v1::StageComparison& stage : report->stages()) {
    const auto show = [](bool there, const v1::StageFigures& figures) {
      if (!there) return std::string("none");
      return absl::StrCat(figures.entered(), "/", figures.completed(), "/", figures.present(),
                          figures.has_dwell_p50() ? absl::StrCat(" ", figures.dwell_p50().seconds(), "s") : "");
    };
    stages.push_back(absl::StrCat(stage.stage_key(), ": ", show(stage.has_base(), stage.base()), ", ",
                                  show(stage.has_candidate(), stage.candidate())));
  }
  EXPECT_THAT(stages, ElementsAre("setup: 3/2/1 0s, 3/2/1 0s", "adoption: 2/1/1 180s, 2/2/0 120s", "value: none, 2/0/2",
                                  "renewal: 1/0/1, none"));
  EXPECT_DOUBLE_EQ(report->stages(1).candidate().conversion(), 2.0 / 3);
}

}  // namespace
}  // namespace waymark::milestone
