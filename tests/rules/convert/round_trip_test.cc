// Whatever a journey says comes back from a file as it was: the same content hash.
#include <google/protobuf/util/message_differencer.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/document/document.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/rules/convert/canonical.h"
#include "services/rules/convert/definition.h"
#include "services/rules/convert/form.h"
#include "tests/rules/convert/random_message.h"
#include "waymark/journey/v1/definition.pb.h"
#include "waymark/journey/v1/segment.pb.h"

namespace waymark::rules {
namespace {

using ::testing::IsEmpty;

// What a reading holds, once it is one document without problems.
const google::protobuf::Message* Only(const document::Reading& reading) {
  EXPECT_THAT(reading.problems, IsEmpty()) << document::ToString("written", reading.problems[0]);
  return reading.documents.size() == 1 ? reading.documents[0].message.get() : nullptr;
}

void ExpectSameFromFiles(const google::protobuf::Message& message) {
  const std::string hash = ContentHash(message);
  const std::string yaml = document::WriteYaml(message, document::Fields::kSet);
  const document::Reading from_yaml = document::ReadYaml(yaml, message);
  ASSERT_NE(Only(from_yaml), nullptr) << yaml;
  ASSERT_EQ(ContentHash(*Only(from_yaml)), hash) << yaml;
  const std::string json = document::WriteJson(message, document::Fields::kSet);
  const document::Reading from_json = document::ReadJson(json, message);
  ASSERT_NE(Only(from_json), nullptr) << json;
  ASSERT_EQ(ContentHash(*Only(from_json)), hash) << json;
  // JSON is YAML too.
  const document::Reading from_either = document::ReadYaml(json, message);
  ASSERT_NE(Only(from_either), nullptr) << json;
  ASSERT_EQ(ContentHash(*Only(from_either)), hash) << json;
}

TEST(RoundTripTest, TenThousandJourneysComeBackFromYamlAndJson) {
  for (uint64_t seed = 1; seed <= 10'000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    RandomMessages random(seed);
    journey::v1::JourneyDefinition definition;
    random.Fill(definition);
    ASSERT_THAT(CheckForm(definition), IsEmpty()) << definition.DebugString() << CheckForm(definition)[0].path;
    ASSERT_NO_FATAL_FAILURE(ExpectSameFromFiles(definition));
  }
}

TEST(RoundTripTest, SegmentsComeBackFromYamlAndJson) {
  for (uint64_t seed = 1; seed <= 1'000; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    RandomMessages random(seed);
    journey::v1::SegmentDefinition segment;
    random.Fill(segment);
    ASSERT_NO_FATAL_FAILURE(ExpectSameFromFiles(segment));
  }
}

}  // namespace
}  // namespace waymark::rules
