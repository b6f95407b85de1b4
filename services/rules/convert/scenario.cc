#include "services/rules/convert/scenario.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "services/rules/convert/definition.h"

namespace waymark::rules {
namespace {

namespace v1 = journey::v1;

// To microseconds, as times are kept.
absl::Duration ToDuration(const google::protobuf::Duration& message) {
  return absl::Seconds(message.seconds()) + absl::Microseconds(message.nanos() / 1'000);
}

void FlattenInto(const google::protobuf::Struct& object, const std::string& prefix,
                 std::map<std::string, StepProperty>& to) {
  for (const auto& [name, value] : object.fields()) {
    const std::string path = absl::StrCat(prefix, name);
    const bool composite = value.has_struct_value() || value.has_list_value();
    to.emplace(path, StepProperty{.path = path, .value = FromProto(value), .composite = composite});
  }
  for (const auto& [name, value] : object.fields()) {
    if (value.has_struct_value()) FlattenInto(value.struct_value(), absl::StrCat(prefix, name, "."), to);
  }
}

ScenarioStep ToStep(const v1::ScenarioStep& message) {
  ScenarioStep step{.at = ToDuration(message.at()),
                    .user = message.user(),
                    .role = message.role(),
                    .properties = Flatten(message.properties())};
  switch (message.kind_case()) {
    case v1::ScenarioStep::kEvent:
    case v1::ScenarioStep::KIND_NOT_SET:
      step.type = message.event();
      break;
    case v1::ScenarioStep::kAttributes:
      step.kind = ItemKind::kAttributes;
      step.properties = Flatten(message.attributes());
      break;
    case v1::ScenarioStep::kAttest:
      step.kind = ItemKind::kAttestation;
      step.key = message.attest();
      break;
    case v1::ScenarioStep::kBand:
      step.kind = ItemKind::kBand;
      step.type = message.band().scorecard_id();
      step.key = message.band().band();
      break;
    case v1::ScenarioStep::kEnroll:
      step.kind = ItemKind::kEnrollCall;
      break;
    case v1::ScenarioStep::kCompletedJourney:
      step.kind = ItemKind::kCompletion;
      step.type = message.completed_journey();
      break;
  }
  return step;
}

ExpectedState ToState(v1::ExpectedState state) {
  switch (state) {
    case v1::EXPECTED_STATE_NOT_ENROLLED:
      return ExpectedState::kNotEnrolled;
    case v1::EXPECTED_STATE_ACTIVE:
      return ExpectedState::kActive;
    case v1::EXPECTED_STATE_COMPLETED:
      return ExpectedState::kCompleted;
    case v1::EXPECTED_STATE_EXITED:
      return ExpectedState::kExited;
    default:
      return ExpectedState::kNotAsked;
  }
}

Expectation ToExpectation(const v1::Expectation& message) {
  Expectation expectation{.stage = message.stage(),
                          .achieved = {message.achieved().begin(), message.achieved().end()},
                          .not_achieved = {message.not_achieved().begin(), message.not_achieved().end()},
                          .state = ToState(message.state()),
                          .exit = message.exit()};
  if (message.has_at()) expectation.at = ToDuration(message.at());
  return expectation;
}

}  // namespace

Scenario FromProto(const v1::Scenario& message) {
  Scenario scenario{.key = message.key(),
                    .title = message.title().empty() ? message.key() : message.title(),
                    .persona_id = message.persona_id()};
  for (const v1::ScenarioStep& step : message.steps()) scenario.steps.push_back(ToStep(step));
  for (const v1::Expectation& expectation : message.expect()) scenario.expect.push_back(ToExpectation(expectation));
  return scenario;
}

std::vector<Scenario> ScenariosOf(const v1::JourneyDefinition& message) {
  std::vector<Scenario> scenarios;
  for (const v1::Scenario& scenario : message.scenarios()) scenarios.push_back(FromProto(scenario));
  return scenarios;
}

std::vector<StepProperty> Flatten(const google::protobuf::Struct& object) {
  std::map<std::string, StepProperty> by_path;
  FlattenInto(object, "", by_path);
  std::vector<StepProperty> properties;
  for (auto& [path, property] : by_path) properties.push_back(std::move(property));
  return properties;
}

namespace {

google::protobuf::Value ToProto(const Value& value) {
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
google::protobuf::Struct ToStruct(const std::vector<StepProperty>& properties) {
  google::protobuf::Struct object;
  for (const StepProperty& property : properties) {
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

}  // namespace

journey::v1::ScenarioStep ToProto(const ScenarioStep& step) {
  journey::v1::ScenarioStep message;
  const int64_t nanos = absl::ToInt64Nanoseconds(step.at);
  message.mutable_at()->set_seconds(nanos / 1'000'000'000);
  message.mutable_at()->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
  message.set_user(step.user);
  message.set_role(step.role);
  switch (step.kind) {
    case ItemKind::kEvent:
      message.set_event(step.type);
      if (!step.properties.empty()) *message.mutable_properties() = ToStruct(step.properties);
      break;
    case ItemKind::kAttributes:
      *message.mutable_attributes() = ToStruct(step.properties);
      break;
    case ItemKind::kBand:
      message.mutable_band()->set_scorecard_id(step.type);
      message.mutable_band()->set_band(step.key);
      break;
    case ItemKind::kAttestation:
      message.set_attest(step.key);
      break;
    case ItemKind::kEnrollCall:
    case ItemKind::kExitCall:
    case ItemKind::kOverride:  // Examples have none of the two.
      message.mutable_enroll();
      break;
    case ItemKind::kCompletion:
      message.set_completed_journey(step.type);
      break;
  }
  return message;
}

}  // namespace waymark::rules
