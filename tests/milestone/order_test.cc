// The principle of the service: whatever the order, the batches, the repetitions and the replicas by which a history
// comes in, it comes to the same state. Random journeys and histories, through the API and the database.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <variant>

#include "absl/strings/str_cat.h"
#include "services/milestone/convert.h"
#include "tests/milestone/replays.h"

namespace waymark::milestone {
namespace {

constexpr int kJourneys = 20;
constexpr int kCustomersEach = 25;  // 500 pairs in all.
constexpr absl::Duration kTick = absl::Hours(6);
constexpr int kTicks = 40;

// Draws journeys over the language of criteria, in protobuf's text format.
class Journeys {
 public:
  explicit Journeys(std::mt19937& random) : random_(random) {}

  journey::v1::JourneyDefinition Next() {
    milestones_ = 0;
    std::string text = absl::StrCat("entry { ", Trigger(), Chance(30) ? Trigger() : "",
                                    Pick({"", "re_entry: RE_ENTRY_AFTER_EXIT ", "re_entry: RE_ENTRY_ALWAYS "}),
                                    Chance(20) ? "entry_key: 'contract' " : "", "} ");
    const int stages = 2 + Below(3);
    for (int i = 0; i < stages; ++i) {
      absl::StrAppend(&text, "stages { key: 's", i, "' ", Chance(50) ? "regress: REGRESS_ALLOW " : "");
      for (int m = Below(3); m > 0; --m) absl::StrAppend(&text, Milestone());
      absl::StrAppend(&text, "} ");
    }
    for (int i = Below(3); i > 0; --i) {
      absl::StrAppend(&text, "transitions { key: 'w", i, "' from_stage: 's", Below(stages), "' to_stage: 's",
                      Below(stages), "' criterion { ", Leaf(false), "} } ");
    }
    if (Chance(40)) {
      absl::StrAppend(&text, "exits { key: 'out' outcome: OUTCOME_CHURNED criterion { ", Leaf(false), "} } ");
    }
    journey::v1::JourneyDefinition definition;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &definition)) << text;
    return definition;
  }

 private:
  int Below(int n) { return static_cast<int>(random_() % n); }
  bool Chance(int percent) { return Below(100) < percent; }
  std::string Pick(std::vector<std::string> texts) { return texts[Below(static_cast<int>(texts.size()))]; }
  std::string Span() { return absl::StrCat("{ seconds: ", (1 + Below(12)) * absl::ToInt64Seconds(kTick), " } "); }
  std::string Types() { return absl::StrCat("event_types: 't", Below(5), "' "); }
  std::string Condition() {
    return Pick(
        {"name: 'plan' equals { string_value: 'pro' } ", "name: 'n' at_least: 2 ", "name: 'plan' exists: true "});
  }
  std::string Where() { return Chance(30) ? absl::StrCat("where { ", Condition(), "} ") : ""; }

  std::string Trigger() {
    return absl::StrCat("triggers { ",
                        Pick({"any_event {} ", absl::StrCat("first_event { ", Types(), Where(), "} "), "by_call {} ",
                              "date_reached { attribute: 'renewal' } "}),
                        "} ");
  }

  std::string Leaf(bool of_milestone) {
    switch (Below(of_milestone ? 8 : 7)) {
      case 0:
        return absl::StrCat("sequence { steps { ", Types(), "} steps { ", Types(), Where(), "} ",
                            Chance(30) ? absl::StrCat("max_gap ", Span()) : "", "} ");
      case 1:
        return absl::StrCat("absence { ", Types(), "lasting ", Span(), "} ");
      case 2:
        return absl::StrCat("attribute { ", Condition(), "} ");
      case 3:
        return absl::StrCat("date_reached { attribute: 'renewal' offset_days: ", Below(5) - 2, " } ");
      case 7:
        return absl::StrCat("attested { ", Chance(50) ? "role: 'csm' " : "", "} ");
      default:
        return absl::StrCat("event_count { ", Types(), "at_least: ", 1 + Below(3), " ", Where(),
                            Chance(30) ? absl::StrCat("within ", Span()) : "",
                            Pick({"", "", "distinct: DISTINCT_USERS ", "distinct: DISTINCT_DAYS "}), "} ");
    }
  }

  std::string Criterion(bool of_milestone) {
    if (!Chance(30)) return Leaf(of_milestone);
    return absl::StrCat(Pick({"all_of", "any_of", "none_of"}), " { criteria { ", Leaf(of_milestone), "} criteria { ",
                        Leaf(of_milestone), "} } ");
  }

  std::string Milestone() {
    std::string text = absl::StrCat(
        "milestones { key: 'm", milestones_, "' ",
        Pick({"scope: SCOPE_FROM_STAGE ", "scope: SCOPE_FROM_ENTRY ", "scope: SCOPE_ALL_HISTORY ",
              absl::StrCat("scope: SCOPE_WINDOW scope_window ", Span())}),
        Pick({"", "", "latching: LATCHING_REVOCABLE ", absl::StrCat("latching: LATCHING_RECURRING period ", Span())}),
        Chance(20) ? "optional: true " : "");
    if (milestones_ > 0 && Chance(15)) absl::StrAppend(&text, "depends_on: 'm", Below(milestones_), "' ");
    absl::StrAppend(&text, "criterion { ", Criterion(true), "} } ");
    ++milestones_;
    return text;
  }

  std::mt19937& random_;
  int milestones_ = 0;
};

// What can be sent of a customer: none of it depends on what was known when it came.
using Item = std::variant<v1::Event, v1::IdentifyRequest, v1::AttestMilestoneRequest, v1::EnrollRequest>;

std::vector<Item> RandomHistory(std::mt19937& random, const std::string& customer) {
  const auto below = [&](int n) { return static_cast<int>(random() % n); };
  std::vector<Item> items;
  for (int i = 0, count = 1 + below(24); i < count; ++i) {
    const absl::Time time = Noon() - (1 + below(kTicks)) * kTick;
    const auto fill = [&](google::protobuf::Struct& properties) {
      auto& fields = *properties.mutable_fields();
      if (below(2) == 0) fields["plan"].set_string_value(below(2) == 0 ? "pro" : "free");
      if (below(2) == 0) fields["n"].set_number_value(below(4));
      if (below(2) == 0) fields["contract"].set_string_value(below(2) == 0 ? "a" : "b");
    };
    const auto begin = [&](auto& request) {
      request.set_customer_id(customer);
      request.set_request_id(absl::StrCat("r", i));
      SetTime(time, request.mutable_time());
    };
    switch (below(12)) {
      case 0:
      case 1: {
        v1::IdentifyRequest identify;
        begin(identify);
        fill(*identify.mutable_attributes());
        (*identify.mutable_attributes()->mutable_fields())["renewal"].set_string_value(
            absl::FormatTime("%Y-%m-%d", Noon() - below(12) * absl::Hours(24), absl::UTCTimeZone()));
        items.emplace_back(identify);
        break;
      }
      case 2: {
        v1::AttestMilestoneRequest attest;
        begin(attest);
        attest.set_journey_id("j");
        attest.set_milestone_key(absl::StrCat("m", below(4)));
        attest.set_role(below(2) == 0 ? "csm" : "sales");
        items.emplace_back(attest);
        break;
      }
      case 3: {
        v1::EnrollRequest enroll;
        begin(enroll);
        enroll.set_journey_id("j");
        fill(*enroll.mutable_properties());
        items.emplace_back(enroll);
        break;
      }
      default: {
        v1::Event event;
        event.set_customer_id(customer);
        event.set_event_id(absl::StrCat("e", i));
        event.set_type(absl::StrCat("t", below(5)));
        event.set_source_sequence(below(2));
        if (below(4) != 0) event.set_user_id(absl::StrCat("u", below(3)));
        SetTime(time, event.mutable_event_time());
        fill(*event.mutable_properties());
        items.emplace_back(event);
      }
    }
  }
  return items;
}

// Sends a record; OK also where the journey does not take it, which depends on the journey alone.
absl::Status SendRecord(World& world, const Item& item, const std::string& workspace) {
  absl::Status status;
  if (const auto* identify = std::get_if<v1::IdentifyRequest>(&item)) {
    status = Call<v1::IdentifyResponse>(world.customers(), &v1::CustomerService::Stub::Identify, *identify, workspace)
                 .status();
  } else if (const auto* attest = std::get_if<v1::AttestMilestoneRequest>(&item)) {
    status = Call<v1::AttestMilestoneResponse>(world.milestones(), &v1::MilestoneService::Stub::AttestMilestone,
                                               *attest, workspace)
                 .status();
  } else {
    status = Call<v1::EnrollResponse>(world.milestones(), &v1::MilestoneService::Stub::Enroll,
                                      std::get<v1::EnrollRequest>(item), workspace)
                 .status();
  }
  return absl::IsFailedPrecondition(status) || absl::IsNotFound(status) ? absl::OkStatus() : status;
}

// Sends items, as they stand, to whichever of `worlds` the dice choose, events in batches of up to `most`.
void Send(const std::vector<World*>& worlds, const std::vector<Item>& items, const std::string& workspace, int most,
          std::mt19937& random) {
  std::vector<v1::Event> batch;
  const auto world = [&]() -> World& { return *worlds[random() % worlds.size()]; };
  const auto flush = [&] {
    if (batch.empty()) return;
    const auto answer = world().Ingest(batch, false, workspace);
    ASSERT_TRUE(answer.ok()) << answer.status();
    for (const v1::EventResult& result : answer->results()) {
      ASSERT_TRUE(result.outcome() == v1::EVENT_OUTCOME_ACCEPTED || result.outcome() == v1::EVENT_OUTCOME_DUPLICATE)
          << result.DebugString();
    }
    batch.clear();
  };
  size_t wanted = 1;
  for (const Item& item : items) {
    if (const auto* event = std::get_if<v1::Event>(&item)) {
      batch.push_back(*event);
      if (batch.size() < wanted) continue;
      flush();
      wanted = 1 + random() % most;
      continue;
    }
    const absl::Status sent = SendRecord(world(), item, workspace);
    ASSERT_TRUE(sent.ok()) << sent;
  }
  flush();
}

// The hash of each customer's state, by `workspace/customer`; customers without any are left out.
std::map<std::string, std::string> Hashes(World& world) {
  std::map<std::string, std::string> hashes;
  for (int journey = 0; journey < kJourneys; ++journey) {
    const std::string workspace = absl::StrCat("w", journey);
    for (int i = 0; i < kCustomersEach; ++i) {
      const std::string customer = absl::StrCat("customer-", i);
      const auto progress = world.GetProgress(customer, workspace);
      if (!progress.ok()) continue;
      hashes[absl::StrCat(workspace, "/", customer)] = progress->state_hash();
    }
  }
  return hashes;
}

class OrderTest : public ::testing::TestWithParam<sql::Engine> {};

INSTANTIATE_TEST_SUITE_P(Engines, OrderTest, support::BothEngines(), support::EngineName);

TEST_P(OrderTest, OfArrivalRepetitionsBatchesAndReplicasChangeNothing) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  const auto tidy_db = support::OpenFresh(GetParam());
  const auto wild_db = support::OpenFresh(GetParam());
  VirtualClock clock(Noon());
  World tidy(*tidy_db, clock);
  World one(*wild_db, clock);
  World other(*wild_db, clock);
  Journeys journeys(random);
  for (int journey = 0; journey < kJourneys; ++journey) {
    const std::string workspace = absl::StrCat("w", journey);
    const journey::v1::JourneyDefinition definition = journeys.Next();
    tidy.PublishOnly("j", 1, definition, workspace);
    one.PublishOnly("j", 1, definition, workspace);
    tidy.Settle();
    one.Settle();
    std::vector<Item> all;
    for (int i = 0; i < kCustomersEach; ++i) {
      const std::vector<Item> history = RandomHistory(random, absl::StrCat("customer-", i));
      all.insert(all.end(), history.begin(), history.end());
    }
    Send({&tidy}, all, workspace, 1'000, random);
    const size_t once = all.size();
    for (size_t i = 0; i < once; ++i) {
      if (random() % 3 == 0) all.push_back(all[i]);
    }
    std::shuffle(all.begin(), all.end(), random);
    Send({&one, &other}, all, workspace, 40, random);
    if (HasFatalFailure()) return;
    if (journey % 5 == 0) {
      clock.Advance(absl::Minutes(1));
      other.Settle();
    }
  }
  // As much time passes for both.
  clock.Advance(absl::Hours(24 * 30));
  tidy.Settle();
  one.Settle();
  const auto expected = Hashes(tidy);
  const auto found = Hashes(other);
  // Of a few there is nothing but calls that their journey does not take.
  EXPECT_GT(expected.size(), size_t{kJourneys} * kCustomersEach * 9 / 10);
  ASSERT_EQ(found.size(), expected.size());
  std::set<std::string> different;
  for (const auto& [customer, hash] : expected) {
    EXPECT_EQ(found.at(customer), hash) << customer;
    EXPECT_EQ(hash.size(), 16u);
    different.insert(hash);
  }
  EXPECT_GT(different.size(), expected.size() / 2) << "they were worth it";
}

TEST_P(OrderTest, AnotherHistoryHasAnotherHash) {
  const auto db = support::OpenFresh(GetParam());
  VirtualClock clock(Noon());
  World world(*db, clock);
  world.Publish("j", 1, Steps({{"setup", "connect"}, {"adoption", "report", 3}}));
  ASSERT_TRUE(
      world
          .Ingest({At(-9, "acme", "connect", "e1"), At(-5, "acme", "report", "e2"), At(-9, "beta", "connect", "e1"),
                   At(-5, "beta", "report", "e2"), At(-9, "core", "connect", "e1"), At(-5, "core", "report", "e2"),
                   At(-4, "core", "report", "e3")})
          .ok());
  const auto hash = [&](const std::string& customer) { return world.GetProgress(customer)->state_hash(); };
  EXPECT_EQ(hash("acme"), hash("beta"));
  EXPECT_NE(hash("acme"), hash("core"));
  v1::GetCurrentStageRequest request;
  request.set_customer_id("acme");
  EXPECT_EQ(world.GetStage(request)->stages().state_hash(), hash("acme")) << "also from the cache";
}

}  // namespace
}  // namespace waymark::milestone
