#include "services/cli/watch_command.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/cli/table.h"
#include "waymark/milestone/v1/milestone.pb.h"

namespace waymark::cli {
namespace {

constexpr char kFooter[] =
    R"(One line a change, until Ctrl-C. What a line says may be corrected by a later one: a late event can show that a stage was
entered at another time (revised), or never (retracted). With -o json each message is a JSON object whose `cursor` goes
on after it: --from takes it, here or in the next run, and nothing is left out or told twice.

Examples:
  waymark watch                                  everything from now on
  waymark watch --journey onboarding --stage adoption
  waymark watch --from CURSOR --once             what has changed since, and end)";

// As long as anybody waits.
constexpr absl::Duration kForEver = absl::Hours(24 * 365);

struct Wanted {
  std::string journey;
  std::vector<std::string> stages;
  std::vector<std::string> customers;
  std::string from;
  bool once = false;
};

std::string Name(milestone::v1::StageChangeKind kind) {
  return Short(milestone::v1::StageChangeKind_Name(kind), "STAGE_CHANGE_KIND_");
}

// `2026-05-04 09:00:00  acme  onboarding  entered adoption (from setup)`
std::string Line(const milestone::v1::StageChange& change) {
  const bool retracted = change.kind() == milestone::v1::STAGE_CHANGE_KIND_RETRACTED;
  std::string line =
      absl::StrCat(ShortTime(retracted ? change.previous_time() : change.time()), "  ", Printable(change.customer_id()),
                   "  ", change.journey_id(), "  ", Name(change.kind()));
  if (retracted) absl::StrAppend(&line, ": ", Name(change.retracted()));
  if (!change.stage_key().empty()) absl::StrAppend(&line, " ", change.stage_key());
  if (!change.previous_stage_key().empty()) absl::StrAppend(&line, " (from ", change.previous_stage_key(), ")");
  if (!change.exit_key().empty()) absl::StrAppend(&line, " by ", change.exit_key());
  if (change.kind() == milestone::v1::STAGE_CHANGE_KIND_REVISED) {
    absl::StrAppend(&line, " (told before: ", ShortTime(change.previous_time()), ")");
  }
  if (change.historical()) absl::StrAppend(&line, " (history)");
  return line;
}

absl::Status Watch(const Session& session, const Wanted& wanted) {
  milestone::v1::WatchStagesRequest request;
  request.set_journey_id(wanted.journey);
  for (const std::string& stage : wanted.stages) request.add_stage_keys(stage);
  for (const std::string& customer : wanted.customers) request.add_customer_ids(customer);
  request.set_cursor(wanted.from);
  request.set_catch_up_only(wanted.once);
  milestone::v1::WatchStagesResponse response;
  std::string cursor;
  absl::Status status = session.client.Stream(
      request, &response,
      [&] {
        cursor = response.cursor();
        if (WriteStructured(session, response)) {
          session.out << std::flush;
          return;
        }
        for (const milestone::v1::StageChange& change : response.changes()) session.out << Line(change) << "\n";
        session.out << std::flush;
      },
      kForEver);
  if (!cursor.empty() && session.format == Format::kTable) session.err << "go on with: --from " << cursor << "\n";
  return status;
}

}  // namespace

void AddWatchCommand(const Shell& shell) {
  const auto wanted = std::make_shared<Wanted>();
  CLI::App* command = shell.app.add_subcommand("watch", "Tell changes of stages as they come");
  command->footer(kFooter);
  command->add_option("--journey", wanted->journey, "Only in this journey")->type_name("JOURNEY");
  command->add_option("--stage", wanted->stages, "Only into or out of this stage; may be repeated")
      ->allow_extra_args(false)
      ->type_name("STAGE");
  command->add_option("--customer", wanted->customers, "Only of this customer; may be repeated")
      ->allow_extra_args(false)
      ->type_name("ID");
  command->add_option("--from", wanted->from, "Go on from this cursor instead of from now")->type_name("CURSOR");
  command->add_flag("--once", wanted->once, "End once everything until now was told");
  command->callback([shell, wanted] {
    shell.end(shell.with_server([wanted](const Session& session) { return Watch(session, *wanted); }));
  });
}

}  // namespace waymark::cli
