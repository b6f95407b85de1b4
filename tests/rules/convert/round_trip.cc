#include "tests/rules/convert/round_trip.h"

#include <string>

#include "common/document/document.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/rules/convert/canonical.h"

namespace waymark::rules {
namespace {

void ExpectHash(const std::string& hash, const document::Reading& reading, const std::string& text) {
  ASSERT_THAT(reading.problems, testing::IsEmpty()) << document::ToString("written", reading.problems[0]) << text;
  ASSERT_EQ(reading.documents.size(), 1u) << text;
  ASSERT_EQ(ContentHash(*reading.documents[0].message), hash) << text;
}

}  // namespace

void ExpectSameFromFiles(const google::protobuf::Message& message) {
  const std::string hash = ContentHash(message);
  const std::string yaml = document::WriteYaml(message, document::Fields::kSet);
  ASSERT_NO_FATAL_FAILURE(ExpectHash(hash, document::ReadYaml(yaml, message), yaml));
  const std::string json = document::WriteJson(message, document::Fields::kSet);
  ASSERT_NO_FATAL_FAILURE(ExpectHash(hash, document::ReadJson(json, message), json));
  ASSERT_NO_FATAL_FAILURE(ExpectHash(hash, document::ReadYaml(json, message), json));
}

}  // namespace waymark::rules
