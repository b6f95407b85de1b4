#include "services/cli/replay_commands.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/cli/journey_source.h"
#include "services/cli/progress_line.h"
#include "services/cli/replay_tables.h"
#include "services/cli/table.h"
#include "services/cli/usage.h"
#include "waymark/journey/v1/journey.pb.h"
#include "waymark/journey/v1/persona.pb.h"
#include "waymark/journey/v1/segment.pb.h"
#include "waymark/milestone/v1/replay.pb.h"

namespace waymark::cli {
namespace {

namespace v1 = milestone::v1;

constexpr char kPreviewFooter[] =
    R"(The whole history of every customer is folded once more under the candidate, by the rules that run in production; nothing
is changed, and nobody is told anything.

Examples:
  waymark preview onboarding -f journey.yaml        an edited file, beside what is in force
  waymark preview onboarding --version 4            a draft, or any other version
  waymark preview onboarding --version 4 --base 2   two versions, for everybody
  waymark preview onboarding --version 4 --map --stage setup=start
                                                    who stands in setup put into start, the others where they are
  waymark preview onboarding -f journey.yaml --customer acme --customer globex)";

constexpr char kWhatIfFooter[] =
    R"(Both funnels over the same history: what if three reports were asked for, and not five?

Examples:
  waymark what-if onboarding -f journey.yaml
  waymark what-if onboarding --version 4 --as-of 2026-05-04T00:00:00Z)";

// What was given to any of the commands.
struct Given {
  std::string journey_id;
  std::vector<std::string> paths;
  uint32_t version = 0;
  uint32_t base = 0;
  bool pin = false;
  MoveChoice move;
  std::vector<std::string> customers;
  std::string as_of;
  int32_t limit = 10;
  bool repair = false;
};

// The rule of a segment in the edition that the definition names, or the newest; from the files where they have it.
absl::StatusOr<journey::v1::PinnedSegment> PinSegment(const Session& session, const JourneySource& source,
                                                      journey::v1::SegmentRef& ref) {
  journey::v1::PinnedSegment pinned;
  pinned.set_segment_id(ref.segment_id());
  if (const auto here = source.segments.find(ref.segment_id()); here != source.segments.end()) {
    *pinned.mutable_criterion() = here->second.criterion();
    return pinned;
  }
  journey::v1::GetSegmentRequest request;
  request.set_segment_id(ref.segment_id());
  request.set_number(ref.number());
  ASSIGN_OR_RETURN(const auto answer, session.client.Get<journey::v1::GetSegmentResponse>(request));
  ref.set_number(answer.segment().number());
  pinned.set_number(ref.number());
  *pinned.mutable_criterion() = answer.segment().definition().criterion();
  return pinned;
}

// Takes the definition as the candidate, its personas and segments pinned as publishing would.
absl::Status TakeCandidate(const Session& session, JourneySource source, v1::Replay& replay) {
  for (journey::v1::PersonaRef& ref : *source.definition.mutable_personas()) {
    if (ref.number() != 0) continue;
    journey::v1::GetPersonaRequest request;
    request.set_persona_id(ref.persona_id());
    const auto answer = session.client.Get<journey::v1::GetPersonaResponse>(request);
    // One that is only in the file decides nothing here.
    if (answer.ok()) ref.set_number(answer->persona().number());
  }
  for (journey::v1::SegmentRef& ref : *source.definition.mutable_segments()) {
    ASSIGN_OR_RETURN(*replay.add_segments(), PinSegment(session, source, ref));
  }
  *replay.mutable_definition() = std::move(source.definition);
  return absl::OkStatus();
}

// Keys written OLD=NEW.
absl::Status FillKeys(absl::string_view option, const std::vector<std::string>& pairs, v1::Replay& replay,
                      google::protobuf::Map<std::string, std::string>* (journey::v1::KeyMap::*keys)()) {
  for (const std::string& pair : pairs) {
    const std::vector<std::string> parts = absl::StrSplit(pair, '=');
    if (parts.size() != 2 || parts[0].empty() || parts[1].empty()) {
      return UsageError(absl::StrCat(option, ": \"", pair, "\" is not OLD=NEW, such as setup=start"));
    }
    (*(replay.mutable_map()->*keys)())[parts[0]] = parts[1];
  }
  return absl::OkStatus();
}

// What is compared, and in words.
absl::StatusOr<std::string> Fill(const Session& session, const Given& given, v1::Replay& replay) {
  if (given.paths.empty() == (given.version == 0)) {
    return UsageError("name the candidate: a file with -f, or a version with --version");
  }
  replay.set_journey_id(given.journey_id);
  replay.set_base_number(given.base);
  replay.set_migration(given.pin             ? journey::v1::MIGRATION_PIN
                       : given.move.by_map() ? journey::v1::MIGRATION_MAP
                                             : journey::v1::MIGRATION_REPLAY);
  RETURN_IF_ERROR(FillKeys("--stage", given.move.stages, replay, &journey::v1::KeyMap::mutable_stages));
  RETURN_IF_ERROR(FillKeys("--milestone", given.move.milestones, replay, &journey::v1::KeyMap::mutable_milestones));
  for (const std::string& customer : given.customers) replay.add_customer_ids(customer);
  if (!given.as_of.empty()) {
    absl::Time as_of;
    std::string wrong;
    if (!absl::ParseTime(absl::RFC3339_full, given.as_of, &as_of, &wrong)) {
      return UsageError("--as-of: write a time such as 2026-05-04T09:00:00Z");
    }
    replay.mutable_as_of()->set_seconds(absl::ToUnixSeconds(as_of));
  }
  std::string candidate;
  if (!given.paths.empty()) {
    ASSIGN_OR_RETURN(JourneySource source, ReadJourney(given.paths, given.journey_id, session.err));
    candidate = source.label;
    RETURN_IF_ERROR(TakeCandidate(session, std::move(source), replay));
  } else {
    journey::v1::GetVersionRequest request;
    request.set_journey_id(given.journey_id);
    request.set_number(given.version);
    ASSIGN_OR_RETURN(const auto answer, session.client.Get<journey::v1::GetVersionResponse>(request));
    candidate = absl::StrCat("version ", given.version);
    if (answer.version().state() == journey::v1::VERSION_STATE_DRAFT) {
      candidate = absl::StrCat("draft ", given.version);
      JourneySource source{.definition = answer.version().definition()};
      RETURN_IF_ERROR(TakeCandidate(session, std::move(source), replay));
    } else {
      replay.set_number(given.version);
    }
  }
  return absl::StrCat(given.journey_id, ": ", candidate, " beside ",
                      given.base != 0 ? absl::StrCat("version ", given.base) : "what is in force");
}

// Calls, shows how far it is, and returns the report. Findings about the candidate are told on `err`.
template <typename Report, typename Response, typename Request>
absl::StatusOr<Report> Ask(const Session& session, const Request& request) {
  ProgressLine line(session.err, session.is_terminal, "customers");
  Response response;
  Report report;
  const absl::Status status = session.client.Stream(request, &response, [&] {
    if (response.has_report()) report = std::move(*response.mutable_report());
    if (!response.has_progress() || response.progress().customers_all() == 0) return;
    line.Show(static_cast<double>(response.progress().customers_done()) /
                  static_cast<double>(response.progress().customers_all()),
              response.progress().customers_done());
  });
  if (status.ok()) return report;
  for (const FieldViolation& violation : ViolationsOf(status)) {
    session.err << Printable(absl::StrCat(absl::StripPrefix(violation.field, "replay."), ": ", violation.description))
                << "\n";
  }
  return status;
}

absl::Status Preview(const Session& session, const Given& given) {
  v1::PreviewVersionRequest request;
  ASSIGN_OR_RETURN(const std::string title, Fill(session, given, *request.mutable_replay()));
  request.set_change_limit(given.limit);
  ASSIGN_OR_RETURN(const v1::PreviewReport report,
                   (Ask<v1::PreviewReport, v1::PreviewVersionResponse>(session, request)));
  if (!WriteStructured(session, report)) ShowPreview(title, report, session.out);
  return absl::OkStatus();
}

absl::Status WhatIf(const Session& session, const Given& given) {
  v1::WhatIfRequest request;
  ASSIGN_OR_RETURN(const std::string title, Fill(session, given, *request.mutable_replay()));
  ASSIGN_OR_RETURN(const v1::WhatIfReport report, (Ask<v1::WhatIfReport, v1::WhatIfResponse>(session, request)));
  if (!WriteStructured(session, report)) ShowWhatIf(title, report, session.out);
  return absl::OkStatus();
}

absl::Status Recompute(const Session& session, const Given& given) {
  v1::RecomputeRequest request;
  for (const std::string& customer : given.customers) request.add_customer_ids(customer);
  request.set_repair(given.repair);
  ASSIGN_OR_RETURN(const v1::RecomputeReport report,
                   (Ask<v1::RecomputeReport, v1::RecomputeResponse>(session, request)));
  if (!WriteStructured(session, report)) ShowRecompute(report, session.out);
  return absl::OkStatus();
}

void AddCustomers(CLI::App& command, Given& given) {
  command.add_option("--customer", given.customers, "Only this customer; may be repeated")
      ->allow_extra_args(false)
      ->type_name("ID");
}

void AddReplay(CLI::App& command, Given& given) {
  command.add_option("journey", given.journey_id, "The journey's id")->required()->type_name("JOURNEY");
  command.add_option("-f,--file", given.paths, "The candidate: files or folders, or - for standard input")
      ->type_name("PATH");
  command.add_option("--version", given.version, "The candidate: a draft or a published version")->type_name("NUMBER");
  command.add_option("--base", given.base, "Compare with this published version, instead of what each is pinned to")
      ->type_name("NUMBER");
  CLI::Option* pin =
      command.add_flag("--pin", given.pin, "Those in the journey stay on their version; it is about who is not");
  AddMapOptions(command, *pin, given.move);
  command.add_option("--as-of", given.as_of, "Up to when to look, such as 2026-05-04T09:00:00Z; now where not given")
      ->type_name("TIME");
  AddCustomers(command, given);
}

}  // namespace

void AddMapOptions(CLI::App& command, CLI::Option& other, MoveChoice& choice) {
  command.add_flag("--map", choice.map, "Those under way move to the stage of the same key, or as --stage says");
  command.add_option("--stage", choice.stages, "Who stands in stage OLD is put into NEW; may be repeated")
      ->allow_extra_args(false)
      ->type_name("OLD=NEW");
  command.add_option("--milestone", choice.milestones, "Who has achieved OLD has achieved NEW; may be repeated")
      ->allow_extra_args(false)
      ->type_name("OLD=NEW");
  for (const char* option : {"--map", "--stage", "--milestone"}) other.excludes(option);
}

absl::StatusOr<journey::v1::MigrationPlan> PlanMove(const Session& session, const std::string& journey_id,
                                                    uint32_t number, const MoveChoice& choice) {
  v1::PreviewVersionRequest request;
  ASSIGN_OR_RETURN(const std::string title, Fill(session, {.journey_id = journey_id, .version = number, .move = choice},
                                                 *request.mutable_replay()));
  request.set_change_limit(10);
  ASSIGN_OR_RETURN(const v1::PreviewReport report,
                   (Ask<v1::PreviewReport, v1::PreviewVersionResponse>(session, request)));
  ShowPreview(title, report, session.out);
  session.out << "\n";
  if (!report.unmapped_stage_keys().empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the map leaves out where customers stand: name --stage ", report.unmapped_stage_keys(0), "=NEW"));
  }
  return report.plan();
}

void AddReplayCommands(const Shell& shell) {
  const auto given = std::make_shared<Given>();
  const auto run = [&](CLI::App& command, absl::Status (*act)(const Session&, const Given&)) {
    command.callback([shell, given, act] {
      shell.end(shell.with_server([given, act](const Session& session) { return act(session, *given); }));
    });
  };
  CLI::App* preview =
      shell.app.add_subcommand("preview", "See what a version would mean for everybody, before it is published");
  preview->footer(kPreviewFooter);
  AddReplay(*preview, *given);
  preview->add_option("--limit", given->limit, "Name at most so many customers, up to 1,000")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  run(*preview, Preview);
  CLI::App* what_if =
      shell.app.add_subcommand("what-if", "Lay the funnel of a version beside the present one, on the same history");
  what_if->footer(kWhatIfFooter);
  AddReplay(*what_if, *given);
  run(*what_if, WhatIf);
  CLI::App* recompute =
      shell.app.add_subcommand("recompute", "Fold whole histories anew and see that what is kept is right");
  AddCustomers(*recompute, *given);
  recompute->add_flag("--repair", given->repair, "Mend what differs; nothing is sent to anybody");
  run(*recompute, Recompute);
}

}  // namespace waymark::cli
