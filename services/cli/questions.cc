#include "services/cli/questions.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/base/status.h"
#include "services/cli/table.h"
#include "services/cli/times.h"
#include "services/cli/usage.h"
#include "waymark/health/v1/health.pb.h"
#include "waymark/health/v1/scorecard.pb.h"
#include "waymark/journey/v1/journey.pb.h"
#include "waymark/milestone/v1/customer.pb.h"
#include "waymark/milestone/v1/event.pb.h"
#include "waymark/milestone/v1/milestone.pb.h"
#include "waymark/notification/v1/channel.pb.h"
#include "waymark/notification/v1/notification.pb.h"
#include "waymark/notification/v1/playbook.pb.h"

namespace waymark::cli {
namespace {

constexpr auto kRight = Table::Align::kRight;
constexpr int kLargestPage = 1000;

// The rows of every page until there are `limit`, as one response, whose first field they are. Its next_page_token says
// whether there are more.
template <typename Response, typename Request>
absl::StatusOr<Response> GetPages(const Session& session, Request request, int64_t limit) {
  Response all;
  int64_t rows = 0;
  do {
    const int64_t wanted = limit == 0 ? kLargestPage : std::min<int64_t>(kLargestPage, limit - rows);
    request.set_page_size(static_cast<int32_t>(wanted));
    ASSIGN_OR_RETURN(const Response page, session.client.Get<Response>(request));
    all.clear_next_page_token();
    all.MergeFrom(page);
    rows = all.GetReflection()->FieldSize(all, all.GetDescriptor()->field(0));
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && (limit == 0 || rows < limit));
  return all;
}

// Writes a list's response: a table, and what to do where it is not all.
template <typename Response>
absl::Status WriteList(const Session& session, const Response& response, const Table& table, const char* what) {
  if (WriteStructured(session, response)) return absl::OkStatus();
  if (table.empty()) {
    session.out << "no " << what << "\n";
    return absl::OkStatus();
  }
  session.out << table.Render();
  if (!response.next_page_token().empty()) session.out << "… there are more: --limit 0 shows all\n";
  return absl::OkStatus();
}

std::string StateOf(milestone::v1::EnrollmentState state) {
  return Short(milestone::v1::EnrollmentState_Name(state), "ENROLLMENT_STATE_");
}

std::string BandOf(health::v1::Band band) { return Short(health::v1::Band_Name(band), "BAND_"); }

std::string Points(int32_t millipoints) { return absl::StrFormat("%.1f", millipoints / 1000.0); }

// A measure's value, to a hundredth: `62.62`, `0.5`, `19`.
std::string ShortNumber(double value) {
  const std::string text = absl::StrFormat("%.2f", value);
  return std::string(absl::StripSuffix(absl::StripSuffix(absl::StripSuffix(text, "0"), "0"), "."));
}

// The latest published version's number, where there is one.
std::string Published(uint32_t number) { return number == 0 ? "-" : absl::StrCat(number); }

void AddStages(const milestone::v1::CustomerStages& stages, Table* table) {
  for (const milestone::v1::CurrentStage& stage : stages.enrollments()) {
    table->Add({stage.journey_id(), absl::StrCat(stage.version()), stage.stage_key(), ShortTime(stage.enter_time()),
                StateOf(stage.state())});
  }
}

// What is known, by name; in the table's cells as JSON, but for texts.
void AddAttributes(const std::string& whose, const google::protobuf::Struct& attributes, Table& table) {
  const std::map<std::string, google::protobuf::Value> by_name(attributes.fields().begin(), attributes.fields().end());
  for (const auto& [name, value] : by_name) {
    std::string shown = value.string_value();
    if (!value.has_string_value()) google::protobuf::util::MessageToJsonString(value, &shown);
    table.Add({whose, name, shown});
  }
}

// What a record says, for a cell.
std::pair<std::string, std::string> Words(const milestone::v1::Record& record) {
  const auto in_journey = [](const std::string& journey_id, const std::string& key) {
    return key.empty() ? journey_id : absl::StrCat(journey_id, " / ", key);
  };
  switch (record.kind_case()) {
    case milestone::v1::Record::kAttributes: {
      std::vector<std::string> names;
      for (const auto& [name, value] : record.attributes().attributes().fields()) names.push_back(name);
      std::sort(names.begin(), names.end());
      return {"identified", absl::StrJoin(names, ", ")};
    }
    case milestone::v1::Record::kAttestation:
      return {"attested", in_journey(record.attestation().journey_id(), record.attestation().milestone_key())};
    case milestone::v1::Record::kEnrollment:
      return {"enrolled by call", record.enrollment().journey_id()};
    case milestone::v1::Record::kExit:
      return {"taken out", in_journey(record.exit().journey_id(), record.exit().entry_key())};
    case milestone::v1::Record::kStageOverride:
      return {"put into", in_journey(record.stage_override().journey_id(), record.stage_override().stage_key())};
    case milestone::v1::Record::kBand:
      return {"band", in_journey(record.band().scorecard_id(), record.band().band())};
    case milestone::v1::Record::KIND_NOT_SET:
      break;
  }
  return {"record", ""};
}

Table StageTable() { return Table({{"JOURNEY"}, {"VERSION", kRight}, {"STAGE"}, {"SINCE (UTC)"}, {"STATE"}}); }

// The scorecard asked for, or the only one.
absl::StatusOr<std::string> ChosenScorecard(const Session& session, const Question& question) {
  if (!question.scorecard.empty()) return question.scorecard;
  health::v1::ListScorecardsRequest request;
  ASSIGN_OR_RETURN(const auto answer, session.client.Get<health::v1::ListScorecardsResponse>(request));
  if (answer.scorecards_size() == 0) return absl::NotFoundError("there is no scorecard; waymark apply makes one");
  if (answer.scorecards_size() == 1) return answer.scorecards(0).scorecard_id();
  std::vector<std::string> ids;
  for (const auto& scorecard : answer.scorecards()) ids.push_back(scorecard.scorecard_id());
  return UsageError(
      absl::StrCat("there are several scorecards; choose one by --scorecard: ", absl::StrJoin(ids, ", ")));
}

}  // namespace

absl::Status ShowCustomer(const Session& session, const Question& question) {
  milestone::v1::GetCustomerRequest request;
  request.set_customer_id(question.id);
  ASSIGN_OR_RETURN(const auto answer, session.client.Get<milestone::v1::GetCustomerResponse>(request));
  if (WriteStructured(session, answer)) return absl::OkStatus();
  const milestone::v1::Customer& customer = answer.customer();
  session.out << Printable(customer.customer_id()) << ": " << Count(customer.event_count(), "event") << ", known up to "
              << ShortTime(customer.stages().watermark_time()) << "\n\n";
  Table table = StageTable();
  AddStages(customer.stages(), &table);
  session.out << (table.empty() ? "in no journey\n" : table.Render());
  Table known({{"WHOSE"}, {"ATTRIBUTE"}, {"VALUE"}});
  AddAttributes("", customer.attributes(), known);
  const std::map<std::string, google::protobuf::Struct> users(customer.users().begin(), customer.users().end());
  for (const auto& [user_id, attributes] : users) AddAttributes(user_id, attributes, known);
  if (!known.empty()) session.out << "\n" << known.Render();
  return absl::OkStatus();
}

absl::Status ShowStage(const Session& session, const Question& question) {
  milestone::v1::GetCurrentStageRequest request;
  request.set_customer_id(question.id);
  request.set_journey_id(question.journey);
  if (question.fresh) request.mutable_consistency()->set_fully_consistent(true);
  ASSIGN_OR_RETURN(const auto answer, session.client.Get<milestone::v1::GetCurrentStageResponse>(request));
  if (WriteStructured(session, answer)) return absl::OkStatus();
  Table table = StageTable();
  AddStages(answer.stages(), &table);
  session.out << (table.empty() ? absl::StrCat(Printable(question.id), " is in no journey\n") : table.Render());
  return absl::OkStatus();
}

absl::Status ShowProgress(const Session& session, const Question& question) {
  milestone::v1::GetProgressRequest request;
  request.set_customer_id(question.id);
  request.set_journey_id(question.journey);
  if (question.fresh) request.mutable_consistency()->set_fully_consistent(true);
  ASSIGN_OR_RETURN(const auto answer, session.client.Get<milestone::v1::GetProgressResponse>(request));
  if (WriteStructured(session, answer)) return absl::OkStatus();
  if (answer.enrollments().empty()) session.out << Printable(question.id) << " is in no journey\n";
  const char* gap = "";
  for (const milestone::v1::EnrollmentProgress& enrollment : answer.enrollments()) {
    const milestone::v1::CurrentStage& current = enrollment.current();
    session.out << gap << Printable(question.id) << " in " << Printable(current.journey_id()) << " version "
                << current.version() << ", since " << ShortTime(enrollment.enroll_time()) << ": "
                << StateOf(current.state());
    if (enrollment.pace() != milestone::v1::PACE_UNSPECIFIED) {
      session.out << ", " << Short(milestone::v1::Pace_Name(enrollment.pace()), "PACE_");
    }
    session.out << "\n\n";
    gap = "\n";
    Table table({{""}, {"STAGE"}, {"MILESTONE"}, {"COUNT", kRight}, {"WHEN (UTC)"}, {"MISSING"}});
    for (const milestone::v1::StageProgress& stage : enrollment.stages()) {
      const bool is_here = stage.stage_key() == current.stage_key() && !stage.has_complete_time();
      table.Add({stage.has_complete_time() ? "✓"
                 : is_here                 ? "▶"
                                           : "·",
                 stage.title(), "", "",
                 ShortTime(stage.has_complete_time() ? stage.complete_time() : stage.enter_time()),
                 is_here ? "here now" : ""});
      for (const milestone::v1::MilestoneProgress& milestone : stage.milestones()) {
        table.Add({milestone.has_achieve_time() ? "✓" : "·", "", milestone.title(),
                   absl::StrCat(milestone.counted(), "/", milestone.needed()), ShortTime(milestone.achieve_time()),
                   milestone.missing()});
      }
    }
    session.out << table.Render();
  }
  return absl::OkStatus();
}

absl::Status ShowHealth(const Session& session, const Question& question) {
  ASSIGN_OR_RETURN(const std::string scorecard, ChosenScorecard(session, question));
  health::v1::GetHealthRequest request;
  request.set_customer_id(question.id);
  request.set_scorecard_id(scorecard);
  if (question.fresh) request.mutable_consistency()->set_fully_consistent(true);
  ASSIGN_OR_RETURN(const auto answer, session.client.Get<health::v1::GetHealthResponse>(request));
  if (WriteStructured(session, answer)) return absl::OkStatus();
  const health::v1::Health& health = answer.health();
  session.out << Printable(health.customer_id()) << " on " << Printable(health.scorecard_id()) << ": "
              << BandOf(health.band());
  if (health.has_health_millipoints()) session.out << ", " << Points(health.health_millipoints()) << " of 100 points";
  session.out << ", " << health.coverage_ppm() / 10'000 << " % known, as of " << ShortTime(health.as_of()) << "\n";
  if (health.has_standing_band_time()) {
    session.out << BandOf(health.standing_band()) << " since " << ShortTime(health.standing_band_time()) << "\n";
  }
  if (health.candidate_band() != health::v1::BAND_UNSPECIFIED) {
    session.out << "on the way to " << BandOf(health.candidate_band()) << " since "
                << ShortTime(health.candidate_band_time()) << "\n";
  }
  Table table({{"MEASURE"}, {"VALUE", kRight}, {"SCORE", kRight}, {"WEIGHT", kRight}, {"POINTS", kRight}, {""}});
  for (const health::v1::Contribution& part : health.contributions()) {
    const std::string before = part.has_previous_value() ? absl::StrCat(ShortNumber(part.previous_value()), " → ") : "";
    table.Add({part.measure_key(), part.has_value() ? absl::StrCat(before, ShortNumber(part.value())) : "-",
               part.has_score_millipoints() ? Points(part.score_millipoints()) : "-",
               Percent(part.effective_weight_ppm() / 1e6), Points(part.points_millipoints()),
               part.state() == health::v1::CONTRIBUTION_STATE_KNOWN
                   ? Bar(part.score_millipoints() / 1e5, 20)
                   : Short(health::v1::ContributionState_Name(part.state()), "CONTRIBUTION_STATE_")});
  }
  session.out << "\n" << table.Render();
  return absl::OkStatus();
}

absl::Status ShowTimeline(const Session& session, const Question& question) {
  milestone::v1::ListTimelineRequest request;
  request.set_customer_id(question.id);
  if (!question.as_of.empty()) RETURN_IF_ERROR(ReadTime("--as-of", question.as_of, request.mutable_as_of()));
  if (!question.as_known.empty()) {
    RETURN_IF_ERROR(ReadTime("--as-known", question.as_known, request.mutable_as_known()));
  }
  ASSIGN_OR_RETURN(auto answer, GetPages<milestone::v1::ListTimelineResponse>(session, request, question.limit));
  if (session.format == Format::kTable) {
    // It comes as it was recorded, a batch's conclusions after its events; a person reads by time.
    std::stable_sort(answer.mutable_items()->begin(), answer.mutable_items()->end(),
                     [](const milestone::v1::TimelineItem& a, const milestone::v1::TimelineItem& b) {
                       return std::make_pair(a.time().seconds(), a.time().nanos()) <
                              std::make_pair(b.time().seconds(), b.time().nanos());
                     });
  }
  Table table({{"TIME (UTC)"}, {"WHAT"}, {"DETAIL"}, {"BY"}});
  for (const milestone::v1::TimelineItem& item : answer.items()) {
    if (item.has_event()) {
      table.Add({ShortTime(item.time()), item.event().type(), item.event().user_id(), item.event().event_id()});
      continue;
    }
    if (item.has_record()) {
      const auto [what, detail] = Words(item.record());
      table.Add({ShortTime(item.time()), what, detail,
                 item.record().author().empty() ? item.record().record_id() : item.record().author()});
      continue;
    }
    const milestone::v1::TimelineConclusion& conclusion = item.conclusion();
    std::vector<std::string> detail = {conclusion.journey_id()};
    if (!conclusion.stage_key().empty()) detail.push_back(conclusion.stage_key());
    if (!conclusion.milestone_key().empty()) detail.push_back(conclusion.milestone_key());
    table.Add({ShortTime(item.time()),
               absl::StrCat("→ ", Short(milestone::v1::ConclusionKind_Name(conclusion.kind()), "CONCLUSION_KIND_")),
               absl::StrJoin(detail, " / "), conclusion.witness_event_id()});
  }
  return WriteList(session, answer, table, "events");
}

absl::Status ListJourneys(const Session& session, const Question& question) {
  ASSIGN_OR_RETURN(const auto answer, GetPages<journey::v1::ListJourneysResponse>(
                                          session, journey::v1::ListJourneysRequest(), question.limit));
  Table table({{"JOURNEY"}, {"TITLE"}, {"PUBLISHED", kRight}, {"CREATED (UTC)"}});
  for (const journey::v1::Journey& journey : answer.journeys()) {
    table.Add({journey.journey_id(), journey.title(), Published(journey.latest_published_number()),
               ShortTime(journey.create_time())});
  }
  return WriteList(session, answer, table, "journeys; waymark apply makes one");
}

absl::Status ListCustomers(const Session& session, const Question& question) {
  milestone::v1::ListCustomersRequest request;
  request.set_journey_id(question.journey);
  request.set_stage_key(question.stage);
  ASSIGN_OR_RETURN(const auto answer, GetPages<milestone::v1::ListCustomersResponse>(session, request, question.limit));
  Table table({{"CUSTOMER"}, {"EVENTS", kRight}, {"JOURNEY"}, {"STAGE"}, {"SINCE (UTC)"}, {"STATE"}});
  for (const milestone::v1::Customer& customer : answer.customers()) {
    std::string id = customer.customer_id();
    std::string events = Grouped(customer.event_count());
    for (const milestone::v1::CurrentStage& stage : customer.stages().enrollments()) {
      table.Add(
          {id, events, stage.journey_id(), stage.stage_key(), ShortTime(stage.enter_time()), StateOf(stage.state())});
      id.clear();
      events.clear();
    }
    if (customer.stages().enrollments().empty()) table.Add({id, events, "-", "-", "-", "-"});
  }
  return WriteList(session, answer, table, "customers; waymark import events brings some");
}

absl::Status ListStuck(const Session& session, const Question& question) {
  milestone::v1::ListStuckRequest request;
  request.set_journey_id(question.id);
  request.set_stage_key(question.stage);
  milestone::v1::Pace pace = milestone::v1::PACE_UNSPECIFIED;
  milestone::v1::Pace_Parse(absl::StrCat("PACE_", absl::AsciiStrToUpper(question.min_pace)), &pace);
  request.set_min_pace(pace);
  ASSIGN_OR_RETURN(auto answer, GetPages<milestone::v1::ListStuckResponse>(session, request, question.limit));
  if (session.format == Format::kTable) {
    // By id on the wire; a person looks for who waits longest.
    std::stable_sort(answer.mutable_enrollments()->begin(), answer.mutable_enrollments()->end(),
                     [](const milestone::v1::StuckEnrollment& one, const milestone::v1::StuckEnrollment& other) {
                       return one.standing().seconds() > other.standing().seconds();
                     });
  }
  Table table({{"CUSTOMER"}, {"STAGE"}, {"SINCE (UTC)"}, {"FOR", kRight}, {"PACE"}});
  for (const milestone::v1::StuckEnrollment& stuck : answer.enrollments()) {
    table.Add({stuck.customer_id(), stuck.current().stage_key(), ShortTime(stuck.current().enter_time()),
               ShortSpan(stuck.standing()), Short(milestone::v1::Pace_Name(stuck.pace()), "PACE_")});
  }
  return WriteList(session, answer, table, "customers that take so long");
}

absl::Status ListEventTypes(const Session& session, const Question&) {
  ASSIGN_OR_RETURN(auto answer, GetPages<milestone::v1::ListEventTypesResponse>(
                                    session, milestone::v1::ListEventTypesRequest(), /*limit=*/0));
  if (session.format == Format::kTable) {
    // By name on the wire; a person looks for what happens most.
    std::stable_sort(answer.mutable_event_types()->begin(), answer.mutable_event_types()->end(),
                     [](const milestone::v1::EventType& one, const milestone::v1::EventType& other) {
                       return one.events() > other.events();
                     });
  }
  Table table({{"EVENT TYPE"}, {"EVENTS", kRight}, {"CUSTOMERS", kRight}, {"FIRST (UTC)"}, {"LAST (UTC)"}, {""}});
  for (const milestone::v1::EventType& type : answer.event_types()) {
    table.Add({type.type(), Grouped(type.events()), Grouped(type.customers()), ShortTime(type.first_event_time()),
               ShortTime(type.last_event_time()),
               Bar(static_cast<double>(type.events()) / static_cast<double>(answer.event_types(0).events()), 20)});
  }
  return WriteList(session, answer, table, "events; waymark import events brings some");
}

absl::Status ListScorecards(const Session& session, const Question& question) {
  ASSIGN_OR_RETURN(const auto answer, GetPages<health::v1::ListScorecardsResponse>(
                                          session, health::v1::ListScorecardsRequest(), question.limit));
  Table table({{"SCORECARD"}, {"TITLE"}, {"PUBLISHED", kRight}, {"CREATED (UTC)"}});
  for (const health::v1::Scorecard& scorecard : answer.scorecards()) {
    table.Add({scorecard.scorecard_id(), scorecard.title(), Published(scorecard.latest_published_number()),
               ShortTime(scorecard.create_time())});
  }
  return WriteList(session, answer, table, "scorecards; waymark apply makes one");
}

absl::Status ListHealth(const Session& session, const Question& question) {
  ASSIGN_OR_RETURN(const std::string scorecard, ChosenScorecard(session, question));
  health::v1::ListHealthRequest request;
  request.set_scorecard_id(scorecard);
  health::v1::Band band = health::v1::BAND_UNSPECIFIED;
  health::v1::Band_Parse(absl::StrCat("BAND_", absl::AsciiStrToUpper(question.band)), &band);
  request.set_band(band);
  ASSIGN_OR_RETURN(const auto answer, GetPages<health::v1::ListHealthResponse>(session, request, question.limit));
  Table table({{"CUSTOMER"}, {"BAND"}, {"HEALTH", kRight}, {"SINCE (UTC)"}, {""}});
  for (const health::v1::Health& health : answer.healths()) {
    table.Add({health.customer_id(), BandOf(health.band()),
               health.has_health_millipoints() ? Points(health.health_millipoints()) : "-",
               ShortTime(health.standing_band_time()), Bar(health.health_millipoints() / 1e5, 20)});
  }
  return WriteList(session, answer, table, question.band.empty() ? "customers with a score" : "customers in this band");
}

absl::Status ListPlaybooks(const Session& session, const Question& question) {
  ASSIGN_OR_RETURN(const auto answer, GetPages<notification::v1::ListPlaybooksResponse>(
                                          session, notification::v1::ListPlaybooksRequest(), question.limit));
  Table table({{"PLAYBOOK"}, {"TITLE"}, {"PUBLISHED", kRight}, {"CREATED (UTC)"}});
  for (const notification::v1::Playbook& playbook : answer.playbooks()) {
    table.Add({playbook.playbook_id(), playbook.title(), Published(playbook.latest_published_number()),
               ShortTime(playbook.create_time())});
  }
  return WriteList(session, answer, table, "playbooks; waymark apply makes one");
}

absl::Status ListChannels(const Session& session, const Question& question) {
  ASSIGN_OR_RETURN(const auto answer, GetPages<notification::v1::ListChannelsResponse>(
                                          session, notification::v1::ListChannelsRequest(), question.limit));
  Table table({{"CHANNEL"}, {"TITLE"}, {"STATE"}, {"WHERE TO"}});
  for (const notification::v1::Channel& channel : answer.channels()) {
    table.Add({channel.channel_id(), channel.title(),
               Short(notification::v1::ChannelState_Name(channel.state()), "CHANNEL_STATE_"),
               channel.has_webhook() ? channel.webhook().url() : "the service's log"});
  }
  return WriteList(session, answer, table, "channels; waymark apply makes one");
}

absl::Status ListDeliveries(const Session& session, const Question& question) {
  notification::v1::ListDeliveriesRequest request;
  request.set_customer_id(question.customer);
  ASSIGN_OR_RETURN(const auto answer,
                   GetPages<notification::v1::ListDeliveriesResponse>(session, request, question.limit));
  Table table({{"CREATED (UTC)"}, {"CUSTOMER"}, {"PLAYBOOK"}, {"CHANNEL"}, {"STATE"}, {"TRIES", kRight}, {"TITLE"}});
  for (const notification::v1::Delivery& delivery : answer.deliveries()) {
    table.Add({ShortTime(delivery.create_time()), delivery.notification().customer_id(),
               delivery.notification().playbook_id(), delivery.channel_id(),
               Short(notification::v1::DeliveryState_Name(delivery.state()), "DELIVERY_STATE_"),
               absl::StrCat(delivery.attempt_count()), delivery.notification().title()});
  }
  return WriteList(session, answer, table, "deliveries");
}

}  // namespace waymark::cli
