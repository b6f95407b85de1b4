#include "services/milestone/census.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/milestone/alias_store.h"
#include "services/milestone/catalog_store.h"
#include "services/milestone/completions.h"
#include "services/milestone/customer_store.h"
#include "services/milestone/migration_store.h"
#include "services/milestone/news.h"
#include "services/milestone/open_journey.h"

namespace waymark::milestone {
namespace {

// How many customers a page has at most: enough to be quick, few enough that no transaction lasts.
constexpr int kPage = 1'000;
// The same where histories are read, and how many events they may have together.
constexpr int kHistoryPage = 250;
constexpr int64_t kEventsAtOnce = 20'000;

// A journey version that is travelled, and what is asked of it.
struct Travelled {
  JourneyPtr journey;
  std::optional<OpenJourney> open;  // Where it is needed.
  bool looks_inside_events() const {
    return journey->looks_inside_events() || (open.has_value() && open->looks_inside_events());
  }
};

// A customer of a page.
struct Candidate {
  const Customer* customer;
  const Enrollment* enrollment;
  const Travelled* version;
  bool needs_history;
};

// Whether a customer's kept progress, with time passed on, is what it was at an instant.
bool IsKept(const Customer& customer, const Enrollment& enrollment, absl::Time as_of) {
  return absl::FromUnixMicros(customer.dossier.last.time) <= as_of && enrollment.progress.timer <= as_of;
}

// How many of the customers, from the first, have no more than kEventsAtOnce events together; at least one.
size_t HowManyFit(absl::Span<const Customer> customers) {
  int64_t events = 0;
  for (size_t i = 0; i < customers.size(); ++i) {
    events += customers[i].dossier.event_count;
    if (i > 0 && events > kEventsAtOnce) return i;
  }
  return customers.size();
}

// A page of customers, and which comes next.
struct Page {
  std::vector<Customer> customers;
  Histories histories;
  std::string from;  // The last customer looked at.
  bool last = false;
  int limit = kPage;  // How many to ask for next.
};

// Reads the customers after `page.from`; cut to those whose histories fit into memory where `with_histories`.
absl::Status ReadCustomers(sql::Transaction& tx, absl::string_view workspace, bool with_histories, Page& page) {
  ASSIGN_OR_RETURN(page.customers, ListCustomers(tx, workspace, page.from, page.limit));
  page.last = page.customers.size() < static_cast<size_t>(page.limit);
  if (with_histories) {
    const size_t fit = HowManyFit(page.customers);
    page.last = page.last && fit == page.customers.size();
    page.customers.resize(fit);
    // About as many will fit next time.
    page.limit = static_cast<int>(std::clamp<size_t>(2 * fit, 1, kHistoryPage));
  }
  if (!page.customers.empty()) page.from = page.customers.back().customer_id;
  return absl::OkStatus();
}

// Reads the histories of some customers into `histories`, in the order given.
absl::Status ReadHistoriesOf(sql::Transaction& tx, journal::Journal& journal, absl::string_view workspace,
                             absl::Span<const Customer* const> customers, bool with_properties, Histories& histories) {
  std::vector<CustomerName> names;
  for (const Customer* customer : customers) names.push_back({workspace, customer->customer_id});
  ASSIGN_OR_RETURN(histories, LoadHistories(tx, journal, names, customers, with_properties));
  return absl::OkStatus();
}

bool IsIn(const Cohort& cohort, const rules::Run& run) {
  return run.enrolled() && run.entered.front().time >= cohort.enrolled_from &&
         run.entered.front().time < cohort.enrolled_until;
}

// One look at everybody.
class Look {
 public:
  Look(journal::Journal& journal, Shelf& shelf, absl::string_view workspace, const Cohort& cohort, Knowing knowing,
       absl::Time now)
      : journal_(journal),
        shelf_(shelf),
        workspace_(workspace),
        cohort_(cohort),
        knowing_(knowing),
        now_(cohort.as_of.value_or(now)),
        needs_open_(knowing.open || !cohort.segment_id.empty()),
        // As of an instant some histories are needed, but which ones is only known once the page is read.
        may_need_histories_(knowing.histories || needs_open_ || cohort.as_of.has_value()) {}

  absl::Status Take(KeepLooking keep_looking, absl::FunctionRef<void(const Traveller&)> look) {
    Page page{.limit = may_need_histories_ ? kHistoryPage : kPage};
    while (!page.last) {
      RETURN_IF_ERROR(keep_looking());
      std::vector<Candidate> candidates;
      RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) { return Read(tx, page, candidates); }));
      size_t history = 0;
      for (const Candidate& candidate : candidates) {
        std::vector<rules::Item> none;
        Visit(candidate, candidate.needs_history ? page.histories.items[history++] : none, look);
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Read(sql::Transaction& tx, Page& page, std::vector<Candidate>& candidates) {
    if (cohort_.customer_id.empty()) {
      RETURN_IF_ERROR(ReadCustomers(tx, workspace_, may_need_histories_, page));
    } else {
      ASSIGN_OR_RETURN(std::vector<std::optional<Customer>> found,
                       FindCustomers(tx, {{workspace_, cohort_.customer_id}}));
      page.customers.clear();
      if (found[0].has_value()) page.customers.push_back(*std::move(found[0]));
      page.last = true;
    }
    std::vector<const Customer*> wanting;
    bool inside = false;
    for (const Customer& customer : page.customers) {
      for (const Enrollment& enrollment : customer.dossier.enrollments) {
        if (enrollment.journey_id != cohort_.journey_id || !enrollment.progress.enrolled()) continue;
        if (cohort_.version != 0 && cohort_.version != enrollment.version) continue;
        ASSIGN_OR_RETURN(const Travelled* version, FindVersion(tx, enrollment.version));
        const bool needs_history = knowing_.histories || needs_open_ ||
                                   (cohort_.as_of.has_value() && !IsKept(customer, enrollment, *cohort_.as_of));
        candidates.push_back({&customer, &enrollment, version, needs_history});
        if (!needs_history) continue;
        wanting.push_back(&customer);
        inside = inside || knowing_.properties || version->looks_inside_events();
      }
    }
    return ReadHistoriesOf(tx, journal_, workspace_, wanting, inside, page.histories);
  }

  absl::StatusOr<const Travelled*> FindVersion(sql::Transaction& tx, uint32_t number) {
    const auto known = versions_.find(number);
    if (known != versions_.end()) return known->second.get();
    auto version = std::make_unique<Travelled>();
    ASSIGN_OR_RETURN(version->journey, shelf_.GetJourney(tx, workspace_, cohort_.journey_id, number));
    if (needs_open_) version->open.emplace(*version->journey, cohort_.segment_id);
    return versions_.emplace(number, std::move(version)).first->second.get();
  }

  void Visit(const Candidate& candidate, std::vector<rules::Item>& history,
             absl::FunctionRef<void(const Traveller&)> look) const {
    const rules::Journey& journey = *candidate.version->journey;
    Traveller traveller{.customer_id = candidate.customer->customer_id, .journey = journey, .now = now_};
    rules::Progress then;
    const rules::Progress* progress = &candidate.enrollment->progress;
    std::sort(history.begin(), history.end(), rules::Before);
    AddCompletions({&journey}, candidate.customer->dossier, history);
    const auto up_to = [&](absl::Time time) {
      const auto end =
          std::find_if(history.begin(), history.end(), [&](const rules::Item& item) { return item.time > time; });
      return absl::MakeConstSpan(history).first(end - history.begin());
    };
    const absl::Span<const rules::Item> known = cohort_.as_of.has_value() ? up_to(now_) : absl::MakeConstSpan(history);
    if (cohort_.as_of.has_value()) {
      const bool kept = IsKept(*candidate.customer, *candidate.enrollment, now_);
      then = kept ? rules::Fold(journey, *progress, {}, now_) : rules::Fold(journey, {}, known, now_);
      progress = &then;
    }
    for (const rules::Run& run : progress->enrollments()) {
      if (IsIn(cohort_, run)) traveller.runs.push_back(&run);
    }
    if (traveller.runs.empty()) return;
    if (needs_open_) {
      OpenJourney::Answer answer = candidate.version->open->Look(known, now_);
      if (!cohort_.segment_id.empty() && !answer.in_segment) return;
      traveller.open = std::move(answer.stages);
    }
    traveller.history = cohort_.history_until.has_value() ? up_to(*cohort_.history_until) : known;
    look(traveller);
  }

  journal::Journal& journal_;
  Shelf& shelf_;
  const absl::string_view workspace_;
  const Cohort& cohort_;
  const Knowing knowing_;
  const absl::Time now_;
  const bool needs_open_;
  const bool may_need_histories_;
  std::map<uint32_t, std::unique_ptr<const Travelled>> versions_;
};

}  // namespace

absl::StatusOr<Shown> Census::Find(absl::string_view workspace, const Cohort& cohort) {
  Shown shown;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    shown = {};
    ASSIGN_OR_RETURN(const int64_t revision, GetRevision(tx, workspace));
    ASSIGN_OR_RETURN(const CatalogPtr catalog, shelf_.GetCatalog(tx, workspace, revision));
    const auto latest = std::find_if(catalog->latest.begin(), catalog->latest.end(), [&](const JourneyPtr& journey) {
      return journey->version().journey_id == cohort.journey_id;
    });
    if (latest == catalog->latest.end()) return NotFound(absl::StrCat("published journey \"", cohort.journey_id, "\""));
    shown.journey = *latest;
    if (cohort.version != 0 && cohort.version != shown.journey->version().number) {
      ASSIGN_OR_RETURN(const std::optional<PublishedVersion> version,
                       FindVersion(tx, workspace, cohort.journey_id, cohort.version));
      if (!version.has_value()) {
        return NotFound(absl::StrCat("published version ", cohort.version, " of journey \"", cohort.journey_id, "\""));
      }
      ASSIGN_OR_RETURN(shown.journey, shelf_.GetJourney(tx, workspace, cohort.journey_id, cohort.version));
    }
    const std::vector<rules::SegmentRule>& segments = shown.journey->version().segments;
    if (!cohort.segment_id.empty() &&
        std::none_of(segments.begin(), segments.end(),
                     [&](const rules::SegmentRule& segment) { return segment.segment_id == cohort.segment_id; })) {
      return NotFound(absl::StrCat("segment \"", cohort.segment_id, "\" among those that version ",
                                   shown.journey->version().number, " of journey \"", cohort.journey_id, "\" names"));
    }
    if (!cohort.customer_id.empty()) {
      ASSIGN_OR_RETURN(const std::vector<std::optional<Customer>> found,
                       FindCustomers(tx, {{workspace, cohort.customer_id}}));
      if (!found[0].has_value()) return NotFound(absl::StrCat("customer \"", cohort.customer_id, "\""));
    }
    ASSIGN_OR_RETURN(const std::optional<milestone::Sweep> sweep, FindSweep(tx, workspace));
    if (sweep.has_value()) {
      ASSIGN_OR_RETURN(shown.pending_customers, CountCustomersBehind(tx, workspace, sweep->after, sweep->revision));
    }
    ASSIGN_OR_RETURN(const std::optional<Migration> migration, FindOpenMigrationOf(tx, workspace, cohort.journey_id));
    if (migration.has_value()) {
      ASSIGN_OR_RETURN(const int64_t pending, CountCustomersBehind(tx, workspace, migration->after, INT64_MAX));
      // The last page is empty: until it was looked for, it is not done.
      shown.pending_customers = std::max({shown.pending_customers, pending, int64_t{1}});
    }
    return absl::OkStatus();
  }));
  return shown;
}

absl::Status Census::Take(absl::string_view workspace, const Cohort& cohort, Knowing knowing, absl::Time now,
                          KeepLooking keep_looking, absl::FunctionRef<void(const Traveller&)> look) {
  return Look(journal_, shelf_, workspace, cohort, knowing, now).Take(keep_looking, look);
}

absl::Status Census::ReadHistories(absl::string_view workspace, KeepLooking keep_looking,
                                   absl::FunctionRef<void(absl::Span<const rules::Item>)> look) {
  Page page{.limit = kHistoryPage};
  while (!page.last) {
    RETURN_IF_ERROR(keep_looking());
    RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
      RETURN_IF_ERROR(ReadCustomers(tx, workspace, /*with_histories=*/true, page));
      std::vector<const Customer*> customers;
      for (const Customer& customer : page.customers) customers.push_back(&customer);
      return ReadHistoriesOf(tx, journal_, workspace, customers, /*with_properties=*/false, page.histories);
    }));
    for (const std::vector<rules::Item>& history : page.histories.items) look(history);
  }
  return absl::OkStatus();
}

absl::Span<const rules::Item> StretchOf(const rules::Run& run, absl::Span<const rules::Item> history) {
  const auto place_of = [&](const rules::Moment& moment) {
    // Where time alone did it, after everything of that instant.
    return std::find_if(history.begin(), history.end(), [&](const rules::Item& item) {
      return moment.item != 0 ? item.number == moment.item : item.time > moment.time;
    });
  };
  const auto begin = place_of(run.entered.front().moment());
  auto end = history.end();
  if (run.ended()) {
    const rules::Moment moment = run.completed.has_value() ? *run.completed : run.exited->moment;
    end = place_of(moment);
    // What ended it belongs to it.
    if (moment.item != 0 && end != history.end()) ++end;
  }
  if (end < begin) return {};
  return history.subspan(begin - history.begin(), end - begin);
}

const Counterparts::Places& Counterparts::Of(const rules::Journey& version) {
  const auto [found, is_new] = places_.try_emplace(version.version().number);
  Places& places = found->second;
  if (!is_new) return places;
  for (const rules::Stage& stage : version.stages()) {
    const auto same = std::find_if(shown_.stages().begin(), shown_.stages().end(),
                                   [&](const rules::Stage& shown) { return shown.key == stage.key; });
    places.stages.push_back(same == shown_.stages().end() ? std::nullopt
                                                          : std::optional<size_t>(same - shown_.stages().begin()));
  }
  for (size_t rule = 0; rule < version.rules().size(); ++rule) {
    std::optional<size_t>& place = places.rules.emplace_back();
    for (size_t shown = 0; shown < shown_.rules().size(); ++shown) {
      if (shown_.milestone(shown).key == version.milestone(rule).key) place = shown;
    }
  }
  return places;
}

}  // namespace waymark::milestone
