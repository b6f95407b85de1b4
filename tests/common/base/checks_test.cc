#include "common/base/checks.h"

#include "common/base/errors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark {
namespace {

using ::testing::HasSubstr;

TEST(IsUtf8Test, TakesEveryLengthAndItsLimits) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("report_run"));
  EXPECT_TRUE(IsUtf8(absl::string_view("a\0b", 3)));
  EXPECT_TRUE(IsUtf8("\xC2\x80 \xDF\xBF"));
  EXPECT_TRUE(IsUtf8("\xE0\xA0\x80 \xED\x9F\xBF \xEE\x80\x80 \xEF\xBF\xBF"));
  EXPECT_TRUE(IsUtf8("\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF"));
}

TEST(IsUtf8Test, RefusesWhatRfc3629Forbids) {
  EXPECT_FALSE(IsUtf8("\x80"));              // Goes on before it begins.
  EXPECT_FALSE(IsUtf8("\xC3"));              // Cut off.
  EXPECT_FALSE(IsUtf8("\xE2\x82"));          // Cut off.
  EXPECT_FALSE(IsUtf8("\xC3("));             // Does not go on.
  EXPECT_FALSE(IsUtf8("\xC0\xAF"));          // Overlong.
  EXPECT_FALSE(IsUtf8("\xE0\x9F\xBF"));      // Overlong.
  EXPECT_FALSE(IsUtf8("\xF0\x8F\xBF\xBF"));  // Overlong.
  EXPECT_FALSE(IsUtf8("\xED\xA0\x80"));      // A surrogate.
  EXPECT_FALSE(IsUtf8("\xF4\x90\x80\x80"));  // Above U+10FFFF.
  EXPECT_FALSE(IsUtf8("\xF5\x80\x80\x80"));
  EXPECT_FALSE(IsUtf8("\xFF"));
}

TEST(CheckNameTest, TakesLowerCaseDigitsAndDashesUpTo63) {
  EXPECT_TRUE(CheckName("journey_id", "onboarding-2").ok());
  EXPECT_TRUE(CheckName("journey_id", "o").ok());
  EXPECT_TRUE(CheckName("journey_id", std::string(63, 'o')).ok());
}

TEST(CheckNameTest, NamesTheFieldOfWhatItRefuses) {
  for (const std::string wrong : {"", "Onboarding", "2nd", "-a", "on boarding", "on_boarding", "ü"}) {
    const absl::Status status = CheckName("journey_id", wrong);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << wrong;
    ASSERT_EQ(ViolationsOf(status).size(), 1u) << wrong;
    EXPECT_EQ(ViolationsOf(status)[0].field, "journey_id");
  }
  EXPECT_FALSE(CheckName("journey_id", std::string(64, 'o')).ok());
}

TEST(CheckKeyTest, AlsoTakesUnderscores) {
  EXPECT_TRUE(CheckKey("key", "first_report-run").ok());
  EXPECT_FALSE(CheckKey("key", "first.report").ok());
  EXPECT_FALSE(CheckKey("key", "_first").ok());
}

TEST(CheckIdTest, Takes1To255BytesOfUtf8) {
  EXPECT_TRUE(CheckId("customer_id", "Müller & Söhne").ok());
  EXPECT_TRUE(CheckId("customer_id", std::string(255, 'a')).ok());
  EXPECT_THAT(CheckId("customer_id", "").message(), HasSubstr("must be given"));
  EXPECT_THAT(CheckId("customer_id", std::string(256, 'a')).message(), HasSubstr("at most 255 bytes, not 256"));
  EXPECT_THAT(CheckId("customer_id", "\xFF").message(), HasSubstr("UTF-8"));
  EXPECT_THAT(CheckId("customer_id", "a\nb").message(), HasSubstr("control"));
  EXPECT_THAT(CheckId("customer_id", absl::string_view("a\0b", 3)).message(), HasSubstr("control"));
  EXPECT_THAT(CheckId("customer_id", "a\x7F").message(), HasSubstr("control"));
}

TEST(CheckTextTest, LimitsBytesNotCharacters) {
  EXPECT_TRUE(CheckText("title", "", 4).ok());
  EXPECT_TRUE(CheckText("title", "üü", 4).ok());
  EXPECT_FALSE(CheckText("title", "üüü", 4).ok());
  EXPECT_FALSE(CheckText("title", "\xFF", 4).ok());
}

TEST(ToPageSizeTest, Is50ByDefaultAndAtMost1000) {
  EXPECT_EQ(*ToPageSize(0), 50);
  EXPECT_EQ(*ToPageSize(7), 7);
  EXPECT_EQ(*ToPageSize(1000), 1000);
  EXPECT_EQ(*ToPageSize(1'000'000), 1000);
  EXPECT_EQ(ViolationsOf(ToPageSize(-1).status())[0].field, "page_size");
}

TEST(PageTokenTest, ComesBackInTheListThatGaveIt) {
  const std::string after("acme\0\xFF", 6);
  EXPECT_EQ(*ReadPageToken("acme/ListJourneys", MakePageToken("acme/ListJourneys", after)), after);
  EXPECT_EQ(*ReadPageToken("acme/ListJourneys", ""), "");
}

TEST(PageTokenTest, ServesNoOtherList) {
  const std::string token = MakePageToken("acme/ListJourneys", "onboarding");
  for (const std::string& wrong :
       {token + "!", token.substr(4), std::string("x"), MakePageToken("acme/ListJourneys", "")}) {
    EXPECT_EQ(ViolationsOf(ReadPageToken("acme/ListJourneys", wrong).status())[0].field, "page_token") << wrong;
  }
  EXPECT_FALSE(ReadPageToken("globex/ListJourneys", token).ok());
}

}  // namespace
}  // namespace waymark
