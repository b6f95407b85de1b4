#include "services/cli/customer_commands.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/base/status.h"
#include "services/cli/table.h"
#include "services/cli/usage.h"
#include "waymark/milestone/v1/customer.pb.h"
#include "waymark/milestone/v1/milestone.pb.h"

namespace waymark::cli {
namespace {

// The arguments of all of them.
struct Given {
  std::string customer_id, journey_id, key;
  std::vector<std::string> attributes;
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

using Act = absl::Status (*)(const Session&, const Given&);

CLI::App* Add(const Shell& shell, const std::shared_ptr<Given>& given, const char* name, const char* help, Act act) {
  CLI::App* command = shell.app.add_subcommand(name, help);
  command->add_option("customer", given->customer_id, "The customer's id")->required()->type_name("ID");
  command->add_option("--author", given->author, "Who says so")->type_name("NAME");
  command->add_option("--request-id", given->request_id, "Makes a repeat of this command safe")->type_name("ID");
  command->callback([shell, given, act] {
    shell.end(shell.with_server([given, act](const Session& session) { return act(session, *given); }));
  });
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
  CLI::App* override_stage =
      AddInJourney(shell, given, "override", "Put a customer into a stage; needs a --reason", Override);
  override_stage->add_option("stage", given->key, "The stage's key")->required()->type_name("STAGE");
  AddEntryKey(*override_stage, *given);
}

}  // namespace waymark::cli
