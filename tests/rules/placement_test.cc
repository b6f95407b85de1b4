#include "services/rules/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <random>

#include "absl/strings/str_cat.h"
#include "services/rules/progress.h"
#include "tests/rules/random_journey.h"
#include "tests/rules/story.h"

namespace waymark::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Fate = Placements::Fate;

constexpr int kRounds = 20'000;

unsigned Seed() {
  const char* given = std::getenv("WAYMARK_SEED");
  return given != nullptr ? static_cast<unsigned>(std::atol(given)) : std::random_device()();
}

Stage StageWith(std::string key, Milestone milestone) {
  milestone.required = true;
  return {.key = std::move(key), .milestones = {std::move(milestone)}};
}

Journey Make(std::vector<Stage> stages, uint32_t number) {
  JourneyVersion version{.journey_id = "j", .number = number};
  version.definition.tracks = true;
  version.definition.entry.triggers = {AnyEvent()};
  version.definition.stages = std::move(stages);
  return Journey(std::move(version));
}

const Journey& Old() {
  static const Journey& journey = *new Journey(
      Make({StageWith("setup", Of("connected", {Count("connect")})), StageWith("use", Of("used", {Count("report", 2)})),
            StageWith("grow", Of("grown", {Count("invite")}))},
           1));
  return journey;
}
// Asks for more before anybody uses it, and calls that otherwise.
const Journey& New() {
  static const Journey& journey = *new Journey(Make({StageWith("setup", Of("connected", {Count("connect", 3)})),
                                                     StageWith("adoption", Of("adopted", {Count("report", 5)}))},
                                                    2));
  return journey;
}

// Where those of the steps stand on the fifth day, and what a map makes of them.
Placements Place(const KeyMap& map, const std::vector<ScenarioStep>& steps, const Journey& from = Old(),
                 const Journey& to = New()) {
  const Scenario scenario{.steps = steps};
  const ScenarioHistory history(from, scenario);
  return PlaceByMap(map, from, to, history.items(), Day(5));
}

TEST(PlacementTest, WhoStandsThereAlreadyNeedsNothing) {
  const Placements placements = Place({}, {EventAt(0, "login")});
  EXPECT_EQ(placements.fate, Fate::kGoes);
  EXPECT_THAT(placements.overrides, IsEmpty());
}

TEST(PlacementTest, WhomHistoryLeadsElsewhereIsPutWhereTheMapSaysWithWhatItHasAchieved) {
  const Placements placements =
      Place({.stages = {{"use", "adoption"}}, .milestones = {{"used", "adopted"}}}, {EventAt(0, "connect")});
  EXPECT_EQ(placements.fate, Fate::kGoes);
  ASSERT_EQ(placements.overrides.size(), 1u);
  EXPECT_EQ(placements.overrides[0].from_stage, "use");
  EXPECT_EQ(placements.overrides[0].stage, "adoption");
  EXPECT_EQ(placements.overrides[0].entry_key, "");
  EXPECT_THAT(placements.overrides[0].milestones, ElementsAre("connected"));
}

TEST(PlacementTest, AMilestoneAloneIsWorthAnOverride) {
  const Journey to =
      Make({StageWith("setup", Of("connected", {Count("connect", 3)})),
            StageWith("use", Of("used", {Count("report", 3)})), StageWith("grow", Of("grown", {Count("x")}))},
           2);
  const std::vector<ScenarioStep> steps = {EventAt(0, "connect"), EventAt(1, "report"), EventAt(2, "report")};
  const Placements placements = Place({.stages = {{"grow", "setup"}}}, steps, Old(), to);
  EXPECT_EQ(placements.fate, Fate::kGoes);
  ASSERT_EQ(placements.overrides.size(), 1u);
  EXPECT_EQ(placements.overrides[0].stage, "setup");
  EXPECT_THAT(placements.overrides[0].milestones, ElementsAre("connected", "used"));
}

TEST(PlacementTest, AStageThatIsNeitherMappedNorThereKeepsItsCustomers) {
  const Placements placements = Place({}, {EventAt(0, "connect")});
  EXPECT_EQ(placements.fate, Fate::kUnmapped);
  EXPECT_EQ(placements.unmapped_stage, "use");
}

TEST(PlacementTest, WhoIsNotUnderWayStays) {
  EXPECT_EQ(Place({}, {}).fate, Fate::kNotUnderWay);
  EXPECT_EQ(Place({}, {EventAt(0, "connect"), EventAt(1, "report"), EventAt(1, "report"), EventAt(2, "invite")}).fate,
            Fate::kNotUnderWay);
}

TEST(PlacementTest, WhomTheOtherVersionWouldNotHaveThereStays) {
  const Journey shorter = Make({StageWith("setup", Of("connected", {Count("connect")}))}, 2);
  const Placements placements = Place({.stages = {{"use", "setup"}}}, {EventAt(0, "connect")}, Old(), shorter);
  EXPECT_EQ(placements.fate, Fate::kNotThere);
  EXPECT_EQ(placements.unmapped_stage, "");
}

// With the overrides in its history, whoever goes has come to where the map says, and to all that it had achieved.
TEST(PlacementPropertyTest, TheOverridesLeadWhereTheMapSays) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  int put = 0, unmapped = 0, not_there = 0;
  for (int round = 0; round < kRounds; ++round) {
    JourneyVersion old_version = RandomJourney(random), new_version = RandomJourney(random);
    old_version.number = 1;
    new_version.number = 2;
    if (round % 3 == 0) {
      old_version.definition.stages[random() % old_version.definition.stages.size()].key = "gone";
      old_version.definition.transitions.clear();
    }
    const Journey from(old_version), to(new_version);
    KeyMap map;
    const auto target = [&] { return to.stages()[random() % to.stages().size()].key; };
    for (const Stage& stage : from.stages()) {
      if (random() % 2 == 0) map.stages[stage.key] = target();
    }
    const RandomHistory history(random);
    const absl::Time as_of = FirstTick() + (random() % (kHistoryTicks + 10)) * kTick;
    std::vector<Item> items;
    for (const Item& item : history.items()) {
      if (item.time <= as_of) items.push_back(item);
    }
    const Placements placements = PlaceByMap(map, from, to, items, as_of);
    unmapped += placements.fate == Fate::kUnmapped;
    not_there += placements.fate == Fate::kNotThere;
    if (placements.fate != Fate::kGoes) continue;
    std::deque<std::vector<Property>> named;
    for (const Placement& placement : placements.overrides) {
      named.emplace_back();
      for (const std::string& key : placement.milestones) named.back().push_back({.path = key, .composite = true});
      items.push_back({.time = as_of,
                       .sequence = INT64_MAX,
                       .id = placement.entry_key,
                       .number = 1'000'000 + static_cast<int64_t>(named.size()),
                       .type = to.version().journey_id,
                       .kind = ItemKind::kOverride,
                       .key = placement.stage,
                       .entry_key = placement.entry_key,
                       .properties = named.back()});
    }
    std::sort(items.begin(), items.end(), Before);
    // Before time alone changes anything at that instant.
    const Progress moved = Fold(to, {}, items);
    for (const Placement& placement : placements.overrides) {
      const auto run = std::find_if(moved.runs.rbegin(), moved.runs.rend(),
                                    [&](const auto& one) { return one.enrolled() && one.key == placement.entry_key; });
      ASSERT_NE(run, moved.runs.rend());
      if (run->entered.size() == kMostPassages) continue;
      EXPECT_TRUE(std::any_of(run->entered.begin(), run->entered.end(), [&](const Passage& passage) {
        return to.stages()[passage.stage].key == placement.stage;
      }));
      for (const std::string& key : placement.milestones) {
        const MilestoneProgress& milestone = run->milestones[*to.FindMilestone(key)];
        EXPECT_TRUE(milestone.achieved.has_value() || milestone.earlier > 0) << key;
      }
      ++put;
    }
  }
  EXPECT_GT(put, kRounds / 200);
  EXPECT_GT(unmapped, kRounds / 100);
  EXPECT_GT(not_there, kRounds / 200);
}

}  // namespace
}  // namespace waymark::rules
