#include "services/milestone/checkpoint.h"

#include <random>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"

namespace waymark::milestone {
namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : random_(seed) {}

  uint32_t Number() { return static_cast<uint32_t>(random_()); }
  bool Coin() { return random_() % 2 == 0; }
  std::string Text() { return absl::StrCat(random_() % 40); }
  absl::Time Time() { return absl::FromUnixMicros(static_cast<int64_t>(random_()) * 1000 - 7); }
  int64_t Item() { return Coin() ? Number() : 0; }
  rules::Moment Moment() { return {Time(), Item()}; }
  template <typename Make>
  auto Several(unsigned most, Make make) {
    std::vector<decltype(make())> several(random_() % most);
    for (auto& one : several) one = make();
    return several;
  }

  rules::LeafState Leaf() {
    return {
        .count = Number(), .times = Several(4, [&] { return Time(); }), .values = Several(4, [&] { return Text(); })};
  }

  rules::Known Known() {
    const rules::Value values[] = {std::monostate(), Coin(), Number() / 7.0, Text()};
    return {.value = values[Number() % 4], .composite = Coin()};
  }

  rules::Passage Passage() {
    rules::Passage passage{.time = Time(), .item = Item(), .stage = Number()};
    if (Coin()) passage.completed = Time();
    return passage;
  }

  rules::MilestoneProgress Milestone() {
    rules::MilestoneProgress milestone{.counted = Coin() ? Number() : UINT32_MAX, .earlier = Coin() ? Number() : 0};
    if (Coin()) milestone.achieved = Moment();
    return milestone;
  }

  rules::Run Run() {
    rules::Run run{.key = Coin() ? Text() : "",
                   .entered = Several(30, [&] { return Passage(); }),
                   .since_item = Coin() ? Number() : 0,
                   .milestones = Several(30, [&] { return Milestone(); }),
                   .revoked = Several(3,
                                      [&] {
                                        return rules::Revocation{Number(), Moment()};
                                      }),
                   .leaves = Several(3, [&] { return Leaf(); })};
    if (Coin()) run.completed = Moment();
    if (Coin()) run.exited = {.moment = Moment()};
    if (run.exited.has_value() && Coin()) run.exited->exit = Number();
    return run;
  }

  rules::Progress Progress() {
    rules::Progress progress{.begun = Coin(), .runs = Several(4, [&] { return Run(); })};
    if (Coin()) return progress;  // As of a plain journey.
    progress.leaves = Several(3, [&] { return Leaf(); });
    progress.attributes = Several(4, [&] { return Known(); });
    progress.bands = Several(3, [&] { return Text(); });
    if (Coin()) progress.first_event = Time();
    progress.triggered = Number();
    progress.timer = Coin() ? Time() : absl::InfinitePast();
    progress.next = Coin() ? Time() : absl::InfiniteFuture();
    return progress;
  }

  Dossier Whole() {
    const auto enrollment = [&] {
      return Enrollment{.journey_id = Text(), .version = Number(), .progress = Progress()};
    };
    return {.last = {.time = static_cast<int64_t>(random_()) * 1000,
                     .sequence = static_cast<int64_t>(random_()) - (1 << 30),
                     .kind = static_cast<rules::ItemKind>(random_() % 8),
                     .id = Text()},
            .event_count = Number(),
            .enrollments = Several(4, enrollment)};
  }

 private:
  std::mt19937 random_;
};

// Does not compile once there is a field more: it must be kept too, and made up above.
[[maybe_unused]] void EveryFieldIsKnown(const rules::Progress& progress, const rules::Run& run,
                                        const rules::Passage& passage, const rules::MilestoneProgress& milestone,
                                        const rules::LeafState& leaf, const Enrollment& enrollment,
                                        const Dossier& dossier) {
  [[maybe_unused]] const auto& [begun, runs, leaves, attributes, bands, first_event, triggered, timer, next] = progress;
  [[maybe_unused]] const auto& [key, entered, since, completed, exited, milestones, revoked, run_leaves] = run;
  [[maybe_unused]] const auto& [time, item, stage, passage_completed] = passage;
  [[maybe_unused]] const auto& [counted, earlier, achieved] = milestone;
  [[maybe_unused]] const auto& [count, times, values] = leaf;
  [[maybe_unused]] const auto& [journey_id, version, fold] = enrollment;
  [[maybe_unused]] const auto& [last, event_count, enrollments] = dossier;
}

TEST(CheckpointTest, ComesBackAsItWas) {
  Dice dice(7);
  for (int i = 0; i < 500; ++i) {
    const Dossier dossier = dice.Whole();
    const auto decoded = DecodeDossier(EncodeDossier(dossier));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ASSERT_EQ(*decoded, dossier);
  }
  const auto empty = DecodeDossier(EncodeDossier({}));
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(*empty, Dossier());
}

// What one release has written the next one reads.
TEST(CheckpointTest, BytesAreFixed) {
  Dossier dossier{.last = {.time = 100, .sequence = 1, .id = "b"}, .event_count = 2};
  Enrollment& enrollment = dossier.enrollments.emplace_back();
  enrollment.journey_id = "j";
  enrollment.version = 3;
  rules::Run& run = enrollment.progress.runs.emplace_back();
  run.entered = {{.time = absl::FromUnixMicros(90), .item = 7, .stage = 2, .completed = absl::FromUnixMicros(91)}};
  run.milestones = {{.counted = 1, .achieved = rules::Moment{absl::FromUnixMicros(100), 9}}, {.counted = 4}};
  EXPECT_EQ(absl::BytesToHexString(EncodeDossier(dossier)),
            "01"  // The format.
            "c801020001"
            "62"  // The last item: at 100, sequence 1, an event, b.
            "02"  // Two events.
            "01"
            "016a"
            "03"  // An enrollment: j, version 3 …
            "00"
            "01"
            "00"  // … with a run and nothing else …
            "01"
            "140d"
            "0502"  // … in the third stage, through item 7, 10 before the last event; completed 1 later.
            "02"
            "050003"
            "10");  // Two milestones: one counted and achieved by item 9, four counted.
}

TEST(CheckpointTest, DamageIsNoticedOrHarmless) {
  Dice dice(8);
  for (int i = 0; i < 500; ++i) {
    std::string bytes = EncodeDossier(dice.Whole());
    EXPECT_FALSE(DecodeDossier(bytes.substr(0, bytes.size() - 1)).ok());
    EXPECT_FALSE(DecodeDossier(bytes + "x").ok());
    bytes[dice.Number() % bytes.size()] = static_cast<char>(dice.Number());
    DecodeDossier(bytes).status().IgnoreError();
  }
  EXPECT_FALSE(DecodeDossier("").ok());
  EXPECT_FALSE(DecodeDossier("\x02").ok());
}

}  // namespace
}  // namespace waymark::milestone
