#include "services/journey/journey_store.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/databases.h"

namespace waymark::journey {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kMonday = absl::FromUnixSeconds(1'777'885'200);

Journey JourneyOf(std::string journey_id) {
  return {.journey_id = journey_id,
          .title = absl::StrCat("The ", journey_id),
          .create_time = kMonday,
          .archive_time = std::nullopt};
}

Version VersionOf(std::string journey_id, uint32_t number) {
  return {.journey_id = std::move(journey_id),
          .number = number,
          .definition = std::string("\x0a\x00\xff", 3),
          .content_hash = absl::StrCat("hash ", number),
          .change_note = absl::StrCat("note ", number),
          .parent_number = number - 1,
          .parent_content_hash = "hash of the parent",
          .authors = {"Ann Lee", "Bøb"},
          .create_time = kMonday + absl::Hours(number),
          .publish_time = std::nullopt,
          .retire_time = std::nullopt};
}

class JourneyStoreTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  absl::Status Write(absl::FunctionRef<absl::Status(sql::Transaction&)> body) { return db_->Transact(body); }

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
  auto Journey_(std::string workspace, std::string id) {
    return Read([&](sql::Transaction& tx) { return LoadJourney(tx, workspace, id); });
  }
  auto Version_(std::string workspace, std::string id, uint32_t number) {
    return Read([&](sql::Transaction& tx) { return LoadVersion(tx, workspace, id, number); });
  }
  auto Published(std::string workspace, std::string id) {
    return Read([&](sql::Transaction& tx) { return LoadPublished(tx, workspace, id); });
  }
  void Add(std::string workspace, Journey journey) {
    ASSERT_EQ(Write([&](sql::Transaction& tx) { return AddJourney(tx, workspace, journey); }), absl::OkStatus());
  }
  void Add(std::string workspace, Version version) {
    ASSERT_EQ(Write([&](sql::Transaction& tx) { return AddVersion(tx, workspace, version); }), absl::OkStatus());
  }
  void Save(std::string workspace, Version version) {
    ASSERT_EQ(Write([&](sql::Transaction& tx) { return SaveVersion(tx, workspace, version); }), absl::OkStatus());
  }

  const std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam(), {schema()});
};
INSTANTIATE_TEST_SUITE_P(Engines, JourneyStoreTest, support::BothEngines(), support::EngineName);

TEST_P(JourneyStoreTest, AJourneyComesBackAsItWasAdded) {
  const Journey journey = JourneyOf("onboarding");
  Add("acme", journey);
  EXPECT_EQ(Journey_("acme", "onboarding").value(), journey);
}

TEST_P(JourneyStoreTest, AJourneyIsAddedOnce) {
  Add("acme", JourneyOf("onboarding"));
  Journey other = JourneyOf("onboarding");
  other.title = "Another";
  EXPECT_TRUE(absl::IsAlreadyExists(Write([&](sql::Transaction& tx) { return AddJourney(tx, "acme", other); })));
  EXPECT_EQ(Journey_("acme", "onboarding").value(), JourneyOf("onboarding"));
}

TEST_P(JourneyStoreTest, EveryWorkspaceHasItsOwnJourneys) {
  Add("acme", JourneyOf("onboarding"));
  Add("acme", VersionOf("onboarding", 1));
  EXPECT_TRUE(absl::IsNotFound(Journey_("globex", "onboarding").status()));
  EXPECT_TRUE(absl::IsNotFound(Version_("globex", "onboarding", 1).status()));
  EXPECT_TRUE(absl::IsNotFound(Published("globex", "onboarding").status()));
  EXPECT_EQ(Version_("globex", "onboarding", 1).status().message(), "there is no journey \"onboarding\"");

  Journey other = JourneyOf("onboarding");
  other.title = "Globex's own";
  Add("globex", other);
  Version other_version = VersionOf("onboarding", 1);
  other_version.change_note = "Globex's own";
  Add("globex", other_version);
  EXPECT_EQ(Journey_("acme", "onboarding")->title, "The onboarding");
  EXPECT_EQ(Version_("acme", "onboarding", 1)->change_note, "note 1");
  EXPECT_EQ(Version_("globex", "onboarding", 1)->change_note, "Globex's own");
}

TEST_P(JourneyStoreTest, ListsAWorkspacesJourneysByIdFromWherePageEnded) {
  for (const std::string id : {"renewal", "adoption", "onboarding"}) Add("acme", JourneyOf(id));
  Add("globex", JourneyOf("expansion"));
  const auto list = [&](std::string after, int limit) {
    return Read([&](sql::Transaction& tx) { return ListJourneys(tx, "acme", {}, after, limit); }).value();
  };
  EXPECT_THAT(list("", 2), ElementsAre(JourneyOf("adoption"), JourneyOf("onboarding")));
  EXPECT_THAT(list("onboarding", 2), ElementsAre(JourneyOf("renewal")));
  EXPECT_THAT(list("renewal", 2), IsEmpty());
}

TEST_P(JourneyStoreTest, AVersionComesBackAsItWasAddedAndIsTheLast) {
  Add("acme", JourneyOf("onboarding"));
  Add("acme", VersionOf("onboarding", 1));
  Add("acme", VersionOf("onboarding", 2));
  EXPECT_EQ(Version_("acme", "onboarding", 1).value(), VersionOf("onboarding", 1));
  EXPECT_EQ(Journey_("acme", "onboarding")->last_number, 2u);
  EXPECT_EQ(Journey_("acme", "onboarding")->latest_published_number, 0u);
}

TEST_P(JourneyStoreTest, SavingReplacesWhatMayChange) {
  Add("acme", JourneyOf("onboarding"));
  Add("acme", VersionOf("onboarding", 1));
  Add("acme", VersionOf("onboarding", 2));
  Version changed = VersionOf("onboarding", 1);
  changed.definition = "";
  changed.content_hash = "another";
  changed.change_note = "better";
  changed.revision = 2;
  Save("acme", changed);
  EXPECT_EQ(Version_("acme", "onboarding", 1).value(), changed);
  EXPECT_EQ(Version_("acme", "onboarding", 2).value(), VersionOf("onboarding", 2));
  EXPECT_EQ(Journey_("acme", "onboarding")->latest_published_number, 0u);
}

TEST_P(JourneyStoreTest, APublishedVersionIsTheJourneysLatest) {
  Add("acme", JourneyOf("onboarding"));
  Add("acme", VersionOf("onboarding", 1));
  Add("acme", VersionOf("onboarding", 2));
  EXPECT_EQ(Published("acme", "onboarding").status().message(),
            "there is no published version of journey \"onboarding\"");
  Version published = VersionOf("onboarding", 1);
  published.state = VersionState::kPublished;
  published.publish_time = kMonday + absl::Microseconds(1);
  Save("acme", published);
  EXPECT_EQ(Published("acme", "onboarding").value(), published);
  EXPECT_EQ(Journey_("acme", "onboarding")->latest_published_number, 1u);
  EXPECT_EQ(Journey_("acme", "onboarding")->last_published_number, 1u);
}

TEST_P(JourneyStoreTest, WhereTheLatestIsRetiredTheOneBeforeIsTheLatest) {
  Add("acme", JourneyOf("onboarding"));
  for (uint32_t number = 1; number <= 3; ++number) Add("acme", VersionOf("onboarding", number));
  for (uint32_t number = 1; number <= 2; ++number) {
    Version published = VersionOf("onboarding", number);
    published.state = VersionState::kPublished;
    Save("acme", published);
  }
  Version retired = VersionOf("onboarding", 2);
  retired.state = VersionState::kRetired;
  retired.retire_time = kMonday;
  Save("acme", retired);
  EXPECT_EQ(Version_("acme", "onboarding", 2).value(), retired);
  EXPECT_EQ(Journey_("acme", "onboarding")->latest_published_number, 1u);
  EXPECT_EQ(Journey_("acme", "onboarding")->last_published_number, 2u);
}

TEST_P(JourneyStoreTest, SavingAJourneyReplacesItsTitleLabelsApprovalsAndArchival) {
  Journey journey = JourneyOf("onboarding");
  journey.labels = {{"team", "growth"}, {"region", "emea = first"}, {"empty", ""}};
  journey.required_approvals = 2;
  Add("acme", journey);
  EXPECT_EQ(Journey_("acme", "onboarding").value(), journey);
  journey.title = "Better";
  journey.labels = {{"team", "success"}};
  journey.required_approvals = 0;
  journey.revision = 2;
  journey.archive_time = kMonday;
  ASSERT_EQ(Write([&](sql::Transaction& tx) { return SaveJourney(tx, "acme", journey); }), absl::OkStatus());
  EXPECT_EQ(Journey_("acme", "onboarding").value(), journey);
}

TEST_P(JourneyStoreTest, ListsByLabelAndByWhetherArchived) {
  for (const std::string id : {"adoption", "onboarding", "renewal", "trial"}) {
    Journey journey = JourneyOf(id);
    journey.labels["team"] = id == "adoption" ? "success" : "growth";
    if (id == "trial") journey.archive_time = kMonday;
    Add("acme", journey);
  }
  const auto ids = [&](JourneyFilter filter, std::string after) {
    std::vector<std::string> found;
    const std::vector<Journey> journeys =
        Read([&](sql::Transaction& tx) { return ListJourneys(tx, "acme", filter, after, 10); }).value();
    for (const Journey& journey : journeys) {
      found.push_back(journey.journey_id);
    }
    return found;
  };
  using Label = std::pair<std::string, std::string>;
  EXPECT_THAT(ids({.label = Label("team", "growth")}, ""), ElementsAre("onboarding", "renewal"));
  EXPECT_THAT(ids({.label = Label("team", "growth")}, "onboarding"), ElementsAre("renewal"));
  EXPECT_THAT(ids({.archived = true, .label = Label("team", "growth")}, ""), ElementsAre("trial"));
  EXPECT_THAT(ids({.archived = true, .label = std::nullopt}, ""), ElementsAre("trial"));
  EXPECT_THAT(ids({.label = Label("team", "sales")}, ""), IsEmpty());
}

TEST_P(JourneyStoreTest, FindsThoseThatExist) {
  Add("acme", JourneyOf("onboarding"));
  Add("globex", JourneyOf("renewal"));
  EXPECT_THAT(Read([&](sql::Transaction& tx) {
                return FindJourneys(tx, "acme", {"renewal", "onboarding"});
              }).value(),
              ElementsAre("onboarding"));
}

TEST_P(JourneyStoreTest, AMissingVersionIsNotFound) {
  Add("acme", JourneyOf("onboarding"));
  EXPECT_EQ(Version_("acme", "onboarding", 7).status().message(), "there is no version 7 of journey \"onboarding\"");
  EXPECT_TRUE(absl::IsNotFound(Version_("acme", "onboarding", 4'294'967'295).status()));
}

TEST_P(JourneyStoreTest, ListsVersionsNewestFirstWithoutDefinitions) {
  Add("acme", JourneyOf("onboarding"));
  Add("acme", JourneyOf("renewal"));
  for (uint32_t number = 1; number <= 3; ++number) Add("acme", VersionOf("onboarding", number));
  Add("acme", VersionOf("renewal", 1));
  const auto list = [&](std::string workspace, uint32_t below, int limit) {
    return Read([&](sql::Transaction& tx) { return ListVersions(tx, workspace, "onboarding", below, limit); });
  };
  Version first = VersionOf("onboarding", 1), second = VersionOf("onboarding", 2), third = VersionOf("onboarding", 3);
  for (Version* version : {&first, &second, &third}) version->definition = "";
  EXPECT_THAT(list("acme", 4'294'967'295, 2).value(), ElementsAre(third, second));
  EXPECT_THAT(list("acme", 2, 2).value(), ElementsAre(first));
  EXPECT_TRUE(absl::IsNotFound(list("globex", 2, 2).status()));
}

}  // namespace
}  // namespace waymark::journey
