#include "services/milestone/naming.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

rules::Criterion Events(const std::string& type) { return {rules::EventCount{.events = {{type}}}}; }

// Everything that can name an event.
rules::JourneyVersion Whole() {
  rules::JourneyVersion version{.journey_id = "j", .number = 1};
  rules::Definition& definition = version.definition;
  definition.entry.triggers = {rules::FirstEvent{{{"signed_up"}}}};
  rules::EventCount big{.events = {{"report"}, {{.name = "size", .comparison = rules::Comparison::kExists}}}};
  definition.stages = {
      {.key = "first",
       .milestones = {{.key = "a",
                       .criterion = {rules::Some{.criteria = {Events("connect"), {rules::InSegment{"active"}}}}},
                       .variants = {{.segment_id = "active", .criterion = Events("phone")}}}}},
      {.key = "second", .milestones = {{.key = "b", .criterion = {big}}}, .entry_criterion = Events("handed_over")},
      {.key = "third", .milestones = {{.key = "c", .criterion = {rules::EventCount{}}}}}};
  definition.transitions = {
      {.key = "on", .from_stage = "first", .to_stage = "second"},
      {.key = "skip", .from_stage = "second", .to_stage = "third", .criterion = Events("skipped")}};
  definition.exits = {{.key = "gone", .criterion = Events("cancel")}};
  definition.touchpoints = {{.key = "call", .stage_key = "third", .expected_event = "called"}};
  version.segments = {{.segment_id = "active", .criterion = Events("login")}};
  return version;
}

TEST(NamingTest, EventsAreNamedByTheStagesThatWaitForThem) {
  const rules::Journey journey(Whole());
  const Naming naming(journey);
  const auto stages = [&](absl::string_view type) { return naming.Find({.type = type}).stages; };
  EXPECT_THAT(stages("signed_up"), ElementsAre(0));
  EXPECT_THAT(stages("connect"), ElementsAre(0));
  EXPECT_THAT(stages("login"), ElementsAre(0));
  EXPECT_THAT(stages("phone"), ElementsAre(0));
  EXPECT_THAT(stages("handed_over"), ElementsAre(0));  // What the first stage's way out asks for.
  EXPECT_THAT(stages("skipped"), ElementsAre(1));
  EXPECT_THAT(stages("called"), ElementsAre(2));
  EXPECT_TRUE(naming.Find({.type = "cancel"}).anywhere);
  EXPECT_TRUE(naming.Find({.type = "unheard_of"}).nowhere());
  EXPECT_FALSE(naming.Names("unheard_of"));
  EXPECT_TRUE(naming.Names("called"));
}

TEST(NamingTest, ConditionsHaveToBeMetToo) {
  const rules::Journey journey(Whole());
  const Naming naming(journey);
  EXPECT_THAT(naming.Find({.type = "report"}).stages, IsEmpty());
  const rules::Property size{.path = "size", .value = 3.0};
  EXPECT_THAT(naming.Find({.type = "report", .properties = {&size, 1}}).stages, ElementsAre(1));
  EXPECT_TRUE(naming.Names("report"));
}

}  // namespace
}  // namespace waymark::milestone
