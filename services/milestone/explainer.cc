#include "services/milestone/explainer.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/journal/token.h"
#include "services/milestone/alias_store.h"
#include "services/milestone/completions.h"
#include "services/milestone/convert.h"
#include "services/milestone/customer_store.h"
#include "services/milestone/news.h"
#include "services/rules/convert/scenario.h"
#include "services/rules/explanation.h"
#include "services/rules/reasons.h"
#include "services/rules/way_to.h"

namespace waymark::milestone {
namespace {

// A customer in a journey, with its whole history.
constexpr int kMostAbsentTold = 100;

struct Case {
  Histories histories;  // Owns what `history` views.
  std::vector<rules::Item> history;
  std::vector<v1::Record> records;
  JourneyPtr journey;  // The version it travels or would travel; nullptr: none is published.
  Enrollment enrollment;
  absl::Time watermark = absl::InfinitePast();  // Of its last item.
  std::string token;
};

absl::StatusOr<Case> LoadCase(sql::Transaction& tx, journal::Journal& journal, Shelf& shelf,
                              absl::string_view workspace, const std::string& customer_id,
                              const std::string& journey_id) {
  ASSIGN_OR_RETURN(std::vector<std::optional<Customer>> found, FindCustomers(tx, {{workspace, customer_id}}));
  if (!found[0].has_value()) return NotFound(absl::StrCat("customer \"", customer_id, "\""));
  const Customer& customer = *found[0];
  Case loaded;
  for (const Enrollment& enrollment : customer.dossier.enrollments) {
    if (enrollment.journey_id == journey_id) loaded.enrollment = enrollment;
  }
  if (loaded.enrollment.progress.enrolled()) {
    ASSIGN_OR_RETURN(loaded.journey, shelf.GetJourney(tx, workspace, journey_id, loaded.enrollment.version));
  } else {
    ASSIGN_OR_RETURN(const int64_t revision, GetRevision(tx, workspace));
    ASSIGN_OR_RETURN(const CatalogPtr catalog, shelf.GetCatalog(tx, workspace, revision));
    for (const JourneyPtr& latest : catalog->latest) {
      if (latest->version().journey_id == journey_id) loaded.journey = latest;
    }
  }
  ASSIGN_OR_RETURN(loaded.histories, LoadHistories(tx, journal, {{workspace, customer.customer_id}}, {&customer},
                                                   /*with_properties=*/true));
  loaded.history = std::move(loaded.histories.items[0]);
  ASSIGN_OR_RETURN(loaded.records, LoadRecords(tx, journal, {workspace, customer.customer_id}, customer));
  std::sort(loaded.history.begin(), loaded.history.end(), rules::Before);
  if (loaded.journey != nullptr) AddCompletions({loaded.journey.get()}, customer.dossier, loaded.history);
  if (!loaded.history.empty()) loaded.watermark = loaded.history.back().time;
  const int lane = journal::LaneOf(workspace, customer.customer_id);
  ASSIGN_OR_RETURN(const std::vector<journal::Place> heads, journal.Heads(tx));
  loaded.token = journal::MakeToken(
      {{.service = journal.name(), .epoch = journal.epoch(), .lane = lane, .position = heads[lane].position}});
  return loaded;
}

std::string WhatIs(const rules::Item& item) {
  switch (item.kind) {
    case rules::ItemKind::kEvent:
      return std::string(item.type);
    case rules::ItemKind::kAttributes:
      return "(attributes)";
    case rules::ItemKind::kBand:
      return absl::StrCat("(band ", item.key, ")");
    case rules::ItemKind::kAttestation:
      return "(attestation)";
    case rules::ItemKind::kEnrollCall:
      return "(enrollment)";
    case rules::ItemKind::kExitCall:
      return "(exit)";
    case rules::ItemKind::kOverride:
      return "(override)";
    case rules::ItemKind::kCompletion:
      return "(completion)";
  }
  return "";
}

v1::ReasonKind ToProto(rules::ReasonKind kind) {
  switch (kind) {
    case rules::ReasonKind::kEnrolled:
      return v1::REASON_KIND_ENROLLED;
    case rules::ReasonKind::kStageEntered:
      return v1::REASON_KIND_STAGE_ENTERED;
    case rules::ReasonKind::kMilestoneAchieved:
      return v1::REASON_KIND_MILESTONE_ACHIEVED;
    case rules::ReasonKind::kCompleted:
      return v1::REASON_KIND_COMPLETED;
    case rules::ReasonKind::kExited:
      return v1::REASON_KIND_EXITED;
  }
  return v1::REASON_KIND_UNSPECIFIED;
}

v1::Reason ToProto(const rules::Journey& journey, absl::Span<const rules::Item> history,
                   absl::Span<const v1::Record> records, const rules::Reason& reason) {
  const rules::Definition& definition = journey.version().definition;
  v1::Reason message;
  message.set_kind(ToProto(reason.kind));
  message.set_stage_key(journey.stages()[reason.stage].key);
  if (reason.milestone.has_value()) message.set_milestone_key(journey.milestone(*reason.milestone).key);
  if (reason.transition.has_value()) message.set_transition_key(definition.transitions[*reason.transition].key);
  if (reason.exit.has_value()) message.set_exit_key(definition.exits[*reason.exit].key);
  message.set_by_call(reason.by_call);
  const auto call = std::find_if(history.begin(), history.end(),
                                 [&](const rules::Item& item) { return item.number == reason.moment.item; });
  if (reason.by_call && call != history.end()) {
    for (const v1::Record& record : records) {
      if (record.record_id() != call->id) continue;
      message.set_author(record.author());
      message.set_reason(record.reason());
    }
  }
  const rules::Absent absent = rules::FindAbsent(journey, reason);
  for (const std::string& event_type : absent.event_types) {
    if (message.absent_event_types_size() < kMostAbsentTold) message.add_absent_event_types(event_type);
  }
  message.set_absent_any_event(absent.any_event);
  SetTime(reason.moment.time, message.mutable_time());
  for (const size_t i : reason.witnesses.items) {
    v1::Witness* witness = message.add_witnesses();
    witness->set_item_id(std::string(history[i].id));
    SetTime(history[i].time, witness->mutable_time());
    witness->set_what(WhatIs(history[i]));
  }
  message.set_smallest(reason.witnesses.smallest);
  return message;
}

// The newest enrollment, or the newest of a key.
std::optional<size_t> ChooseRun(const rules::Progress& progress, const std::string& entry_key) {
  for (size_t i = progress.enrollments().size(); i-- > 0;) {
    if (entry_key.empty() || progress.runs[i].key == entry_key) return i;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<v1::ExplainResponse> Explainer::Explain(absl::string_view workspace, const v1::ExplainRequest& request) {
  Case loaded;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(loaded, LoadCase(tx, journal_, shelf_, workspace, request.customer_id(), request.journey_id()));
    return absl::OkStatus();
  }));
  const rules::Progress& progress = loaded.enrollment.progress;
  const std::optional<size_t> run = ChooseRun(progress, request.entry_key());
  if (!run.has_value()) {
    return NotFound(absl::StrCat("enrollment of customer \"", request.customer_id(), "\" in journey \"",
                                 request.journey_id(), "\"",
                                 request.entry_key().empty() ? "" : absl::StrCat(" as \"", request.entry_key(), "\"")));
  }
  v1::ExplainResponse response;
  response.set_customer_id(request.customer_id());
  *response.mutable_current() = ToCurrentStage(*loaded.journey, loaded.enrollment, progress.runs[*run]);
  const absl::Time until = std::max(progress.timer, loaded.watermark);
  for (const rules::Reason& reason : rules::FindReasons(*loaded.journey, loaded.history, until, *run)) {
    *response.add_reasons() = ToProto(*loaded.journey, loaded.history, loaded.records, reason);
  }
  response.set_consistency_token(loaded.token);
  return response;
}

absl::StatusOr<v1::WhyNotResponse> Explainer::WhyNot(absl::string_view workspace, const v1::WhyNotRequest& request) {
  Case loaded;
  RETURN_IF_ERROR(journal_.db().Read([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(loaded, LoadCase(tx, journal_, shelf_, workspace, request.customer_id(), request.journey_id()));
    return absl::OkStatus();
  }));
  if (loaded.journey == nullptr) return NotFound(absl::StrCat("published journey \"", request.journey_id(), "\""));
  const rules::Journey& journey = *loaded.journey;
  const std::optional<size_t> stage = journey.FindStage(request.stage_key());
  if (!stage.has_value()) {
    return NotFound(absl::StrCat("stage \"", request.stage_key(), "\" in version ", journey.version().number,
                                 " of journey \"", request.journey_id(), "\""));
  }
  v1::WhyNotResponse response;
  response.set_version(journey.version().number);
  response.set_consistency_token(loaded.token);
  const absl::Time now = std::max(clock_.Now(), loaded.watermark);
  const rules::Progress progress = rules::Fold(journey, {}, loaded.history, now);
  if (progress.enrolled() && !progress.latest().ended()) {
    if (progress.latest().stage() == *stage) {
      response.set_verdict(v1::WHY_NOT_VERDICT_STANDS_THERE);
      return response;
    }
    response.set_why(rules::WhyStays(journey, progress, progress.latest(), now));
  }
  const rules::WayTo way = rules::FindWayTo(journey.version(), journey, progress, now, *stage);
  switch (way.answer) {
    case rules::Answer::kYes:
      response.set_verdict(v1::WHY_NOT_VERDICT_POSSIBLE);
      for (const rules::ScenarioStep& step : way.steps) *response.add_steps() = rules::ToProto(step);
      SetTime(way.arrival, response.mutable_arrival_time());
      break;
    case rules::Answer::kNo:
      response.set_verdict(v1::WHY_NOT_VERDICT_IMPOSSIBLE);
      response.set_why(way.why);
      break;
    case rules::Answer::kUndecided:
      response.set_verdict(v1::WHY_NOT_VERDICT_UNDECIDED);
      break;
  }
  return response;
}

}  // namespace waymark::milestone
