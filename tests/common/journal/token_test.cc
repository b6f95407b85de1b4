#include "common/journal/token.h"

#include <thread>

#include "absl/strings/escaping.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/journal/cursor.h"
#include "gmock/gmock.h"
#include "tests/common/journal/journals.h"

namespace waymark::journal {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kField[] = "consistency.at_least_as_fresh";

absl::Status Wait(Journal& own, const std::vector<TokenPosition>& positions, absl::Time deadline) {
  return WaitForToken(own, positions, {"journey", "health"}, kField, deadline);
}

TEST(TokenTest, RoundTrips) {
  const std::vector<TokenPosition> positions = {{"milestone", 116'000'000'000'000, 15, 1},
                                                {"journey", 1, 0, INT64_MAX},
                                                {"journey", 1, 1, 0}};
  EXPECT_THAT(Value(ParseToken(MakeToken(positions), kField)), ElementsAreArray(positions));
}

TEST(TokenTest, NoPositionsAreNoToken) {
  EXPECT_EQ(MakeToken({}), "");
  EXPECT_THAT(Value(ParseToken("", kField)), IsEmpty());
}

TEST(TokenTest, WhatIsNotATokenIsRefusedByField) {
  const std::string token = MakeToken({{"milestone", 7, 3, 9}});
  for (const std::string& garbage :
       {std::string("hello"), std::string("%%%"), std::string("\xff\xfe"), token.substr(1), token.substr(0, 9),
        token + "AAAA", absl::WebSafeBase64Escape("\n\xff"), std::string(5000, 'A'), MakeToken({{"", 7, 3, 9}}),
        MakeToken({{"milestone", 7, 16, 9}}), MakeToken({{"milestone", 7, -1, 9}}), MakeToken({{"milestone", 0, 3, 9}}),
        MakeToken({{"milestone", 7, 3, -9}})}) {
    const absl::Status refused = ParseToken(garbage, kField).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << garbage;
    ASSERT_EQ(ViolationsOf(refused).size(), 1);
    EXPECT_EQ(ViolationsOf(refused)[0].field, kField);
  }
}

class WaitForTokenTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  // As a follower does when it has applied `journey`.
  void MoveJourneyCursor(const Cursor& from, const Cursor& to) {
    Lanes lanes;
    const absl::Status moved = db_->Transact([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(lanes, own_->Lock(tx, {5}));
      ASSIGN_OR_RETURN(const bool won, MoveCursor(tx, "journey", 5, from, to));
      EXPECT_TRUE(won);
      return absl::OkStatus();
    });
    EXPECT_TRUE(moved.ok()) << moved;
    own_->Announce(lanes);
  }

  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = FreshDatabase(GetParam());
  std::unique_ptr<Journal> own_ = Value(Journal::Open("milestone", *db_, clock_));
};
INSTANTIATE_TEST_SUITE_P(Engines, WaitForTokenTest, support::BothEngines(), support::EngineName);

TEST_P(WaitForTokenTest, WhatWasAppliedIsReached) {
  MoveJourneyCursor({}, {7, 100});
  EXPECT_TRUE(Wait(*own_, {{"journey", 7, 5, 99}, {"journey", 7, 5, 100}}, absl::InfinitePast()).ok());
  EXPECT_TRUE(Wait(*own_, {}, absl::InfinitePast()).ok());
}

TEST_P(WaitForTokenTest, WhatWasNotAppliedIsNotReachedByTheDeadline) {
  MoveJourneyCursor({}, {7, 100});
  const std::vector<TokenPosition> ahead[] = {{{"journey", 7, 5, 101}},
                                              {{"journey", 7, 4, 1}},
                                              {{"journey", 8, 5, 1}},
                                              {{"health", 7, 5, 1}},
                                              {{"journey", 7, 5, 1}, {"journey", 7, 5, 101}}};
  for (const std::vector<TokenPosition>& positions : ahead) {
    const absl::Status status = Wait(*own_, positions, absl::Now() + absl::Milliseconds(1));
    EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
    EXPECT_EQ(ReasonOf(status), "NOT_YET_REACHED");
  }
}

TEST_P(WaitForTokenTest, WhereNobodyHasWrittenNothingIsAwaited) {
  EXPECT_TRUE(Wait(*own_, {{"journey", 7, 5, 0}}, absl::InfinitePast()).ok());
  MoveJourneyCursor({}, {7, 100});
  EXPECT_TRUE(Wait(*own_, {{"journey", 7, 5, 0}, {"journey", 7, 6, 0}}, absl::InfinitePast()).ok());
}

TEST_P(WaitForTokenTest, WaitsUntilItIsReached) {
  std::thread follower([&] {
    MoveJourneyCursor({}, {7, 50});
    MoveJourneyCursor({7, 50}, {7, 100});
  });
  EXPECT_TRUE(Wait(*own_, {{"journey", 7, 5, 100}}, absl::InfiniteFuture()).ok());
  follower.join();
}

TEST_P(WaitForTokenTest, TheOwnPositionsAreReachedWhileTheEpochHolds) {
  EXPECT_TRUE(Wait(*own_, {{"milestone", own_->epoch(), 3, 1'000'000}}, absl::InfinitePast()).ok());
  const absl::Status refused = Wait(*own_, {{"milestone", own_->epoch() - 1, 3, 1}}, absl::InfinitePast());
  EXPECT_TRUE(absl::IsInvalidArgument(refused));
  EXPECT_THAT(refused.message(), HasSubstr("restored"));
}

TEST_P(WaitForTokenTest, AServiceThatIsNotFollowedIsRefused) {
  const absl::Status refused = Wait(*own_, {{"notification", 7, 5, 1}}, absl::InfiniteFuture());
  EXPECT_TRUE(absl::IsInvalidArgument(refused));
  EXPECT_EQ(ViolationsOf(refused).at(0).field, kField);
}

class CursorTest : public WaitForTokenTest {};
INSTANTIATE_TEST_SUITE_P(Engines, CursorTest, support::BothEngines(), support::EngineName);

TEST_P(CursorTest, MovesOnlyFromWhereItIs) {
  const auto move = [&](const Cursor& from, const Cursor& to) {
    bool moved = false;
    EXPECT_TRUE(db_->Transact([&](sql::Transaction& tx) -> absl::Status {
                     ASSIGN_OR_RETURN(moved, MoveCursor(tx, "journey", 5, from, to));
                     return absl::OkStatus();
                   })
                    .ok());
    return moved;
  };
  EXPECT_FALSE(move({7, 1}, {7, 2}));
  EXPECT_TRUE(move({}, {7, 10}));
  EXPECT_FALSE(move({}, {7, 20}));
  EXPECT_FALSE(move({8, 10}, {8, 20}));
  EXPECT_TRUE(move({7, 10}, {7, 20}));
  EXPECT_FALSE(move({7, 10}, {7, 30}));

  Cursors cursors;
  EXPECT_TRUE(db_->Read([&](sql::Transaction& tx) -> absl::Status {
                   ASSIGN_OR_RETURN(cursors, LoadCursors(tx, "journey"));
                   return absl::OkStatus();
                 })
                  .ok());
  for (int lane = 0; lane < kLanes; ++lane) EXPECT_EQ(cursors[lane], (lane == 5 ? Cursor{7, 20} : Cursor{}));
}

}  // namespace
}  // namespace waymark::journal
