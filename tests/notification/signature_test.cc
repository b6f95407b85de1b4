#include "services/notification/signature.h"

#include "gtest/gtest.h"

namespace waymark::notification {
namespace {

// The example of the specification's reference libraries.
TEST(SignatureTest, IsThatOfTheStandardsExample) {
  const std::string secret = ReadSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
  EXPECT_EQ(Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", absl::FromUnixSeconds(1614265330), "{\"test\": 2432232314}"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(SignatureTest, ChangesWithIdTimeBodyAndSecret) {
  const absl::Time time = absl::FromUnixSeconds(1614265330);
  const std::string signature = Sign(std::string(24, 'k'), "msg_1", time, "{}");
  EXPECT_NE(Sign(std::string(24, 'k'), "msg_2", time, "{}"), signature);
  EXPECT_NE(Sign(std::string(24, 'k'), "msg_1", time + absl::Seconds(1), "{}"), signature);
  EXPECT_NE(Sign(std::string(24, 'k'), "msg_1", time, "{ }"), signature);
  EXPECT_NE(Sign(std::string(24, 'l'), "msg_1", time, "{}"), signature);
}

TEST(SignatureTest, ASecretIsReadAsItWasWritten) {
  for (const size_t size : {24, 32, 64}) {
    const std::string bytes(size, '\xf7');
    EXPECT_EQ(ReadSecret(WriteSecret(bytes)), bytes);
  }
}

TEST(SignatureTest, WhatIsNoSecretIsNotRead) {
  for (const std::string& text : {std::string(), std::string("whsec_"), std::string("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                                  std::string("whsec_not base64 at all!"), WriteSecret(std::string(23, 'x')),
                                  WriteSecret(std::string(65, 'x'))}) {
    EXPECT_EQ(ReadSecret(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace waymark::notification
