#include "services/cli/replay_tables.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "services/cli/table.h"

namespace waymark::cli {
namespace {

namespace v1 = milestone::v1;

constexpr auto kRight = Table::Align::kRight;
constexpr int kMostDatesShown = 3;

std::string InWords(const v1::Standing& standing) {
  switch (standing.state()) {
    case v1::ENROLLMENT_STATE_COMPLETED:
      return "completed";
    case v1::ENROLLMENT_STATE_EXITED:
      return standing.exit_key().empty() ? absl::StrCat("taken out of ", standing.stage_key())
                                         : absl::StrCat("left by ", standing.exit_key());
    case v1::ENROLLMENT_STATE_ACTIVE:
      return standing.stage_key();
    default:
      return "-";
  }
}

std::string OrDash(int64_t count) { return count == 0 ? "-" : Grouped(count); }

// Where anything is different.
void AddCounts(const std::string& what, const std::string& key, const v1::DateCounts& counts, Table& table) {
  if (counts.ByteSizeLong() == 0) return;
  table.Add({what, key, OrDash(counts.gained()), OrDash(counts.lost()), OrDash(counts.earlier()),
             OrDash(counts.later()), OrDash(counts.otherwise())});
}

std::string InWords(const v1::DateDifference& date) {
  std::string what = date.key();
  switch (date.kind()) {
    case v1::DATE_KIND_STAGE_ENTERED:
      what = absl::StrCat("in ", what);
      break;
    case v1::DATE_KIND_STAGE_COMPLETED:
      what = absl::StrCat(what, " completed");
      break;
    case v1::DATE_KIND_ENROLLED:
      what = "enrolled";
      break;
    case v1::DATE_KIND_JOURNEY_COMPLETED:
      what = "completed";
      break;
    default:
      break;
  }
  const auto day = [](const google::protobuf::Timestamp& time) { return ShortTime(time).substr(0, 10); };
  if (!date.has_from_time()) return absl::StrCat("+ ", what, " ", day(date.to_time()));
  if (!date.has_to_time()) return absl::StrCat("- ", what);
  const std::string from = day(date.from_time()), to = day(date.to_time());
  if (from != to) return absl::StrCat(what, " ", from, " → ", to);
  return absl::StrCat(what, " ", ShortTime(date.from_time()).substr(11), " → ", ShortTime(date.to_time()).substr(11));
}

void AddCustomers(absl::Span<const v1::CustomerDifference* const> changes, Table& table) {
  for (const v1::CustomerDifference* change : changes) {
    std::string id = change->customer_id();
    for (const v1::EnrollmentDifference& enrollment : change->enrollments()) {
      std::vector<std::string> dates;
      for (const v1::DateDifference& date : enrollment.dates()) {
        // That a stage was completed is seen from the next one.
        if (date.kind() == v1::DATE_KIND_STAGE_COMPLETED && enrollment.dates_size() > 1) continue;
        if (dates.size() == kMostDatesShown) {
          dates.push_back("…");
          break;
        }
        dates.push_back(InWords(date));
      }
      table.Add({id, InWords(enrollment.from()), InWords(enrollment.to()), absl::StrJoin(dates, ", ")});
      id.clear();
    }
    if (change->enrollments().empty()) table.Add({id, "", "", "what is counted towards milestones"});
  }
}

Table CustomerTable() { return Table({{"CUSTOMER"}, {"STANDS"}, {"WOULD STAND"}, {"DATES"}}); }

std::vector<const v1::CustomerDifference*> All(
    const google::protobuf::RepeatedPtrField<v1::CustomerDifference>& changes) {
  std::vector<const v1::CustomerDifference*> all;
  for (const v1::CustomerDifference& change : changes) all.push_back(&change);
  return all;
}

// `12.5 d`, `3.4 h`, `20 s`.
std::string Stay(bool there, const google::protobuf::Duration& duration) {
  if (!there) return "-";
  const double seconds = static_cast<double>(duration.seconds()) + duration.nanos() / 1e9;
  if (seconds >= 86400) return absl::StrFormat("%.1f d", seconds / 86400);
  if (seconds >= 3600) return absl::StrFormat("%.1f h", seconds / 3600);
  if (seconds >= 60) return absl::StrFormat("%.1f min", seconds / 60);
  return absl::StrFormat("%.1f s", seconds);
}

// Who would not be moved by map, and what to do about it.
void ShowStaying(const v1::PreviewReport& report, std::ostream& out) {
  if (report.customers_staying() == 0) return;
  out << Count(report.customers_staying(), "customer") << " would stay on the version they are on";
  if (!report.unmapped_stage_keys().empty()) {
    out << "; some stand where the map leads nowhere: " << absl::StrJoin(report.unmapped_stage_keys(), ", ");
  }
  out << "\n";
}

}  // namespace

void ShowPreview(const std::string& title, const v1::PreviewReport& report, std::ostream& out) {
  out << Printable(title) << ", as of " << ShortTime(report.as_of()) << "\n" << Count(report.customers(), "customer");
  if (report.customers_changed() == 0) {
    out << ": nothing would be different\n";
    ShowStaying(report, out);
    return;
  }
  std::vector<std::string> parts;
  const auto add = [&](int64_t count, const char* one, const char* many) {
    if (count > 0) parts.push_back(absl::StrCat(Grouped(count), " ", count == 1 ? one : many));
  };
  add(report.moved(), "moves", "move");
  add(report.enrolled(), "gets in", "get in");
  add(report.unenrolled(), "is not in any more", "are not in any more");
  if (parts.empty()) parts.push_back("nobody moves");
  out << ", different for " << Grouped(report.customers_changed()) << ": " << absl::StrJoin(parts, ", ") << "\n";
  ShowStaying(report, out);

  if (report.flows_size() > 0) {
    int64_t most = 1;
    for (const v1::EnrollmentFlow& flow : report.flows()) most = std::max(most, flow.enrollments());
    Table table({{"STAND"}, {"WOULD STAND"}, {"ENROLLMENTS", kRight}, {""}});
    for (const v1::EnrollmentFlow& flow : report.flows()) {
      table.Add({InWords(flow.from()), InWords(flow.to()), Grouped(flow.enrollments()),
                 Bar(static_cast<double>(flow.enrollments()) / static_cast<double>(most), 20)});
    }
    out << "\n" << table.Render();
  }
  Table dates({{"WHAT"},
               {"WHICH"},
               {"GAINED", kRight},
               {"LOST", kRight},
               {"EARLIER", kRight},
               {"LATER", kRight},
               {"OTHERWISE", kRight}});
  for (const v1::StageDifference& stage : report.stages()) {
    AddCounts("stage entered", stage.stage_key(), stage.entered(), dates);
    AddCounts("stage completed", stage.stage_key(), stage.completed(), dates);
  }
  for (const v1::MilestoneDifference& milestone : report.milestones()) {
    AddCounts("milestone", milestone.milestone_key(), milestone.achieved(), dates);
  }
  if (!dates.empty()) out << "\n" << dates.Render();
  if (report.facts_size() > 0) {
    Table facts({{"WOULD HAVE BEEN TOLD"}, {"WHICH"}, {"TIMES", kRight}});
    for (const v1::FactCount& fact : report.facts()) {
      facts.Add({Short(v1::ConclusionKind_Name(fact.kind()), "CONCLUSION_KIND_"), fact.key(), Grouped(fact.count())});
    }
    out << "\n" << facts.Render();
  }
  if (report.changes_size() > 0) {
    Table customers = CustomerTable();
    AddCustomers(All(report.changes()), customers);
    out << "\n" << customers.Render();
    const int64_t more = report.customers_changed() - report.changes_size();
    if (more > 0) out << "… and " << Grouped(more) << " more: --limit 1000 shows up to 1,000\n";
  }
  out << "\noutcome " << Printable(report.outcome_hash().substr(0, 16)) << "…\n";
}

void ShowWhatIf(const std::string& title, const v1::WhatIfReport& report, std::ostream& out) {
  out << Printable(title) << ", as of " << ShortTime(report.as_of()) << "\n" << Count(report.customers(), "customer");
  const auto both = [](int64_t was, int64_t is) {
    return was == is ? Grouped(is) : absl::StrCat(Grouped(was), " → ", Grouped(is));
  };
  out << ": " << both(report.base().enrolled(), report.candidate().enrolled()) << " enrolled, "
      << both(report.base().completed(), report.candidate().completed()) << " completed, "
      << both(report.base().exited(), report.candidate().exited()) << " left before\nas it is → as it would be\n";
  Table table({{"STAGE"},
               {"ENTERED", kRight},
               {"", kRight},
               {"COMPLETED", kRight},
               {"", kRight},
               {"OF ALL", kRight},
               {"", kRight},
               {"HALF STAY", kRight},
               {"", kRight},
               {"90 % STAY", kRight},
               {"", kRight}});
  for (const v1::StageComparison& stage : report.stages()) {
    const v1::StageFigures &was = stage.base(), &is = stage.candidate();
    std::vector<std::string> row = {stage.title().empty() ? stage.stage_key() : stage.title()};
    const auto add = [&](const std::string& before, const std::string& after) {
      row.push_back(stage.has_base() ? before : "-");
      const std::string now = stage.has_candidate() ? after : "-";
      row.push_back(row.back() == now ? "=" : absl::StrCat("→ ", now));
    };
    add(Grouped(was.entered()), Grouped(is.entered()));
    add(Grouped(was.completed()), Grouped(is.completed()));
    add(Percent(was.conversion()), Percent(is.conversion()));
    add(Stay(was.has_dwell_p50(), was.dwell_p50()), Stay(is.has_dwell_p50(), is.dwell_p50()));
    add(Stay(was.has_dwell_p90(), was.dwell_p90()), Stay(is.has_dwell_p90(), is.dwell_p90()));
    table.Add(std::move(row));
  }
  out << "\n" << table.Render();
}

void ShowRecompute(const v1::RecomputeReport& report, std::ostream& out) {
  out << Count(report.customers(), "customer") << " computed anew: ";
  if (report.customers_differing() == 0) {
    out << "all is kept as it should be\n";
    return;
  }
  out << "something else is kept of " << Grouped(report.customers_differing())
      << (report.customers_repaired() > 0 ? ", and was mended" : "; --repair mends it") << "\n\n";
  Table customers = CustomerTable();
  AddCustomers(All(report.differences()), customers);
  out << customers.Render();
}

}  // namespace waymark::cli
