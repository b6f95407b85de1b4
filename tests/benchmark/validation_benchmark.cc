// How long it takes to validate a large journey, and to find an example for everything in it.
//
//   waymark_validation_benchmark [TIMES]      by default 50
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "services/rules/convert/definition.h"
#include "services/rules/reachability.h"

namespace waymark::benchmark {
namespace {

namespace v1 = journey::v1;

constexpr int kStages = 12;
constexpr int kMilestones = 200;

void Count(v1::Criterion* criterion, const std::string& type, uint32_t at_least) {
  criterion->mutable_event_count()->add_event_types(type);
  criterion->mutable_event_count()->set_at_least(at_least);
}

// One of eight kinds of criterion that people write.
void Fill(v1::Milestone* milestone, int i, const std::string& before) {
  v1::Criterion* criterion = milestone->mutable_criterion();
  const std::string type = absl::StrCat("event_", i);
  switch (i % 8) {
    case 0:
      return Count(criterion, type, 1);
    case 1:
      Count(criterion, type, 3);
      criterion->mutable_event_count()->mutable_within()->set_seconds(14 * 86'400);
      return criterion->mutable_event_count()->set_distinct(v1::DISTINCT_DAYS);
    case 2:
      Count(criterion->mutable_all_of()->add_criteria(), type, 2);
      {
        v1::ValueCondition* condition = criterion->mutable_all_of()->add_criteria()->mutable_attribute();
        condition->set_name(absl::StrCat("attribute_", i % 5));
        return condition->set_at_least(i % 5);
      }
    case 3:
      for (const char* step : {"opened", "filled", "sent"}) {
        criterion->mutable_sequence()->add_steps()->add_event_types(absl::StrCat(type, "_", step));
      }
      return;
    case 4:
      for (int k = 0; k < 4; ++k) Count(criterion->mutable_at_least_of()->add_criteria(), absl::StrCat(type, k), 1);
      return criterion->mutable_at_least_of()->set_n(2);
    case 5:
      Count(criterion, type, 2);
      criterion->mutable_event_count()->set_distinct(v1::DISTINCT_USERS);
      if (!before.empty()) milestone->add_depends_on(before);
      return;
    case 6:
      Count(criterion->mutable_all_of()->add_criteria(), type, 1);
      return Count(criterion->mutable_all_of()->add_criteria()->mutable_none_of()->add_criteria(), "incident", 3);
    default:
      criterion->mutable_attested()->set_role("csm");
  }
}

v1::JourneyDefinition LargeJourney() {
  v1::JourneyDefinition definition;
  definition.mutable_entry()->add_triggers()->mutable_first_event()->add_event_types("signed_up");
  std::string before;
  for (int i = 0; i < kStages; ++i) {
    v1::Stage* stage = definition.add_stages();
    stage->set_key(absl::StrCat("stage-", i));
    for (int k = i * kMilestones / kStages; k < (i + 1) * kMilestones / kStages; ++k) {
      v1::Milestone* milestone = stage->add_milestones();
      milestone->set_key(absl::StrCat("milestone-", k));
      milestone->set_scope(k % 3 == 0 ? v1::SCOPE_FROM_ENTRY : v1::SCOPE_FROM_STAGE);
      Fill(milestone, k, before);
      before = milestone->key();
    }
  }
  v1::Exit* exit = definition.add_exits();
  exit->set_key("churned");
  exit->set_outcome(v1::OUTCOME_CHURNED);
  Count(exit->mutable_criterion(), "account_closed", 1);
  return definition;
}

absl::Duration Median(int times, absl::FunctionRef<void()> run) {
  std::vector<absl::Duration> taken;
  for (int i = 0; i < times; ++i) {
    const absl::Time start = absl::Now();
    run();
    taken.push_back(absl::Now() - start);
  }
  std::nth_element(taken.begin(), taken.begin() + times / 2, taken.end());
  return taken[times / 2];
}

int Main(int argc, char** argv) {
  const int times = argc > 1 ? std::max(1, std::atoi(argv[1])) : 50;
  const v1::JourneyDefinition definition = LargeJourney();
  size_t findings = 0;
  const absl::Duration validated = Median(times, [&] { findings = rules::Check(definition).size(); });
  const rules::JourneyVersion version{.journey_id = "large", .number = 1, .definition = rules::FromProto(definition)};
  size_t reached = 0;
  size_t asked = 0;
  const absl::Duration explored = Median(times, [&] {
    const rules::Reachability found = rules::FindReachability(version);
    reached = asked = 0;
    for (const auto* list : {&found.stages, &found.milestones, &found.exits}) {
      asked += list->size();
      for (const rules::Verdict& verdict : *list) reached += verdict.answer == rules::Answer::kYes ? 1 : 0;
    }
  });
  std::printf("validate   %d stages, %d milestones: %.2f ms, %zu findings\n", kStages, kMilestones,
              absl::ToDoubleMilliseconds(validated), findings);
  std::printf("examples   of %zu of %zu stages, milestones and exits: %.2f ms\n", reached, asked,
              absl::ToDoubleMilliseconds(explored));
  return 0;
}

}  // namespace
}  // namespace waymark::benchmark

int main(int argc, char** argv) { return waymark::benchmark::Main(argc, argv); }
