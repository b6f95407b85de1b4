#include "services/cli/publication.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "services/cli/progress_line.h"
#include "services/cli/replay_commands.h"
#include "services/cli/table.h"
#include "waymark/milestone/v1/analytics.pb.h"
#include "waymark/milestone/v1/replay.pb.h"

namespace waymark::cli {
namespace {

// A million customers take a few minutes.
constexpr absl::Duration kLongestWait = absl::Minutes(30);
constexpr absl::Duration kLookAgain = absl::Milliseconds(200);

}  // namespace

absl::Status AwaitEvaluation(const Session& session, const std::string& journey_id, const std::string& token) {
  milestone::v1::GetFunnelRequest request;
  request.set_journey_id(journey_id);
  request.mutable_consistency()->set_at_least_as_fresh(token);
  ProgressLine progress(session.err, session.is_terminal);
  while (progress.elapsed() < kLongestWait) {
    const auto funnel = session.client.Get<milestone::v1::GetFunnelResponse>(request);
    const bool not_yet = absl::IsDeadlineExceeded(funnel.status()) && !IsUnreachable(funnel.status());
    if (!funnel.ok() && !not_yet) return funnel.status();
    if (funnel.ok() && funnel->pending_customers() == 0) return absl::OkStatus();
    progress.Note(funnel.ok() ? absl::StrCat("  evaluating: ", Count(funnel->pending_customers(), "customer"), " to go")
                              : "  waiting for milestone to hear of it");
    absl::SleepFor(kLookAgain);
  }
  return absl::DeadlineExceededError(absl::StrCat(journey_id,
                                                  " is published, but not every customer is evaluated after ",
                                                  absl::FormatDuration(kLongestWait), "; is milestone running?"));
}

absl::Status PublishJourney(const Session& session, const std::string& journey_id, uint32_t number,
                            const MoveChoice& move) {
  journey::v1::GetJourneyRequest get;
  get.set_journey_id(journey_id);
  ASSIGN_OR_RETURN(const auto found, session.client.Get<journey::v1::GetJourneyResponse>(get));
  const uint32_t published = found.journey().latest_published_number();
  if (number == 0) {
    ASSIGN_OR_RETURN(const auto newest, FindNewest<JourneyKind>(session, journey_id, published));
    if (!newest.has_value()) {
      return absl::FailedPreconditionError(
          absl::StrCat(journey_id, " has no version to publish; waymark apply -f FILE makes a draft"));
    }
    number = newest->number();
  }
  journey::v1::PublishVersionRequest publish;
  publish.set_journey_id(journey_id);
  publish.set_number(number);
  publish.set_request_id(NewId(absl::Now()));
  if (move.moves()) {
    ASSIGN_OR_RETURN(*publish.mutable_plan(), PlanMove(session, journey_id, number, move));
  }
  const auto answer = session.client.Get<journey::v1::PublishVersionResponse>(publish);
  if (!answer.ok()) {
    for (const FieldViolation& violation : ViolationsOf(answer.status())) {
      session.err << Printable(absl::StrCat(violation.field, ": ", violation.description)) << "\n";
    }
    return answer.status();
  }
  session.out << "journey " << journey_id << ": version " << number
              << (number == published ? " was published before" : " published") << std::flush;
  const absl::Status evaluated = AwaitEvaluation(session, journey_id, answer->consistency_token());
  session.out << (evaluated.ok() ? ", every customer is evaluated by it\n" : "\n");
  if (!move.moves() || !evaluated.ok()) return evaluated;
  milestone::v1::GetMigrationRequest request;
  request.set_journey_id(journey_id);
  request.set_number(number);
  ASSIGN_OR_RETURN(const auto migration, session.client.Get<milestone::v1::GetMigrationResponse>(request));
  if (migration.state() == milestone::v1::MIGRATION_STATE_REFUSED) {
    return absl::FailedPreconditionError(
        "nobody was moved: their histories come to something else than was previewed; milestone's log has both hashes");
  }
  session.out << Count(migration.customers_moved(), "customer") << " moved to it";
  if (migration.customers_changed_since() > 0) {
    session.out << ", of which " << Grouped(migration.customers_changed_since()) << " had news since the preview";
  }
  if (migration.customers_staying() > 0) {
    session.out << "; " << Count(migration.customers_staying(), "customer") << " stayed on the version they are on";
  }
  session.out << "\n";
  return absl::OkStatus();
}

}  // namespace waymark::cli
