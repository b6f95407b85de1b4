#include "services/rules/translation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "services/rules/difference.h"
#include "tests/rules/random_journey.h"

namespace waymark::rules {
namespace {

constexpr int kRounds = 5'000;
const absl::Time kEnd = FirstTick() + (kHistoryTicks + 16) * kTick;

unsigned Seed() {
  const char* given = std::getenv("WAYMARK_SEED");
  return given != nullptr ? static_cast<unsigned>(std::atol(given)) : std::random_device()();
}

// Somebody who hears conclusions and knows nothing else: what stands, and when it came true.
class Listener {
 public:
  using Effect = std::tuple<std::string, uint32_t, std::string>;  // Enrollment, what.

  void Hear(const Journey& journey, const std::vector<Conclusion>& conclusions) {
    for (const Conclusion& conclusion : conclusions) Hear(journey, conclusion);
  }
  const std::map<Effect, absl::Time>& standing() const { return standing_; }
  // The stage of each enrollment that was entered last and stands.
  std::map<std::pair<std::string, uint32_t>, std::string> Stages() const {
    std::map<std::pair<std::string, uint32_t>, std::string> stages;
    for (const auto& [run, way] : ways_) {
      if (!way.empty()) stages[run] = way.back();
    }
    return stages;
  }

 private:
  void Hear(const Journey& journey, const Conclusion& conclusion) {
    const auto effect = [&](const std::string& what) { return Effect{conclusion.key, conclusion.run, what}; };
    const std::string stage = journey.stages()[conclusion.stage].key;
    const Effect entered = effect(absl::StrCat("stage ", stage, " ", conclusion.occurrence));
    const Effect achieved = effect(conclusion.milestone.has_value()
                                       ? absl::StrCat("milestone ", journey.milestone(*conclusion.milestone).key)
                                       : "");
    std::vector<std::string>& way = ways_[{conclusion.key, conclusion.run}];
    switch (conclusion.kind) {
      case ConclusionKind::kEnrolled:
        EXPECT_FALSE(standing_.contains(effect("enrolled")));
        standing_[effect("enrolled")] = absl::InfinitePast();  // Its time is that of the first stage.
        break;
      case ConclusionKind::kEnrollmentRetracted:
        // With it everything that followed.
        std::erase_if(standing_, [&](const auto& one) {
          return std::get<0>(one.first) == conclusion.key && std::get<1>(one.first) == conclusion.run;
        });
        way.clear();
        break;
      case ConclusionKind::kMilestoneAchieved:
        standing_[achieved] = conclusion.now.time;
        break;
      case ConclusionKind::kMilestoneRevised:
        EXPECT_TRUE(standing_.contains(achieved));
        standing_[achieved] = conclusion.now.time;
        break;
      case ConclusionKind::kMilestoneRevoked:
      case ConclusionKind::kMilestoneRetracted:
        if (conclusion.perhaps) break;  // Of an occurrence before; here the last is kept alone.
        EXPECT_EQ(standing_.erase(achieved), 1u);
        break;
      case ConclusionKind::kStageEntered:
        EXPECT_FALSE(standing_.contains(entered));
        standing_[entered] = conclusion.now.time;
        way.push_back(stage);
        break;
      case ConclusionKind::kStageRevised:
        EXPECT_TRUE(standing_.contains(entered));
        standing_[entered] = conclusion.now.time;
        break;
      case ConclusionKind::kStageRetracted:
        EXPECT_EQ(standing_.erase(entered), 1u);
        ASSERT_FALSE(way.empty());
        EXPECT_EQ(way.back(), stage);
        way.pop_back();
        break;
      case ConclusionKind::kCompleted:
        standing_[effect("completed")] = absl::InfinitePast();  // Its time is not corrected.
        break;
      case ConclusionKind::kCompletionRetracted:
        EXPECT_EQ(standing_.erase(effect("completed")), 1u);
        break;
      case ConclusionKind::kExited:
        standing_[effect("exited")] = absl::InfinitePast();
        break;
      case ConclusionKind::kExitRetracted:
        EXPECT_EQ(standing_.erase(effect("exited")), 1u);
        break;
    }
  }

  std::map<Effect, absl::Time> standing_;
  std::map<std::pair<std::string, uint32_t>, std::vector<std::string>> ways_;
};

bool WasAchieved(const Journey& journey, const Progress& progress, const std::string& key, uint32_t ordinal,
                 const std::string& what) {
  const Run* run = FindRun(progress.enrollments(), key, ordinal);
  if (run == nullptr) return false;
  for (size_t rule = 0; rule < run->milestones.size(); ++rule) {
    if (what == "milestone " + journey.milestone(rule).key) return run->milestones[rule].earlier > 0;
  }
  return false;
}

TEST(TranslationPropertyTest, WhoHearsOfTheMoveKnowsWhatTheNewVersionHasReached) {
  const unsigned seed = Seed();
  SCOPED_TRACE(absl::StrCat("WAYMARK_SEED=", seed));
  std::mt19937 random(seed);
  int moved = 0, retracted = 0;
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round));
    JourneyVersion base = RandomJourney(random);
    JourneyVersion candidate = RandomJourney(random);
    // The keys of random journeys are alike; some are to be unknown.
    if (round % 3 == 0) base.definition.stages[random() % base.definition.stages.size()].key = "gone";
    if (round % 3 == 1 && !base.definition.exits.empty()) base.definition.exits.front().key = "gone";
    base.definition.transitions.clear();
    const RandomHistory history(random);
    const Journey from(base), to(candidate);
    const Progress before = Fold(from, {}, history.items(), kEnd);
    const Progress after = Fold(to, {}, history.items(), kEnd);

    Listener listener, fresh;
    listener.Hear(from, Compare(from, {}, before));
    const Translation translation = Translate(from, before, to);
    for (const Conclusion& conclusion : translation.retractions) {
      EXPECT_TRUE(conclusion.kind == ConclusionKind::kEnrollmentRetracted ||
                  conclusion.kind == ConclusionKind::kMilestoneRetracted ||
                  conclusion.kind == ConclusionKind::kStageRetracted ||
                  conclusion.kind == ConclusionKind::kCompletionRetracted ||
                  conclusion.kind == ConclusionKind::kExitRetracted);
    }
    listener.Hear(from, translation.retractions);
    const std::vector<Conclusion> told = Compare(to, translation.told, after);
    listener.Hear(to, told);
    fresh.Hear(to, Compare(to, {}, after));
    std::map<Listener::Effect, absl::Time> standing = listener.standing();
    std::erase_if(standing, [&](const auto& one) {
      const auto& [key, ordinal, what] = one.first;
      // What was achieved under both, and is to be achieved anew since a period or a stay began: it stands, and who
      // hears of everything at once is told only of what comes next.
      return !fresh.standing().contains(one.first) && WasAchieved(to, after, key, ordinal, what);
    });
    ASSERT_EQ(standing, fresh.standing());
    ASSERT_EQ(listener.Stages(), fresh.Stages());
    moved += !told.empty();
    retracted += !translation.retractions.empty();

    // Who moves to the same version hears nothing.
    const Translation same = Translate(to, after, to);
    ASSERT_TRUE(same.retractions.empty());
    ASSERT_TRUE(Compare(to, same.told, after).empty());
  }
  EXPECT_GT(moved, kRounds / 10);
  EXPECT_GT(retracted, kRounds / 100);
}

}  // namespace
}  // namespace waymark::rules
