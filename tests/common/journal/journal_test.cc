#include "common/journal/journal.h"

#include <thread>

#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "tests/common/journal/journals.h"
#include "tests/support/metric.h"

namespace waymark::journal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const int kLane = LaneOf("acme", "customer-7");

class JournalTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = FreshDatabase(GetParam());
  std::unique_ptr<Journal> journal_ = Value(Journal::Open("milestone", *db_, clock_));
};
INSTANTIATE_TEST_SUITE_P(Engines, JournalTest, support::BothEngines(), support::EngineName);

TEST_P(JournalTest, PositionsStartAtOneAndNeverSkip) {
  EXPECT_THAT(Tell(*journal_, Many("acme", "customer-7", 2)), ElementsAre(Place{kLane, 1}, Place{kLane, 2}));
  EXPECT_THAT(Tell(*journal_, Many("acme", "customer-7", 2)), ElementsAre(Place{kLane, 3}, Place{kLane, 4}));
}

TEST_P(JournalTest, EachLaneHasPositionsOfItsOwn) {
  const std::vector<Place> places =
      Tell(*journal_, {Entered("acme", "customer-7", "setup"), Entered("acme", "customer-8", "setup"),
                       Entered("acme", "customer-7", "adoption")});
  EXPECT_THAT(places, ElementsAre(Place{3, 1}, Place{0, 1}, Place{3, 2}));
}

TEST_P(JournalTest, ReadsBackEverythingThatWasAppended) {
  Tell(*journal_, {{.workspace = "acme",
                    .key = "customer-7",
                    .type = kStageEntered,
                    .payload = std::string("s\0", 2),
                    .depth = 4}});
  const Journal::Stretch stretch = Value(Read(*journal_, kLane, 0));
  ASSERT_THAT(stretch.entries, SizeIs(1));
  const Entry& entry = stretch.entries[0];
  EXPECT_EQ(entry.lane, kLane);
  EXPECT_EQ(entry.position, 1);
  EXPECT_EQ(entry.workspace, "acme");
  EXPECT_EQ(entry.key, "customer-7");
  EXPECT_EQ(entry.record_time, Noon());
  EXPECT_EQ(entry.depth, 4);
  EXPECT_EQ(entry.type, kStageEntered);
  EXPECT_EQ(entry.payload, std::string("s\0", 2));
}

TEST_P(JournalTest, HeadsAreTheLastPositions) {
  Tell(*journal_, Many("acme", "customer-7", 5));
  std::vector<Place> heads;
  ASSERT_TRUE(db_->Read([&](sql::Transaction& tx) -> absl::Status {
                   ASSIGN_OR_RETURN(heads, journal_->Heads(tx));
                   return absl::OkStatus();
                 })
                  .ok());
  ASSERT_THAT(heads, SizeIs(kLanes));
  for (const Place& head : heads) EXPECT_EQ(head.position, head.lane == kLane ? 5 : 0);
}

TEST_P(JournalTest, LockTellsTheHeadsOfItsLanesAlone) {
  Tell(*journal_, Many("acme", "customer-7", 5));
  ASSERT_TRUE(db_->Transact([&](sql::Transaction& tx) -> absl::Status {
                   ASSIGN_OR_RETURN(const Lanes lanes, journal_->Lock(tx, {kLane, 15}));
                   EXPECT_EQ(lanes.Head(kLane), 5);
                   EXPECT_EQ(lanes.Head(15), 0);
                   EXPECT_FALSE(lanes.Has(0));
                   return absl::OkStatus();
                 })
                  .ok());
}

TEST_P(JournalTest, LanesTakenOutAreWrittenForThemselvesAndGivenBack) {
  Lanes lanes;
  ASSERT_TRUE(db_->Transact([&](sql::Transaction& tx) -> absl::Status {
                   ASSIGN_OR_RETURN(lanes, journal_->Lock(tx, {0, kLane, 15}));
                   Lanes part = lanes.Split([](int lane) { return lane == kLane || lane == 7; });
                   EXPECT_TRUE(part.Has(kLane));
                   EXPECT_FALSE(part.Has(7)) << "it was not locked";
                   EXPECT_FALSE(part.Has(0));
                   EXPECT_FALSE(lanes.Has(kLane));
                   part.Append(Many("acme", "customer-7", 2));
                   lanes.Append(Many("acme", "customer-8", 3));  // Lane 0.
                   RETURN_IF_ERROR(journal_->Store(tx, part));
                   RETURN_IF_ERROR(journal_->Store(tx, lanes));
                   lanes.Join(std::move(part));
                   return absl::OkStatus();
                 })
                  .ok());
  EXPECT_EQ(lanes.Head(kLane), 2);
  EXPECT_EQ(lanes.Head(0), 3);
  EXPECT_EQ(lanes.Head(15), 0);
  EXPECT_THAT(lanes.appended(), SizeIs(5));
  journal_->Announce(lanes);
  EXPECT_THAT(Payloads(Value(Read(*journal_, kLane, 0)).entries), ElementsAre("1", "2"));
  EXPECT_THAT(Payloads(Value(Read(*journal_, 0, 0)).entries), ElementsAre("1", "2", "3"));
}

TEST_P(JournalTest, ReadingGoesOnFromTheMiddleOfABlock) {
  Tell(*journal_, Many("acme", "customer-7", 10));
  Tell(*journal_, Many("acme", "customer-7", 3));
  EXPECT_THAT(Payloads(Value(Read(*journal_, kLane, 7)).entries), ElementsAre("8", "9", "10", "1", "2", "3"));
  EXPECT_THAT(Payloads(Value(Read(*journal_, kLane, 10)).entries), ElementsAre("1", "2", "3"));
  const Journal::Stretch limited = Value(Read(*journal_, kLane, 8, 3));
  EXPECT_THAT(Payloads(limited.entries), ElementsAre("9", "10", "1"));
  EXPECT_EQ(limited.reached, 11);
}

TEST_P(JournalTest, ReadingAtTheEndStaysThere) {
  Tell(*journal_, Many("acme", "customer-7", 3));
  const Journal::Stretch stretch = Value(Read(*journal_, kLane, 3));
  EXPECT_THAT(stretch.entries, IsEmpty());
  EXPECT_EQ(stretch.reached, 3);
}

TEST_P(JournalTest, AReadEndsWithAMegabyte) {
  std::vector<NewEntry> entries = Many("acme", "customer-7", 40);
  for (NewEntry& entry : entries) entry.payload = std::string(60'000, 'x');
  Tell(*journal_, entries);
  const Journal::Stretch stretch = Value(Read(*journal_, kLane, 0));
  EXPECT_THAT(stretch.entries, SizeIs(18));
  EXPECT_EQ(stretch.reached, 18);
  EXPECT_THAT(Value(Read(*journal_, kLane, 18)).entries, SizeIs(18));
}

TEST_P(JournalTest, AWorkspaceSeesItsOwnAndHowFarWasRead) {
  // A customer of another workspace in the same lane.
  std::string stranger = "customer-1";
  while (LaneOf("globex", stranger) != kLane) stranger += "1";
  Tell(*journal_, Many("acme", "customer-7", 2));
  Tell(*journal_, Many("globex", stranger, 3));
  Tell(*journal_, Many("acme", "customer-7", 2));
  Tell(*journal_, Many("globex", stranger, 1));
  const Journal::Stretch acme = Value(Read(*journal_, kLane, 1, 1000, "acme"));
  EXPECT_THAT(Payloads(acme.entries), ElementsAre("2", "1", "2"));
  EXPECT_EQ(acme.reached, 8);
  const Journal::Stretch nobody = Value(Read(*journal_, kLane, 0, 1000, "initech"));
  EXPECT_THAT(nobody.entries, IsEmpty());
  EXPECT_EQ(nobody.reached, 8);
}

TEST_P(JournalTest, AReadOfOneWorkspaceAmongManyEndsAfter1024Blocks) {
  std::vector<std::string> strangers;
  for (const char* workspace : {"globex", "initech"}) {
    strangers.push_back("customer-1");
    while (LaneOf(workspace, strangers.back()) != kLane) strangers.back() += "1";
  }
  std::vector<NewEntry> entries;
  for (int i = 0; i < 600; ++i) {
    entries.push_back(Entered("globex", strangers[0], "setup"));
    entries.push_back(Entered("initech", strangers[1], "setup"));
  }
  Tell(*journal_, entries);
  const Journal::Stretch stretch = Value(Read(*journal_, kLane, 0, 1000, "acme"));
  EXPECT_EQ(stretch.reached, 1024);
  EXPECT_EQ(Value(Read(*journal_, kLane, 1024, 1000, "acme")).reached, 1200);
}

TEST_P(JournalTest, DamageIsNoticedAndNothingReturned) {
  Tell(*journal_, Many("acme", "customer-7", 3));
  Alter(*db_, "UPDATE journal_block SET checksum = checksum + 1");
  EXPECT_TRUE(absl::IsInternal(Read(*journal_, kLane, 0).status()));
  const auto reopened = Value(Journal::Open("milestone", *db_, clock_));
  EXPECT_TRUE(absl::IsInternal(ReadPlaces(*reopened, {{kLane, 1}}).status()));
}

TEST_P(JournalTest, AMissingBlockIsNoticed) {
  for (int i = 0; i < 3; ++i) Tell(*journal_, Many("acme", "customer-7", 3));
  Alter(*db_, "DELETE FROM journal_block WHERE first_position = 4");
  EXPECT_THAT(Value(Read(*journal_, kLane, 0, 3)).entries, SizeIs(3));
  EXPECT_TRUE(absl::IsInternal(Read(*journal_, kLane, 0).status()));
  EXPECT_TRUE(absl::IsInternal(Read(*journal_, kLane, 4).status()));
}

TEST_P(JournalTest, ReadPlacesAnswersInTheOrderAsked) {
  const std::vector<Place> sevens = Tell(*journal_, Many("acme", "customer-7", 9));
  const std::vector<Place> eights = Tell(*journal_, Many("acme", "customer-8", 9));
  const std::vector<Place> asked = {sevens[8], eights[0], sevens[2], sevens[2], eights[5]};
  EXPECT_THAT(Payloads(Value(ReadPlaces(*journal_, asked))), ElementsAre("9", "1", "3", "3", "6"));
  const auto reopened = Value(Journal::Open("milestone", *db_, clock_));
  EXPECT_THAT(Payloads(Value(ReadPlaces(*reopened, asked))), ElementsAre("9", "1", "3", "3", "6"));
}

TEST_P(JournalTest, BlocksAnnouncedOrReadOnceAreReadFromMemory) {
  const std::vector<Place> places = Tell(*journal_, Many("acme", "customer-7", 3));
  const auto reopened = Value(Journal::Open("milestone", *db_, clock_));
  EXPECT_THAT(Value(ReadPlaces(*reopened, {places[1]})), SizeIs(1));
  Alter(*db_, "DELETE FROM journal_block");
  EXPECT_THAT(Payloads(Value(ReadPlaces(*journal_, places))), ElementsAre("1", "2", "3"));
  EXPECT_THAT(Payloads(Value(ReadPlaces(*reopened, places))), ElementsAre("1", "2", "3"));
}

TEST_P(JournalTest, APlaceThatDoesNotExistIsInternal) {
  EXPECT_TRUE(absl::IsInternal(ReadPlaces(*journal_, {{kLane, 1}}).status()));
  Tell(*journal_, Many("acme", "customer-7", 3));
  EXPECT_TRUE(absl::IsInternal(ReadPlaces(*journal_, {{kLane, 4}}).status()));
  EXPECT_TRUE(absl::IsInternal(ReadPlaces(*journal_, {{kLane, 0}}).status()));
}

TEST_P(JournalTest, ARollbackGivesItsPositionsAgainAndLeavesNothingInMemory) {
  const absl::Status failed = db_->Transact([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(Lanes lanes, journal_->Lock(tx, {kLane}));
    EXPECT_THAT(lanes.Append({Entered("acme", "customer-7", "never")}), ElementsAre(Place{kLane, 1}));
    RETURN_IF_ERROR(journal_->Store(tx, lanes));
    return absl::InternalError("after storing");
  });
  EXPECT_TRUE(absl::IsInternal(failed));
  EXPECT_TRUE(absl::IsInternal(ReadPlaces(*journal_, {{kLane, 1}}).status()));
  EXPECT_THAT(Tell(*journal_, {Entered("acme", "customer-7", "setup")}), ElementsAre(Place{kLane, 1}));
  EXPECT_THAT(Payloads(Value(ReadPlaces(*journal_, {{kLane, 1}}))), ElementsAre("setup"));
  EXPECT_THAT(Payloads(Value(Read(*journal_, kLane, 0)).entries), ElementsAre("setup"));
}

TEST_P(JournalTest, StoringNothingChangesNothing) {
  EXPECT_THAT(Tell(*journal_, {}), IsEmpty());
  EXPECT_EQ(Value(Read(*journal_, kLane, 0)).reached, 0);
}

TEST_P(JournalTest, TheFirstOpeningDecidesTheEpochAlsoAmongMany) {
  const std::unique_ptr<sql::Database> db = FreshDatabase(GetParam());
  std::vector<int64_t> epochs(8);
  std::vector<std::thread> openings;
  for (int64_t& epoch : epochs) {
    openings.emplace_back([&] { epoch = Value(Journal::Open("health", *db, clock_))->epoch(); });
  }
  for (std::thread& opening : openings) opening.join();
  for (const int64_t epoch : epochs) EXPECT_EQ(epoch, epochs[0]);
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(Value(Journal::Open("health", *db, clock_))->epoch(), epochs[0]);
}

TEST_P(JournalTest, ADatabaseOpenedLaterHasALargerEpoch) {
  clock_.Advance(absl::Seconds(1));
  const std::unique_ptr<sql::Database> later = FreshDatabase(GetParam());
  EXPECT_GT(Value(Journal::Open("milestone", *later, clock_))->epoch(), journal_->epoch());
  EXPECT_GT(journal_->epoch(), 0);
}

TEST_P(JournalTest, AFactThatTooManyLedToIsSetAside) {
  std::vector<NewEntry> entries = Many("acme", "customer-7", 3);
  entries[0].depth = kMaxDepth;
  entries[1].depth = kMaxDepth + 1;
  const double set_aside = support::ValueOf("waymark_journal_set_aside_total");
  EXPECT_GE(set_aside, 0);  // Told from the start.
  EXPECT_THAT(Tell(*journal_, entries), ElementsAre(Place{kLane, 1}, Place{kLane, 0}, Place{kLane, 2}));
  EXPECT_THAT(Payloads(Value(Read(*journal_, kLane, 0)).entries), ElementsAre("1", "3"));
  EXPECT_EQ(support::ValueOf("waymark_journal_set_aside_total"), set_aside + 1);
}

TEST_P(JournalTest, AnnouncingWakesWhoWaits) {
  const uint64_t seen = journal_->WaitForNews(0, absl::InfinitePast());
  std::thread teller([&] { Tell(*journal_, Many("acme", "customer-7", 1)); });
  EXPECT_NE(journal_->WaitForNews(seen, absl::InfiniteFuture()), seen);
  teller.join();
}

TEST_P(JournalTest, WaitingEndsAtItsDeadline) {
  Tell(*journal_, Many("acme", "customer-7", 1));
  const uint64_t seen = journal_->WaitForNews(0, absl::InfiniteFuture());
  EXPECT_EQ(journal_->WaitForNews(seen, absl::Now() + absl::Milliseconds(1)), seen);
}

TEST(LanesDeathTest, WritingALaneThatIsNotLockedAborts) {
  EXPECT_DEATH(Lanes().Append(Many("acme", "customer-7", 1)), "not locked");
}

}  // namespace
}  // namespace waymark::journal
