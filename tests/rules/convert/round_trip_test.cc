// Whatever a journey says comes back from a file as it was: the same content hash.
#include "tests/rules/convert/round_trip.h"

#include <google/protobuf/descriptor.h>

#include <iostream>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/rules/convert/definition.h"
#include "tests/rules/convert/random_message.h"
#include "tests/rules/convert/valid_journeys.h"
#include "tests/rules/corpus.h"
#include "waymark/journey/v1/definition.pb.h"
#include "waymark/journey/v1/segment.pb.h"
#include "waymark/manifest/v1/manifest.pb.h"

namespace waymark::rules {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using ::testing::_;
using ::testing::Each;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Pair;

// In how many messages each field and each value of an enum was said, by name.
class Said {
 public:
  void Note(const Message& message) {
    std::set<std::string> names;
    Collect(message, names);
    for (const std::string& name : names) ++times_[name];
  }

  // Of everything that a message of the type can say; never is 0 times.
  std::map<std::string, int> Everything(const Descriptor& type) const {
    std::set<std::string> names;
    std::set<const Descriptor*> seen;
    CollectAll(type, seen, names);
    std::map<std::string, int> times;
    for (const std::string& name : names) times[name] = times_.contains(name) ? times_.at(name) : 0;
    return times;
  }

 private:
  static void Collect(const Message& message, std::set<std::string>& names) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      names.insert(field->full_name());
      const bool repeated = field->is_repeated();
      const int count = repeated ? message.GetReflection()->FieldSize(message, field) : 1;
      for (int i = 0; i < count; ++i) {
        if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
          Collect(repeated ? message.GetReflection()->GetRepeatedMessage(message, field, i)
                           : message.GetReflection()->GetMessage(message, field),
                  names);
        } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM && !repeated) {
          names.insert(message.GetReflection()->GetEnum(message, field)->full_name());
        }
      }
    }
  }

  static void CollectAll(const Descriptor& type, std::set<const Descriptor*>& seen, std::set<std::string>& names) {
    if (!seen.insert(&type).second) return;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      names.insert(field.full_name());
      if (field.message_type() != nullptr) CollectAll(*field.message_type(), seen, names);
      if (field.enum_type() == nullptr) continue;
      // From 1 on: the first value is the one that is not said.
      for (int k = 1; k < field.enum_type()->value_count(); ++k) names.insert(field.enum_type()->value(k)->full_name());
    }
  }

  std::map<std::string, int> times_;
};

std::vector<Finding> ErrorsIn(const journey::v1::JourneyDefinition& definition, const Surroundings& workspace) {
  std::vector<Finding> errors;
  for (Finding& finding : Check(definition, workspace)) {
    if (finding.severity == Severity::kError) errors.push_back(std::move(finding));
  }
  return errors;
}

TEST(RoundTripTest, TenThousandValidJourneysComeBackFromYamlAndJson) {
  constexpr uint64_t kSeed = 20'260'105;
  constexpr int kJourneys = 10'000;
  constexpr int kOften = 200;
  ValidJourneys journeys(kSeed);
  Said said;
  for (int i = 0; i < kJourneys; ++i) {
    SCOPED_TRACE(absl::StrCat("seed ", kSeed, ", journey ", i));
    manifest::v1::Manifest manifest;
    manifest.mutable_journey()->set_journey_id("drawn");
    journey::v1::JourneyDefinition& definition = *manifest.mutable_journey()->mutable_definition();
    definition = journeys.Next();
    ASSERT_THAT(ErrorsIn(definition, journeys.workspace()), IsEmpty());
    said.Note(definition);
    ASSERT_NO_FATAL_FAILURE(ExpectSameFromFiles(manifest));
  }
  std::cout << "seed " << kSeed << ": " << journeys.drawn() << " drawn, " << kJourneys << " valid\n";
  // They say everything that can be said.
  EXPECT_THAT(said.Everything(*journey::v1::JourneyDefinition::descriptor()), Each(Pair(_, Ge(kOften))));
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

TEST(RoundTripTest, GoodJourneysOfTheCorpusComeBackFromYamlAndJson) {
  for (const Sample& sample : ReadCorpus("good")) {
    SCOPED_TRACE(sample.file);
    manifest::v1::Manifest manifest;
    *manifest.mutable_journey() = sample.journey;
    ASSERT_NO_FATAL_FAILURE(ExpectSameFromFiles(manifest));
  }
}

}  // namespace
}  // namespace waymark::rules
