#include "services/rules/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "tests/rules/brute_force.h"
#include "tests/rules/random_journey.h"

namespace waymark::rules {
namespace {

constexpr int kRounds = 5'000;
const absl::Time kEnd = FirstTick() + (kHistoryTicks + 16) * kTick;

unsigned Seed() {
  const char* given = std::getenv("WAYMARK_SEED");
  return given != nullptr ? static_cast<unsigned>(std::atol(given)) : std::random_device()();
}

// Enrollment (key, ordinal), what, its key, the how manieth.
using Place = std::tuple<std::string, int, DateKind, std::string, int>;
using Outcome = std::map<Place, std::pair<When, uint32_t>>;
// Enrollment; stage, how it ended.
using Standings = std::map<std::pair<std::string, int>, std::pair<std::string, std::string>>;

// Everything that a version makes of a history, by evaluating every criterion from scratch at every instant.
std::pair<Outcome, Standings> OutcomeOf(const JourneyVersion& version, const std::vector<Item>& history) {
  Outcome outcome;
  Standings standings;
  std::map<std::string, int> ordinals;
  const Definition& definition = version.definition;
  for (const ExpectedRun& run : BruteForce(version, history, kEnd)) {
    const int ordinal = ++ordinals[run.key];
    const auto add = [&](DateKind kind, const std::string& key, int occurrence, When when, uint32_t earlier = 0) {
      outcome[{run.key, ordinal, kind, key, occurrence}] = {when, earlier};
    };
    add(DateKind::kEnrolled, "", 1, run.stays.front().when);
    std::map<size_t, int> stays;
    for (const ExpectedRun::Stay& stay : run.stays) {
      const std::string& key = definition.stages[stay.stage].key;
      add(DateKind::kStageEntered, key, ++stays[stay.stage], stay.when);
      if (stay.completed.has_value()) {
        add(DateKind::kStageCompleted, key, stays[stay.stage], {*stay.completed, 0});
      }
    }
    size_t m = 0;
    for (const Stage& stage : definition.stages) {
      for (const Milestone& milestone : stage.milestones) {
        const ExpectedMilestone& expected = run.milestones[m++];
        if (!expected.achieved.has_value()) continue;
        add(DateKind::kMilestoneAchieved, milestone.key, 1, *expected.achieved, expected.earlier);
      }
    }
    std::string end = "active";
    if (run.completed.has_value()) {
      add(DateKind::kCompleted, "", 1, *run.completed);
      end = "completed";
    }
    if (run.exited.has_value()) {
      const std::string key = run.exited->second.has_value() ? definition.exits[*run.exited->second].key : "";
      add(DateKind::kExited, key, 1, run.exited->first);
      end = "exited " + key;
    }
    standings[{run.key, ordinal}] = {definition.stages[run.stays.back().stage].key, end};
  }
  return {outcome, standings};
}

std::pair<std::string, std::string> InWords(const Standing& standing) {
  const std::string stage(standing.stage);
  switch (standing.state) {
    case RunState::kActive:
      return {stage, "active"};
    case RunState::kCompleted:
      return {stage, "completed"};
    case RunState::kExited:
      return {stage, "exited " + std::string(standing.exit)};
  }
  return {};
}

TEST(DifferencePropertyTest, EqualsTheDifferenceOfTwoRecomputationsFromScratch) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  int gained = 0, lost = 0, shifted = 0, moved = 0, enrolled = 0, unenrolled = 0, same = 0;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    const JourneyVersion base = RandomJourney(random);
    // Another one, or the same with something in it changed, as people change journeys.
    JourneyVersion candidate = RandomJourney(random);
    if (round % 2 == 0) {
      const ReEntry re_entry = candidate.definition.entry.re_entry;
      candidate = base;
      Definition& definition = candidate.definition;
      Stage& stage = definition.stages[random() % definition.stages.size()];
      switch (random() % 5) {
        case 0:
          definition.exits.clear();
          break;
        case 1:
          definition.transitions.clear();
          break;
        case 2:
          definition.entry.re_entry = re_entry;
          break;
        case 3:
          if (stage.milestones.size() > 1) stage.exit_at_least = 1;
          break;
        default:
          if (!stage.milestones.empty()) stage.milestones.front().variants.clear();
          break;
      }
    }
    const RandomHistory history(random);
    const Journey one(base), two(candidate);
    const Progress before = Fold(one, {}, history.items(), kEnd);
    const Progress after = Fold(two, {}, history.items(), kEnd);

    const auto [was, stood] = OutcomeOf(base, history.items());
    const auto [is, stands] = OutcomeOf(candidate, history.items());
    Outcome only_was, only_is;
    for (const auto& [place, when] : was) {
      const auto other = is.find(place);
      if (other == is.end() || other->second != when) only_was[place] = when;
    }
    for (const auto& [place, when] : is) {
      const auto other = was.find(place);
      if (other == was.end() || other->second != when) only_is[place] = when;
    }

    Outcome found_was, found_is;
    std::set<std::pair<std::string, int>> different;
    for (const RunDifference& difference : FindDifferences(one, before, two, after)) {
      const std::pair<std::string, int> name(difference.key, difference.ordinal);
      ASSERT_TRUE(different.insert(name).second) << "an enrollment is told twice";
      ASSERT_EQ(difference.from.has_value(), stood.contains(name));
      ASSERT_EQ(difference.to.has_value(), stands.contains(name));
      if (difference.from.has_value()) {
        ASSERT_EQ(InWords(*difference.from), stood.at(name));
      }
      if (difference.to.has_value()) {
        ASSERT_EQ(InWords(*difference.to), stands.at(name));
      }
      enrolled += !difference.from.has_value();
      unenrolled += !difference.to.has_value();
      moved += difference.from.has_value() && difference.to.has_value() && difference.from != difference.to;
      for (const DatedDifference& dated : difference.dates) {
        const auto note = [&](const std::optional<Reached>& reached, Outcome& outcome) {
          if (!reached.has_value()) return;
          outcome[{difference.key, static_cast<int>(difference.ordinal), reached->kind, std::string(reached->key),
                   static_cast<int>(reached->occurrence)}] = {{reached->moment.time, reached->moment.item},
                                                              reached->earlier};
        };
        note(dated.before, found_was);
        note(dated.after, found_is);
        gained += !dated.before.has_value();
        lost += !dated.after.has_value();
        shifted += dated.before.has_value() && dated.after.has_value();
      }
    }
    ASSERT_EQ(found_was, only_was);
    ASSERT_EQ(found_is, only_is);
    // Where anything is different, the enrollment is told, and no other is.
    for (const auto& [name, standing] : stood) {
      const auto now = stands.find(name);
      EXPECT_TRUE((now != stands.end() && now->second == standing) || different.contains(name));
    }
    same += different.empty() && !stood.empty();
  }
  for (const int often : {gained, lost, shifted, moved, enrolled, unenrolled, same}) EXPECT_GT(often, kRounds / 500);
}

TEST(DifferencePropertyTest, AVersionDiffersNowhereFromItself) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  for (int round = 0; round < kRounds; ++round) {
    const JourneyVersion version = RandomJourney(random);
    const RandomHistory history(random);
    const Journey one(version), two(version);
    ASSERT_TRUE(
        FindDifferences(one, Fold(one, {}, history.items(), kEnd), two, Fold(two, {}, history.items(), kEnd)).empty())
        << "round " << round;
  }
}

}  // namespace
}  // namespace waymark::rules
