#include "services/cli/customer_commands.h"

#include <google/protobuf/util/json_util.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/base/status.h"
#include "services/cli/table.h"
#include "services/cli/usage.h"
#include "services/rules/explanation.h"
#include "waymark/milestone/v1/customer.pb.h"
#include "waymark/milestone/v1/milestone.pb.h"

namespace waymark::cli {
namespace {

constexpr int kMostWitnessesShown = 4;

// The arguments of all of them.
struct Given {
  std::string customer_id, journey_id, key;
  std::vector<std::string> attributes;
  std::string into;
  std::string user_id, role, entry_key, time, author, reason, request_id;
};

// `3`, `true` and `null` are what they look like; anything else, and what stands in quotation marks, is text.
google::protobuf::Value ToValue(absl::string_view text) {
  google::protobuf::Value value;
  double number = 0;
  if (text == "true" || text == "false") {
    value.set_bool_value(text == "true");
  } else if (text == "null") {
    value.set_null_value(google::protobuf::NULL_VALUE);
  } else if (absl::SimpleAtod(text, &number)) {
    value.set_number_value(number);
  } else if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    value.set_string_value(std::string(text.substr(1, text.size() - 2)));
  } else {
    value.set_string_value(std::string(text));
  }
  return value;
}

absl::Status FillAttributes(const std::vector<std::string>& pairs, google::protobuf::Struct& object) {
  for (const std::string& pair : pairs) {
    const std::vector<std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    if (parts.size() != 2 || parts[0].empty()) {
      return UsageError(absl::StrCat("\"", pair, "\" is not NAME=VALUE, such as plan=pro"));
    }
    (*object.mutable_fields())[parts[0]] = ToValue(parts[1]);
  }
  return absl::OkStatus();
}

template <typename Request>
absl::Status FillTime(const std::string& text, Request& request) {
  if (text.empty()) return absl::OkStatus();
  absl::Time time;
  std::string wrong;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &wrong)) {
    return UsageError(absl::StrCat("--time is no RFC 3339 time, such as 2026-03-01T09:00:00Z: ", wrong));
  }
  request.mutable_time()->set_seconds(absl::ToUnixSeconds(time));
  request.mutable_time()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(absl::ToUnixSeconds(time)))));
  return absl::OkStatus();
}

template <typename Request>
Request Begin(const Given& given) {
  Request request;
  request.set_customer_id(given.customer_id);
  request.set_author(given.author);
  request.set_request_id(given.request_id);
  return request;
}

template <typename Request>
Request BeginInJourney(const Given& given) {
  Request request = Begin<Request>(given);
  request.set_journey_id(given.journey_id);
  request.set_reason(given.reason);
  return request;
}

// Sends it and says what was recorded.
template <typename Response>
absl::Status Send(const Session& session, const google::protobuf::Message& request, const std::string& done) {
  ASSIGN_OR_RETURN(const Response response, session.client.Get<Response>(request));
  if (!WriteStructured(session, response)) session.out << Printable(done) << "\n";
  return absl::OkStatus();
}

absl::Status Identify(const Session& session, const Given& given) {
  auto request = Begin<milestone::v1::IdentifyRequest>(given);
  request.set_user_id(given.user_id);
  RETURN_IF_ERROR(FillAttributes(given.attributes, *request.mutable_attributes()));
  RETURN_IF_ERROR(FillTime(given.time, request));
  return Send<milestone::v1::IdentifyResponse>(session, request, absl::StrCat(given.customer_id, ": noted"));
}

absl::Status Attest(const Session& session, const Given& given) {
  auto request = BeginInJourney<milestone::v1::AttestMilestoneRequest>(given);
  request.set_milestone_key(given.key);
  request.set_role(given.role);
  RETURN_IF_ERROR(FillTime(given.time, request));
  return Send<milestone::v1::AttestMilestoneResponse>(session, request,
                                                      absl::StrCat(given.customer_id, ": ", given.key, " confirmed"));
}

absl::Status Enroll(const Session& session, const Given& given) {
  auto request = BeginInJourney<milestone::v1::EnrollRequest>(given);
  RETURN_IF_ERROR(FillAttributes(given.attributes, *request.mutable_properties()));
  RETURN_IF_ERROR(FillTime(given.time, request));
  return Send<milestone::v1::EnrollResponse>(
      session, request, absl::StrCat(given.customer_id, ": enrollment in ", given.journey_id, " recorded"));
}

absl::Status Exit(const Session& session, const Given& given) {
  auto request = BeginInJourney<milestone::v1::ExitEnrollmentRequest>(given);
  request.set_entry_key(given.entry_key);
  return Send<milestone::v1::ExitEnrollmentResponse>(session, request,
                                                     absl::StrCat(given.customer_id, ": out of ", given.journey_id));
}

absl::Status Override(const Session& session, const Given& given) {
  auto request = BeginInJourney<milestone::v1::OverrideStageRequest>(given);
  request.set_stage_key(given.key);
  request.set_entry_key(given.entry_key);
  return Send<milestone::v1::OverrideStageResponse>(session, request,
                                                    absl::StrCat(given.customer_id, ": put into ", given.key));
}

std::string Titled(const milestone::v1::Reason& reason) {
  const std::string by = reason.by_call() ? " (decided)" : "";
  switch (reason.kind()) {
    case milestone::v1::REASON_KIND_ENROLLED:
      return absl::StrCat("enrolled, in ", reason.stage_key());
    case milestone::v1::REASON_KIND_STAGE_ENTERED:
      return absl::StrCat("came into ", reason.stage_key(), by,
                          reason.transition_key().empty() ? "" : absl::StrCat(" by ", reason.transition_key()));
    case milestone::v1::REASON_KIND_MILESTONE_ACHIEVED:
      return absl::StrCat("✓ ", reason.milestone_key(), " of ", reason.stage_key());
    case milestone::v1::REASON_KIND_COMPLETED:
      return "completed the journey";
    case milestone::v1::REASON_KIND_EXITED:
      return absl::StrCat("left from ", reason.stage_key(), by,
                          reason.exit_key().empty() ? "" : absl::StrCat(" by ", reason.exit_key()));
    default:
      return "";
  }
}

absl::Status Explain(const Session& session, const Given& given) {
  milestone::v1::ExplainRequest request;
  request.set_customer_id(given.customer_id);
  request.set_journey_id(given.journey_id);
  request.set_entry_key(given.entry_key);
  ASSIGN_OR_RETURN(const auto answer, session.client.Get<milestone::v1::ExplainResponse>(request));
  if (WriteStructured(session, answer)) return absl::OkStatus();
  const milestone::v1::CurrentStage& current = answer.current();
  session.out << Printable(answer.customer_id()) << " in " << Printable(current.journey_id()) << " version "
              << current.version() << ": "
              << Short(milestone::v1::EnrollmentState_Name(current.state()), "ENROLLMENT_STATE_") << " in "
              << current.stage_key() << "\n\n";
  Table table({{"WHEN (UTC)"}, {"WHAT"}, {"BECAUSE OF"}, {"ID"}});
  for (const milestone::v1::Reason& reason : answer.reasons()) {
    std::string when = ShortTime(reason.time());
    std::string what = Titled(reason);
    // The last is what made it true; the others had to be there.
    for (int i = reason.witnesses_size(); i-- > std::max(0, reason.witnesses_size() - kMostWitnessesShown);) {
      table.Add({when, what, reason.witnesses(i).what(), reason.witnesses(i).item_id()});
      when.clear();
      what.clear();
    }
    const int more = reason.witnesses_size() - kMostWitnessesShown;
    if (more > 0) table.Add({"", "", absl::StrCat("… and ", more, " more"), ""});
    if (reason.witnesses().empty()) table.Add({when, what, "time alone", ""});
    if (reason.absent_any_event() || !reason.absent_event_types().empty()) {
      const std::string types = absl::StrJoin(reason.absent_event_types(), " or ");
      table.Add({"", "", absl::StrCat("no ", types.empty() ? "event" : Printable(types)), ""});
    }
    if (!reason.author().empty() || !reason.reason().empty()) {
      const std::string who = reason.author().empty() ? "somebody" : Printable(reason.author());
      table.Add({"", "", absl::StrCat(who, reason.reason().empty() ? "" : ": ", Printable(reason.reason())), ""});
    }
  }
  session.out << table.Render();
  return absl::OkStatus();
}

// A step as a line: `2 d: report_run by ann`.
std::string Line(const journey::v1::ScenarioStep& step) {
  const std::string by = step.user().empty() ? "" : absl::StrCat(" by ", step.user());
  const auto names = [](const google::protobuf::Struct& object) {
    std::vector<std::string> parts;
    for (const auto& [name, value] : object.fields()) {
      std::string shown;
      google::protobuf::util::MessageToJsonString(value, &shown);
      parts.push_back(absl::StrCat(name, "=", shown));
    }
    std::sort(parts.begin(), parts.end());
    return absl::StrJoin(parts, " ");
  };
  switch (step.kind_case()) {
    case journey::v1::ScenarioStep::kEvent:
      return absl::StrCat(step.event(), by, step.properties().fields().empty() ? "" : " with ",
                          names(step.properties()));
    case journey::v1::ScenarioStep::kAttributes:
      return absl::StrCat("attributes ", names(step.attributes()));
    case journey::v1::ScenarioStep::kAttest:
      return absl::StrCat("somebody attests ", step.attest(), step.role().empty() ? "" : " as ", step.role());
    case journey::v1::ScenarioStep::kBand:
      return absl::StrCat("band ", step.band().band(), " on ", step.band().scorecard_id());
    case journey::v1::ScenarioStep::kEnroll:
      return "enrollment by call";
    case journey::v1::ScenarioStep::kCompletedJourney:
      return absl::StrCat("completes ", step.completed_journey());
    case journey::v1::ScenarioStep::KIND_NOT_SET:
      break;
  }
  return "";
}

absl::Status WhyNot(const Session& session, const Given& given) {
  milestone::v1::WhyNotRequest request;
  request.set_customer_id(given.customer_id);
  request.set_journey_id(given.journey_id);
  request.set_stage_key(given.key);
  ASSIGN_OR_RETURN(const auto answer, session.client.Get<milestone::v1::WhyNotResponse>(request));
  if (WriteStructured(session, answer)) return absl::OkStatus();
  switch (answer.verdict()) {
    case milestone::v1::WHY_NOT_VERDICT_STANDS_THERE:
      session.out << Printable(given.customer_id) << " stands in " << given.key << "\n";
      break;
    case milestone::v1::WHY_NOT_VERDICT_IMPOSSIBLE:
      session.out << "impossible: " << Printable(answer.why()) << "\n";
      break;
    case milestone::v1::WHY_NOT_VERDICT_POSSIBLE: {
      if (!answer.why().empty()) session.out << "it waits: " << Printable(answer.why()) << "\n\n";
      Table table({{"FROM NOW"}, {"TIMES", Table::Align::kRight}, {"WOULD HAVE TO HAPPEN"}});
      for (int i = 0, next = 0; i < answer.steps_size(); i = next) {
        const std::string line = Line(answer.steps(i));
        while (next < answer.steps_size() && Line(answer.steps(next)) == line) ++next;
        table.Add({rules::Words(absl::Seconds(answer.steps(i).at().seconds())), absl::StrCat(next - i), line});
      }
      session.out << (table.empty() ? "nothing has to happen but time\n" : table.Render()) << "\nthere at the earliest "
                  << ShortTime(answer.arrival_time()) << "\n";
      break;
    }
    default:
      session.out << "no way was found, and none excluded"
                  << (answer.why().empty() ? "" : absl::StrCat("; it waits: ", Printable(answer.why()))) << "\n";
  }
  return absl::OkStatus();
}

absl::Status Delete(const Session& session, const Given& given) {
  milestone::v1::DeleteCustomerRequest request;
  request.set_customer_id(given.customer_id);
  ASSIGN_OR_RETURN(const auto answer, session.client.Get<milestone::v1::DeleteCustomerResponse>(request));
  if (!WriteStructured(session, answer)) session.out << "customer " << Printable(given.customer_id) << ": deleted\n";
  return absl::OkStatus();
}

absl::Status Merge(const Session& session, const Given& given) {
  milestone::v1::MergeCustomersRequest request;
  request.set_customer_id(given.customer_id);
  request.set_into_customer_id(given.into);
  ASSIGN_OR_RETURN(const auto answer, session.client.Get<milestone::v1::MergeCustomersResponse>(request));
  if (!WriteStructured(session, answer)) {
    session.out << "customer " << Printable(given.customer_id) << ": merged into " << Printable(given.into) << "\n";
  }
  return absl::OkStatus();
}

using Act = absl::Status (*)(const Session&, const Given&);

CLI::App* AddBare(const Shell& shell, const std::shared_ptr<Given>& given, const char* name, const char* help,
                  Act act) {
  CLI::App* command = shell.app.add_subcommand(name, help);
  command->add_option("customer", given->customer_id, "The customer's id")->required()->type_name("ID");
  command->callback([shell, given, act] {
    shell.end(shell.with_server([given, act](const Session& session) { return act(session, *given); }));
  });
  return command;
}

CLI::App* Add(const Shell& shell, const std::shared_ptr<Given>& given, const char* name, const char* help, Act act) {
  CLI::App* command = AddBare(shell, given, name, help, act);
  command->add_option("--author", given->author, "Who says so")->type_name("NAME");
  command->add_option("--request-id", given->request_id, "Makes a repeat of this command safe")->type_name("ID");
  return command;
}

CLI::App* AddInJourney(const Shell& shell, const std::shared_ptr<Given>& given, const char* name, const char* help,
                       Act act) {
  CLI::App* command = Add(shell, given, name, help, act);
  command->add_option("journey", given->journey_id, "The journey's id")->required()->type_name("JOURNEY");
  command->add_option("--reason", given->reason, "Why")->type_name("TEXT");
  return command;
}

void AddTime(CLI::App& command, Given& given) {
  command.add_option("--time", given.time, "Since when it is so, such as 2026-03-01T09:00:00Z; now where not given")
      ->type_name("TIME");
}

void AddEntryKey(CLI::App& command, Given& given) {
  command.add_option("--entry-key", given.entry_key, "Only the enrollment of this key")->type_name("KEY");
}

}  // namespace

void AddCustomerCommands(const Shell& shell) {
  const auto given = std::make_shared<Given>();
  CLI::App* identify = Add(shell, given, "identify", "Say what is known of a customer: plan=pro seats=12", Identify);
  identify->add_option("attributes", given->attributes, "NAME=VALUE; null forgets it")->required()->type_name("N=V");
  identify->add_option("--user", given->user_id, "Of this one of its people instead")->type_name("ID");
  AddTime(*identify, *given);
  CLI::App* attest = AddInJourney(shell, given, "attest", "Confirm a milestone as a person who knows", Attest);
  attest->add_option("milestone", given->key, "The milestone's key")->required()->type_name("MILESTONE");
  attest->add_option("--role", given->role, "As what you confirm it, such as csm")->type_name("ROLE");
  AddTime(*attest, *given);
  CLI::App* enroll = AddInJourney(shell, given, "enroll", "Enroll a customer into a journey entered by call", Enroll);
  enroll->add_option("properties", given->attributes, "NAME=VALUE of what it is about, such as contract=c-7")
      ->type_name("N=V");
  AddTime(*enroll, *given);
  AddEntryKey(*AddInJourney(shell, given, "exit", "Take a customer out of a journey", Exit), *given);
  CLI::App* explain = AddBare(shell, given, "explain", "Why a customer stands where it does: what made it so", Explain);
  explain->add_option("journey", given->journey_id, "The journey's id")->required()->type_name("JOURNEY");
  AddEntryKey(*explain, *given);
  AddBare(shell, given, "merge-customers",
          "Make one of two customers: the history of the first becomes part of that of the second", Merge)
      ->add_option("into", given->into, "The customer that stays")
      ->required()
      ->type_name("INTO");
  AddBare(shell, given, "delete-customer",
          "Erase a customer and everything stored of it, for good; what is sent of it later is refused", Delete);
  CLI::App* why_not =
      AddBare(shell, given, "why-not", "Why a customer is not in a stage: what would bring it there", WhyNot);
  why_not->add_option("journey", given->journey_id, "The journey's id")->required()->type_name("JOURNEY");
  why_not->add_option("stage", given->key, "The stage's key")->required()->type_name("STAGE");
  CLI::App* override_stage =
      AddInJourney(shell, given, "override", "Put a customer into a stage; needs a --reason", Override);
  override_stage->add_option("stage", given->key, "The stage's key")->required()->type_name("STAGE");
  AddEntryKey(*override_stage, *given);
}

}  // namespace waymark::cli
