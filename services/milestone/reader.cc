#include "services/milestone/reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/journal/token.h"
#include "services/milestone/alias_store.h"
#include "services/milestone/completions.h"
#include "services/milestone/convert.h"
#include "services/milestone/customer_store.h"
#include "services/milestone/facts.h"
#include "services/milestone/history_store.h"
#include "services/milestone/migration_store.h"
#include "services/milestone/news.h"
#include "services/milestone/records.h"
#include "services/milestone/state_hash.h"
#include "waymark/journey/v1/migration.pb.h"

namespace waymark::milestone {
namespace {

constexpr int kMostLookedAt = 5'000;

absl::Status NoCustomer(absl::string_view customer_id) {
  return NotFound(absl::StrCat("customer \"", customer_id, "\""));
}

// The journeys of a customer's enrollments, in their order.
absl::StatusOr<std::vector<JourneyPtr>> JourneysOf(sql::Transaction& tx, Shelf& shelf, absl::string_view workspace,
                                                   const Dossier& dossier) {
  std::vector<JourneyPtr> journeys;
  for (const Enrollment& enrollment : dossier.enrollments) {
    ASSIGN_OR_RETURN(journeys.emplace_back(),
                     shelf.GetJourney(tx, workspace, enrollment.journey_id, enrollment.version));
  }
  return journeys;
}

absl::StatusOr<v1::CustomerStages> StagesOf(sql::Transaction& tx, Shelf& shelf, absl::string_view workspace,
                                            const Customer& customer, int64_t epoch) {
  ASSIGN_OR_RETURN(const std::vector<JourneyPtr> journeys, JourneysOf(tx, shelf, workspace, customer.dossier));
  std::vector<const rules::Journey*> pointers;
  for (const JourneyPtr& journey : journeys) pointers.push_back(journey.get());
  return ToStages(customer, pointers, epoch);
}

// What time alone has changed and the timers have not come to yet.
absl::Status LetTimePass(sql::Transaction& tx, Shelf& shelf, absl::string_view workspace, absl::Time now,
                         Dossier& dossier) {
  for (Enrollment& enrollment : dossier.enrollments) {
    if (enrollment.progress.next > now) continue;
    ASSIGN_OR_RETURN(const JourneyPtr journey,
                     shelf.GetJourney(tx, workspace, enrollment.journey_id, enrollment.version));
    enrollment.progress = rules::Fold(*journey, std::move(enrollment.progress), {}, now);
  }
  return absl::OkStatus();
}

absl::StatusOr<Customer> LoadCustomer(sql::Transaction& tx, absl::string_view workspace,
                                      absl::string_view customer_id) {
  ASSIGN_OR_RETURN(std::vector<std::optional<Customer>> found, FindCustomers(tx, {{workspace, customer_id}}));
  if (!found[0].has_value()) return NoCustomer(customer_id);
  return *std::move(found[0]);
}

bool Passes(const Reader::CustomerFilter& filter, const v1::CustomerStages& stages) {
  if (filter.journey_id.empty()) return true;
  return std::any_of(stages.enrollments().begin(), stages.enrollments().end(), [&](const v1::CurrentStage& stage) {
    return stage.journey_id() == filter.journey_id &&
           (filter.stage_key.empty() || stage.stage_key() == filter.stage_key);
  });
}

}  // namespace

Reader::Reader(journal::Journal& journal, Shelf& shelf) : journal_(journal), shelf_(shelf) {}

absl::StatusOr<std::vector<v1::CustomerStages>> Reader::GetStages(absl::string_view workspace,
                                                                  absl::Span<const std::string> customer_ids,
                                                                  absl::Time now) {
  std::vector<v1::CustomerStages> answers;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    answers.clear();
    std::vector<CustomerName> names;
    for (const std::string& customer_id : customer_ids) names.push_back({workspace, customer_id});
    ASSIGN_OR_RETURN(std::vector<std::optional<Customer>> found, FindCustomers(tx, names));
    ASSIGN_OR_RETURN(const std::vector<journal::Place> heads, journal_.Heads(tx));
    for (size_t i = 0; i < found.size(); ++i) {
      Customer customer = found[i].has_value() ? *std::move(found[i]) : Customer{.customer_id = customer_ids[i]};
      // What is read here is right up to its lane's end.
      customer.version_position = heads[journal::LaneOf(workspace, customer.customer_id)].position;
      RETURN_IF_ERROR(LetTimePass(tx, shelf_, workspace, now, customer.dossier));
      ASSIGN_OR_RETURN(answers.emplace_back(), StagesOf(tx, shelf_, workspace, customer, journal_.epoch()));
      answers.back().set_workspace(std::string(workspace));
    }
    return absl::OkStatus();
  }));
  return answers;
}

absl::StatusOr<v1::GetProgressResponse> Reader::GetProgress(absl::string_view workspace, const std::string& customer_id,
                                                            absl::string_view journey_id, absl::Time now) {
  v1::GetProgressResponse answer;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    answer.Clear();
    ASSIGN_OR_RETURN(const Customer customer, LoadCustomer(tx, workspace, customer_id));
    ASSIGN_OR_RETURN(Histories histories, LoadHistories(tx, journal_, {{workspace, customer.customer_id}}, {&customer},
                                                        /*with_properties=*/true));
    std::vector<rules::Item>& history = histories.items[0];
    std::sort(history.begin(), history.end(), rules::Before);
    answer.set_customer_id(customer.customer_id);
    answer.set_event_count(customer.dossier.event_count);
    answer.set_state_hash(StateHashOf(customer.dossier));
    for (const Enrollment& enrollment : customer.dossier.enrollments) {
      if (!enrollment.progress.enrolled() || (!journey_id.empty() && journey_id != enrollment.journey_id)) continue;
      ASSIGN_OR_RETURN(const JourneyPtr journey,
                       shelf_.GetJourney(tx, workspace, enrollment.journey_id, enrollment.version));
      std::vector<rules::Item> with_completions;
      if (!journey->awaits().empty()) {
        with_completions = history;
        AddCompletions({journey.get()}, customer.dossier, with_completions);
      }
      for (v1::EnrollmentProgress& shown :
           ToProgress(*journey, enrollment, journey->awaits().empty() ? history : with_completions, now)) {
        *answer.add_enrollments() = std::move(shown);
      }
    }
    const int lane = journal::LaneOf(workspace, customer.customer_id);
    ASSIGN_OR_RETURN(const std::vector<journal::Place> heads, journal_.Heads(tx));
    answer.set_consistency_token(journal::MakeToken(
        {{.service = journal_.name(), .epoch = journal_.epoch(), .lane = lane, .position = heads[lane].position}}));
    return absl::OkStatus();
  }));
  return answer;
}

absl::StatusOr<v1::Customer> Reader::GetCustomer(absl::string_view workspace, const std::string& customer_id) {
  v1::Customer answer;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Customer customer, LoadCustomer(tx, workspace, customer_id));
    answer.set_customer_id(customer.customer_id);
    answer.set_event_count(customer.dossier.event_count);
    ASSIGN_OR_RETURN(*answer.mutable_stages(), StagesOf(tx, shelf_, workspace, customer, journal_.epoch()));
    Shorten(*answer.mutable_stages());
    answer.mutable_stages()->clear_holds_until_time();
    ASSIGN_OR_RETURN(const std::vector<v1::Record> records,
                     LoadRecords(tx, journal_, {workspace, customer.customer_id}, customer));
    FillAttributes(records, answer);
    return absl::OkStatus();
  }));
  return answer;
}

absl::StatusOr<Reader::TimelinePage> Reader::ListTimeline(absl::string_view workspace, const std::string& customer_id,
                                                          const TimelineFilter& filter, int64_t after, int page_size) {
  TimelinePage page;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    page = {};
    ASSIGN_OR_RETURN(const Customer customer, LoadCustomer(tx, workspace, customer_id));
    ASSIGN_OR_RETURN(const std::vector<int64_t> positions,
                     ListTimelinePositions(tx, workspace, customer, after, page_size + 1));
    const int lane = journal::LaneOf(workspace, customer.customer_id);
    std::vector<journal::Place> places;
    for (const int64_t position : positions) places.push_back({lane, position});
    if (places.size() > static_cast<size_t>(page_size)) {
      places.resize(page_size);
      page.next = places.back().position;
    }
    ASSIGN_OR_RETURN(const std::vector<journal::Entry> entries, journal_.ReadPlaces(tx, places));
    for (const journal::Entry& entry : entries) {
      std::optional<v1::TimelineItem> item = ToTimelineItem(entry);
      if (!item.has_value()) return absl::InternalError(absl::StrCat("a stored ", entry.type, " cannot be read"));
      if (ToTime(item->record_time()) > filter.as_known || ToTime(item->time()) > filter.as_of) continue;
      page.items.push_back(*std::move(item));
    }
    return absl::OkStatus();
  }));
  return page;
}

absl::StatusOr<std::string> Reader::Look(sql::Transaction& tx, absl::string_view workspace, std::string after,
                                         int enough, absl::FunctionRef<absl::StatusOr<bool>(const Customer&)> look) {
  int found = 0;
  for (int looked_at = 0; looked_at < kMostLookedAt;) {
    ASSIGN_OR_RETURN(const std::vector<Customer> customers, milestone::ListCustomers(tx, workspace, after, enough + 1));
    for (const Customer& customer : customers) {
      if (found == enough) return after;
      ++looked_at;
      after = customer.customer_id;
      ASSIGN_OR_RETURN(const bool is_one, look(customer));
      found += is_one;
    }
    if (static_cast<int>(customers.size()) <= enough) return "";
  }
  return after;
}

absl::StatusOr<Reader::CustomerPage> Reader::ListCustomers(absl::string_view workspace, const CustomerFilter& filter,
                                                           std::string after, int page_size) {
  CustomerPage page;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    page = {};
    const auto look = [&](const Customer& customer) -> absl::StatusOr<bool> {
      ASSIGN_OR_RETURN(v1::CustomerStages stages, StagesOf(tx, shelf_, workspace, customer, journal_.epoch()));
      if (!Passes(filter, stages)) return false;
      Shorten(stages);
      v1::Customer& shown = page.customers.emplace_back();
      shown.set_customer_id(customer.customer_id);
      shown.set_event_count(customer.dossier.event_count);
      *shown.mutable_stages() = std::move(stages);
      shown.mutable_stages()->clear_holds_until_time();
      return true;
    };
    ASSIGN_OR_RETURN(page.next, Look(tx, workspace, after, page_size, look));
    return absl::OkStatus();
  }));
  return page;
}

absl::StatusOr<Reader::StuckPage> Reader::ListStuck(absl::string_view workspace, const StuckFilter& filter,
                                                    std::string after, int page_size, absl::Time now) {
  StuckPage page;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    page = {};
    const auto look = [&](const Customer& customer) -> absl::StatusOr<bool> {
      const size_t before = page.enrollments.size();
      for (const Enrollment& enrollment : customer.dossier.enrollments) {
        if (enrollment.journey_id != filter.journey_id || !enrollment.progress.enrolled()) continue;
        ASSIGN_OR_RETURN(const JourneyPtr journey,
                         shelf_.GetJourney(tx, workspace, enrollment.journey_id, enrollment.version));
        for (const rules::Run& run : enrollment.progress.enrollments()) {
          const v1::Pace pace = ToPace(*journey, run, now);
          if (pace < filter.min_pace) continue;
          v1::StuckEnrollment stuck;
          *stuck.mutable_current() = ToCurrentStage(*journey, enrollment, run);
          if (!filter.stage_key.empty() && filter.stage_key != stuck.current().stage_key()) continue;
          stuck.set_customer_id(customer.customer_id);
          stuck.set_pace(pace);
          stuck.mutable_standing()->set_seconds(absl::ToInt64Seconds(now - run.entered.back().time));
          page.enrollments.push_back(std::move(stuck));
        }
      }
      return page.enrollments.size() > before;
    };
    ASSIGN_OR_RETURN(page.next, Look(tx, workspace, after, page_size, look));
    return absl::OkStatus();
  }));
  return page;
}

absl::StatusOr<v1::GetMigrationResponse> Reader::GetMigration(absl::string_view workspace,
                                                              const std::string& journey_id, uint32_t number) {
  v1::GetMigrationResponse answer;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    answer.Clear();
    ASSIGN_OR_RETURN(const std::optional<Migration> migration, FindMigration(tx, workspace, journey_id, number));
    if (!migration.has_value()) {
      return NotFound(absl::StrCat("migration to version ", number, " of journey \"", journey_id, "\""));
    }
    journey::v1::MigrationPlan plan;
    if (!plan.ParseFromString(migration->plan)) return absl::InternalError("a stored migration plan cannot be read");
    // States are stored as the API numbers them.
    answer.set_state(static_cast<v1::MigrationState>(migration->state));
    answer.set_customers_moved(migration->moved);
    answer.set_customers_staying(migration->stayed);
    answer.set_customers_changed_since(migration->changed_since);
    answer.set_outcome_hash(plan.outcome_hash());
    answer.set_found_outcome_hash(migration->found_hash);
    for (const std::string& customer_id : migration->changed_customers) answer.add_changed_customer_ids(customer_id);
    if (migration->state == MigrationState::kDone || migration->state == MigrationState::kRefused) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(const int64_t pending, CountCustomersBehind(tx, workspace, migration->after, INT64_MAX));
    answer.set_pending_customers(pending);
    return absl::OkStatus();
  }));
  return answer;
}

}  // namespace waymark::milestone
