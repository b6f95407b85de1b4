#include "services/rules/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace waymark::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Milestone Counts(std::string key, std::vector<std::string> types, uint32_t at_least, Scope scope) {
  return {.key = std::move(key),
          .scope = scope,
          .criterion = {EventCount{.events = {.event_types = std::move(types)}, .at_least = at_least}}};
}

// Connect a source, then run three reports, then have it renewed.
Journey Onboarding() {
  return Journey(
      {.journey_id = "onboarding",
       .number = 1,
       .definition = {
           .entry = {.triggers = {AnyEvent{}}},
           .stages = {
               {.key = "setup", .milestones = {Counts("connected", {"connect"}, 1, Scope::kFromStage)}},
               {.key = "adoption", .milestones = {Counts("reports", {"report", "export"}, 3, Scope::kFromStage)}},
               {.key = "renewal", .milestones = {Counts("renewed", {"renew"}, 1, Scope::kFromStage)}}}}});
}

// The same event counted 1, 2 and 3 times over all history: one event may complete several stages.
Journey Habit(Scope scope) {
  return Journey({.journey_id = "habit",
                  .number = 1,
                  .definition = {.entry = {.triggers = {FirstEvent{{.event_types = {"commit"}}}}},
                                 .stages = {{.key = "first", .milestones = {Counts("one", {"commit"}, 1, scope)}},
                                            {.key = "second", .milestones = {Counts("two", {"commit"}, 2, scope)}},
                                            {.key = "third", .milestones = {Counts("three", {"commit"}, 3, scope)}}}}});
}

absl::Time At(int minute) { return absl::FromUnixSeconds(1'700'000'000) + absl::Minutes(minute); }

// An event whose id is its type and minute; the strings live as long as the test's history.
struct Story {
  struct Line {
    int minute;
    std::string type;
    std::string id;
    int64_t sequence = 0;
  };
  std::vector<Line> lines;

  std::vector<Event> events() const {
    std::vector<Event> events;
    for (const Line& line : lines) {
      events.push_back({.time = At(line.minute),
                        .sequence = line.sequence,
                        .id = line.id,
                        .number = number(line.id),
                        .type = line.type});
    }
    std::sort(events.begin(), events.end(), Before);
    return events;
  }

  // The number of the event with an id.
  int64_t number(const std::string& id) const {
    const auto line = std::find_if(lines.begin(), lines.end(), [&](const Line& other) { return other.id == id; });
    return line - lines.begin() + 1;
  }
};

std::vector<Moment> Entered(const Progress& progress) {
  std::vector<Moment> moments;
  for (const Passage& passage : progress.runs[0].entered) moments.push_back(passage.moment());
  return moments;
}

TEST(FoldTest, EntryEventCountsForTheFirstStage) {
  const Story story{{{0, "connect", "c"}}};
  const Progress progress = Fold(Onboarding(), {}, story.events());
  EXPECT_THAT(Entered(progress), ElementsAre(Moment{At(0), story.number("c")}, Moment{At(0), story.number("c")}));
  EXPECT_EQ(Onboarding().stages()[progress.runs[0].stage()].key, "adoption");
}

TEST(FoldTest, UnknownTypeChangesNothingButOpensWhereAnyEventDoes) {
  const Story story{{{0, "login", "l0"}, {1, "login", "l1"}}};
  const Progress progress = Fold(Onboarding(), {}, story.events());
  EXPECT_THAT(Entered(progress), ElementsAre(Moment{At(0), story.number("l0")}));
  EXPECT_EQ(progress.runs[0].milestones[0].counted, 0u);
}

TEST(FoldTest, NothingOpensBeforeTheFirstEventOfAnEntryType) {
  const Story story{{{0, "login", "l"}}};
  EXPECT_FALSE(Fold(Habit(Scope::kFromStage), {}, story.events()).enrolled());
}

TEST(FoldTest, FromStageCountsOnlyWhatComesAfterTheStageWasEntered) {
  const Story story{{{0, "report", "r0"}, {1, "report", "r1"}, {2, "connect", "c"}, {3, "report", "r3"}}};
  const Progress progress = Fold(Onboarding(), {}, story.events());
  EXPECT_EQ(progress.runs[0].stage(), 1u);
  EXPECT_EQ(progress.runs[0].milestones[1].counted, 1u);
}

TEST(FoldTest, SeveralTypesCountTogether) {
  const Story story{{{0, "connect", "c"}, {1, "report", "r1"}, {2, "export", "x2"}, {3, "report", "r3"}}};
  EXPECT_EQ(Fold(Onboarding(), {}, story.events()).runs[0].milestones[1].achieved, (Moment{At(3), story.number("r3")}));
}

TEST(FoldTest, LastMilestoneOfLastStageCompletesTheJourneyAndItsStageStaysTheLast) {
  const Story story{
      {{0, "connect", "c"}, {1, "report", "r1"}, {2, "report", "r2"}, {3, "report", "r3"}, {4, "renew", "n"}}};
  const Progress progress = Fold(Onboarding(), {}, story.events());
  EXPECT_EQ(progress.runs[0].completed, (Moment{At(4), story.number("n")}));
  EXPECT_EQ(progress.runs[0].stage(), 2u);
}

TEST(FoldTest, OneEventCompletesOneStageFromStageButSeveralOverAllHistory) {
  const Story story{{{0, "commit", "c0"}, {1, "commit", "c1"}, {2, "commit", "c2"}}};
  EXPECT_EQ(Fold(Habit(Scope::kAllHistory), {}, story.events()).runs[0].completed, (Moment{At(2), story.number("c2")}));
  const Progress from_stage = Fold(Habit(Scope::kFromStage), {}, story.events());
  EXPECT_FALSE(from_stage.runs[0].completed.has_value());
  EXPECT_EQ(from_stage.runs[0].stage(), 2u);
}

TEST(FoldTest, AllHistoryCountsWhatCameBeforeTheEnrollment) {
  const Journey journey(
      {.journey_id = "j",
       .definition = {.entry = {.triggers = {FirstEvent{{.event_types = {"buy"}}}}},
                      .stages = {{.key = "active", .milestones = {Counts("seen", {"view"}, 2, Scope::kAllHistory)}}}}});
  const Story story{{{0, "view", "v0"}, {1, "view", "v1"}, {2, "buy", "b"}}};
  const Progress progress = Fold(journey, {}, story.events());
  EXPECT_EQ(progress.runs[0].milestones[0].achieved, (Moment{At(1), story.number("v1")}));
  EXPECT_EQ(progress.runs[0].completed, (Moment{At(2), story.number("b")}));
}

TEST(FoldTest, EqualTimesAreOrderedBySequenceThenById) {
  const Story story{{{0, "connect", "z", 1}, {0, "login", "a", 2}, {0, "report", "b", 2}}};
  EXPECT_THAT(Fold(Onboarding(), {}, story.events()).runs[0].entered[0].item, story.number("z"));
  EXPECT_EQ(Fold(Onboarding(), {}, story.events()).runs[0].milestones[1].counted, 1u);
}

TEST(FoldTest, StageWithoutMilestonesIsPassedAtOnce) {
  const Journey journey(
      {.journey_id = "j", .definition = {.entry = {.triggers = {AnyEvent{}}}, .stages = {{.key = "a"}, {.key = "b"}}}});
  const Story story{{{0, "anything", "x"}}};
  EXPECT_EQ(Fold(journey, {}, story.events()).runs[0].completed, (Moment{At(0), story.number("x")}));
}

TEST(WitnessesTest, AreTheEventsCounted) {
  const Story story{{{0, "connect", "c"}, {1, "report", "r1"}, {2, "login", "l"}, {3, "export", "x3"}}};
  EXPECT_THAT(FindWitnesses(Onboarding(), story.events()),
              ElementsAre(ElementsAre("c"), ElementsAre("r1", "x3"), IsEmpty()));
}

std::vector<ConclusionKind> Kinds(const std::vector<Conclusion>& conclusions) {
  std::vector<ConclusionKind> kinds;
  for (const Conclusion& conclusion : conclusions) kinds.push_back(conclusion.kind);
  return kinds;
}

TEST(CompareTest, TellsWhatIsNew) {
  const Story story{{{0, "connect", "c"}}};
  const Progress after = Fold(Onboarding(), {}, story.events());
  EXPECT_THAT(Kinds(Compare(Onboarding(), {}, after)),
              ElementsAre(ConclusionKind::kEnrolled, ConclusionKind::kStageEntered, ConclusionKind::kMilestoneAchieved,
                          ConclusionKind::kStageEntered));
}

TEST(CompareTest, TellsNothingWhereNothingChanged) {
  const Story story{{{0, "connect", "c"}, {1, "report", "r"}}};
  const Progress progress = Fold(Onboarding(), {}, story.events());
  EXPECT_THAT(Compare(Onboarding(), progress, progress), IsEmpty());
}

TEST(CompareTest, LateEventRevisesWhatWasTold) {
  const Story known{{{5, "connect", "c5"}}};
  const Story more{{{5, "connect", "c5"}, {3, "connect", "c3"}}};
  const std::vector<Conclusion> conclusions =
      Compare(Onboarding(), Fold(Onboarding(), {}, known.events()), Fold(Onboarding(), {}, more.events()));
  EXPECT_THAT(Kinds(conclusions), ElementsAre(ConclusionKind::kStageRevised, ConclusionKind::kMilestoneRevised,
                                              ConclusionKind::kStageRevised));
  EXPECT_EQ(conclusions[1].now, (Moment{At(3), more.number("c3")}));
  EXPECT_EQ(conclusions[1].previous, At(5));
}

}  // namespace
}  // namespace waymark::rules
