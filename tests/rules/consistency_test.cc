#include "services/rules/consistency.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::rules {
namespace {

Criterion Count(std::string type, uint32_t at_least = 1, std::optional<absl::Duration> within = std::nullopt) {
  return {EventCount{.events = {.event_types = {std::move(type)}}, .at_least = at_least, .within = within}};
}

Criterion All(std::vector<Criterion> parts) { return {Some{.quorum = Quorum::kAll, .criteria = std::move(parts)}}; }
Criterion Any(std::vector<Criterion> parts) { return {Some{.quorum = Quorum::kAny, .criteria = std::move(parts)}}; }
Criterion None(std::vector<Criterion> parts) { return {NoneOf{std::move(parts)}}; }
Criterion Silence(std::string type, absl::Duration lasting) {
  return {Absence{.events = {.event_types = {std::move(type)}}, .lasting = lasting}};
}
Criterion SeatsAtLeast(double seats) {
  return {AttributeIs{{.name = "seats", .comparison = Comparison::kAtLeast, .values = {seats}}}};
}
Criterion Band(std::vector<std::string> bands) { return {InBand{"health", std::move(bands)}}; }
Criterion Date(int32_t days) { return {DateReached{.attribute = "renewal_date", .offset_days = days}}; }

Answer Ask(const Criterion& criterion, bool met = true) { return CanBeMet({{&criterion, met}}, Circumstances()); }

TEST(ConsistencyTest, WhatPeopleAskForCanBeMet) {
  EXPECT_EQ(Ask(All({Count("login", 3), None({Count("closed")}), SeatsAtLeast(5), Band({"green"})})), Answer::kYes);
  EXPECT_EQ(Ask(All({Silence("login", absl::Hours(24)), Count("mail_opened", 1, absl::Hours(1))})), Answer::kYes);
}

TEST(ConsistencyTest, PartsThatExcludeEachOtherCannotBeMet) {
  const std::vector<Criterion> impossible = {
      All({Count("login"), None({Count("login")})}),
      All({Count("login", 3), None({Count("login", 2)})}),
      All({Count("login", 3, absl::Hours(1)), None({Count("login", 3, absl::Hours(2))})}),
      All({Silence("login", absl::Hours(24)), Count("login", 1, absl::Hours(24))}),
      All({SeatsAtLeast(10), None({SeatsAtLeast(5)})}),
      All({Band({"green", "yellow"}), Band({"yellow", "red"}), None({Band({"yellow"})})}),
      All({Date(30), None({Date(0)})}),
      All({{InSegment{"big"}}, None({{InSegment{"big"}}})}),
      All({{MilestoneMet{"value"}}, None({{MilestoneMet{"value"}}})}),
      All({{Attested{"csm"}}, None({{Attested{}}})}),
      All({{Sequence{.steps = {{.event_types = {"a"}}, {.event_types = {"b"}}}}}, None({Count("b")})}),
      {Some{.quorum = Quorum::kAtLeast,
            .at_least = 2,
            .criteria = {Count("a"), None({Count("a")}), All({Count("b"), None({Count("b")})})}}},
  };
  for (size_t i = 0; i < impossible.size(); ++i) EXPECT_EQ(Ask(impossible[i]), Answer::kNo) << i;
}

TEST(ConsistencyTest, PartsThatOnlySeemToExcludeEachOtherCanBeMet) {
  const std::vector<Criterion> possible = {
      All({Count("login", 2), None({Count("login", 3)})}),
      All({Count("login", 3), None({Count("login", 3, absl::Hours(2))})}),
      All({Silence("login", absl::Hours(24)), Count("login", 1, absl::Hours(25))}),
      All({Silence("login", absl::Hours(24)), Count("login", 5)}),
      All({Date(0), None({Date(30)})}),
      All({{Attested{}}, None({{Attested{"csm"}}})}),
      All({{InBand{"health", {"green"}}}, {InBand{"adoption", {"red"}}}}),
  };
  for (size_t i = 0; i < possible.size(); ++i) EXPECT_EQ(Ask(possible[i]), Answer::kYes) << i;
}

TEST(ConsistencyTest, WhatIsAlwaysMetCannotBeUnmet) {
  EXPECT_EQ(Ask(Any({SeatsAtLeast(5), None({SeatsAtLeast(8)})}), false), Answer::kNo);
  EXPECT_EQ(Ask(Any({Count("login"), None({Count("login", 2)})}), false), Answer::kNo);
  EXPECT_EQ(Ask(Any({Count("login", 2), None({Count("login")})}), false), Answer::kYes);
}

TEST(ConsistencyTest, AWindowTouchesOnlySoManyDays) {
  EXPECT_EQ(MostDaysWithin(absl::Hours(24), true), 2u);
  EXPECT_EQ(MostDaysWithin(absl::Hours(25), true), 3u);
  EXPECT_EQ(MostDaysWithin(absl::Hours(24 * 7), true), 8u);
  EXPECT_EQ(MostDaysWithin(absl::Hours(24 * 7), false), 9u);
  EventCount days{
      .events = {.event_types = {"login"}}, .at_least = 8, .within = absl::Hours(24 * 7), .distinct = Distinct::kDays};
  EXPECT_EQ(Ask({days}), Answer::kYes);
  days.at_least = 9;
  EXPECT_EQ(Ask({days}), Answer::kNo);
}

TEST(ConsistencyTest, WhatIsSeenInAStageIsSeenInTheHistoryAndNotTheOtherWayRound) {
  const Criterion login = Count("login");
  const auto ask = [&](View met, View not_met) {
    return CanBeMet({{&login, true, met}, {&login, false, not_met}}, Circumstances());
  };
  EXPECT_EQ(ask(View::kStage, View::kEntry), Answer::kNo);
  EXPECT_EQ(ask(View::kStage, View::kHistory), Answer::kNo);
  EXPECT_EQ(ask(View::kEntry, View::kSegment), Answer::kNo);
  EXPECT_EQ(ask(View::kHistory, View::kStage), Answer::kYes);
  EXPECT_EQ(ask(View::kEntry, View::kStage), Answer::kYes);
  EXPECT_EQ(ask(View::kOwn, View::kEntry), Answer::kYes);
}

TEST(ConsistencyTest, SegmentsAreWhatTheirRulesSay) {
  const Criterion rule = SeatsAtLeast(500);
  const Criterion small = All({{InSegment{"enterprise"}}, None({SeatsAtLeast(100)})});
  EXPECT_EQ(Ask(small), Answer::kYes);
  EXPECT_EQ(CanBeMet({{&small}}, {.segments = {{"enterprise", &rule}}}), Answer::kNo);
}

TEST(ConsistencyTest, AMilestoneThatCannotBeAchievedIsNotMet) {
  const Criterion needs = Any({{MilestoneMet{"never"}}, Count("login")});
  const Criterion only = {MilestoneMet{"never"}};
  const Circumstances circumstances{.can_be_achieved = [](const std::string& key) { return key != "never"; }};
  EXPECT_EQ(CanBeMet({{&needs}}, circumstances), Answer::kYes);
  EXPECT_EQ(CanBeMet({{&only}}, circumstances), Answer::kNo);
  EXPECT_EQ(CanBeMet({{&only, false}}, circumstances), Answer::kYes);
}

TEST(ConsistencyTest, EachWayIsShownUntilOneIsTaken) {
  const Criterion either = Any({Count("login"), SeatsAtLeast(3), Band({"green"})});
  std::vector<size_t> kinds;
  const auto note = [&](absl::Span<const Demand> facts) {
    EXPECT_EQ(facts.size(), 1u);
    kinds.push_back(facts[0].criterion->kind.index());
    return kinds.size() == 2;
  };
  EXPECT_EQ(CanBeMet({{&either}}, Circumstances(), note), Answer::kYes);
  EXPECT_EQ(kinds.size(), 2u);
  EXPECT_NE(kinds[0], kinds[1]);
  EXPECT_EQ(CanBeMet({{&either}}, Circumstances(), [](absl::Span<const Demand>) { return false; }), Answer::kUndecided);
}

TEST(ConsistencyTest, APuzzleIsGivenUpAndNotCalledImpossible) {
  // Fifty choices of three, and in the end none of them will do.
  std::vector<Criterion> parts;
  for (int i = 0; i < 50; ++i) {
    parts.push_back(Any({Count(absl::StrCat("a", i)), Count(absl::StrCat("b", i)), Count(absl::StrCat("c", i))}));
  }
  parts.push_back(All({Count("login"), None({Count("login")})}));
  const Criterion puzzle = All(std::move(parts));
  EXPECT_EQ(CanBeMet({{&puzzle}}, Circumstances()), Answer::kUndecided);
}

}  // namespace
}  // namespace waymark::rules
