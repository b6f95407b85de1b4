#include "services/notification/outcome.h"

#include "gtest/gtest.h"
#include "services/notification/webhook_url.h"

namespace waymark::notification {
namespace {

HttpEnding Answered(int code) {
  HttpEnding ending;
  ending.kind = HttpEnding::Kind::kAnswered;
  ending.code = code;
  ending.retry_after = absl::Minutes(3);
  ending.body = "so it is";
  return ending;
}

HttpEnding Ended(HttpEnding::Kind kind) {
  HttpEnding ending;
  ending.kind = kind;
  ending.note = "Timeout was reached";
  return ending;
}

TEST(OutcomeTest, TwoHundredsAreAccepted) {
  for (const int code : {200, 201, 202, 204, 299}) EXPECT_EQ(Classify(Answered(code)).verdict, Verdict::kAccepted);
}

TEST(OutcomeTest, GoneIsRejectedAndTheChannelWithIt) {
  EXPECT_EQ(Classify(Answered(410)).verdict, Verdict::kRejected);
  EXPECT_TRUE(Classify(Answered(410)).channel_gone);
}

TEST(OutcomeTest, EveryOtherStatusIsTransient) {
  for (const int code : {300, 301, 307, 400, 401, 403, 404, 409, 422, 429, 500, 501, 502, 503, 504, 599}) {
    EXPECT_EQ(Classify(Answered(code)).verdict, Verdict::kTransient) << code;
    EXPECT_FALSE(Classify(Answered(code)).channel_gone) << code;
  }
}

TEST(OutcomeTest, RetryAfterCountsWhereTheReceiverIsOverloaded) {
  for (const int code : {429, 502, 503, 504}) EXPECT_EQ(Classify(Answered(code)).retry_after, absl::Minutes(3)) << code;
  for (const int code : {301, 404, 500}) EXPECT_EQ(Classify(Answered(code)).retry_after, std::nullopt) << code;
}

TEST(OutcomeTest, WhatWasNotSentIsTransient) {
  const Outcome outcome = Classify(Ended(HttpEnding::Kind::kNotSent));
  EXPECT_EQ(outcome.verdict, Verdict::kTransient);
  EXPECT_EQ(outcome.detail, "not sent: Timeout was reached");
}

TEST(OutcomeTest, ARefusedAddressIsRejected) {
  EXPECT_EQ(Classify(Ended(HttpEnding::Kind::kAddressRefused)).verdict, Verdict::kRejected);
  EXPECT_FALSE(Classify(Ended(HttpEnding::Kind::kAddressRefused)).channel_gone);
}

TEST(OutcomeTest, NoAnswerIsUnknown) {
  EXPECT_EQ(Classify(Ended(HttpEnding::Kind::kNoAnswer)).verdict, Verdict::kUnknown);
}

TEST(OutcomeTest, TellsTheCodeAndWhatWasAnswered) {
  const Outcome outcome = Classify(Answered(500));
  EXPECT_EQ(outcome.response_code, 500);
  EXPECT_EQ(outcome.detail, "answered 500");
  EXPECT_EQ(outcome.excerpt, "so it is");
}

TEST(OutcomeTest, AnExcerptIsShortText) {
  EXPECT_EQ(Excerpt(std::string(5000, 'x')), std::string(4096, 'x'));
  EXPECT_EQ(Excerpt("Grüße\n\x1b[31m"), "Grüße\n?[31m");
  EXPECT_EQ(Excerpt(absl::string_view("a\0b\xff\xc3", 5)), "a?b??");
}

TEST(WebhookUrlTest, HttpAndHttpsAreRight) {
  for (const char* url : {"https://example.com", "http://127.0.0.1:8080/hook?token=x%20y", "https://[::1]:8443/"}) {
    EXPECT_EQ(WhatIsWrongWithUrl(url), "") << url;
  }
}

TEST(WebhookUrlTest, EverythingElseIsNot) {
  for (const char* url :
       {"", "example.com", "/hook", "ftp://example.com", "file:///etc/passwd", "gopher://example.com/", "https://",
        "https://user@example.com/", "https://user:word@example.com/", "https://example.com/a b",
        "https://example.com/\r\nX: y", "https://exämple.com/", "https://example.com:99999/", "javascript:alert(1)",
        "unix:///run/socket"}) {
    EXPECT_NE(WhatIsWrongWithUrl(url), "") << url;
  }
  EXPECT_EQ(WhatIsWrongWithUrl("https://example.com/" + std::string(1980, 'a')), "");
  EXPECT_NE(WhatIsWrongWithUrl("https://example.com/" + std::string(1981, 'a')), "");
}

TEST(WebhookUrlTest, TheUrlIsNotRepeatedInWhatIsWrong) {
  EXPECT_EQ(WhatIsWrongWithUrl("ftp://example.com/s3cret-token").find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace waymark::notification
