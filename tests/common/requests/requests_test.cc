#include "common/requests/requests.h"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "gmock/gmock.h"
#include "tests/support/databases.h"

namespace waymark::requests {
namespace {

using ::testing::ElementsAre;

const absl::Time kNoon = absl::FromUnixSeconds(1'777'896'000);

Request Create(absl::string_view request_id) {
  return {.workspace = "acme", .request_id = request_id, .method = "CreateJourney", .body = "onboarding"};
}

class RequestsTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  // Calls with an act that numbers its runs: "first", …
  absl::StatusOr<std::string> Call(const Request& request, absl::Time now = kNoon) {
    return Call(request, now, [&]() -> absl::StatusOr<std::string> { return absl::StrCat("answer ", ++acted_); });
  }

  absl::StatusOr<std::string> Call(const Request& request, absl::Time now,
                                   absl::FunctionRef<absl::StatusOr<std::string>()> act) {
    std::string answer;
    RETURN_IF_ERROR(db_->Transact([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(answer, Once(tx, request, now, act));
      return absl::OkStatus();
    }));
    return answer;
  }

  bool ForgetUntil(absl::Time until) {
    bool any = false;
    EXPECT_TRUE(db_->Transact([&](sql::Transaction& tx) -> absl::Status {
                     ASSIGN_OR_RETURN(any, Forget(tx, until));
                     return absl::OkStatus();
                   })
                    .ok());
    return any;
  }

  std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam(), {schema()});
  std::atomic<int> acted_ = 0;
};
INSTANTIATE_TEST_SUITE_P(Engines, RequestsTest, support::BothEngines(), support::EngineName);

TEST_P(RequestsTest, ARepeatIsAnsweredAsTheFirstTime) {
  EXPECT_EQ(Call(Create("r-1")).value(), "answer 1");
  EXPECT_EQ(Call(Create("r-1"), kNoon + absl::Hours(24)).value(), "answer 1");
  EXPECT_EQ(acted_, 1);
}

TEST_P(RequestsTest, AnswersMayBeAnyBytes) {
  const std::string bytes("\0\xff\n", 3);
  const auto act = [&]() -> absl::StatusOr<std::string> { return bytes; };
  EXPECT_EQ(Call(Create("r-1"), kNoon, act).value(), bytes);
  EXPECT_EQ(Call(Create("r-1"), kNoon, act).value(), bytes);
}

TEST_P(RequestsTest, WithoutAnIdNothingIsARepeat) {
  EXPECT_EQ(Call(Create("")).value(), "answer 1");
  EXPECT_EQ(Call(Create("")).value(), "answer 2");
}

TEST_P(RequestsTest, AnotherBodyUnderTheSameIdIsRefused) {
  ASSERT_TRUE(Call(Create("r-1")).ok());
  Request other = Create("r-1");
  other.body = "renewal";
  const absl::Status refused = Call(other).status();
  EXPECT_TRUE(absl::IsAlreadyExists(refused));
  EXPECT_EQ(ReasonOf(refused), "REQUEST_ID_REUSED");
  EXPECT_EQ(Call(Create("r-1")).value(), "answer 1");
}

TEST_P(RequestsTest, AnotherMethodUnderTheSameIdIsRefused) {
  ASSERT_TRUE(Call(Create("r-1")).ok());
  Request other = Create("r-1");
  other.method = "ArchiveJourney";
  EXPECT_EQ(ReasonOf(Call(other).status()), "REQUEST_ID_REUSED");
}

TEST_P(RequestsTest, WorkspacesHaveIdsOfTheirOwn) {
  Request globex = Create("r-1");
  globex.workspace = "globex";
  globex.body = "another";
  EXPECT_EQ(Call(Create("r-1")).value(), "answer 1");
  EXPECT_EQ(Call(globex).value(), "answer 2");
  EXPECT_EQ(Call(globex).value(), "answer 2");
  EXPECT_EQ(Call(Create("r-1")).value(), "answer 1");
}

TEST_P(RequestsTest, AFailureIsNotRemembered) {
  const auto fail = [&]() -> absl::StatusOr<std::string> { return WrongState("the journey is archived"); };
  EXPECT_TRUE(absl::IsFailedPrecondition(Call(Create("r-1"), kNoon, fail).status()));
  EXPECT_EQ(Call(Create("r-1")).value(), "answer 1");
}

TEST_P(RequestsTest, ARolledBackTransactionIsNotRemembered) {
  const absl::Status rolled_back = db_->Transact([&](sql::Transaction& tx) -> absl::Status {
    EXPECT_TRUE(Once(tx, Create("r-1"), kNoon, [] { return absl::StatusOr<std::string>("never"); }).ok());
    return absl::InternalError("after acting");
  });
  EXPECT_TRUE(absl::IsInternal(rolled_back));
  EXPECT_EQ(Call(Create("r-1")).value(), "answer 1");
}

TEST_P(RequestsTest, OfCallersAtOnceWithOneIdOneActs) {
  std::vector<std::string> answers(8);
  std::vector<std::thread> callers;
  for (std::string& answer : answers) {
    callers.emplace_back([&] { answer = Call(Create("r-1")).value_or("refused"); });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_THAT(answers, ::testing::Each(answers[0]));
  EXPECT_EQ(acted_, 1);
}

TEST_P(RequestsTest, AMalformedIdIsRefusedByField) {
  EXPECT_TRUE(Call(Create(std::string(100, 'r'))).ok());
  for (const std::string& id :
       {std::string(101, 'r'), std::string("r\n"), std::string("r\xff"), std::string(1, '\0')}) {
    const absl::Status refused = Call(Create(id)).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
    EXPECT_THAT(ViolationsOf(refused),
                ElementsAre(::testing::Field(&FieldViolation::field, std::string("request_id"))));
  }
}

TEST_P(RequestsTest, ForgetsAnswersFromBefore) {
  ASSERT_TRUE(Call(Create("r-1")).ok());
  ASSERT_TRUE(Call(Create("r-2"), kNoon + absl::Hours(1)).ok());
  EXPECT_FALSE(ForgetUntil(kNoon));
  EXPECT_TRUE(ForgetUntil(kNoon + absl::Minutes(30)));
  EXPECT_FALSE(ForgetUntil(kNoon + absl::Minutes(30)));
  EXPECT_EQ(Call(Create("r-1")).value(), "answer 3");
  EXPECT_EQ(Call(Create("r-2")).value(), "answer 2");
}

TEST_P(RequestsTest, ForgetsAtMostAThousandAtOnce) {
  ASSERT_TRUE(db_->Transact([&](sql::Transaction& tx) -> absl::Status {
                   for (int i = 0; i < 1001; ++i) {
                     RETURN_IF_ERROR(Once(tx, Create(absl::StrCat("r-", i)), kNoon, [] {
                                       return absl::StatusOr<std::string>("done");
                                     }).status());
                   }
                   return absl::OkStatus();
                 })
                  .ok());
  const absl::Time later = kNoon + absl::Seconds(1);
  EXPECT_TRUE(ForgetUntil(later));
  EXPECT_TRUE(ForgetUntil(later));
  EXPECT_FALSE(ForgetUntil(later));
}

}  // namespace
}  // namespace waymark::requests
