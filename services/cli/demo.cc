#include "services/cli/demo.h"

#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"

namespace waymark::cli {
namespace {

constexpr char kJourney[] = R"(# Brightdesk's way from the first login to the renewed contract.
journey:
  journey_id: onboarding
  title: From sign-up to renewal
  definition:
    entry: {triggers: [{first_event: {event_types: [signed_up]}}]}
    stages:
      - key: setup
        title: Set up
        goal: The data flow in and the team is here
        milestones:
          - key: data_connected
            title: Data connected
            scope: SCOPE_FROM_STAGE
            criterion: {event_count: {event_types: [data_connected], at_least: 1}}
          - key: team_invited
            title: Two colleagues invited
            scope: SCOPE_FROM_STAGE
            criterion: {event_count: {event_types: [user_invited], at_least: 2}}
      - key: first_value
        title: First value
        goal: Somebody learned something and showed it to others
        milestones:
          - key: first_report
            title: First report
            scope: SCOPE_FROM_STAGE
            criterion: {event_count: {event_types: [report_run], at_least: 1}}
          - key: first_dashboard
            title: Dashboard shared
            scope: SCOPE_FROM_STAGE
            criterion: {event_count: {event_types: [dashboard_shared], at_least: 1}}
      - key: adoption
        title: Adoption
        goal: Looking at the numbers is a habit
        milestones:
          - key: reporting_habit
            title: 15 reports
            scope: SCOPE_FROM_STAGE
            criterion: {event_count: {event_types: [report_run], at_least: 15}}
          - key: looking_habit
            title: 10 looks at dashboards
            scope: SCOPE_FROM_STAGE
            criterion: {event_count: {event_types: [dashboard_viewed], at_least: 10}}
      - key: expansion
        title: Expansion
        goal: More people or more systems
        milestones:
          - key: grown
            title: Seats added or a system integrated
            scope: SCOPE_ALL_HISTORY
            criterion: {event_count: {event_types: [seats_added, integration_enabled], at_least: 1}}
      - key: renewal
        title: Renewal
        goal: The contract goes on
        milestones:
          - key: renewed
            title: Contract renewed
            # It counts also where it was renewed before the customer grew.
            scope: SCOPE_ALL_HISTORY
            criterion: {event_count: {event_types: [contract_renewed], at_least: 1}}
)";

constexpr char kScorecard[] = R"(# How well a customer of Brightdesk is doing: 0 to 100, 100 is good.
scorecard:
  scorecard_id: customer-health
  title: Customer health
  definition:
    measures:
      - key: usage
        title: Reports and looks in four weeks
        weight: 3
        event_count: {event_types: [report_run, dashboard_viewed], days: 28}
        linear: {lo: 0, hi: 16}
      - key: recency
        title: Days since anybody was here
        weight: 3
        days_since: {}
        half_life: {grace_days: 4, half_life_days: 14}
      - key: trend
        title: These four weeks against the four before
        weight: 2
        event_trend: {event_types: [report_run, dashboard_viewed], days: 28}
        trend: {prior: 4, ratio: 2}
      - key: pace
        title: Time in the stage against 60 days
        weight: 2
        stage_age: {journey_id: onboarding, planned_days: 60}
        # Full points up to the plan, none at three times the plan.
        linear: {lo: 3, hi: 1}
      - key: complaints
        title: Support tickets in four weeks
        weight: 1
        event_count: {event_types: [support_ticket], days: 28}
        linear: {lo: 5, hi: 0}
    bands: {red_below: 40, green_from: 65}
)";

constexpr char kPlaybook[] = R"(# Who is told of what. Messages go to the log; a webhook channel would post them.
channel:
  channel_id: team-log
  title: The team's log
  log: {}
---
playbook:
  playbook_id: rescue
  title: A customer is in danger
  definition:
    trigger: {band_changed: {scorecard_id: customer-health, band: BAND_RED}}
    steps:
      - key: tell
        send:
          channel_id: team-log
          title: "{{customer_id}} is in danger"
          text: "Health fell to {{health}}{{#previous_band}}, it was {{previous_band}}{{/previous_band}}. Call them this week."
---
playbook:
  playbook_id: cheer
  title: A customer found first value
  definition:
    trigger: {stage_entered: {journey_id: onboarding, stage_key: adoption}}
    steps:
      - key: tell
        send:
          channel_id: team-log
          title: "{{customer_id}} found first value"
          text: They share what they see. Show them alerts and integrations next.
)";

absl::Status CannotWrite(const std::string& file) {
  return absl::InvalidArgumentError(absl::StrCat("cannot write ", file));
}

absl::Status WriteText(const std::string& file, absl::string_view text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  return out.good() ? absl::OkStatus() : CannotWrite(file);
}

std::string EventsAsCsv(absl::CivilDay end) {
  std::string csv = "event_id,customer_id,user_id,type,event_time,properties\n";
  for (const DemoEvent& event : MakeDemoEvents(end)) {
    const std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", event.time, absl::UTCTimeZone());
    absl::StrAppend(&csv, event.event_id, ",", event.customer, ",", event.user, ",", event.type, ",", time, ",");
    if (!event.properties.empty()) {
      absl::StrAppend(&csv, "\"", absl::StrReplaceAll(event.properties, {{"\"", "\"\""}}), "\"");
    }
    csv += '\n';
  }
  return csv;
}

absl::Status WriteGzip(const std::string& file, absl::string_view text) {
  const gzFile out = gzopen(file.c_str(), "wb9");
  if (out == nullptr) return CannotWrite(file);
  const int written = gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  const int closed = gzclose(out);
  return written == static_cast<int>(text.size()) && closed == Z_OK ? absl::OkStatus() : CannotWrite(file);
}

}  // namespace

absl::Status WriteDemo(const std::string& folder, absl::CivilDay end) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::InvalidArgumentError(absl::StrCat("cannot make the folder ", folder, ": ", error.message()));
  RETURN_IF_ERROR(WriteText(folder + "/journey.yaml", kJourney));
  RETURN_IF_ERROR(WriteText(folder + "/scorecard.yaml", kScorecard));
  RETURN_IF_ERROR(WriteText(folder + "/playbook.yaml", kPlaybook));
  return WriteGzip(folder + "/events.csv.gz", EventsAsCsv(end));
}

}  // namespace waymark::cli
