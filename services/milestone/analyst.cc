#include "services/milestone/analyst.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/milestone/analytics_convert.h"
#include "services/milestone/conformance.h"
#include "services/milestone/convert.h"
#include "services/milestone/dwell.h"
#include "services/milestone/friction.h"
#include "services/milestone/funnel.h"
#include "services/milestone/paths.h"
#include "services/milestone/revenue.h"

namespace waymark::milestone {
namespace {

// What every answer says of itself.
template <typename Response>
void Head(const Shown& shown, const Cohort& cohort, absl::Time now, Response& to) {
  to.set_journey_id(cohort.journey_id);
  to.set_version(shown.journey->version().number);
  to.set_pending_customers(shown.pending_customers);
  SetTime(cohort.as_of.value_or(now), to.mutable_as_of());
}

absl::StatusOr<std::optional<size_t>> ToStage(const rules::Journey& journey, const std::string& key) {
  if (key.empty()) return std::optional<size_t>();
  RETURN_IF_ERROR(CheckKey("from_stage_key", key));
  for (size_t i = 0; i < journey.stages().size(); ++i) {
    if (journey.stages()[i].key == key) return std::optional<size_t>(i);
  }
  return InvalidField("from_stage_key", absl::StrCat("names no stage of version ", journey.version().number,
                                                     " of the journey; leave it out to count from the enrollment"));
}

absl::Status CheckOrder(v1::FrictionOrder order) {
  if (v1::FrictionOrder_IsValid(order)) return absl::OkStatus();
  return InvalidField("order", "is none that this server knows: by drop-off, overdue or dwell");
}

absl::StatusOr<bool> IsBetweenEvents(v1::PathSteps steps) {
  switch (steps) {
    case v1::PATH_STEPS_UNSPECIFIED:
    case v1::PATH_STEPS_STAGES:
      return false;
    case v1::PATH_STEPS_EVENTS:
      return true;
    default:
      return InvalidField("steps", "is none that this server knows: between stages or events");
  }
}

absl::StatusOr<size_t> ToMostLinks(int32_t asked) {
  constexpr int32_t kDefault = 100, kMost = 1'000;
  if (asked < 0) return InvalidField("max_links", "must not be negative; 0 takes 100");
  return static_cast<size_t>(asked == 0 ? kDefault : std::min(asked, kMost));
}

// What is counted of an event type.
struct TypeCount {
  int64_t customers = 0;
  int64_t events = 0;
  absl::Time first = absl::InfiniteFuture();
  absl::Time last = absl::InfinitePast();
};

// Counts the first `most` types after `after`. A type beyond them is forgotten: it comes back only where those before
// it have become fewer, which they never do.
class TypeCounts {
 public:
  TypeCounts(const std::string& after, size_t most) : after_(after), most_(most) {}

  void Add(absl::Span<const rules::Item> history) {
    absl::flat_hash_set<absl::string_view> seen;
    for (const rules::Item& item : history) {
      if (item.kind != rules::ItemKind::kEvent || item.type <= after_) continue;
      auto found = counts_.find(item.type);
      if (found == counts_.end()) {
        if (counts_.size() == most_ && item.type > counts_.rbegin()->first) continue;
        found = counts_.emplace(std::string(item.type), TypeCount{}).first;
        if (counts_.size() > most_) counts_.erase(std::prev(counts_.end()));
      }
      TypeCount& count = found->second;
      ++count.events;
      if (seen.insert(item.type).second) ++count.customers;
      count.first = std::min(count.first, item.time);
      count.last = std::max(count.last, item.time);
    }
  }

  const auto& counts() const { return counts_; }

 private:
  const std::string& after_;
  const size_t most_;
  std::map<std::string, TypeCount, std::less<>> counts_;
};

}  // namespace

absl::StatusOr<v1::GetFunnelResponse> Analyst::GetFunnel(absl::string_view workspace,
                                                         const v1::GetFunnelRequest& request,
                                                         KeepLooking keep_looking) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const Cohort cohort, ToCohort(request.journey_id(), request.cohort(), now));
  ASSIGN_OR_RETURN(const Shown shown, census_.Find(workspace, cohort));
  Funnel funnel(*shown.journey);
  RETURN_IF_ERROR(census_.Take(workspace, cohort, {.open = request.include_open()}, now, keep_looking,
                               [&](const Traveller& traveller) { funnel.Add(traveller); }));
  v1::GetFunnelResponse answer;
  Head(shown, cohort, now, answer);
  funnel.Write(request.include_open(), answer);
  return answer;
}

absl::StatusOr<v1::GetDwellResponse> Analyst::GetDwell(absl::string_view workspace, const v1::GetDwellRequest& request,
                                                       KeepLooking keep_looking) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const Cohort cohort, ToCohort(request.journey_id(), request.cohort(), now));
  ASSIGN_OR_RETURN(const Shown shown, census_.Find(workspace, cohort));
  ASSIGN_OR_RETURN(const std::optional<size_t> from_stage, ToStage(*shown.journey, request.from_stage_key()));
  Dwell dwell(*shown.journey, from_stage);
  RETURN_IF_ERROR(census_.Take(workspace, cohort, {}, now, keep_looking,
                               [&](const Traveller& traveller) { dwell.Add(traveller); }));
  v1::GetDwellResponse answer;
  Head(shown, cohort, now, answer);
  dwell.Write(answer);
  return answer;
}

absl::StatusOr<v1::GetFrictionResponse> Analyst::GetFriction(absl::string_view workspace,
                                                             const v1::GetFrictionRequest& request,
                                                             KeepLooking keep_looking) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const Cohort cohort, ToCohort(request.journey_id(), request.cohort(), now));
  RETURN_IF_ERROR(CheckOrder(request.order()));
  ASSIGN_OR_RETURN(const Shown shown, census_.Find(workspace, cohort));
  Friction friction(*shown.journey);
  RETURN_IF_ERROR(census_.Take(workspace, cohort, {}, now, keep_looking,
                               [&](const Traveller& traveller) { friction.Add(traveller); }));
  v1::GetFrictionResponse answer;
  Head(shown, cohort, now, answer);
  friction.Write(request.order(), answer);
  return answer;
}

absl::StatusOr<v1::GetPathsResponse> Analyst::GetPaths(absl::string_view workspace, const v1::GetPathsRequest& request,
                                                       KeepLooking keep_looking) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const Cohort cohort, ToCohort(request.journey_id(), request.cohort(), now));
  ASSIGN_OR_RETURN(const bool between_events, IsBetweenEvents(request.steps()));
  ASSIGN_OR_RETURN(const size_t most, ToMostLinks(request.max_links()));
  ASSIGN_OR_RETURN(const Shown shown, census_.Find(workspace, cohort));
  Paths paths(*shown.journey, between_events);
  const auto keep_counting = [&]() -> absl::Status {
    RETURN_IF_ERROR(paths.state());
    return keep_looking();
  };
  RETURN_IF_ERROR(census_.Take(workspace, cohort, {.histories = between_events}, now, keep_counting,
                               [&](const Traveller& traveller) { paths.Add(traveller); }));
  RETURN_IF_ERROR(paths.state());
  v1::GetPathsResponse answer;
  Head(shown, cohort, now, answer);
  paths.Write(most, answer);
  return answer;
}

absl::StatusOr<v1::GetConformanceResponse> Analyst::GetConformance(absl::string_view workspace,
                                                                   const v1::GetConformanceRequest& request,
                                                                   KeepLooking keep_looking) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(Cohort cohort, ToCohort(request.journey_id(), request.cohort(), now));
  if (!request.customer_id().empty()) RETURN_IF_ERROR(CheckId("customer_id", request.customer_id()));
  cohort.customer_id = request.customer_id();
  ASSIGN_OR_RETURN(const Shown shown, census_.Find(workspace, cohort));
  Conformance conformance;
  const auto keep_counting = [&]() -> absl::Status {
    RETURN_IF_ERROR(conformance.state());
    return keep_looking();
  };
  RETURN_IF_ERROR(census_.Take(workspace, cohort, {.histories = true}, now, keep_counting,
                               [&](const Traveller& traveller) { conformance.Add(traveller); }));
  RETURN_IF_ERROR(conformance.state());
  v1::GetConformanceResponse answer;
  Head(shown, cohort, now, answer);
  conformance.Write(answer);
  return answer;
}

absl::StatusOr<v1::GetRevenueResponse> Analyst::GetRevenue(absl::string_view workspace,
                                                           const v1::GetRevenueRequest& request,
                                                           KeepLooking keep_looking) {
  const absl::Time now = clock_.Now();
  ASSIGN_OR_RETURN(const Cohort cohort, ToCohort(request, now));
  ASSIGN_OR_RETURN(const Shown shown, census_.Find(workspace, cohort));
  Revenue revenue(*shown.journey, *cohort.as_of, request);
  RETURN_IF_ERROR(census_.Take(workspace, cohort, {.histories = true, .properties = true}, now, keep_looking,
                               [&](const Traveller& traveller) { revenue.Add(traveller); }));
  v1::GetRevenueResponse answer;
  answer.set_journey_id(cohort.journey_id);
  answer.set_version(shown.journey->version().number);
  answer.set_pending_customers(shown.pending_customers);
  SetTime(*cohort.history_until, answer.mutable_as_of());
  revenue.Write(answer);
  return answer;
}

absl::StatusOr<Analyst::EventTypePage> Analyst::ListEventTypes(absl::string_view workspace, const std::string& after,
                                                               int page_size, KeepLooking keep_looking) {
  // One more than the page tells whether there is a next one.
  const auto size = static_cast<size_t>(page_size);
  TypeCounts counts(after, size + 1);
  RETURN_IF_ERROR(census_.ReadHistories(workspace, keep_looking,
                                        [&](absl::Span<const rules::Item> history) { counts.Add(history); }));
  EventTypePage page;
  for (const auto& [type, count] : counts.counts()) {
    if (static_cast<size_t>(page.types.event_types_size()) == size) {
      page.next = page.types.event_types().rbegin()->type();
      break;
    }
    v1::EventType& to = *page.types.add_event_types();
    to.set_type(type);
    to.set_customers(count.customers);
    to.set_events(count.events);
    SetTime(count.first, to.mutable_first_event_time());
    SetTime(count.last, to.mutable_last_event_time());
  }
  return page;
}

}  // namespace waymark::milestone
