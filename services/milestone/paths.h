// The ways that customers go. What is counted is said in protos/waymark/milestone/v1/analytics.proto.
#ifndef WAYMARK_SERVICES_MILESTONE_PATHS_H_
#define WAYMARK_SERVICES_MILESTONE_PATHS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/milestone/census.h"
#include "services/milestone/naming.h"
#include "waymark/milestone/v1/analytics.pb.h"

namespace waymark::milestone {

class Paths {
 public:
  // More different links are not counted: what bounds the memory.
  static constexpr size_t kMostLinks = 100'000;

  // Between stages, or between events, which travellers must then bring the histories for. `shown` must outlive this.
  Paths(const rules::Journey& shown, bool between_events);

  void Add(const Traveller& traveller);
  // FAILED_PRECONDITION once there are too many links.
  absl::Status state() const;
  void Write(size_t most, v1::GetPathsResponse& to) const;

 private:
  // How often something was seen, and in how many enrollments.
  struct Tally {
    int64_t times = 0;
    int64_t enrollments = 0;
    int64_t last_run = 0;
    void Count(int64_t run) {
      ++times;
      if (last_run != run) ++enrollments;
      last_run = run;
    }
  };
  struct Node {
    std::string name;
    int64_t last_run = 0;  // The last enrollment that came by.
    Tally rework;
    Tally hidden;
  };
  void AddStages(const rules::Run& run, const rules::Journey& version);
  void AddEvents(const rules::Run& run, const Traveller& traveller);
  uint32_t NodeOf(absl::string_view name);
  // Goes on to a node, from where the run stands.
  void Go(uint32_t to);
  void End(const rules::Run& run);
  v1::PathNode ToProto(uint32_t node) const;
  bool LeadsBack(uint32_t from, uint32_t to) const;

  const rules::Journey& shown_;
  const bool between_events_;
  std::map<uint32_t, std::unique_ptr<const Naming>> namings_;  // By version.
  const Naming naming_;                                        // Of the shown one.
  int64_t run_ = 0;                                            // Which one is looked at; from 1.
  uint32_t here_ = 0;                                          // Where it stands.
  std::vector<Node> nodes_;
  absl::flat_hash_map<std::string, uint32_t> node_of_name_;
  absl::flat_hash_map<std::pair<uint32_t, uint32_t>, Tally> links_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_PATHS_H_
