#include "services/cli/command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "common/base/clock.h"
#include "common/base/errors.h"
#include "common/base/nearest.h"
#include "common/base/status.h"
#include "common/base/version.h"
#include "common/config/config.h"
#include "services/cli/analytics.h"
#include "services/cli/apply.h"
#include "services/cli/customer_commands.h"
#include "services/cli/demo.h"
#include "services/cli/dev.h"
#include "services/cli/import.h"
#include "services/cli/journey_commands.h"
#include "services/cli/questions.h"
#include "services/cli/replay_commands.h"
#include "services/cli/session.h"
#include "services/cli/shell.h"
#include "services/cli/table.h"
#include "services/cli/usage.h"
#include "services/cli/watch_command.h"
#include "services/cli/waymark_client.h"

namespace waymark::cli {
namespace {

constexpr char kSummary[] =
    R"(Waymark tells where each customer stands on the way to success, what is missing for the next step, and who is in danger.

New here? Start everything on this machine in one terminal, and ask in another:
  waymark dev --demo
  waymark funnel onboarding)";

constexpr char kFooter[] =
    R"(Examples:
  waymark apply -f journey.yaml --publish        put a journey into force
  waymark import events history.csv.gz           bring its customers' past
  waymark funnel onboarding                      see how far they come
  waymark get progress acme                      see what one of them lacks
  waymark list customers --journey onboarding -o json

Exit codes: 0 done; 1 refused by the server, or something in a file is wrong; 2 the command line is wrong; 3 no server
answers.)";

constexpr char kApplyFooter[] =
    R"(A file holds YAML documents separated by ---; each describes one journey, persona, segment, scorecard, playbook or channel in
the JSON form of waymark.manifest.v1.Manifest (protos/waymark/manifest/v1/manifest.proto has every field; `waymark journey
schema` tells editors of them). The shortest journey:

  journey:
    journey_id: onboarding
    title: Onboarding
    definition:
      entry: {triggers: [{first_event: {event_types: [signed_up]}}]}
      stages:
        - key: setup
          milestones:
            - key: connected
              scope: SCOPE_FROM_STAGE
              criterion: {event_count: {event_types: [data_connected], at_least: 1}}

Examples:
  waymark apply -f journey.yaml                  a draft; shows what changed
  waymark apply -f company/ --publish            a whole folder, put into force
  waymark apply -f company/ --dry-run            only shows what would change)";

constexpr char kImportFooter[] =
    R"(The file is CSV with a header (RFC 4180) or one JSON object per line, gzipped or not. Columns are found by the names that
events have (event_id, customer_id, user_id, type, event_time, source_sequence, properties); --columns says where they
are called otherwise. Times are RFC 3339 (2026-05-04T09:00:00Z), properties are a JSON object, and an empty cell is none.
Importing a file twice is safe: an event is known by its customer and event_id. History is marked as such and sends no
notification; --live has events acted on.

Examples:
  waymark import events history.csv.gz
  waymark import events log.csv --columns event_id=id,customer=account,type=action,time=at,properties=attrs
  generate-events | waymark import events - --live
  waymark import events all.csv.gz --workspace-before '|'    customer cells such as acme|17: workspace acme, customer 17)";

// What every command may be given.
struct Global {
  Server server;
  std::string key_file;
  std::string format = "table";
};

// One run of the command: the parsed command line and what it led to.
class Command {
 public:
  Command(std::ostream& out, std::ostream& err, bool err_is_terminal)
      : out_(out), err_(err), err_is_terminal_(err_is_terminal) {
    app_.name("waymark");
    app_.description(kSummary);
    app_.set_version_flag("--version", absl::StrCat("waymark ", Version()), "Tell this command's version and end");
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.get_formatter()->column_width(34);
    AddGlobalOptions();
    AddDev();
    AddApply();
    AddJourneyCommands(shell_);
    AddCustomerCommands(shell_);
    AddReplayCommands(shell_);
    AddWatchCommand(shell_);
    AddImport();
    AddGet();
    AddAnalyticsCommands(shell_);
    AddEventTypes();
    AddStuck();
    AddList();
    AddDemo();
    app_.add_subcommand("version", "Tell this command's version")->callback([this] {
      out_ << "waymark " << Version() << "\n";
    });
    app_.footer(kFooter);  // Last: commands made before do not repeat it.
  }

  ExitCode Run(std::vector<std::string> arguments) {
    const std::vector<std::string> given = arguments;
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back.
    try {
      app_.parse(std::move(arguments));
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) {
        app_.exit(error, out_, err_);  // --help
        return kDone;
      }
      return Tell(UsageError(WhatIsWrong(error, given)));
    }
    return Tell(result_);
  }

 private:
  using Ask = absl::Status (*)(const Session&, const Question&);

  void AddGlobalOptions() {
    app_.add_option("-s,--server", global_.server.address,
                    "Where Waymark listens: host:port, or journey=host:port,milestone=host:port,...")
        ->envname("WAYMARK_SERVER")
        ->capture_default_str();
    app_.add_option("-w,--workspace", global_.server.workspace,
                    "Which workspace; needed only where authentication is off or for a service's key")
        ->envname("WAYMARK_WORKSPACE");
    app_.add_option("--key-file", global_.key_file, "A file that holds the API key")->envname("WAYMARK_KEY_FILE");
    app_.add_option("--key", global_.server.key,
                    "The API key. Others on this machine can see it in the process list: prefer --key-file or the "
                    "environment")
        ->envname("WAYMARK_KEY");
    app_.add_option("--tls-ca", global_.server.tls_ca_file,
                    "Talk TLS; a PEM file with the certificate that signed the server's")
        ->envname("WAYMARK_TLS_CA");
    app_.add_option("-o,--output", global_.format, "How to show answers: table, json or yaml")
        ->check(CLI::IsMember({"table", "json", "yaml"}))
        ->capture_default_str();
  }

  void AddDev() {
    CLI::App* dev = app_.add_subcommand("dev", "Run all of Waymark on this machine, in one process, until Ctrl-C");
    dev->footer(
        "Nothing else needs to be installed: data are kept in SQLite files. Authentication is off, so only this "
        "machine is\nserved; --workspace chooses a workspace, `default` where it is not given.");
    dev->add_option("--data-dir", dev_.data_dir, "Where the data are kept")->capture_default_str();
    dev->add_option("--grpc-port", dev_.grpc_port, "The port on 127.0.0.1; 0 takes a free one")->capture_default_str();
    dev->add_option("--redis-url", dev_.redis_url,
                    "Keep the stage cache in this Redis (redis://HOST:PORT/DB) instead of in the process")
        ->envname("WAYMARK_REDIS_URL");
    dev->add_flag("--demo", dev_.demo, "Load a company with 300 customers and a year of their history, the first time");
    dev->callback([this] { result_ = RunDev(dev_, out_, err_); });
  }

  void AddDemo() {
    CLI::App* demo = app_.add_subcommand("demo", "Write the demo company as files to look at, apply and import");
    demo->footer(
        "Then, the scorecard last, so that the first health is that of the whole year:\n"
        "  waymark apply -f DIR/journey.yaml --publish\n"
        "  waymark import events DIR/events.csv.gz\n"
        "  waymark apply -f DIR --publish");
    demo->add_option("--out", demo_folder_, "The folder to write to")->required()->type_name("DIR");
    demo->add_option("--end", demo_end_, "The day its year ends on, such as 2026-05-04; today where not given")
        ->type_name("DATE");
    demo->callback([this] { result_ = Demo(); });
  }

  absl::Status Demo() {
    absl::CivilDay end = absl::ToCivilDay(RealClock().Now(), absl::UTCTimeZone());
    if (!demo_end_.empty() && !absl::ParseCivilTime(demo_end_, &end)) {
      return UsageError("--end: write a day, such as 2026-05-04");
    }
    RETURN_IF_ERROR(WriteDemo(demo_folder_, end));
    out_ << "wrote journey.yaml, scorecard.yaml, playbook.yaml and events.csv.gz into " << demo_folder_ << "\n";
    return absl::OkStatus();
  }

  void AddApply() {
    CLI::App* apply = app_.add_subcommand(
        "apply", "Make journeys, personas, segments, scorecards, playbooks and channels be as files say");
    apply->footer(kApplyFooter);
    apply->add_option("-f,--file", apply_.paths, "Files, folders, or - for standard input")
        ->required()
        ->type_name("PATH");
    apply->add_flag("--publish", apply_.publish,
                    "Put new versions into force, and wait until every customer is evaluated by them");
    apply->add_flag("--dry-run", apply_.dry_run, "Only show what would change");
    apply->callback(
        [this] { result_ = WithServer([this](const Session& session) { return Apply(session, apply_); }); });
  }

  void AddImport() {
    CLI::App* import = app_.add_subcommand("import", "Send what happened");
    import->require_subcommand(1);
    CLI::App* events = import->add_subcommand("events", "Send a file's events and tell what became of them");
    events->footer(kImportFooter);
    events->add_option("file", import_.path, "The file, or - for standard input")->required()->type_name("FILE");
    events->add_option("--columns", columns_,
                       "Which column is which: event_id=…,customer=…,user=…,type=…,time=…,sequence=…,properties=…");
    events->add_option("--separator", import_.read.separator, "What separates CSV cells")->capture_default_str();
    events->add_option("--only", only_, "Send only rows with this value in this column: COLUMN=VALUE; may be repeated")
        ->allow_extra_args(false);
    events->add_option("--workspace-before", workspace_before_,
                       "What stands before this in the customer's cell is the workspace, the rest the customer");
    events->add_flag("--live", import_.live, "The events are news, not history: they set off playbooks");
    events
        ->add_option("--order", order_, "file, or shuffle:SEED to send in a random order (reads the whole file first)")
        ->capture_default_str();
    events->add_option("--repeat", repeat_, "MAX:SEED sends each event 1 to MAX times; for tests of duplicates");
    events->add_option("--connections", import_.connections, "How many connections at once, 1 to 64")
        ->capture_default_str();
    events->add_option("--batch", import_.batch, "Events in a call, 1 to 1000")->capture_default_str();
    events->callback([this] { result_ = Import(); });
  }

  void AddGet() {
    CLI::App* get = app_.add_subcommand("get", "Ask about one customer");
    get->require_subcommand(1);
    AddGetOne(*get, "customer", "Who it is and where it stands", ShowCustomer);
    CLI::App* stage = AddGetOne(*get, "stage", "The current stage of each journey, from the cache", ShowStage);
    CLI::App* progress = AddGetOne(*get, "progress", "Every stage and milestone, and what is missing", ShowProgress);
    CLI::App* health = AddGetOne(*get, "health", "The health score and what each measure contributed", ShowHealth);
    CLI::App* timeline =
        AddGetOne(*get, "timeline", "What happened and what was concluded from it, by time", ShowTimeline);
    for (CLI::App* command : {stage, progress}) AddJourneyOption(*command);
    for (CLI::App* command : {stage, progress, health}) {
      command->add_flag("--fresh", question_.fresh, "Answer from the database, with everything up to now");
    }
    AddScorecardOption(*health);
    AddLimitOption(*timeline);
    timeline->add_option("--as-of", question_.as_of, "Only what had happened by then")->type_name("TIME");
    timeline->add_option("--as-known", question_.as_known, "Only what was known then, as it was known")
        ->type_name("TIME");
  }

  void AddStuck() {
    CLI::App* stuck = app_.add_subcommand("stuck", "Who stands in a stage for too long, the longest first");
    stuck->add_option("journey", question_.id, "In which journey")->required()->type_name("ID");
    stuck->add_option("--stage", question_.stage, "Only those standing in this stage");
    stuck->add_option("--min-pace", question_.min_pace, "Only those whose pace is at least so bad; behind by default")
        ->check(CLI::IsMember({"late", "behind", "stuck"}))
        ->type_name("PACE");
    AddLimitOption(*stuck);
    stuck->callback([this] { AskServer(ListStuck); });
  }

  CLI::App* AddGetOne(CLI::App& get, const char* name, const char* help, Ask ask) {
    CLI::App* command = get.add_subcommand(name, help);
    command->add_option("customer", question_.id, "The customer's id")->required()->type_name("ID");
    command->callback([this, ask] { AskServer(ask); });
    return command;
  }

  void AddEventTypes() {
    app_.add_subcommand("event-types", "What happens: the types of events, how often, and to how many customers")
        ->callback([this] { AskServer(ListEventTypes); });
  }

  void AddList() {
    CLI::App* list = app_.add_subcommand("list", "List what there is");
    list->require_subcommand(1);
    AddListOne(*list, "journeys", "Journeys", ListJourneys);
    CLI::App* customers = AddListOne(*list, "customers", "Customers and where they stand", ListCustomers);
    AddListOne(*list, "scorecards", "Scorecards", ListScorecards);
    CLI::App* health = AddListOne(*list, "health", "Customers' health on a scorecard", ListHealth);
    AddListOne(*list, "playbooks", "Playbooks", ListPlaybooks);
    AddListOne(*list, "channels", "Channels", ListChannels);
    CLI::App* deliveries =
        AddListOne(*list, "deliveries", "Notifications sent and to be sent, newest first", ListDeliveries);
    AddJourneyOption(*customers);
    customers->add_option("--stage", question_.stage, "Only those standing in this stage; needs --journey");
    AddScorecardOption(*health);
    health->add_option("--band", question_.band, "Only those in this band: red, yellow, green or insufficient_data")
        ->check(CLI::IsMember({"red", "yellow", "green", "insufficient_data"}))
        ->type_name("BAND");
    deliveries->add_option("--customer", question_.customer, "Only those about this customer");
  }

  CLI::App* AddListOne(CLI::App& list, const char* name, const char* help, Ask ask) {
    CLI::App* command = list.add_subcommand(name, help);
    AddLimitOption(*command);
    command->callback([this, ask] { AskServer(ask); });
    return command;
  }

  void AddJourneyOption(CLI::App& command) { command.add_option("--journey", question_.journey, "Only this journey"); }
  void AddScorecardOption(CLI::App& command) {
    command.add_option("--scorecard", question_.scorecard, "Which scorecard; not needed where there is one");
  }
  void AddLimitOption(CLI::App& command) {
    command.add_option("--limit", question_.limit, "At most so many rows; 0 shows all")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
  }

  void AskServer(Ask ask) {
    result_ = WithServer([this, ask](const Session& session) { return ask(session, question_); });
  }

  absl::Status WithServer(const std::function<absl::Status(const Session&)>& act) {
    Server server = global_.server;
    if (!global_.key_file.empty()) {
      absl::StatusOr<std::string> key = config::ReadSecretFile(global_.key_file);
      if (!key.ok()) return UsageError(absl::StrCat("--key-file: ", key.status().message()));
      server.key = *std::move(key);
    }
    ASSIGN_OR_RETURN(const std::unique_ptr<WaymarkClient> client, WaymarkClient::Create(server));
    if (client->ShowsKeyToTheNetwork()) {
      err_ << "waymark: the key travels unencrypted to " << Printable(server.address)
           << "; --tls-ca has it encrypted\n";
    }
    return act(Session{
        .client = *client, .format = ChosenFormat(), .out = out_, .err = err_, .is_terminal = err_is_terminal_});
  }

  Format ChosenFormat() const {
    return global_.format == "json" ? Format::kJson : global_.format == "yaml" ? Format::kYaml : Format::kTable;
  }

  absl::Status Import() {
    ASSIGN_OR_RETURN(import_.read.columns, Columns::Parse(columns_));
    for (const std::string& pair : only_) {
      const std::vector<std::string> sides = absl::StrSplit(pair, absl::MaxSplits('=', 1));
      if (sides.size() != 2) return UsageError("--only: write COLUMN=VALUE");
      import_.read.only.emplace(sides[0], sides[1]);
    }
    if (!workspace_before_.empty()) import_.read.workspace_before = workspace_before_;
    RETURN_IF_ERROR(import_.arrangement.SetOrder(order_));
    if (!repeat_.empty()) RETURN_IF_ERROR(import_.arrangement.SetRepeat(repeat_));
    return WithServer([this](const Session& session) { return ImportEvents(session, import_); });
  }

  // What CLI11 found, on one line, with the nearest name for one that does not exist, and where to read on.
  std::string WhatIsWrong(const CLI::ParseError& error, const std::vector<std::string>& given) const {
    const CLI::App* command = &app_;
    std::string help = "waymark";
    std::string what = absl::StrJoin(absl::StrSplit(error.what(), '\n', absl::SkipEmpty()), " ");
    for (const std::string& word : given) {
      if (const CLI::App* next = FindSubcommand(*command, word); next != nullptr) {
        command = next;
        absl::StrAppend(&help, " ", word);
      } else if (const std::optional<std::string> meant = Nearest(word, NamesAt(*command)); meant.has_value()) {
        if (*meant != word) what = absl::StrCat("\"", word, "\" is not known; did you mean ", *meant, "?");
      }
    }
    return absl::StrCat(what, "; see ", help, " --help");
  }

  static const CLI::App* FindSubcommand(const CLI::App& command, const std::string& name) {
    for (const CLI::App* one : command.get_subcommands(nullptr)) {
      if (one->get_name() == name) return one;
    }
    return nullptr;
  }

  // What may stand after a command: its commands and options, and the global ones.
  std::vector<std::string> NamesAt(const CLI::App& command) const {
    std::vector<std::string> names;
    for (const CLI::App* one : command.get_subcommands(nullptr)) names.push_back(one->get_name());
    for (const CLI::App* app : {&command, &app_}) {
      for (const CLI::Option* option : app->get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back(absl::StrCat("--", name));
      }
    }
    return names;
  }

  ExitCode Tell(const absl::Status& status) {
    if (status.ok()) return kDone;
    if (IsUnreachable(status)) {
      err_ << "waymark: no server answers at " << Printable(global_.server.address)
           << "; start one with `waymark dev`, or name it by --server or WAYMARK_SERVER\n";
      return kUnreachable;
    }
    err_ << "waymark: " << Printable(status.message()) << "\n";
    return ReasonOf(status) == "USAGE" ? kWrongUsage : kFailed;
  }

  std::ostream& out_;
  std::ostream& err_;
  const bool err_is_terminal_;
  CLI::App app_;
  Global global_;
  DevOptions dev_;
  std::string demo_folder_;
  std::string demo_end_;
  ApplyOptions apply_;
  ImportOptions import_;
  std::string columns_;
  std::vector<std::string> only_;
  std::string workspace_before_;
  std::string order_ = "file";
  std::string repeat_;
  Question question_;
  absl::Status result_;
  const Shell shell_{.app = app_,
                     .out = out_,
                     .err = err_,
                     .format = [this] { return ChosenFormat(); },
                     .with_server = [this](const auto& act) { return WithServer(act); },
                     .end = [this](absl::Status status) { result_ = std::move(status); }};
};

}  // namespace

ExitCode Run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err, bool err_is_terminal) {
  return Command(out, err, err_is_terminal).Run(arguments);
}

}  // namespace waymark::cli
