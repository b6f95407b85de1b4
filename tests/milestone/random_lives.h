// Random journeys over the language of criteria, and random histories that bring them about, as clients send them.
#ifndef WAYMARK_TESTS_MILESTONE_RANDOM_LIVES_H_
#define WAYMARK_TESTS_MILESTONE_RANDOM_LIVES_H_

#include <random>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "waymark/journey/v1/definition.pb.h"
#include "waymark/milestone/v1/customer.grpc.pb.h"
#include "waymark/milestone/v1/event.pb.h"
#include "waymark/milestone/v1/milestone.grpc.pb.h"

namespace waymark::milestone {

// Items lie in the last so many ticks.
inline constexpr absl::Duration kTick = absl::Hours(6);
inline constexpr int kTicks = 40;

// Draws journeys whose stages are s0, s1 and so on. `late`: some of them know a lateness.
class RandomJourneys {
 public:
  explicit RandomJourneys(std::mt19937& random, bool late) : random_(random), late_(late) {}
  journey::v1::JourneyDefinition Next();

 private:
  int Below(int n) { return static_cast<int>(random_() % n); }
  bool Chance(int percent) { return Below(100) < percent; }
  std::string Pick(std::vector<std::string> texts) { return texts[Below(static_cast<int>(texts.size()))]; }
  std::string Span();
  std::string Types();
  std::string Condition();
  std::string Where();
  std::string Trigger();
  std::string Leaf(bool of_milestone);
  std::string Criterion(bool of_milestone);
  std::string Milestone();

  std::mt19937& random_;
  const bool late_;
  int milestones_ = 0;
};

// What can be sent of a customer: none of it depends on what was known when it came.
using Sent = std::variant<v1::Event, v1::IdentifyRequest, v1::AttestMilestoneRequest, v1::EnrollRequest>;

// What a customer may do in journey j before `end`, 1 to 24 items.
std::vector<Sent> RandomHistory(std::mt19937& random, const std::string& customer, absl::Time end);

// Sends what is no event; OK also where the journey does not take it, which depends on the journey alone.
absl::Status SendRecord(v1::CustomerService::Stub& customers, v1::MilestoneService::Stub& milestones,
                        const Sent& record, const std::string& workspace);

}  // namespace waymark::milestone

#endif  // WAYMARK_TESTS_MILESTONE_RANDOM_LIVES_H_
