#include "common/journal/block_cache.h"

#include "gmock/gmock.h"
#include "tests/common/journal/journals.h"

namespace waymark::journal {
namespace {

// A block with the entries first … last of a lane.
std::shared_ptr<const Block> Positions(int lane, int64_t first, int64_t last) {
  std::vector<std::pair<Place, NewEntry>> appended;
  for (int64_t position = first; position <= last; ++position) {
    appended.push_back({{lane, position}, Entered("acme", "customer-7", std::string(100, 'x'))});
  }
  return Value(Block::Parse(ToRows(appended, Noon()).at(0)));
}

TEST(BlockCacheTest, FindsTheBlockThatHoldsAPlace) {
  BlockCache cache(1 << 20);
  cache.Add(Positions(2, 1, 10));
  cache.Add(Positions(2, 21, 30));
  const auto found = cache.Find({{2, 1}, {2, 10}, {2, 11}, {2, 30}, {2, 31}, {1, 5}, {3, 1}});
  EXPECT_EQ(found[0]->first_position(), 1);
  EXPECT_EQ(found[1], found[0]);
  EXPECT_EQ(found[2], nullptr);
  EXPECT_EQ(found[3]->first_position(), 21);
  EXPECT_EQ(found[4], nullptr);
  EXPECT_EQ(found[5], nullptr);
  EXPECT_EQ(found[6], nullptr);
}

TEST(BlockCacheTest, WhatWasUsedLongestAgoGoesFirst) {
  const size_t one = Positions(2, 1, 1)->bytes();
  BlockCache cache(3 * (one + 200));
  for (int position = 1; position <= 3; ++position) cache.Add(Positions(2, position, position));
  cache.Find({{2, 1}});
  cache.Add(Positions(2, 4, 4));
  const auto found = cache.Find({{2, 1}, {2, 2}, {2, 3}, {2, 4}});
  EXPECT_NE(found[0], nullptr);
  EXPECT_EQ(found[1], nullptr);
  EXPECT_NE(found[2], nullptr);
  EXPECT_NE(found[3], nullptr);
}

TEST(BlockCacheTest, StaysWithinItsBytes) {
  BlockCache cache(100'000);
  for (int i = 0; i < 1000; ++i) {
    cache.Add(Positions(i % kLanes, 1 + i * 10, 10 + i * 10));
    EXPECT_LE(cache.bytes(), 100'000);
  }
  EXPECT_GT(cache.bytes(), 90'000);
  cache.Add(Positions(1, 1'000'000, 1'001'000));  // Larger than all there is room for.
  EXPECT_LE(cache.bytes(), 100'000);
}

TEST(BlockCacheTest, ABlockAddedAgainCountsOnce) {
  BlockCache cache(1 << 20);
  cache.Add(Positions(2, 1, 10));
  const size_t bytes = cache.bytes();
  cache.Add(Positions(2, 1, 10));
  EXPECT_EQ(cache.bytes(), bytes);
}

}  // namespace
}  // namespace waymark::journal
