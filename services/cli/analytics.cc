#include "services/cli/analytics.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "common/base/status.h"
#include "services/cli/session.h"
#include "services/cli/table.h"
#include "services/cli/times.h"
#include "services/cli/usage.h"
#include "waymark/milestone/v1/analytics.pb.h"

namespace waymark::cli {
namespace {

namespace v1 = milestone::v1;

constexpr auto kRight = Table::Align::kRight;

constexpr char kCohortFooter[] =
    "Times are RFC 3339 (2026-05-04T09:00:00Z) or days (2026-05-04), which begin at midnight UTC.\n";

constexpr char kRevenueFooter[] =
    R"(A source is an event type and the property that holds the amount: what the customer brings from then on, or, with a +,
how much that changes; behind a colon the kind of growth: new, renewal, resell, cross-sell or upsell. A type alone ends
what the customer brings.

Example:
  waymark revenue onboarding --start 2026-01-01 --source signed=contract.value:new \
    --source seats_added=+price:upsell --source subscription_cancelled)";

// What was given to any of the commands.
struct Given {
  std::string journey_id;
  uint32_t version = 0;
  std::string from;
  std::string until;
  std::string as_of;
  std::string segment;
  bool open = false;
  std::string from_stage;
  std::string by = "drop-off";
  std::string between = "stages";
  int32_t limit = 30;
  std::string customer;
  std::string start;
  std::string end;
  std::vector<std::string> sources;
};

// Asks about the journey and the cohort that were given, and writes the answer where it is wanted as it is.
template <typename Response, typename Request>
absl::StatusOr<Response> Ask(const Session& session, const Given& given, Request request) {
  request.set_journey_id(given.journey_id);
  v1::Cohort& cohort = *request.mutable_cohort();
  cohort.set_version(given.version);
  cohort.set_segment_id(given.segment);
  if (!given.from.empty()) RETURN_IF_ERROR(ReadTime("--from", given.from, cohort.mutable_enrolled_from()));
  if (!given.until.empty()) RETURN_IF_ERROR(ReadTime("--until", given.until, cohort.mutable_enrolled_until()));
  if (!given.as_of.empty()) RETURN_IF_ERROR(ReadTime("--as-of", given.as_of, cohort.mutable_as_of()));
  return session.client.Get<Response>(request);
}

// `onboarding, version 1: 300 customers`, and what is to be known of the numbers below.
template <typename Response>
void WriteHead(const Session& session, const Given& given, const Response& answer, const std::string& whose) {
  session.out << Printable(answer.journey_id()) << ", version " << answer.version() << ": " << whose;
  if (!given.as_of.empty()) session.out << ", as of " << ShortTime(answer.as_of());
  if (answer.pending_customers() > 0) {
    session.out << "; " << Grouped(answer.pending_customers())
                << " still to be evaluated, so these numbers are not final";
  }
  session.out << "\n\n";
}

absl::Status ShowFunnel(const Session& session, const Given& given) {
  v1::GetFunnelRequest request;
  request.set_include_open(given.open);
  ASSIGN_OR_RETURN(const auto funnel, Ask<v1::GetFunnelResponse>(session, given, request));
  if (WriteStructured(session, funnel)) return absl::OkStatus();
  WriteHead(session, given, funnel,
            funnel.customers() == funnel.enrolled()
                ? Count(funnel.customers(), "customer")
                : absl::StrCat(Count(funnel.enrolled(), "enrollment"), " of ", Count(funnel.customers(), "customer")));
  // Nobody leaves most journeys: the column is shown where somebody has.
  bool left = false;
  for (const v1::FunnelStage& stage : funnel.stages()) left = left || stage.left() > 0;
  std::vector<Table::Column> columns = {{"STAGE"}, {"ENTERED", kRight}, {"COMPLETED", kRight}, {"HERE NOW", kRight}};
  if (left) columns.push_back({"LEFT", kRight});
  if (given.open) columns.push_back({"IN ANY ORDER", kRight});
  columns.insert(columns.end(), {{"OF ALL", kRight}, {""}});
  Table table(columns);
  for (const v1::FunnelStage& stage : funnel.stages()) {
    std::vector<std::string> cells = {stage.title(), Grouped(stage.entered()), Grouped(stage.completed()),
                                      Grouped(stage.present())};
    if (left) cells.push_back(Grouped(stage.left()));
    if (given.open) cells.push_back(Grouped(stage.open()));
    cells.insert(cells.end(), {Percent(stage.conversion()), Bar(stage.conversion(), 30)});
    table.Add(cells);
  }
  session.out << table.Render();
  return absl::OkStatus();
}

// Finished, not finished, and the times.
std::vector<std::string> CellsOf(const v1::TimeSummary& times) {
  return {Grouped(times.finished()), Grouped(times.unfinished()), times.has_p50() ? ShortSpan(times.p50()) : "-",
          times.has_p90() ? ShortSpan(times.p90()) : "-", times.has_median() ? ShortSpan(times.median()) : "-"};
}

absl::Status ShowDwell(const Session& session, const Given& given) {
  v1::GetDwellRequest request;
  request.set_from_stage_key(given.from_stage);
  ASSIGN_OR_RETURN(const auto dwell, Ask<v1::GetDwellResponse>(session, given, request));
  if (WriteStructured(session, dwell)) return absl::OkStatus();
  WriteHead(session, given, dwell, Count(dwell.enrolled(), "enrollment"));
  const std::vector<Table::Column> times = {{"NOT YET", kRight}, {"P50", kRight}, {"P90", kRight}, {"MEDIAN", kRight}};
  const auto with_times = [&](std::vector<Table::Column> columns) {
    columns.insert(columns.end(), times.begin(), times.end());
    return columns;
  };
  std::vector<Table::Column> stage_columns = with_times({{"IN THE STAGE"}, {"MOVED ON", kRight}});
  stage_columns.push_back({"TARGET", kRight});
  Table stages(stage_columns);
  const std::string start = given.from_stage.empty() ? "ENROLLMENT" : absl::AsciiStrToUpper(given.from_stage);
  Table since(with_times({{absl::StrCat("FROM ", start, " TO")}, {"THERE", kRight}}));
  for (const v1::StageDwell& stage : dwell.stages()) {
    std::vector<std::string> cells = CellsOf(stage.stay());
    cells.insert(cells.begin(), stage.title());
    cells.push_back(stage.has_target() ? ShortSpan(stage.target()) : "-");
    stages.Add(cells);
  }
  for (const v1::StageDwell& stage : dwell.stages()) {
    std::vector<std::string> cells = CellsOf(stage.since_start());
    if (stage.since_start().finished() + stage.since_start().unfinished() > 0) {
      cells.insert(cells.begin(), absl::StrCat("the end of ", stage.title()));
      since.Add(cells);
    }
    for (const v1::MilestoneDwell& milestone : dwell.milestones()) {
      const v1::TimeSummary& to = milestone.since_start();
      if (milestone.stage_key() != stage.stage_key() || to.finished() + to.unfinished() == 0) continue;
      cells = CellsOf(to);
      cells.insert(cells.begin(), absl::StrCat("  ", milestone.title()));
      since.Add(cells);
    }
  }
  session.out << stages.Render() << "\n"
              << since.Render()
              << "\nP50 and P90 are of those who are done; MEDIAN counts those who are not, too (Kaplan-Meier).\n";
  return absl::OkStatus();
}

absl::Status ShowFriction(const Session& session, const Given& given) {
  v1::GetFrictionRequest request;
  request.set_order(given.by == "overdue" ? v1::FRICTION_ORDER_OVERDUE
                    : given.by == "dwell" ? v1::FRICTION_ORDER_DWELL
                                          : v1::FRICTION_ORDER_DROP_OFF);
  ASSIGN_OR_RETURN(const auto friction, Ask<v1::GetFrictionResponse>(session, given, request));
  if (WriteStructured(session, friction)) return absl::OkStatus();
  WriteHead(session, given, friction, Count(friction.enrolled(), "enrollment"));
  Table table({{"STAGE"},
               {"MILESTONE"},
               {"ENTERED", kRight},
               {"DONE", kRight},
               {"WAITING", kRight},
               {"LEFT", kRight},
               {"DROP-OFF", kRight},
               {"OVERDUE", kRight},
               {"P50", kRight},
               {"TARGET", kRight},
               {""}});
  std::map<std::string, std::string> titles;  // Of stages.
  for (const v1::FrictionPoint& point : friction.points()) {
    if (point.milestone_key().empty()) titles[point.stage_key()] = point.title();
  }
  for (const v1::FrictionPoint& point : friction.points()) {
    const double rank = given.by == "overdue" ? point.overdue_share()
                        : given.by == "dwell" ? point.dwell_against_target()
                                              : point.drop_off();
    const bool is_stage = point.milestone_key().empty();
    table.Add({titles[point.stage_key()], is_stage ? "" : point.title(), Grouped(point.entered()),
               Grouped(point.completed()), Grouped(point.waiting()), Grouped(point.left()), Percent(point.drop_off()),
               point.has_overdue_share() ? Percent(point.overdue_share()) : "-",
               point.dwell().has_p50() ? ShortSpan(point.dwell().p50()) : "-",
               point.has_target() ? ShortSpan(point.target()) : "-", Bar(rank, 15)});
  }
  session.out << table.Render();
  return absl::OkStatus();
}

std::string NameOf(const v1::PathNode& node) {
  switch (node.node_case()) {
    case v1::PathNode::kStageKey:
      return node.stage_key();
    case v1::PathNode::kEventType:
      return node.event_type();
    case v1::PathNode::kEnd:
    case v1::PathNode::NODE_NOT_SET:
      return absl::StrCat("(", Short(v1::PathEnd_Name(node.end()), "PATH_END_"), ")");
  }
  return "";
}

absl::Status ShowPaths(const Session& session, const Given& given) {
  v1::GetPathsRequest request;
  request.set_steps(given.between == "events" ? v1::PATH_STEPS_EVENTS : v1::PATH_STEPS_STAGES);
  request.set_max_links(given.limit);
  ASSIGN_OR_RETURN(const auto paths, Ask<v1::GetPathsResponse>(session, given, request));
  if (WriteStructured(session, paths)) return absl::OkStatus();
  WriteHead(session, given, paths, Count(paths.enrolled(), "enrollment"));
  Table links({{"FROM"}, {"TO"}, {"TIMES", kRight}, {"ENROLLMENTS", kRight}, {""}, {""}});
  const int64_t most = paths.links().empty() ? 0 : paths.links(0).times();
  for (const v1::PathLink& link : paths.links()) {
    links.Add({NameOf(link.from()), NameOf(link.to()), Grouped(link.times()), Grouped(link.enrollments()),
               Bar(static_cast<double>(link.times()) / static_cast<double>(most), 20),
               absl::StrCat(link.back() ? "back " : "", link.hidden() ? "not in the journey" : "")});
  }
  session.out << links.Render();
  if (paths.other_links() > 0) {
    session.out << "… and " << Count(paths.other_links(), "more way") << ", gone " << Count(paths.other_times(), "time")
                << "; --limit shows more\n";
  }
  if (!paths.rework().empty()) {
    Table rework({{"COME BACK TO"}, {"TIMES", kRight}, {"ENROLLMENTS", kRight}});
    for (const v1::Rework& one : paths.rework()) {
      rework.Add({NameOf(one.node()), Grouped(one.times()), Grouped(one.enrollments())});
    }
    session.out << "\n" << rework.Render();
  }
  if (!paths.hidden().empty()) {
    Table hidden({{"NOT IN THE JOURNEY"}, {"TIMES", kRight}, {"ENROLLMENTS", kRight}});
    for (const v1::HiddenEventType& one : paths.hidden()) {
      hidden.Add({one.event_type(), Grouped(one.times()), Grouped(one.enrollments())});
    }
    session.out << "\n" << hidden.Render();
  }
  return absl::OkStatus();
}

absl::Status ShowConformance(const Session& session, const Given& given) {
  v1::GetConformanceRequest request;
  request.set_customer_id(given.customer);
  ASSIGN_OR_RETURN(const auto conformance, Ask<v1::GetConformanceResponse>(session, given, request));
  if (WriteStructured(session, conformance)) return absl::OkStatus();
  WriteHead(
      session, given, conformance,
      absl::StrCat(Count(conformance.enrolled(), "enrollment"), ", ", Grouped(conformance.conforming()),
                   " of them with nothing ahead; ", Percent(conformance.share()), " of events in the designed order"));
  Table table({{"EVENTS"}, {"", kRight}, {""}});
  table.Add({"fit the stage", Grouped(conformance.fitting()), "it names them"});
  table.Add({"done again", Grouped(conformance.again()), "a stage passed names them"});
  table.Add({"ahead", Grouped(conformance.ahead()), "only later stages name them"});
  table.Add({"outside", Grouped(conformance.outside()), "the journey does not name them"});
  session.out << table.Render();
  if (conformance.deviations().empty()) return absl::OkStatus();
  Table deviations(
      {{"WHAT"}, {"IN STAGE"}, {""}, {"NAMED BY"}, {"TIMES", kRight}, {"ENROLLMENTS", kRight}, {"SUCH AS"}});
  for (const v1::Deviation& deviation : conformance.deviations()) {
    deviations.Add({deviation.event_type(), deviation.stage_key(),
                    Short(v1::DeviationKind_Name(deviation.kind()), "DEVIATION_KIND_"), deviation.named_by_stage_key(),
                    Grouped(deviation.times()), Grouped(deviation.enrollments()),
                    absl::StrCat(deviation.example_customer_id(), " ", deviation.example_event_id())});
  }
  session.out << "\n" << deviations.Render();
  return absl::OkStatus();
}

// `signed=contract.value:new`, `more=+contract.value:upsell`, `cancelled`.
absl::Status ReadSource(const std::string& text, v1::RevenueSource& to) {
  const size_t equals = text.rfind('=');
  to.set_event_type(text.substr(0, equals));
  if (equals == std::string::npos) return absl::OkStatus();
  std::string property = text.substr(equals + 1);
  to.set_amount(v1::REVENUE_AMOUNT_TOTAL);
  if (property.starts_with('+')) {
    to.set_amount(v1::REVENUE_AMOUNT_CHANGE);
    property.erase(0, 1);
  }
  if (const size_t colon = property.rfind(':'); colon != std::string::npos) {
    const std::string name = absl::AsciiStrToUpper(absl::StrReplaceAll(property.substr(colon + 1), {{"-", "_"}}));
    v1::RevenueKind kind;
    if (!v1::RevenueKind_Parse(absl::StrCat("REVENUE_KIND_", name), &kind)) {
      return UsageError("--source: what follows the colon is new, renewal, resell, cross-sell or upsell");
    }
    to.set_kind(kind);
    property.resize(colon);
  }
  if (property.empty()) return UsageError("--source: name a property behind the =, or leave out the =");
  to.set_property(property);
  return absl::OkStatus();
}

// `1,234.5`, to a hundredth.
std::string Amount(double amount) {
  const int64_t hundredths = std::llround(amount * 100);
  std::string text = Grouped(hundredths / 100);
  if (hundredths % 100 != 0) {
    absl::StrAppend(&text, absl::StrFormat(".%02d", hundredths % 100));
    if (text.back() == '0') text.pop_back();
  }
  return text;
}

absl::Status ShowRevenue(const Session& session, const Given& given) {
  v1::GetRevenueRequest request;
  RETURN_IF_ERROR(ReadTime("--start", given.start, request.mutable_from()));
  if (!given.end.empty()) RETURN_IF_ERROR(ReadTime("--end", given.end, request.mutable_until()));
  for (const std::string& source : given.sources) RETURN_IF_ERROR(ReadSource(source, *request.add_sources()));
  ASSIGN_OR_RETURN(const auto revenue, Ask<v1::GetRevenueResponse>(session, given, request));
  if (WriteStructured(session, revenue)) return absl::OkStatus();
  const v1::RevenueRetention& total = revenue.total();
  WriteHead(session, given, revenue,
            absl::StrCat(Count(total.customers(), "customer"), " with revenue at ", ShortTime(request.from()),
                         "; until ", ShortTime(revenue.as_of())));
  Table table({{"STAGE AT FIRST"},
               {"CUSTOMERS", kRight},
               {"CHURNED", kRight},
               {"BEFORE", kRight},
               {"GREW", kRight},
               {"SHRANK", kRight},
               {"LOST", kRight},
               {"AFTER", kRight},
               {"NET", kRight},
               {"GROSS", kRight}});
  const auto add = [&](const std::string& title, const v1::RevenueRetention& part) {
    double growth = 0;
    for (const v1::RevenueExpansion& expansion : part.expansion()) growth += expansion.amount();
    table.Add({title, Grouped(part.customers()), Grouped(part.churned_customers()), Amount(part.start_amount()),
               Amount(growth), Amount(part.contraction()), Amount(part.churn()), Amount(part.end_amount()),
               part.has_net_retention() ? Percent(part.net_retention()) : "-",
               part.has_gross_retention() ? Percent(part.gross_retention()) : "-"});
  };
  for (const v1::StageRevenue& stage : revenue.stages()) {
    add(stage.stage_key().empty() ? "(none)" : stage.title(), stage.retention());
  }
  add("all of them", total);
  session.out << table.Render();
  if (!total.expansion().empty()) {
    Table kinds({{"GREW BY"}, {"AMOUNT", kRight}, {"CUSTOMERS", kRight}});
    for (const v1::RevenueExpansion& expansion : total.expansion()) {
      kinds.Add({expansion.kind() == v1::REVENUE_KIND_UNSPECIFIED
                     ? "(not said)"
                     : Short(v1::RevenueKind_Name(expansion.kind()), "REVENUE_KIND_"),
                 Amount(expansion.amount()), Grouped(expansion.customers())});
    }
    session.out << "\n" << kinds.Render();
  }
  if (revenue.unreadable_events() > 0) {
    session.out << "\n" << Count(revenue.unreadable_events(), "event") << " had no such amount and changed nothing\n";
  }
  return absl::OkStatus();
}

// A command about a journey, with what narrows who is looked at.
CLI::App* AddOne(const Shell& shell, const std::shared_ptr<Given>& given, const char* name, const char* help,
                 absl::Status (*show)(const Session&, const Given&)) {
  CLI::App* command = shell.app.add_subcommand(name, help);
  command->add_option("journey", given->journey_id, "The journey's id")->required()->type_name("JOURNEY");
  command->add_option("--version", given->version, "Only enrollments in this version")->type_name("NUMBER");
  command->add_option("--from", given->from, "Only those that began then or later")->type_name("TIME");
  command->add_option("--until", given->until, "Only those that began before then")->type_name("TIME");
  command->add_option("--as-of", given->as_of, "As everything stood then")->type_name("TIME");
  command->add_option("--segment", given->segment, "Only customers of a segment that the version names")
      ->type_name("SEGMENT");
  command->footer(kCohortFooter);
  command->callback([shell, given, show] {
    shell.end(shell.with_server([given, show](const Session& session) { return show(session, *given); }));
  });
  return command;
}

}  // namespace

void AddAnalyticsCommands(const Shell& shell) {
  const auto given = std::make_shared<Given>();
  AddOne(shell, given, "funnel", "How many customers came how far on a journey", ShowFunnel)
      ->add_flag("--open", given->open, "Count who did what a stage asks for in any order, too");
  AddOne(shell, given, "dwell", "How long stages and milestones of a journey take", ShowDwell)
      ->add_option("--from-stage", given->from_stage, "Count from entering this stage instead of from the enrollment")
      ->type_name("STAGE");
  AddOne(shell, given, "friction", "What holds customers up on a journey, the worst first", ShowFriction)
      ->add_option("--by", given->by, "What is worse: drop-off, overdue or dwell (against the target)")
      ->check(CLI::IsMember({"drop-off", "overdue", "dwell"}))
      ->capture_default_str();
  CLI::App* paths =
      AddOne(shell, given, "paths", "Which ways customers go, and what the journey does not show", ShowPaths);
  paths->add_option("--between", given->between, "Ways between stages, or between events")
      ->check(CLI::IsMember({"stages", "events"}))
      ->capture_default_str();
  paths->add_option("--limit", given->limit, "At most so many ways, up to 1000")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  AddOne(shell, given, "conformance", "How far what customers do fits a journey as it is designed", ShowConformance)
      ->add_option("--customer", given->customer, "Only this customer")
      ->type_name("ID");
  CLI::App* revenue =
      AddOne(shell, given, "revenue", "How much of what customers brought they still bring", ShowRevenue);
  revenue->footer(kRevenueFooter);
  revenue->add_option("--start", given->start, "When the period begins")->required()->type_name("TIME");
  revenue->add_option("--end", given->end, "When it ends; now where not given")->type_name("TIME");
  revenue->add_option("--source", given->sources, "Which events tell of revenue, see below; may be repeated")
      ->required()
      ->allow_extra_args(false)
      ->type_name("SOURCE");
}

}  // namespace waymark::cli
