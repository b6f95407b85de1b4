#include "common/journal/block.h"

#include "gmock/gmock.h"
#include "tests/common/journal/journals.h"

namespace waymark::journal {
namespace {

using ::testing::SizeIs;

constexpr char kAccepted[] = "waymark.milestone.v1.EventAccepted";

// Places the entries one after the other in lane 3, from position 41.
std::vector<std::pair<Place, NewEntry>> InLane3(std::vector<NewEntry> entries) {
  std::vector<std::pair<Place, NewEntry>> appended;
  for (NewEntry& entry : entries) {
    appended.push_back({{3, 41 + static_cast<int64_t>(appended.size())}, std::move(entry)});
  }
  return appended;
}

std::vector<NewEntry> TwoTypes() {
  return {{.workspace = "acme", .key = "customer-7", .type = kAccepted, .payload = std::string("a\0b", 3)},
          {.workspace = "acme", .key = "customer-7", .type = kStageEntered, .payload = "", .depth = 1},
          {.workspace = "acme", .key = "küche", .type = kAccepted, .payload = std::string(300, 'x'), .depth = 8}};
}

TEST(LaneOfTest, IsFixedForEver) {
  EXPECT_EQ(LaneOf("acme", "customer-7"), 3);
  EXPECT_EQ(LaneOf("acme", "customer-8"), 0);
  EXPECT_EQ(LaneOf("acme", "globex"), 5);
}

TEST(BlockTest, GivesBackWhatWasAppended) {
  const std::vector<BlockRow> rows = ToRows(InLane3(TwoTypes()), Noon());
  ASSERT_THAT(rows, SizeIs(1));
  const auto block = Value(Block::Parse(rows[0]));
  EXPECT_EQ(block->first_position(), 41);
  EXPECT_EQ(block->last_position(), 43);
  for (int i = 0; i < 3; ++i) {
    const Entry entry = block->At(41 + i);
    EXPECT_EQ(entry.lane, 3);
    EXPECT_EQ(entry.position, 41 + i);
    EXPECT_EQ(entry.record_time, Noon());
    EXPECT_EQ(entry.workspace, "acme");
    EXPECT_EQ(entry.key, TwoTypes()[i].key);
    EXPECT_EQ(entry.type, TwoTypes()[i].type);
    EXPECT_EQ(entry.depth, TwoTypes()[i].depth);
    EXPECT_EQ(entry.payload, TwoTypes()[i].payload);
  }
}

TEST(BlockTest, HoldsItsOwnPlacesAlone) {
  const auto block = Value(Block::Parse(ToRows(InLane3(TwoTypes()), Noon())[0]));
  EXPECT_TRUE(block->Holds({3, 41}));
  EXPECT_TRUE(block->Holds({3, 43}));
  EXPECT_FALSE(block->Holds({3, 40}));
  EXPECT_FALSE(block->Holds({3, 44}));
  EXPECT_FALSE(block->Holds({4, 42}));
}

TEST(BlockTest, ATypeIsWrittenOnce) {
  const std::vector<BlockRow> rows = ToRows(InLane3(Many("acme", "customer-7", 100)), Noon());
  ASSERT_THAT(rows, SizeIs(1));
  const size_t at = rows[0].entries.find(kStageEntered);
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(rows[0].entries.find(kStageEntered, at + 1), std::string::npos);
}

TEST(BlockTest, IsOfOneWorkspaceAndOneLane) {
  std::vector<std::pair<Place, NewEntry>> appended = {{{3, 1}, Entered("acme", "customer-7", "setup")},
                                                      {{5, 9}, Entered("acme", "customer-9", "setup")},
                                                      {{3, 2}, Entered("acme", "customer-7", "adoption")},
                                                      {{3, 3}, Entered("globex", "customer-1", "setup")},
                                                      {{3, 4}, Entered("acme", "customer-7", "renewal")}};
  const std::vector<BlockRow> rows = ToRows(appended, Noon());
  ASSERT_THAT(rows, SizeIs(4));
  for (const BlockRow& row : rows) {
    EXPECT_EQ(row.last_position, row.lane == 3 && row.first_position == 1 ? 2 : row.first_position);
    EXPECT_EQ(row.workspace, row.first_position == 3 ? "globex" : "acme");
  }
}

TEST(BlockTest, TakesAbout64KilobytesUnlessAnEntryIsLarger) {
  std::vector<NewEntry> entries = Many("acme", "customer-7", 10);
  for (NewEntry& entry : entries) entry.payload = std::string(30'000, 'x');
  entries[4].payload = std::string(200'000, 'y');
  const std::vector<BlockRow> rows = ToRows(InLane3(std::move(entries)), Noon());
  ASSERT_THAT(rows, SizeIs(6));  // 2 + 2 + the large one + 2 + 2 + 1.
  for (const BlockRow& row : rows) EXPECT_LE(row.entries.size(), row.first_position == 45 ? 201'000 : 66'000);
}

TEST(BlockTest, DamageAnywhereIsNoticed) {
  const BlockRow whole = ToRows(InLane3(TwoTypes()), Noon())[0];
  for (size_t i = 0; i < whole.entries.size(); ++i) {
    BlockRow damaged = whole;
    damaged.entries[i] ^= 0x10;
    EXPECT_TRUE(absl::IsInternal(Block::Parse(damaged).status())) << "byte " << i;
    damaged = whole;
    damaged.entries.resize(i);
    EXPECT_TRUE(absl::IsInternal(Block::Parse(damaged).status())) << "cut at " << i;
  }
  const auto with = [&](auto change) {
    BlockRow damaged = whole;
    change(damaged);
    return Block::Parse(damaged).status();
  };
  EXPECT_TRUE(absl::IsInternal(with([](BlockRow& row) { row.lane = 4; })));
  EXPECT_TRUE(absl::IsInternal(with([](BlockRow& row) { ++row.first_position, ++row.last_position; })));
  EXPECT_TRUE(absl::IsInternal(with([](BlockRow& row) { ++row.last_position; })));
  EXPECT_TRUE(absl::IsInternal(with([](BlockRow& row) { row.workspace = "globex"; })));
  EXPECT_TRUE(absl::IsInternal(with([](BlockRow& row) { row.record_time += absl::Microseconds(1); })));
  EXPECT_TRUE(absl::IsInternal(with([](BlockRow& row) { ++row.checksum; })));
}

}  // namespace
}  // namespace waymark::journal
