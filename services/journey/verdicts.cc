#include "services/journey/verdicts.h"

#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "google/protobuf/struct.pb.h"
#include "services/rules/convert/definition.h"
#include "services/rules/reachability.h"
#include "services/rules/scenario.h"

namespace waymark::journey {
namespace {

google::protobuf::Value ToProto(const rules::Value& value) {
  google::protobuf::Value message;
  if (const auto* truth = std::get_if<bool>(&value)) {
    message.set_bool_value(*truth);
  } else if (const auto* number = std::get_if<double>(&value)) {
    message.set_number_value(*number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    message.set_string_value(*text);
  } else {
    message.set_null_value(google::protobuf::NULL_VALUE);
  }
  return message;
}

// Objects inside objects, as the dots of the paths say.
google::protobuf::Struct ToStruct(const std::vector<rules::StepProperty>& properties) {
  google::protobuf::Struct object;
  for (const rules::StepProperty& property : properties) {
    if (property.composite) continue;  // What is inside it makes it.
    google::protobuf::Struct* holder = &object;
    std::vector<std::string> names = absl::StrSplit(property.path, '.');
    for (size_t i = 0; i + 1 < names.size(); ++i) {
      holder = (*holder->mutable_fields())[names[i]].mutable_struct_value();
    }
    (*holder->mutable_fields())[names.back()] = ToProto(property.value);
  }
  return object;
}

v1::ScenarioStep ToProto(const rules::ScenarioStep& step) {
  v1::ScenarioStep message;
  const int64_t nanos = absl::ToInt64Nanoseconds(step.at);
  message.mutable_at()->set_seconds(nanos / 1'000'000'000);
  message.mutable_at()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  message.set_user(step.user);
  message.set_role(step.role);
  switch (step.kind) {
    case rules::ItemKind::kEvent:
      message.set_event(step.type);
      if (!step.properties.empty()) *message.mutable_properties() = ToStruct(step.properties);
      break;
    case rules::ItemKind::kAttributes:
      *message.mutable_attributes() = ToStruct(step.properties);
      break;
    case rules::ItemKind::kBand:
      message.mutable_band()->set_scorecard_id(step.type);
      message.mutable_band()->set_band(step.key);
      break;
    case rules::ItemKind::kAttestation:
      message.set_attest(step.key);
      break;
    case rules::ItemKind::kEnrollCall:
    case rules::ItemKind::kExitCall:
    case rules::ItemKind::kOverride:  // Examples have none of the two.
      message.mutable_enroll();
      break;
    case rules::ItemKind::kCompletion:
      message.set_completed_journey(step.type);
      break;
  }
  return message;
}

v1::Verdict ToProto(std::string path, const std::string& key, const rules::Verdict& verdict) {
  v1::Verdict message;
  message.set_path(std::move(path));
  message.set_key(key);
  switch (verdict.answer) {
    case rules::Answer::kYes:
      message.set_reachability(v1::REACHABILITY_REACHABLE);
      for (const rules::ScenarioStep& step : rules::ExampleOf(verdict).steps) *message.add_example() = ToProto(step);
      break;
    case rules::Answer::kNo:
      message.set_reachability(v1::REACHABILITY_UNREACHABLE);
      message.set_why(verdict.why);
      break;
    case rules::Answer::kUndecided:
      message.set_reachability(v1::REACHABILITY_UNDECIDED);
      break;
  }
  return message;
}

}  // namespace

std::vector<v1::Verdict> FindVerdicts(const v1::JourneyDefinition& definition,
                                      const std::vector<v1::PinnedSegment>& segments) {
  rules::JourneyVersion version = {.journey_id = "", .content_hash = "", .definition = rules::FromProto(definition)};
  for (const v1::PinnedSegment& segment : segments) {
    version.segments.push_back({segment.segment_id(), rules::FromProto(segment.criterion())});
  }
  const rules::Reachability found = rules::FindReachability(version);
  std::vector<v1::Verdict> verdicts;
  size_t milestone = 0;
  for (int i = 0; i < definition.stages_size(); ++i) {
    const v1::Stage& stage = definition.stages(i);
    verdicts.push_back(ToProto(absl::StrCat("stages[", i, "]"), stage.key(), found.stages[i]));
    for (int k = 0; k < stage.milestones_size(); ++k) {
      verdicts.push_back(ToProto(absl::StrCat("stages[", i, "].milestones[", k, "]"), stage.milestones(k).key(),
                                 found.milestones[milestone++]));
    }
  }
  for (int i = 0; i < definition.exits_size(); ++i) {
    verdicts.push_back(ToProto(absl::StrCat("exits[", i, "]"), definition.exits(i).key(), found.exits[i]));
  }
  return verdicts;
}

}  // namespace waymark::journey
