// Who sees and may do what, and what is forgotten.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/journey/service.h"

namespace waymark::journey {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class AccessTest : public ServiceTest {};
INSTANTIATE_TEST_SUITE_P(Engines, AccessTest, support::BothEngines(), support::EngineName);

TEST_P(AccessTest, AnotherWorkspacesJourneyIsAnsweredAsAMissingOne) {
  const v1::JourneyVersion draft = Onboarding();
  Publish("onboarding", 1).value();
  // What is asked of acme's journey as globex, and what the same asks where nobody has such a journey.
  const auto answers = [&](std::string workspace) {
    return std::vector<std::string>{
        GetJourney("onboarding", workspace).status().ToString(),
        CreateDraft("onboarding", ReachedBy("login"), "", workspace).status().ToString(),
        UpdateDraft(UpdateOf(draft, ReachedBy("login")), workspace).status().ToString(),
        Publish("onboarding", 1, "", "", workspace).status().ToString(),
        GetVersion("onboarding", 1, workspace).status().ToString(),
        GetVersion("onboarding", 0, workspace).status().ToString(),
        ListVersions("onboarding", 0, "", workspace).status().ToString(),
    };
  };
  const std::vector<std::string> foreign = answers("globex");
  for (const std::string& answer : foreign) {
    EXPECT_THAT(answer, ::testing::StartsWith("NOT_FOUND: there is no journey \"onboarding\""));
  }
  EXPECT_THAT(ListJourneys(0, "", "globex")->journeys(), IsEmpty());
  CreateJourney("renewal", "Globex's", "", "globex").value();
  EXPECT_EQ(answers("globex"), foreign);
  EXPECT_THAT(ListVersions("onboarding")->versions(), SizeIs(1)) << "and nothing was done to it";
}

TEST_P(AccessTest, OldRequestIdsAreForgottenAfter30Days) {
  CreateJourney("onboarding", "Onboarding", "r-1").value();
  std::vector<Loop> loops = parts_->loops();
  ASSERT_THAT(loops, SizeIs(1));
  clock_.Advance(absl::Hours(24 * 30 - 1));
  EXPECT_FALSE(loops[0].run_once().value());
  EXPECT_EQ(CreateJourney("onboarding", "Onboarding", "r-1").status(), absl::OkStatus());
  clock_.Advance(absl::Hours(2));
  EXPECT_TRUE(loops[0].run_once().value());
  EXPECT_EQ(ReasonOf(CreateJourney("onboarding", "Onboarding", "r-1").status()), "ALREADY_EXISTS");
}

}  // namespace
}  // namespace waymark::journey
