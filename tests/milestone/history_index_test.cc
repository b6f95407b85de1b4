#include "services/milestone/history_index.h"

#include <algorithm>
#include <random>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(FingerprintTest, IsFixedForEver) {
  EXPECT_EQ(FingerprintOf(""), 0x38d394c2u);  // XXH3-64 of nothing is 2d06800538d394c2.
}

TEST(HistoryItemsTest, ComeBackAsTheyWere) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<HistoryItem> items;
    int64_t position = 0;
    for (unsigned i = 0; i < random() % 100; ++i) {
      position += 1 + static_cast<int64_t>(random() % 3 == 0 ? random() : random() % 9);
      HistoryItem& item = items.emplace_back();
      item.position = position;
      item.kind = static_cast<EntryKind>(random() % 3);
      if (item.counts()) item.fingerprint = static_cast<uint32_t>(random());
    }
    const auto decoded = DecodeItems(EncodeItems(items));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ASSERT_EQ(*decoded, items);
  }
}

// What one release has written the next one reads.
TEST(HistoryItemsTest, BytesAreFixed) {
  EXPECT_EQ(absl::BytesToHexString(EncodeItems({{.position = 3, .fingerprint = 0x01020304},
                                                {.position = 4, .kind = EntryKind::kConclusion},
                                                {.position = 104, .fingerprint = 0xfffefdfc},
                                                {.position = 105, .kind = EntryKind::kRecord, .fingerprint = 1}})),
            "01"
            "0c04030201"
            "05"
            "9003fcfdfeff"
            "0601000000");
}

TEST(HistoryItemsTest, DamageIsNoticed) {
  EXPECT_FALSE(DecodeItems("").ok());
  EXPECT_FALSE(DecodeItems("\x02").ok());
  EXPECT_FALSE(DecodeItems("\x01\x06\x04\x03\x02").ok());
  EXPECT_FALSE(DecodeItems("\x01\x80").ok());
}

TEST(SegmentsTest, AreTheDigitsToTheBaseOfFour) {
  EXPECT_THAT(SegmentsOf(0), IsEmpty());
  EXPECT_THAT(SegmentsOf(32), ElementsAre(Segment{0, 32}));
  EXPECT_THAT(SegmentsOf(96), ElementsAre(Segment{0, 32}, Segment{32, 32}, Segment{64, 32}));
  EXPECT_THAT(SegmentsOf(160), ElementsAre(Segment{0, 128}, Segment{128, 32}));
  EXPECT_THAT(SegmentsOf(8192 * 2 + 32), ElementsAre(Segment{0, 8192}, Segment{8192, 8192}, Segment{16384, 32}));
}

TEST(SegmentsTest, AreGaplessAndFew) {
  for (int64_t sealed = 0; sealed <= 100'000; sealed += kSealedAtOnce) {
    const std::vector<Segment> segments = SegmentsOf(sealed);
    int64_t end = 0;
    for (const Segment& segment : segments) {
      ASSERT_EQ(segment.first, end);
      end += segment.size;
    }
    ASSERT_EQ(end, sealed);
    ASSERT_LE(segments.size(), 24u);
  }
}

// A history that grows step by step writes each item at most four times after the first.
TEST(SegmentsTest, AnItemIsRewrittenAtMostFourTimes) {
  std::vector<int> written(20'000 / kSealedAtOnce);
  std::vector<Segment> before;
  for (size_t steps = 1; steps <= written.size(); ++steps) {
    const std::vector<Segment> after = SegmentsOf(static_cast<int64_t>(steps) * kSealedAtOnce);
    size_t kept = 0;
    while (kept < before.size() && before[kept] == after[kept]) ++kept;
    for (size_t step = after[kept].first / kSealedAtOnce; step < steps; ++step) ++written[step];
    before = after;
  }
  EXPECT_LE(*std::max_element(written.begin(), written.end()), 5);
}

}  // namespace
}  // namespace waymark::milestone
