// What manifests.h promises.
#include "services/cli/manifests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace waymark::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ManifestsTest, AFolderIsReadInTheOrderInWhichThingsNameEachOther) {
  const support::TempDir dir;
  support::WriteFile(dir.File("a.yaml"), "playbook: {playbook_id: p}\n---\njourney: {journey_id: j}\n");
  support::WriteFile(dir.File("b.json"), R"({"channel": {"channelId": "c", "log": {}}})");
  support::WriteFile(dir.File("notes.txt"), "not for us");
  const auto reading = ReadManifests({dir.path()});
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_THAT(reading->problems, IsEmpty());
  std::vector<std::string> names;
  for (const SourcedManifest& source : reading->manifests) names.push_back(NameOf(source.manifest));
  EXPECT_THAT(names, ElementsAre("channel c", "journey j", "playbook p"));
}

TEST(ManifestsTest, ProblemsOfAllFilesAreTold) {
  const support::TempDir dir;
  support::WriteFile(dir.File("a.yaml"), "journey: {journey_id: j}\n---\njourney: {journey_id: j}\n");
  support::WriteFile(dir.File("b.yaml"), "{}\n");
  support::WriteFile(dir.File("c.yaml"), "# nothing\n");
  const auto reading = ReadManifests({dir.path()});
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_THAT(reading->problems,
              ElementsAre(HasSubstr("a.yaml:3:1: journey j is described in"),
                          HasSubstr("b.yaml:1:1: describes nothing"), HasSubstr("c.yaml:1:1: is empty")));
}

TEST(ManifestsTest, WhatCannotBeReadIsAnError) {
  const support::TempDir dir;
  EXPECT_EQ(ReadManifests({dir.File("none.yaml")}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadManifests({dir.path()}).status().code(), absl::StatusCode::kNotFound);
  support::WriteFile(dir.File("large.yaml"), std::string((4 << 20) + 1, '#'));
  EXPECT_EQ(ReadManifests({dir.path()}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace waymark::cli
