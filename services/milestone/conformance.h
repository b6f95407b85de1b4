// How far what happened fits the journey as it is designed. What is counted is said in
// protos/waymark/milestone/v1/analytics.proto.
#ifndef WAYMARK_SERVICES_MILESTONE_CONFORMANCE_H_
#define WAYMARK_SERVICES_MILESTONE_CONFORMANCE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "absl/status/status.h"
#include "services/milestone/census.h"
#include "services/milestone/naming.h"
#include "waymark/milestone/v1/analytics.pb.h"

namespace waymark::milestone {

class Conformance {
 public:
  // More different deviations are not counted: what bounds the memory.
  static constexpr size_t kMostDeviations = 100'000;

  // Travellers must bring their histories.
  void Add(const Traveller& traveller);
  // FAILED_PRECONDITION once there are too many deviations.
  absl::Status state() const;
  void Write(v1::GetConformanceResponse& to) const;

 private:
  // What is alike: kind, event type, stage stood in, stage that names it.
  using Alike = std::tuple<v1::DeviationKind, std::string, std::string, std::string>;
  struct Tally {
    int64_t times = 0;
    int64_t enrollments = 0;
    int64_t last_run = 0;
    std::string example_customer;
    std::string example_event;
  };
  void Walk(const rules::Run& run, const Naming& naming, const Traveller& traveller);

  std::map<uint32_t, std::unique_ptr<const Naming>> namings_;  // By version.
  int64_t run_ = 0;                                            // Which one is looked at; from 1.
  int64_t conforming_ = 0;
  int64_t fitting_ = 0, ahead_ = 0, again_ = 0, outside_ = 0;
  std::map<Alike, Tally> deviations_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_CONFORMANCE_H_
