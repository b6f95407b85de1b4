#include "services/cli/journey_commands.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/document/document.h"
#include "services/cli/findings.h"
#include "services/cli/journey_diff.h"
#include "services/cli/journey_map.h"
#include "services/cli/journey_source.h"
#include "services/cli/journey_templates.h"
#include "services/cli/publication.h"
#include "services/cli/scenarios.h"
#include "services/cli/schema.h"
#include "services/cli/usage.h"
#include "waymark/manifest/v1/manifest.pb.h"

namespace waymark::cli {
namespace {

constexpr char kJourneyFooter[] =
    R"(From an idea to a journey in force:
  waymark journey init --template saas           files to start from
  waymark validate -f saas.yaml                  what is wrong with them
  waymark test saas.yaml                         whether its scenarios hold
  waymark journey diff onboarding saas.yaml      what would be different
  waymark apply -f saas.yaml --publish           put it into force)";

constexpr char kTestFooter[] =
    R"(A scenario is a history and what must come of it. It stands in the journey's file:

  scenarios:
    - key: buys_within_a_week
      persona_id: maker
      steps:
        - {event: signed_up}
        - {at: 3d, event: plan_bought, properties: {plan: team}}
      expect:
        - {at: 1d, stage: trial, not_achieved: [bought]}
        - {stage: paid, achieved: [bought]}

It is run by the rules that run in production; a version is published only where all of its scenarios hold.)";

constexpr char kDiffFooter[] =
    R"(A side is a file, or a version on the server such as onboarding@3; without a number the published one.

Examples:
  waymark journey diff onboarding@1 onboarding@2
  waymark journey diff onboarding journey.yaml
  waymark journey diff old.yaml new.yaml)";

constexpr char kRenderFooter[] =
    R"(Examples:
  waymark journey render -f trial.yaml > trial.svg          a picture for a slide
  waymark journey render -f trial.yaml -o mermaid           for a README or a wiki
  waymark journey render onboarding --overlay > live.svg    with how many customers stand where)";

// What was given to any of the commands.
struct Given {
  std::vector<std::string> paths;
  std::string journey_id;
  uint32_t number = 0;
  std::string map_format = "svg";
  bool overlay = false;
  std::string template_id;
  std::string folder = ".";
  std::string before;
  std::string after;
  MoveChoice move;
};

absl::StatusOr<JourneySource> Open(const Session* session, const std::string& text, const std::string& journey_id,
                                   std::ostream& err) {
  if (IsFile(text)) return ReadJourney({text}, journey_id, err);
  return FetchJourney(*session, text);
}

absl::Status DiffTwo(const Shell& shell, const Given& given) {
  const auto show = [&](const Session* session) -> absl::Status {
    // A file with several journeys is about the one on the other side.
    const bool both_files = IsFile(given.before) && IsFile(given.after);
    std::string id;
    if (!both_files) {
      const std::string& version = IsFile(given.before) ? given.after : given.before;
      id = version.substr(0, version.find('@'));
    }
    ASSIGN_OR_RETURN(const JourneySource before, Open(session, given.before, id, shell.err));
    ASSIGN_OR_RETURN(const JourneySource after,
                     Open(session, given.after, both_files ? before.journey_id : id, shell.err));
    ShowDifferences(before, after, shell.format(), shell.out);
    return absl::OkStatus();
  };
  if (IsFile(given.before) && IsFile(given.after)) return show(nullptr);
  return shell.with_server([&](const Session& session) { return show(&session); });
}

absl::Status Render(const Shell& shell, const Given& given) {
  if (given.journey_id.empty() == given.paths.empty()) {
    return UsageError("name a journey on the server, or a file with -f; see waymark journey render --help");
  }
  const MapFormat format = given.map_format == "svg" ? MapFormat::kSvg : MapFormat::kMermaid;
  if (given.paths.empty()) {
    return shell.with_server([&](const Session& session) -> absl::Status {
      ASSIGN_OR_RETURN(const VersionName version, ToVersionName(given.journey_id));
      journey::v1::MapOverlay overlay;
      if (given.overlay) {
        ASSIGN_OR_RETURN(overlay, LiveOverlay(session, version.journey_id));
      }
      ASSIGN_OR_RETURN(const std::string map, FetchMap(session, version, overlay, format));
      shell.out << map;
      return absl::OkStatus();
    });
  }
  ASSIGN_OR_RETURN(const JourneySource source, ReadJourney(given.paths, "", shell.err));
  if (!given.overlay) {
    shell.out << RenderMap(source, {}, format);
    return absl::OkStatus();
  }
  return shell.with_server([&](const Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(const journey::v1::MapOverlay overlay, LiveOverlay(session, source.journey_id));
    shell.out << RenderMap(source, overlay, format);
    return absl::OkStatus();
  });
}

// The version as the manifest that `waymark apply` takes.
absl::Status Export(const Session& session, const Given& given) {
  ASSIGN_OR_RETURN(
      const JourneySource source,
      FetchJourney(session, given.number == 0 ? given.journey_id : absl::StrCat(given.journey_id, "@", given.number)));
  manifest::v1::Manifest manifest;
  manifest.mutable_journey()->set_journey_id(source.journey_id);
  manifest.mutable_journey()->set_title(source.title);
  *manifest.mutable_journey()->mutable_definition() = source.definition;
  session.out << (session.format == Format::kJson ? document::WriteJson(manifest, document::Fields::kSet)
                                                  : document::WriteYaml(manifest, document::Fields::kSet));
  return absl::OkStatus();
}

void AddValidate(const Shell& shell, const std::shared_ptr<Given>& given) {
  CLI::App* validate =
      shell.app.add_subcommand("validate", "Tell everything that is wrong with files, without a server");
  validate->footer(
      "A line for each finding: file:line:column: field: what is wrong; what to do [CODE]. Warnings refuse nothing.\n"
      "Exit code 1 where there is an error.");
  validate->add_option("-f,--file", given->paths, "Files, folders, or - for standard input")
      ->required()
      ->type_name("PATH");
  validate->callback([shell, given] { shell.end(Validate(given->paths, shell.out, shell.err)); });
}

void AddTest(const Shell& shell, const std::shared_ptr<Given>& given) {
  CLI::App* test = shell.app.add_subcommand("test", "Run the scenarios of journeys in files, without a server");
  test->footer(kTestFooter);
  test->add_option("-f,--file,path", given->paths, "Files or folders; the folder here where none is given")
      ->type_name("PATH");
  test->callback([shell, given] {
    if (given->paths.empty()) given->paths = {"."};
    shell.end(TestScenarios(given->paths, shell.out, shell.err));
  });
}

void AddDiff(const Shell& shell, CLI::App& journey, const std::shared_ptr<Given>& given) {
  CLI::App* diff = journey.add_subcommand("diff", "Say in words what differs between two versions");
  diff->footer(kDiffFooter);
  diff->add_option("before", given->before, "The earlier one: a file, or JOURNEY@NUMBER")->required()->type_name("A");
  diff->add_option("after", given->after, "The later one")->required()->type_name("B");
  diff->callback([shell, given] { shell.end(DiffTwo(shell, *given)); });
}

void AddInit(const Shell& shell, CLI::App& journey, const std::shared_ptr<Given>& given) {
  CLI::App* init =
      journey.add_subcommand("init", "Write a ready journey as a file to edit; list them without --template");
  init->footer("Example:\n  waymark journey init --template saas journeys/");
  init->add_option("--template", given->template_id, "Which one")->type_name("NAME");
  init->add_option("folder", given->folder, "The folder to write to, made where it does not exist")
      ->type_name("DIR")
      ->capture_default_str();
  init->callback([shell, given] {
    if (!given->template_id.empty()) return shell.end(WriteTemplate(given->template_id, given->folder, shell.out));
    ListTemplates(shell.out);
    shell.end(absl::OkStatus());
  });
}

void AddRender(const Shell& shell, CLI::App& journey, const std::shared_ptr<Given>& given) {
  CLI::App* render =
      journey.add_subcommand("render", "Draw a journey's map: stages, milestones, touchpoints, feelings");
  render->footer(kRenderFooter);
  render->add_option("journey", given->journey_id, "A version on the server, such as onboarding or onboarding@3")
      ->type_name("JOURNEY");
  render->add_option("-f,--file", given->paths, "Files or folders with one journey")->type_name("PATH");
  render->add_option("-o,--output", given->map_format, "svg or mermaid")
      ->check(CLI::IsMember({"svg", "mermaid"}))
      ->capture_default_str();
  render->add_flag("--overlay", given->overlay, "Add the live funnel's numbers to the stages");
  render->callback([shell, given] { shell.end(Render(shell, *given)); });
}

void AddPublish(const Shell& shell, CLI::App& journey, const std::shared_ptr<Given>& given) {
  CLI::App* publish =
      journey.add_subcommand("publish", "Put a version into force, and wait until every customer is evaluated by it");
  publish->add_option("journey", given->journey_id, "The journey's id")->required()->type_name("JOURNEY");
  publish->add_option("number", given->number, "Which version; the newest where not given")->type_name("NUMBER");
  CLI::Option* replay =
      publish->add_flag("--replay", given->move.replay,
                        "Move those under way to it, as their whole history leads; shows a preview first");
  AddMapOptions(*publish, *replay, given->move);
  publish->callback([shell, given] {
    shell.end(shell.with_server([given](const Session& session) {
      return PublishJourney(session, given->journey_id, given->number, given->move);
    }));
  });
}

void AddExport(const Shell& shell, CLI::App& journey, const std::shared_ptr<Given>& given) {
  CLI::App* command =
      journey.add_subcommand("export", "Write a version as a file that apply takes; YAML, or JSON with -o json");
  command->add_option("journey", given->journey_id, "The journey's id")->required()->type_name("JOURNEY");
  command->add_option("number", given->number, "Which version; the published one where not given")->type_name("NUMBER");
  command->callback([shell, given] {
    shell.end(shell.with_server([given](const Session& session) { return Export(session, *given); }));
  });
}

void AddSchema(const Shell& shell, CLI::App& journey) {
  CLI::App* schema =
      journey.add_subcommand("schema", "Write the JSON Schema of such files, for editors that check and complete");
  schema->footer(
      "  waymark journey schema > waymark.schema.json\n"
      "and, as the first line of a file:\n"
      "  # yaml-language-server: $schema=waymark.schema.json");
  schema->callback([shell] {
    shell.out << ManifestSchema();
    shell.end(absl::OkStatus());
  });
}

}  // namespace

void AddJourneyCommands(const Shell& shell) {
  const auto given = std::make_shared<Given>();
  AddValidate(shell, given);
  AddTest(shell, given);
  CLI::App* journey = shell.app.add_subcommand("journey", "Begin, draw, compare, publish and export journeys");
  journey->require_subcommand(1);
  AddInit(shell, *journey, given);
  AddRender(shell, *journey, given);
  AddDiff(shell, *journey, given);
  AddPublish(shell, *journey, given);
  AddExport(shell, *journey, given);
  AddSchema(shell, *journey);
  journey->footer(kJourneyFooter);
}

}  // namespace waymark::cli
