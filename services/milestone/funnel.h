// Counts how far customers come. What is counted is said in protos/waymark/milestone/v1/analytics.proto.
#ifndef WAYMARK_SERVICES_MILESTONE_FUNNEL_H_
#define WAYMARK_SERVICES_MILESTONE_FUNNEL_H_

#include <cstdint>
#include <vector>

#include "services/milestone/census.h"
#include "waymark/milestone/v1/analytics.pb.h"

namespace waymark::milestone {

class Funnel {
 public:
  // `shown` must outlive the funnel.
  explicit Funnel(const rules::Journey& shown) : shown_(shown), counterparts_(shown), stages_(shown.stages().size()) {}

  void Add(const Traveller& traveller);
  void Write(bool with_open, v1::GetFunnelResponse& to) const;

 private:
  struct Counts {
    int64_t entered = 0, completed = 0, present = 0, left = 0, open = 0;
  };
  void Add(const rules::Run& run, const Counterparts::Places& places);

  const rules::Journey& shown_;
  Counterparts counterparts_;
  int64_t customers_ = 0;
  int64_t enrolled_ = 0;
  std::vector<Counts> stages_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_FUNNEL_H_
