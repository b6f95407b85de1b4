// That what validation calls unreachable is reached by no history, and that every example works: on the whole corpus
// and on random journeys, by searching through all small histories and through many random ones.
#include "services/rules/reachability.h"

#include <algorithm>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/rules/convert/definition.h"
#include "tests/rules/corpus.h"
#include "tests/rules/random_journey.h"
#include "tests/rules/small_histories.h"

namespace waymark::rules {
namespace {

struct Tally {
  int yes = 0;
  int no = 0;
  int undecided = 0;
  std::vector<std::string> missed;  // Undecided, and some history does reach it.
  int64_t folds = 0;
};

// What a verdict is about.
struct Question {
  enum class Kind { kStage, kMilestone, kExit } kind;
  size_t index;
};

bool IsSo(const Progress& progress, const Question& question) {
  for (const Run& run : progress.runs) {
    switch (question.kind) {
      case Question::Kind::kStage:
        for (const Passage& passage : run.entered) {
          if (passage.stage == question.index) return true;
        }
        break;
      case Question::Kind::kMilestone:
        if (run.milestones[question.index].achieved.has_value()) return true;
        break;
      case Question::Kind::kExit:
        if (run.exited.has_value() && run.exited->exit == question.index) return true;
        break;
    }
  }
  return false;
}

class Trial {
 public:
  Trial(JourneyVersion version, std::string name)
      : name_(std::move(name)), journey_(version), version_(journey_.version()), found_(FindReachability(version_)) {
    for (size_t i = 0; i < found_.stages.size(); ++i) Ask({Question::Kind::kStage, i}, found_.stages[i]);
    for (size_t i = 0; i < found_.milestones.size(); ++i) Ask({Question::Kind::kMilestone, i}, found_.milestones[i]);
    for (size_t i = 0; i < found_.exits.size(); ++i) Ask({Question::Kind::kExit, i}, found_.exits[i]);
  }

  // Runs every example from its beginning, as a scenario.
  void RunExamples(Tally& tally) {
    for (const auto& [question, verdict] : asked_) {
      tally.yes += verdict->answer == Answer::kYes ? 1 : 0;
      tally.no += verdict->answer == Answer::kNo ? 1 : 0;
      tally.undecided += verdict->answer == Answer::kUndecided ? 1 : 0;
      if (verdict->answer == Answer::kNo) {
        EXPECT_NE(verdict->why, "") << name_;
      }
      if (verdict->answer != Answer::kYes) continue;
      const Scenario example = ExampleOf(*verdict);
      const ScenarioHistory history(journey_, example);
      const Progress progress = Fold(journey_, {}, history.items(), ScenarioStart() + verdict->at);
      EXPECT_TRUE(IsSo(progress, question)) << name_ << ": " << Name(question) << " by\n" << Told(example.steps);
    }
  }

  void Search(int most_steps, int budget, Tally& tally) {
    std::vector<bool> missed(asked_.size());
    tally.folds += ForEachSmallHistory(journey_, AlphabetOf(version_), most_steps, budget,
                                       [&](const Progress& progress, absl::Span<const ScenarioStep> steps) {
                                         Compare(progress, missed, [&] { return Told(steps); });
                                       });
    Count(missed, tally);
  }

  void SearchRandomly(std::mt19937& random, int histories, Tally& tally) {
    std::vector<bool> missed(asked_.size());
    for (int i = 0; i < histories; ++i) {
      const RandomHistory history(random);
      // Verdicts leave out what somebody decides.
      std::vector<Item> items = history.items();
      items.erase(
          std::remove_if(items.begin(), items.end(), [](const Item& item) { return item.kind == ItemKind::kOverride; }),
          items.end());
      const Progress progress = Fold(journey_, {}, items, FirstTick() + 80 * kTick);
      tally.folds += items.size();
      Compare(progress, missed, [&] { return absl::StrCat("random history ", i); });
    }
    Count(missed, tally);
  }

 private:
  void Count(const std::vector<bool>& missed, Tally& tally) const {
    for (size_t i = 0; i < missed.size(); ++i) {
      if (missed[i]) tally.missed.push_back(absl::StrCat(name_, ": ", Name(asked_[i].first)));
    }
  }

  void Ask(Question question, const Verdict& verdict) { asked_.emplace_back(question, &verdict); }

  std::string Name(const Question& question) const {
    switch (question.kind) {
      case Question::Kind::kStage:
        return absl::StrCat("stage ", version_.definition.stages[question.index].key);
      case Question::Kind::kMilestone:
        return absl::StrCat("milestone ", journey_.milestone(question.index).key);
      case Question::Kind::kExit:
        return absl::StrCat("exit ", version_.definition.exits[question.index].key);
    }
    return "";
  }

  template <typename Telling>
  void Compare(const Progress& progress, std::vector<bool>& missed, Telling tell) {
    for (size_t i = 0; i < asked_.size(); ++i) {
      const auto& [question, verdict] = asked_[i];
      if (verdict->answer == Answer::kYes || !IsSo(progress, question)) continue;
      if (verdict->answer == Answer::kUndecided) {
        missed[i] = true;
      } else {
        ADD_FAILURE() << name_ << ": " << Name(question) << " was called unreachable: " << verdict->why
                      << "\nand is reached by\n"
                      << tell();
      }
    }
  }

  std::string name_;
  Journey journey_;
  const JourneyVersion& version_;
  Reachability found_;
  std::vector<std::pair<Question, const Verdict*>> asked_;
};

void Print(const Tally& tally) {
  const size_t shown = std::min<size_t>(tally.missed.size(), 10);
  std::cout << "verdicts: " << tally.yes << " reachable, " << tally.no << " unreachable, " << tally.undecided
            << " not decided (" << tally.missed.size() << " of them reached by some history, such as\n  "
            << absl::StrJoin(tally.missed.begin(), tally.missed.begin() + shown, "\n  ") << ");\n"
            << tally.folds << " items folded\n";
}

JourneyVersion VersionOf(const Sample& sample) {
  return {.journey_id = sample.journey.journey_id(),
          .number = 1,
          .definition = FromProto(sample.journey.definition()),
          .segments = sample.surroundings.segment_rules};
}

TEST(ReachabilityTest, VerdictsOnTheCorpusAreConfirmedByAllSmallHistories) {
  Tally tally;
  for (const char* folder : {"good", "defects"}) {
    for (const Sample& sample : ReadCorpus(folder)) {
      Trial trial(VersionOf(sample), sample.file);
      trial.RunExamples(tally);
      trial.Search(/*most_steps=*/5, /*budget=*/8000, tally);
    }
  }
  Print(tally);
  EXPECT_GT(tally.no, 30);
}

TEST(ReachabilityTest, EverythingInGoodJourneysIsReachable) {
  for (const Sample& sample : ReadCorpus("good")) {
    const Reachability found = FindReachability(VersionOf(sample));
    for (const auto* list : {&found.stages, &found.milestones, &found.exits}) {
      for (size_t i = 0; i < list->size(); ++i) {
        EXPECT_EQ((*list)[i].answer, Answer::kYes) << sample.file
                                                   << (list == &found.stages  ? " stage "
                                                       : list == &found.exits ? " exit "
                                                                              : " milestone ")
                                                   << i;
      }
    }
  }
}

TEST(ReachabilityTest, DifferentDaysAreFoundAtWhateverHourTheHistoryBegins) {
  for (const char* zone : {"UTC", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati"}) {
    for (int hour = 0; hour < 24; ++hour) {
      for (const uint32_t days : {2u, 5u, 12u, 40u}) {
        const absl::Duration shortest = (days - 2) * absl::Hours(24) + absl::Minutes(1);
        for (const std::optional<absl::Duration>& within : {std::optional<absl::Duration>(), std::optional(shortest)}) {
          const EventCount count{
              .events = {.event_types = {"login"}}, .at_least = days, .within = within, .distinct = Distinct::kDays};
          const JourneyVersion version{
              .journey_id = "habit",
              .number = 1,
              .definition = {.entry = {.triggers = {AnyEvent{}}},
                             .stages = {{.key = "use", .milestones = {{.key = "daily", .criterion = {count}}}}},
                             .time_zone = zone,
                             .enroll_from = ScenarioStart() + hour * absl::Hours(1)}};
          const std::string name = absl::StrCat(days, " days from hour ", hour, " in ", zone, within ? ", fast" : "");
          Trial trial(version, name);
          Tally tally;
          trial.RunExamples(tally);
          EXPECT_EQ(tally.yes, 2) << name;
        }
      }
    }
  }
}

TEST(ReachabilityTest, VerdictsOnRandomJourneysAreConfirmed) {
  Tally tally;
  for (uint32_t seed = 1; seed <= 400; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    std::mt19937 random(seed);
    Trial trial(RandomJourney(random), absl::StrCat("seed ", seed));
    trial.RunExamples(tally);
    trial.Search(/*most_steps=*/4, /*budget=*/3000, tally);
    trial.SearchRandomly(random, /*histories=*/100, tally);
    if (HasFailure()) break;
  }
  Print(tally);
}

}  // namespace
}  // namespace waymark::rules
