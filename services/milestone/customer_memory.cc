#include "services/milestone/customer_memory.h"

namespace waymark::milestone {

std::optional<Customer> CustomerMemory::Take(const journal::Lanes& lanes, absl::string_view workspace,
                                             absl::string_view customer_id) {
  const int number = journal::LaneOf(workspace, customer_id);
  absl::MutexLock lock(&mutex_);
  Lane& lane = lanes_[number];
  if (lane.head != lanes.Head(number)) {
    lane.customers.clear();
    return std::nullopt;
  }
  const auto kept = lane.customers.find(std::make_pair(std::string(workspace), std::string(customer_id)));
  if (kept == lane.customers.end()) return std::nullopt;
  Customer customer = std::move(kept->second);
  lane.customers.erase(kept);
  return customer;
}

void CustomerMemory::Remember(const journal::Lanes& lanes, std::vector<std::pair<std::string, Customer>> customers) {
  absl::MutexLock lock(&mutex_);
  for (int number = 0; number < journal::kLanes; ++number) {
    if (!lanes.Has(number)) continue;
    Lane& lane = lanes_[number];
    // What another replica has changed meanwhile was cleared by Take, which asks for every customer of the transaction.
    if (lane.customers.size() > most_of_lane_) lane.customers.clear();
    lane.head = lanes.Head(number);
  }
  for (auto& [workspace, customer] : customers) {
    Lane& lane = lanes_[journal::LaneOf(workspace, customer.customer_id)];
    auto key = std::make_pair(std::move(workspace), customer.customer_id);
    lane.customers[std::move(key)] = std::move(customer);
  }
}

void CustomerMemory::Clear() {
  absl::MutexLock lock(&mutex_);
  for (Lane& lane : lanes_) lane = {};
}

}  // namespace waymark::milestone
