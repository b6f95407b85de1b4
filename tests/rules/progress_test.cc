#include "services/rules/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"

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
      events.push_back({.time = At(line.minute), .sequence = line.sequence, .id = line.id, .type = line.type});
    }
    std::sort(events.begin(), events.end(), Before);
    return events;
  }
};

TEST(FoldTest, EntryEventCountsForTheFirstStage) {
  const Story story{{{0, "connect", "c"}}};
  const Progress progress = Fold(Onboarding(), {}, story.events());
  EXPECT_THAT(progress.entered, ElementsAre(Moment{At(0), "c"}, Moment{At(0), "c"}));
  EXPECT_EQ(Onboarding().stages()[progress.stage()].key, "adoption");
}

TEST(FoldTest, UnknownTypeChangesNothingButOpensWhereAnyEventDoes) {
  const Story story{{{0, "login", "l0"}, {1, "login", "l1"}}};
  const Progress progress = Fold(Onboarding(), {}, story.events());
  EXPECT_THAT(progress.entered, ElementsAre(Moment{At(0), "l0"}));
  EXPECT_EQ(progress.milestones[0].counted, 0u);
}

TEST(FoldTest, NothingOpensBeforeTheFirstEventOfAnEntryType) {
  const Story story{{{0, "login", "l"}}};
  EXPECT_FALSE(Fold(Habit(Scope::kFromStage), {}, story.events()).enrolled());
}

TEST(FoldTest, FromStageCountsOnlyWhatComesAfterTheStageWasEntered) {
  const Story story{{{0, "report", "r0"}, {1, "report", "r1"}, {2, "connect", "c"}, {3, "report", "r3"}}};
  const Progress progress = Fold(Onboarding(), {}, story.events());
  EXPECT_EQ(progress.stage(), 1u);
  EXPECT_EQ(progress.milestones[1].counted, 1u);
}

TEST(FoldTest, SeveralTypesCountTogether) {
  const Story story{{{0, "connect", "c"}, {1, "report", "r1"}, {2, "export", "x2"}, {3, "report", "r3"}}};
  EXPECT_EQ(Fold(Onboarding(), {}, story.events()).milestones[1].achieved, (Moment{At(3), "r3"}));
}

TEST(FoldTest, LastMilestoneOfLastStageCompletesTheJourneyAndItsStageStaysTheLast) {
  const Story story{
      {{0, "connect", "c"}, {1, "report", "r1"}, {2, "report", "r2"}, {3, "report", "r3"}, {4, "renew", "n"}}};
  const Progress progress = Fold(Onboarding(), {}, story.events());
  EXPECT_EQ(progress.completed, (Moment{At(4), "n"}));
  EXPECT_EQ(progress.stage(), 2u);
}

TEST(FoldTest, OneEventCompletesOneStageFromStageButSeveralOverAllHistory) {
  const Story story{{{0, "commit", "c0"}, {1, "commit", "c1"}, {2, "commit", "c2"}}};
  EXPECT_EQ(Fold(Habit(Scope::kAllHistory), {}, story.events()).completed, (Moment{At(2), "c2"}));
  const Progress from_stage = Fold(Habit(Scope::kFromStage), {}, story.events());
  EXPECT_FALSE(from_stage.completed.has_value());
  EXPECT_EQ(from_stage.stage(), 2u);
}

TEST(FoldTest, AllHistoryCountsWhatCameBeforeTheEnrollment) {
  const Journey journey(
      {.journey_id = "j",
       .definition = {.entry = {.triggers = {FirstEvent{{.event_types = {"buy"}}}}},
                      .stages = {{.key = "active", .milestones = {Counts("seen", {"view"}, 2, Scope::kAllHistory)}}}}});
  const Story story{{{0, "view", "v0"}, {1, "view", "v1"}, {2, "buy", "b"}}};
  const Progress progress = Fold(journey, {}, story.events());
  EXPECT_EQ(progress.milestones[0].achieved, (Moment{At(1), "v1"}));
  EXPECT_EQ(progress.completed, (Moment{At(2), "b"}));
}

TEST(FoldTest, EqualTimesAreOrderedBySequenceThenById) {
  const Story story{{{0, "connect", "z", 1}, {0, "login", "a", 2}, {0, "report", "b", 2}}};
  EXPECT_THAT(Fold(Onboarding(), {}, story.events()).entered[0].event_id, "z");
  EXPECT_EQ(Fold(Onboarding(), {}, story.events()).milestones[1].counted, 1u);
}

TEST(FoldTest, StageWithoutMilestonesIsPassedAtOnce) {
  const Journey journey(
      {.journey_id = "j", .definition = {.entry = {.triggers = {AnyEvent{}}}, .stages = {{.key = "a"}, {.key = "b"}}}});
  const Story story{{{0, "anything", "x"}}};
  EXPECT_EQ(Fold(journey, {}, story.events()).completed, (Moment{At(0), "x"}));
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
  const Story more{{{3, "connect", "c3"}, {5, "connect", "c5"}}};
  const std::vector<Conclusion> conclusions =
      Compare(Onboarding(), Fold(Onboarding(), {}, known.events()), Fold(Onboarding(), {}, more.events()));
  EXPECT_THAT(Kinds(conclusions), ElementsAre(ConclusionKind::kStageRevised, ConclusionKind::kMilestoneRevised,
                                              ConclusionKind::kStageRevised));
  EXPECT_EQ(conclusions[1].now, (Moment{At(3), "c3"}));
  EXPECT_EQ(conclusions[1].previous, At(5));
}

// The rule told once more, in another way: look for each stage's end in the whole history, one milestone at a time.
Progress Expected(const Journey& journey, const std::vector<Event>& history) {
  Progress progress;
  progress.milestones.resize(journey.rules().size());
  const auto counts = [&](size_t rule, const Event& event) {
    const auto& types = std::get<EventCount>(journey.milestone(rule).criterion.kind).events.event_types;
    return std::find(types.begin(), types.end(), event.type) != types.end();
  };
  size_t opening = history.size();
  for (size_t i = 0; i < history.size() && opening == history.size(); ++i) {
    const auto* first = std::get_if<FirstEvent>(&journey.version().definition.entry.triggers[0]);
    const bool opens = first == nullptr || absl::c_linear_search(first->events.event_types, history[i].type);
    if (opens) opening = i;
  }
  // Where each milestone's last witness is, counting from `from`; history.size() where it is not reached.
  const auto reached = [&](size_t rule, size_t from, size_t until, uint32_t& counted) {
    counted = 0;
    for (size_t i = from; i < until; ++i) {
      if (counts(rule, history[i]) && ++counted == journey.rules()[rule].needed) return i;
    }
    return history.size();
  };
  const auto moment = [&](size_t i) { return Moment{history[i].time, std::string(history[i].id)}; };

  size_t stage = 0;
  size_t entered_at = opening;  // The event that entered the stage; in the first one it counts too.
  size_t end = history.size();  // Nothing is counted after the journey's end.
  std::vector<size_t> from(journey.rules().size(), history.size());
  while (opening < history.size() && stage < journey.stages().size()) {
    progress.entered.push_back(moment(entered_at));
    size_t last = entered_at;
    for (size_t rule = 0; rule < journey.rules().size(); ++rule) {
      if (journey.rules()[rule].stage != stage) continue;
      from[rule] = stage == 0 ? entered_at : entered_at + 1;
      uint32_t unused = 0;
      const size_t at =
          reached(rule, journey.rules()[rule].scope == Scope::kAllHistory ? 0 : from[rule], history.size(), unused);
      last = std::max(last, at);
    }
    if (last == history.size()) break;
    entered_at = last;
    if (++stage == journey.stages().size()) {
      progress.completed = moment(last);
      end = last + 1;
    }
  }
  for (size_t rule = 0; rule < journey.rules().size(); ++rule) {
    const size_t begin = journey.rules()[rule].scope == Scope::kAllHistory ? 0 : from[rule];
    const size_t at = reached(rule, begin, end, progress.milestones[rule].counted);
    if (at < history.size()) progress.milestones[rule].achieved = moment(at);
  }
  return progress;
}

Journey RandomJourney(std::mt19937& random) {
  const auto type = [&] { return absl::StrCat("t", random() % 4); };
  Definition definition;
  if (random() % 2 == 0) {
    definition.entry.triggers = {AnyEvent{}};
  } else {
    definition.entry.triggers = {FirstEvent{{.event_types = {type()}}}};
  }
  const size_t stages = 1 + random() % 4;
  for (size_t s = 0; s < stages; ++s) {
    Stage stage{.key = absl::StrCat("s", s)};
    const size_t milestones = random() % 3;
    for (size_t m = 0; m < milestones; ++m) {
      std::vector<std::string> types{type()};
      if (random() % 3 == 0) types.push_back(type());
      stage.milestones.push_back(Counts(absl::StrCat("m", s, m), types, 1 + random() % 3,
                                        random() % 2 == 0 ? Scope::kFromStage : Scope::kAllHistory));
    }
    definition.stages.push_back(std::move(stage));
  }
  return Journey({.journey_id = "random", .number = 1, .definition = std::move(definition)});
}

Story RandomStory(std::mt19937& random) {
  Story story;
  const size_t events = random() % 25;
  for (size_t i = 0; i < events; ++i) {
    story.lines.push_back({static_cast<int>(random() % 12), absl::StrCat("t", random() % 5), absl::StrCat("e", i),
                           static_cast<int64_t>(random() % 3)});
  }
  return story;
}

TEST(FoldPropertyTest, EqualsTheRuleToldAnotherWayHoweverTheHistoryIsCut) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 10'000; ++round) {
    const Journey journey = RandomJourney(random);
    const Story story = RandomStory(random);
    const std::vector<Event> history = story.events();
    const Progress whole = Fold(journey, {}, history);
    ASSERT_EQ(whole, Expected(journey, history)) << "round " << round;

    Progress cut = Fold(journey, {}, {});
    for (size_t begin = 0; begin < history.size();) {
      const size_t size = 1 + random() % 5;
      const auto stretch = absl::MakeConstSpan(history).subspan(begin, size);
      cut = Fold(journey, std::move(cut), stretch);
      begin += size;
    }
    ASSERT_EQ(cut, whole) << "round " << round;
  }
}

TEST(FoldPropertyTest, AnEventMoreTakesNothingBack) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 10'000; ++round) {
    const Journey journey = RandomJourney(random);
    Story story = RandomStory(random);
    const Progress before = Fold(journey, {}, story.events());
    story.lines.push_back({static_cast<int>(random() % 12), absl::StrCat("t", random() % 5), "late"});
    const Progress after = Fold(journey, {}, story.events());
    ASSERT_GE(after.entered.size(), before.entered.size()) << "round " << round;
    ASSERT_TRUE(after.completed.has_value() || !before.completed.has_value()) << "round " << round;
    for (size_t stage = 0; stage < before.entered.size(); ++stage) {
      ASSERT_LE(after.entered[stage].time, before.entered[stage].time) << "round " << round;
    }
    for (size_t rule = 0; rule < before.milestones.size(); ++rule) {
      ASSERT_TRUE(after.milestones[rule].achieved.has_value() || !before.milestones[rule].achieved.has_value() ||
                  after.completed.has_value())
          << "round " << round;
    }
  }
}

}  // namespace
}  // namespace waymark::rules
