// What had happened by an instant, and what was known at one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "services/milestone/convert.h"
#include "tests/milestone/world.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TimelineTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  // The items, by event id or kind of conclusion and key, of pages of `page_size`.
  std::vector<std::string> List(v1::ListTimelineRequest request, int page_size = 50) {
    std::vector<std::string> items;
    request.set_customer_id("acme");
    request.set_page_size(page_size);
    do {
      const auto page =
          Call<v1::ListTimelineResponse>(world_.milestones(), &v1::MilestoneService::Stub::ListTimeline, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::TimelineItem& item : page->items()) {
        const v1::TimelineConclusion& conclusion = item.conclusion();
        items.push_back(
            item.has_event()
                ? item.event().event_id()
                : absl::StrCat(v1::ConclusionKind_Name(conclusion.kind()).substr(16), " ",
                               conclusion.milestone_key().empty() ? conclusion.stage_key() : conclusion.milestone_key(),
                               " ", (item.time().seconds() - absl::ToUnixSeconds(Noon())) / 60));
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return items;
  }
  static v1::ListTimelineRequest By(int as_of_minutes) {
    v1::ListTimelineRequest request;
    SetTime(Noon() + absl::Minutes(as_of_minutes), request.mutable_as_of());
    return request;
  }
  static v1::ListTimelineRequest KnownAt(int minutes) {
    v1::ListTimelineRequest request;
    SetTime(Noon() + absl::Minutes(minutes), request.mutable_as_known());
    return request;
  }

  // At noon a connection is told that was made 10 minutes ago; an hour later, that one was made 20 minutes before noon.
  void TellLate() {
    world_.Publish("j", 1, Steps({{"setup", "connect"}, {"adoption", "report", 2}}));
    ASSERT_TRUE(world_.Ingest({At(-30, "acme", "login", "e0"), At(-10, "acme", "connect", "e1")}).ok());
    clock_.Advance(absl::Hours(1));
    ASSERT_TRUE(world_.Ingest({At(-20, "acme", "connect", "late")}).ok());
  }

  VirtualClock clock_{Noon()};
  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam());
  World world_{*db_, clock_};
};

INSTANTIATE_TEST_SUITE_P(Engines, TimelineTest, support::BothEngines(), support::EngineName);

TEST_P(TimelineTest, WhatWasKnownThenShowsAsItWasKnown) {
  TellLate();
  const std::vector<std::string> then = {"e0",
                                         "e1",
                                         "ENROLLED  -30",
                                         "STAGE_ENTERED setup -30",
                                         "MILESTONE_ACHIEVED setup_done -10",
                                         "STAGE_ENTERED adoption -10"};
  EXPECT_EQ(List(KnownAt(59)), then);
  EXPECT_EQ(List(KnownAt(59), 1), then) << "page by page";
  EXPECT_THAT(List(KnownAt(-1)), ElementsAre());
  std::vector<std::string> now = then;
  now.insert(now.end(), {"late", "MILESTONE_REVISED setup_done -20", "STAGE_REVISED adoption -20"});
  EXPECT_EQ(List(KnownAt(60)), now);
  EXPECT_EQ(List({}), now);
}

TEST_P(TimelineTest, WhatHadHappenedByThenIsAllThatIsKnownOfItNow) {
  TellLate();
  EXPECT_THAT(List(By(-15)), ElementsAre("e0", "ENROLLED  -30", "STAGE_ENTERED setup -30", "late",
                                         "MILESTONE_REVISED setup_done -20", "STAGE_REVISED adoption -20"));
  EXPECT_THAT(List(By(-15), 1).size(), 6);
  v1::ListTimelineRequest both = By(-15);
  *both.mutable_as_known() = KnownAt(30).as_known();
  EXPECT_THAT(List(both), ElementsAre("e0", "ENROLLED  -30", "STAGE_ENTERED setup -30"));
}

TEST_P(TimelineTest, InstantsOutOfRangeAndTokensOfOtherListsAreRefused) {
  TellLate();
  const auto refused = [&](const v1::ListTimelineRequest& request, const char* field) {
    const auto answer =
        Call<v1::ListTimelineResponse>(world_.milestones(), &v1::MilestoneService::Stub::ListTimeline, request);
    EXPECT_EQ(answer.status().code(), absl::StatusCode::kInvalidArgument) << field;
    EXPECT_THAT(answer.status().message(), HasSubstr(field));
  };
  v1::ListTimelineRequest request;
  request.set_customer_id("acme");
  request.mutable_as_of()->set_seconds(-2'208'988'800);  // 1900.
  refused(request, "as_of");
  request.clear_as_of();
  request.mutable_as_known()->set_nanos(-1);
  refused(request, "as_known");
  request = KnownAt(60);
  request.set_customer_id("acme");
  request.set_page_size(1);
  const auto page =
      Call<v1::ListTimelineResponse>(world_.milestones(), &v1::MilestoneService::Stub::ListTimeline, request);
  ASSERT_TRUE(page.ok()) << page.status();
  request = KnownAt(61);
  request.set_customer_id("acme");
  request.set_page_token(page->next_page_token());
  refused(request, "page_token");
}

}  // namespace
}  // namespace waymark::milestone
