// What is kept besides journeys and versions: editions, tombstones, reviews. On both engines.
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/sql/sql.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/journey/edition_store.h"
#include "services/journey/review_store.h"
#include "services/journey/tombstone_store.h"
#include "tests/support/databases.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const absl::Time kMonday = absl::FromUnixSeconds(1'777'885'200);

class StoresTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  void Write(absl::FunctionRef<absl::Status(sql::Transaction&)> body) {
    ASSERT_EQ(db_->Transact(body), absl::OkStatus());
  }
  // Reads in a transaction of its own.
  template <typename Body>
  auto Read(Body body) {
    decltype(body(std::declval<sql::Transaction&>())) result = absl::UnknownError("did not run");
    const absl::Status status = db_->Read([&](sql::Transaction& tx) {
      result = body(tx);
      return absl::OkStatus();
    });
    if (!status.ok()) result = status;
    return result;
  }
  const std::unique_ptr<sql::Database> db_ =
      support::OpenFresh(GetParam(), {edition_schema(), tombstone_schema(), review_schema()});
};
INSTANTIATE_TEST_SUITE_P(Engines, StoresTest, support::BothEngines(), support::EngineName);

Edition EditionOf(EditionKind kind, std::string id, uint32_t number = 1) {
  return {.kind = kind,
          .id = id,
          .number = number,
          .definition = std::string("\x0a\x00\xff", 3),
          .content_hash = "hash",
          .create_time = kMonday,
          .newest = number,
          .revision = number,
          .archive_time = std::nullopt};
}

TEST_P(StoresTest, AnEditionComesBackAsItWasAdded) {
  const Edition first = EditionOf(EditionKind::kPersona, "ada");
  Write([&](auto& tx) { return AddFirstEdition(tx, "acme", first); });
  const Edition second = EditionOf(EditionKind::kPersona, "ada", 2);
  Write([&](auto& tx) { return AddNextEdition(tx, "acme", second); });
  const auto load = [&](std::string workspace, EditionKind kind, uint32_t number) {
    return Read([&](auto& tx) { return LoadEdition(tx, workspace, kind, "ada", number); });
  };
  EXPECT_EQ(load("acme", EditionKind::kPersona, 0).value(), second);
  EXPECT_EQ(load("acme", EditionKind::kPersona, 1)->number, 1u);
  EXPECT_EQ(load("acme", EditionKind::kPersona, 1)->newest, 2u);
  EXPECT_EQ(load("acme", EditionKind::kPersona, 3).status().message(), "there is no edition 3 of persona \"ada\"");
  EXPECT_EQ(load("acme", EditionKind::kSegment, 0).status().message(), "there is no segment \"ada\"");
  EXPECT_TRUE(absl::IsNotFound(load("globex", EditionKind::kPersona, 1).status()));
}

TEST_P(StoresTest, AThingIsAddedOnceInItsWorkspaceAndKind) {
  const Edition first = EditionOf(EditionKind::kPersona, "ada");
  Write([&](auto& tx) { return AddFirstEdition(tx, "acme", first); });
  EXPECT_TRUE(absl::IsAlreadyExists(db_->Transact([&](auto& tx) { return AddFirstEdition(tx, "acme", first); })));
  Write([&](auto& tx) { return AddFirstEdition(tx, "globex", first); });
  Write([&](auto& tx) { return AddFirstEdition(tx, "acme", EditionOf(EditionKind::kSegment, "ada")); });
}

TEST_P(StoresTest, ArchivedThingsAreListedApartAndFoundAlike) {
  for (const std::string id : {"cy", "ada", "bob"}) {
    Write([&](auto& tx) { return AddFirstEdition(tx, "acme", EditionOf(EditionKind::kSegment, id)); });
  }
  Edition archived = EditionOf(EditionKind::kSegment, "bob");
  archived.archive_time = kMonday;
  archived.revision = 2;
  Write([&](auto& tx) { return SaveArchival(tx, "acme", archived); });
  const auto list = [&](bool of_archived, std::string after, int limit) {
    return Read([&](auto& tx) { return ListEditions(tx, "acme", EditionKind::kSegment, of_archived, after, limit); })
        .value();
  };
  EXPECT_THAT(list(false, "", 9),
              ElementsAre(EditionOf(EditionKind::kSegment, "ada"), EditionOf(EditionKind::kSegment, "cy")));
  EXPECT_THAT(list(false, "ada", 1), ElementsAre(EditionOf(EditionKind::kSegment, "cy")));
  EXPECT_THAT(list(true, "", 9), ElementsAre(archived));
  const auto found = Read([&](auto& tx) {
    return FindEditions(tx, "acme", EditionKind::kSegment, {{"bob", 0}, {"dee", 0}, {"ada", 1}, {"ada", 2}});
  });
  EXPECT_THAT(*found, ElementsAre(archived, std::nullopt, EditionOf(EditionKind::kSegment, "ada"), std::nullopt));
}

TEST_P(StoresTest, TombstonesStayAsTheyWereFirst) {
  const Tombstone stage = {KeyKind::kStage, "setup", 2}, goal = {KeyKind::kGoal, "setup", 3};
  Write([&](auto& tx) { return AddTombstones(tx, "acme", "onboarding", {goal, stage}); });
  Write([&](auto& tx) { return AddTombstones(tx, "acme", "onboarding", {{KeyKind::kStage, "setup", 9}}); });
  Write([&](auto& tx) { return AddTombstones(tx, "acme", "onboarding", {}); });
  const auto list = [&](std::string workspace, std::string journey_id) {
    return Read([&](auto& tx) { return ListTombstones(tx, workspace, journey_id); }).value();
  };
  EXPECT_THAT(list("acme", "onboarding"), ElementsAre(stage, goal));
  EXPECT_THAT(list("acme", "renewal"), IsEmpty());
  EXPECT_THAT(list("globex", "onboarding"), IsEmpty());
}

TEST_P(StoresTest, CommentsComeBackInOrderUnderTheirVersion) {
  const VersionName name = {"acme", "onboarding", 1};
  Comment comment = {.comment_id = "0001",
                     .path = "stages[0]",
                     .text = "Hm 🤔",
                     .author = "Ann",
                     .reply_to = "",
                     .content_hash = "hash",
                     .create_time = kMonday,
                     .resolve_time = std::nullopt,
                     .resolved_by = ""};
  Comment second = comment;
  second.comment_id = "0002";
  second.reply_to = "0001";
  Write([&](auto& tx) { return AddComment(tx, name, second); });
  Write([&](auto& tx) { return AddComment(tx, name, comment); });
  const auto list = [&](VersionName version, bool open_only, std::string after, int limit) {
    return Read([&](auto& tx) { return ListComments(tx, version, open_only, after, limit); }).value();
  };
  EXPECT_THAT(list(name, false, "", 9), ElementsAre(comment, second));
  EXPECT_THAT(list(name, false, "0001", 9), ElementsAre(second));
  for (const VersionName& other : {VersionName{"globex", "onboarding", 1}, VersionName{"acme", "renewal", 1},
                                   VersionName{"acme", "onboarding", 2}}) {
    EXPECT_THAT(list(other, false, "", 9), IsEmpty());
    EXPECT_TRUE(absl::IsNotFound(Read([&](auto& tx) { return LoadComment(tx, other, "0001"); }).status()));
  }
  comment.resolve_time = kMonday;
  comment.resolved_by = "Bob";
  Write([&](auto& tx) { return SaveResolution(tx, name, comment); });
  EXPECT_EQ(Read([&](auto& tx) { return LoadComment(tx, name, "0001"); }).value(), comment);
  EXPECT_THAT(list(name, true, "", 9), ElementsAre(second));
  EXPECT_EQ(Read([&](auto& tx) { return CountComments(tx, name); }).value(), 2u);
  EXPECT_EQ(Read([&](auto& tx) { return LoadReview(tx, name); })->open_comments, 1u);
}

TEST_P(StoresTest, ApprovalsAndRequestsTakeThePlaceOfEarlierOnes) {
  const VersionName name = {"acme", "onboarding", 1};
  Write([&](auto& tx) { return SaveApproval(tx, name, {"Cy", "hash 1", kMonday}); });
  Write([&](auto& tx) { return SaveApproval(tx, name, {"Bob", "hash 1", kMonday}); });
  Write([&](auto& tx) { return SaveApproval(tx, name, {"Cy", "hash 2", kMonday + absl::Hours(1)}); });
  EXPECT_THAT(Read([&](auto& tx) { return ListApprovals(tx, name); }).value(),
              ElementsAre(Approval{"Bob", "hash 1", kMonday}, Approval{"Cy", "hash 2", kMonday + absl::Hours(1)}));
  Write([&](auto& tx) { return DropApproval(tx, name, "Bob"); });
  EXPECT_THAT(Read([&](auto& tx) { return ListApprovals(tx, name); }).value(), SizeIs(1));
  EXPECT_EQ(Read([&](auto& tx) { return LoadReview(tx, name); })->request, std::nullopt);
  ApprovalRequest request = {"Ann", {"Bob", "Cy Dee"}, "Two\nlines", "hash 2", kMonday};
  Write([&](auto& tx) { return SaveApprovalRequest(tx, name, request); });
  EXPECT_EQ(Read([&](auto& tx) { return LoadReview(tx, name); })->request, request);
  request.reviewers = {};
  Write([&](auto& tx) { return SaveApprovalRequest(tx, name, request); });
  EXPECT_EQ(Read([&](auto& tx) { return LoadReview(tx, name); })->request, request);
  EXPECT_THAT(Read([&](auto& tx) { return ListApprovals(tx, {"globex", "onboarding", 1}); }).value(), IsEmpty());
}

}  // namespace
}  // namespace waymark::journey
