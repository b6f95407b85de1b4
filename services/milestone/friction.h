// What holds customers up. What is measured is said in protos/waymark/milestone/v1/analytics.proto.
#ifndef WAYMARK_SERVICES_MILESTONE_FRICTION_H_
#define WAYMARK_SERVICES_MILESTONE_FRICTION_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "services/milestone/census.h"
#include "services/milestone/statistics.h"
#include "services/milestone/stays.h"
#include "waymark/milestone/v1/analytics.pb.h"

namespace waymark::milestone {

class Friction {
 public:
  // `shown` must outlive this.
  explicit Friction(const rules::Journey& shown);

  void Add(const Traveller& traveller);
  // The worst first. Once, since it reorders the times.
  void Write(v1::FrictionOrder order, v1::GetFrictionResponse& to);

 private:
  struct Point {
    int64_t entered = 0, completed = 0, waiting = 0, overdue = 0;
    Times times;
  };
  // What an enrollment came to at a point that it entered.
  struct Came {
    bool completed = false;
    bool waiting = false;
  };
  // `stay` is from entering the stage to what the point is about, or to when it was last seen.
  static void Add(const Came& came, const Stay& stay, std::optional<absl::Duration> limit, Point& point);
  void AddRun(const rules::Run& run, const rules::Journey& version, absl::Time now);
  static void Write(Point& point, std::optional<absl::Duration> target, v1::FrictionPoint& to);

  const rules::Journey& shown_;
  Counterparts counterparts_;
  int64_t enrolled_ = 0;
  std::vector<Point> stages_;
  std::vector<Point> milestones_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_FRICTION_H_
