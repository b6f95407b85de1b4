#include "services/health/follower.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/hash.h"
#include "common/base/status.h"
#include "services/health/activity_store.h"
#include "services/health/score_store.h"
#include "services/health/scorecard_store.h"
#include "services/health/scoring.h"
#include "waymark/milestone/v1/facts.pb.h"
#include "waymark/milestone/v1/record.pb.h"

namespace waymark::health {
namespace {

namespace milestone = ::waymark::milestone::v1;

constexpr int kCustomersAtOnce = 1000;
constexpr int kEntriesAtOnce = 1000;

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixMicros(timestamp.seconds() * 1'000'000 + timestamp.nanos() / 1'000);
}

absl::Status Unreadable(const journal::Entry& entry) {
  return absl::FailedPreconditionError(
      absl::StrCat("the payload at ", entry.lane, "/", entry.position, " is no ", entry.type));
}

// What a stretch of the journal comes to, gathered before anything is written: one row for many events. Views are into
// the entries and the arena, which outlive it.
class Harvest {
 public:
  absl::Status Add(const journal::Entry& entry, google::protobuf::Arena& arena) {
    if (entry.type == milestone::EventAccepted::descriptor()->full_name()) {
      return AddEvent(entry, *google::protobuf::Arena::CreateMessage<milestone::EventAccepted>(&arena));
    }
    if (entry.type == milestone::StageEntered::descriptor()->full_name()) {
      return AddFact<milestone::StageEntered>(entry, [&](const milestone::StageEntered& fact) {
        AddPassage(entry, fact.context(), {Passage::Kind::kEntered, fact.stage_key(), ToTime(fact.enter_time())});
      });
    }
    if (entry.type == milestone::StageRevised::descriptor()->full_name()) {
      return AddFact<milestone::StageRevised>(entry, [&](const milestone::StageRevised& fact) {
        AddPassage(entry, fact.context(), {Passage::Kind::kRevised, fact.stage_key(), ToTime(fact.enter_time())});
      });
    }
    if (entry.type == milestone::JourneyCompleted::descriptor()->full_name()) {
      return AddFact<milestone::JourneyCompleted>(entry, [&](const milestone::JourneyCompleted& fact) {
        AddPassage(entry, fact.context(), {Passage::Kind::kEnded, "", ToTime(fact.complete_time())});
      });
    }
    if (entry.type == milestone::CustomerExited::descriptor()->full_name()) {
      return AddFact<milestone::CustomerExited>(entry, [&](const milestone::CustomerExited& fact) {
        AddPassage(entry, fact.context(), {Passage::Kind::kEnded, "", ToTime(fact.exit_time())});
      });
    }
    if (entry.type == milestone::ConclusionRetracted::descriptor()->full_name()) {
      return AddFact<milestone::ConclusionRetracted>(
          entry, [&](const milestone::ConclusionRetracted& fact) { AddRetraction(entry, fact); });
    }
    // No measure looks at these; the events and stages beside them say what health needs.
    if (entry.type == milestone::RecordAccepted::descriptor()->full_name() ||
        entry.type == milestone::CustomerEnrolled::descriptor()->full_name() ||
        entry.type == milestone::MilestoneAchieved::descriptor()->full_name() ||
        entry.type == milestone::MilestoneRevised::descriptor()->full_name() ||
        entry.type == milestone::MilestoneRevoked::descriptor()->full_name()) {
      return absl::OkStatus();
    }
    return absl::FailedPreconditionError(absl::StrCat("the type ", entry.type, " at ", entry.lane, "/", entry.position,
                                                      " is not known here: upgrade this follower first"));
  }

  absl::Status Save(sql::Transaction& tx) {
    SumActivities();
    RETURN_IF_ERROR(AddActivity(tx, activities_));
    RETURN_IF_ERROR(AddPassages(tx, passages_));
    std::set<std::string> workspaces;
    for (const auto& [name, customer] : customers_) workspaces.insert(customer.workspace);
    ASSIGN_OR_RETURN(const std::set<std::string> scored, FilterScored(tx, workspaces));
    std::vector<Customer> customers;
    for (auto& [name, customer] : customers_) {
      if (!scored.contains(customer.workspace)) {
        customer.news = News::kNone;
        customer.depth = 0;
      }
      customers.push_back(std::move(customer));
    }
    return AddNews(tx, customers);
  }

 private:
  absl::Status AddEvent(const journal::Entry& entry, milestone::EventAccepted& accepted) {
    if (!accepted.ParseFromString(entry.payload)) return Unreadable(entry);
    const absl::Time event_time = ToTime(accepted.event().event_time());
    const int64_t event_day = DayOf(event_time);
    activities_.push_back({.workspace = entry.workspace,
                           .customer_id = entry.key,
                           .event_type = accepted.event().type(),
                           .event_day = event_day,
                           .recorded_day = accepted.backfill()           ? event_day
                                           : accepted.has_receive_time() ? DayOf(ToTime(accepted.receive_time()))
                                                                         : DayOf(entry.record_time),
                           .events = 1,
                           .last_time = event_time});
    Touch(entry, accepted.backfill() ? News::kBackfill : News::kLive);
    return absl::OkStatus();
  }

  template <typename Fact, typename Use>
  absl::Status AddFact(const journal::Entry& entry, Use use) {
    Fact fact;
    if (!fact.ParseFromString(entry.payload)) return Unreadable(entry);
    use(fact);
    Touch(entry, fact.context().historical() ? News::kPast : News::kLive);
    return absl::OkStatus();
  }

  void AddRetraction(const journal::Entry& entry, const milestone::ConclusionRetracted& fact) {
    switch (fact.kind()) {
      case milestone::RETRACTED_KIND_STAGE:
        return AddPassage(entry, fact.context(),
                          {Passage::Kind::kRetracted, fact.stage_key(), ToTime(fact.previous_time())});
      case milestone::RETRACTED_KIND_COMPLETION:
      case milestone::RETRACTED_KIND_EXIT:
        return AddPassage(entry, fact.context(), {Passage::Kind::kResumed, "", ToTime(fact.previous_time())});
      default:
        return;
    }
  }

  void AddPassage(const journal::Entry& entry, const milestone::ProgressContext& context, Passage passage) {
    const absl::Time known = context.historical() ? std::min(passage.time, entry.record_time) : entry.record_time;
    passages_.push_back({.workspace = entry.workspace,
                         .customer_id = entry.key,
                         .journey_id = context.journey_id(),
                         .position = entry.position,
                         .passage = std::move(passage),
                         .recorded_time = known});
  }

  void Touch(const journal::Entry& entry, News news) {
    auto [place, added] = customers_.try_emplace({entry.workspace, entry.key});
    Customer& customer = place->second;
    if (added) {
      customer = {.workspace = entry.workspace, .customer_id = entry.key, .known_since = entry.record_time};
    }
    customer.news = std::max(customer.news, news);
    customer.depth = std::max(customer.depth, entry.depth);
  }

  // Sorts as the table is clustered, and makes one of those that belong to one row.
  void SumActivities() {
    const auto row = [](const Activity& activity) {
      return std::tie(activity.workspace, activity.customer_id, activity.event_type, activity.event_day,
                      activity.recorded_day);
    };
    std::sort(activities_.begin(), activities_.end(),
              [&](const Activity& left, const Activity& right) { return row(left) < row(right); });
    size_t kept = 0;
    for (size_t i = 1; i < activities_.size(); ++i) {
      if (row(activities_[i]) == row(activities_[kept])) {
        activities_[kept].events += activities_[i].events;
        activities_[kept].last_time = std::max(activities_[kept].last_time, activities_[i].last_time);
      } else {
        activities_[++kept] = activities_[i];
      }
    }
    if (!activities_.empty()) activities_.resize(kept + 1);
  }

  std::vector<Activity> activities_;
  std::vector<PassageRow> passages_;
  std::map<std::pair<absl::string_view, absl::string_view>, Customer> customers_;  // By workspace and customer.
};

// Finds the customer among those of the entry's workspace and lane; empty: it is not known here.
absl::StatusOr<std::string> FindDeleted(sql::Transaction& tx, const journal::Entry& entry,
                                        const milestone::CustomerDeleted& fact) {
  std::string after;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<Customer> customers,
                     ListCustomers(tx, entry.workspace, entry.lane, after, kCustomersAtOnce));
    if (customers.empty()) return std::string();
    for (const Customer& customer : customers) {
      if (HmacSha256Hex(fact.salt(), customer.customer_id) == fact.customer_hash()) return customer.customer_id;
    }
    after = customers.back().customer_id;
  }
}

// Where the own journal tells of a customer.
absl::StatusOr<std::vector<journal::Place>> FindEntries(journal::Journal& own, sql::Transaction& tx,
                                                        const journal::Entry& deleted, absl::string_view customer_id) {
  std::vector<journal::Place> places;
  for (int64_t after = 0;;) {
    ASSIGN_OR_RETURN(const journal::Journal::Stretch stretch,
                     own.Read(tx, deleted.lane, after, kEntriesAtOnce, deleted.workspace));
    if (stretch.reached == after) return places;
    after = stretch.reached;
    for (const journal::Entry& entry : stretch.entries) {
      if (entry.key == customer_id) places.push_back({entry.lane, entry.position});
    }
  }
}

absl::Status EraseNamed(journal::Journal& own, sql::Transaction& tx, journal::Lanes& lanes, const journal::Entry& entry,
                        const std::string& customer_id) {
  ASSIGN_OR_RETURN(std::vector<journal::Place> places, FindEntries(own, tx, entry, customer_id));
  RETURN_IF_ERROR(own.Erase(tx, lanes, std::move(places)));
  return EraseCustomer(tx, entry.workspace, entry.lane, customer_id);
}

absl::Status Erase(journal::Journal& own, sql::Transaction& tx, journal::Lanes& lanes, const journal::Entry& entry) {
  milestone::CustomerDeleted fact;
  if (!fact.ParseFromString(entry.payload)) return Unreadable(entry);
  ASSIGN_OR_RETURN(const std::string customer_id, FindDeleted(tx, entry, fact));
  if (!customer_id.empty()) RETURN_IF_ERROR(EraseNamed(own, tx, lanes, entry, customer_id));
  lanes.Append({{.workspace = entry.workspace, .type = entry.type, .payload = entry.payload, .lane = entry.lane}});
  return absl::OkStatus();
}

// Of the customer that is now another name nothing is kept; of the other its history, which is told anew, is let go.
absl::Status LetGo(journal::Journal& own, sql::Transaction& tx, journal::Lanes& lanes, const journal::Entry& entry) {
  milestone::CustomerMerged fact;
  if (!fact.ParseFromString(entry.payload)) return Unreadable(entry);
  if (entry.key == fact.customer_id()) return EraseNamed(own, tx, lanes, entry, fact.customer_id());
  return EraseActivity(tx, entry.workspace, entry.key);
}

}  // namespace

absl::Status ApplyMilestone(journal::Journal& own, sql::Transaction& tx, journal::Lanes& lanes,
                            absl::Span<const journal::Entry> entries) {
  google::protobuf::Arena arena;
  std::optional<Harvest> harvest(std::in_place);
  for (const journal::Entry& entry : entries) {
    const bool deleted = entry.type == milestone::CustomerDeleted::descriptor()->full_name();
    if (!deleted && entry.type != milestone::CustomerMerged::descriptor()->full_name()) {
      RETURN_IF_ERROR(harvest->Add(entry, arena));
      continue;
    }
    // What came before it may be of the customer, what comes after is not.
    RETURN_IF_ERROR(harvest->Save(tx));
    harvest.emplace();
    RETURN_IF_ERROR(deleted ? Erase(own, tx, lanes, entry) : LetGo(own, tx, lanes, entry));
  }
  return harvest->Save(tx);
}

}  // namespace waymark::health
