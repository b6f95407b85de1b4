#include "common/metrics/exposer.h"

#include <curl/curl.h>

#include "absl/strings/str_cat.h"
#include "common/metrics/metrics.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::metrics {
namespace {

using ::testing::HasSubstr;

std::string Get(const std::string& url) {
  std::string body;
  CURL* const curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(
      curl, CURLOPT_WRITEFUNCTION, +[](char* bytes, size_t size, size_t count, void* body) {
        static_cast<std::string*>(body)->append(bytes, size * count);
        return size * count;
      });
  EXPECT_EQ(curl_easy_perform(curl), CURLE_OK);
  curl_easy_cleanup(curl);
  return body;
}

TEST(ExposerTest, AnswersMetricsOverHttp) {
  GetGauge("waymark_exposed", "Shown by the test.").Set(1);
  const auto exposer = Exposer::Start("127.0.0.1:0");
  ASSERT_TRUE(exposer.ok()) << exposer.status();
  EXPECT_THAT(Get(absl::StrCat("http://127.0.0.1:", (*exposer)->port(), "/metrics")), HasSubstr("waymark_exposed 1\n"));
}

TEST(ExposerTest, APortThatIsTakenIsNamed) {
  const auto first = Exposer::Start("127.0.0.1:0");
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string address = absl::StrCat("127.0.0.1:", (*first)->port());
  const auto second = Exposer::Start(address);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(address));
}

}  // namespace
}  // namespace waymark::metrics
