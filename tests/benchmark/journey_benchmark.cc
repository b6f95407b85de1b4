// How long it takes to publish a large journey through all gates, and to list many journeys page by page; of calls into
// a server in this process, database and all.
//
//   waymark_journey_benchmark [sqlite|postgres]      by default sqlite
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/clock.h"
#include "common/log/log.h"
#include "common/rpc/server.h"
#include "services/journey/parts.h"
#include "tests/support/databases.h"
#include "waymark/journey/v1/journey.grpc.pb.h"

namespace waymark::benchmark {
namespace {

namespace v1 = journey::v1;

constexpr int kStages = 12;
constexpr int kMilestones = 200;
constexpr int kPublications = 60;
constexpr int kJourneys = 10'000;
constexpr int kPage = 100;

template <typename Status>
void Insist(const Status& status, const char* what) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s: %s\n", what, status.error_message().c_str());
  std::exit(1);
}

// 12 stages, 200 milestones of three kinds, and a scenario that goes all the way through the first stage.
v1::JourneyDefinition Large(int edition) {
  v1::JourneyDefinition definition;
  definition.set_description(absl::StrCat("edition ", edition));
  definition.mutable_entry()->add_triggers()->mutable_first_event()->add_event_types("signed_up");
  v1::Scenario& scenario = *definition.add_scenarios();
  scenario.set_key("first_stage");
  scenario.add_steps()->set_event("signed_up");
  for (int i = 0; i < kMilestones; ++i) {
    const int stage = i * kStages / kMilestones;
    if (stage == definition.stages_size()) definition.add_stages()->set_key(absl::StrCat("stage_", stage));
    v1::Milestone& milestone = *definition.mutable_stages(stage)->add_milestones();
    milestone.set_key(absl::StrCat("milestone_", i));
    milestone.set_scope(v1::SCOPE_FROM_STAGE);
    v1::EventCount& count = *milestone.mutable_criterion()->mutable_event_count();
    count.add_event_types(absl::StrCat("event_", i));
    if (i % 3 == 1) count.mutable_within()->set_seconds(14 * 86'400);
    if (i % 3 == 2) count.set_distinct(v1::DISTINCT_DAYS);
    if (stage == 0) scenario.add_steps()->set_event(absl::StrCat("event_", i));
  }
  scenario.add_expect()->set_stage("stage_1");
  return definition;
}

void Print(const std::string& what, std::vector<double> milliseconds, double limit) {
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto at = [&](double share) { return milliseconds[static_cast<size_t>(share * (milliseconds.size() - 1))]; };
  std::printf("%-55s p50 %6.2f ms   p90 %6.2f ms   at most %6.2f ms   (wanted: below %.0f ms)\n", what.c_str(), at(0.5),
              at(0.9), milliseconds.back(), limit);
}

double Timed(absl::FunctionRef<void()> body) {
  const absl::Time start = absl::Now();
  body();
  return absl::ToDoubleMilliseconds(absl::Now() - start);
}

void Publish(v1::JourneyService::Stub& stub) {
  v1::CreateJourneyRequest create;
  v1::CreateJourneyResponse created;
  create.mutable_journey()->set_journey_id("large");
  create.mutable_journey()->set_title("Large");
  grpc::ClientContext create_context;
  Insist(stub.CreateJourney(&create_context, create, &created), "CreateJourney");
  std::vector<double> drafts, publications;
  for (int i = 0; i < kPublications; ++i) {
    v1::CreateDraftRequest draft;
    v1::CreateDraftResponse drafted;
    draft.set_journey_id("large");
    *draft.mutable_definition() = Large(i);
    grpc::ClientContext draft_context, publish_context;
    drafts.push_back(Timed([&] { Insist(stub.CreateDraft(&draft_context, draft, &drafted), "CreateDraft"); }));
    v1::PublishVersionRequest publish;
    v1::PublishVersionResponse published;
    publish.set_journey_id("large");
    publish.set_number(drafted.version().number());
    publish.set_etag(drafted.version().etag());
    publications.push_back(
        Timed([&] { Insist(stub.PublishVersion(&publish_context, publish, &published), "PublishVersion"); }));
  }
  Print("CreateDraft, 12 stages, 200 milestones", drafts, 20);
  Print("PublishVersion, 12 stages, 200 milestones, all gates", publications, 20);
}

void List(v1::JourneyService::Stub& stub) {
  for (int i = 0; i < kJourneys; ++i) {
    v1::CreateJourneyRequest create;
    v1::CreateJourneyResponse created;
    create.mutable_journey()->set_journey_id(absl::StrCat("journey-", i));
    create.mutable_journey()->set_title(absl::StrCat("Journey ", i));
    (*create.mutable_journey()->mutable_labels())["team"] = i % 2 == 0 ? "growth" : "success";
    grpc::ClientContext context;
    Insist(stub.CreateJourney(&context, create, &created), "CreateJourney");
  }
  for (const char* label : {"", "team=growth"}) {
    std::vector<double> pages;
    v1::ListJourneysRequest list;
    list.set_page_size(kPage);
    list.set_label(label);
    do {
      v1::ListJourneysResponse listed;
      grpc::ClientContext context;
      pages.push_back(Timed([&] { Insist(stub.ListJourneys(&context, list, &listed), "ListJourneys"); }));
      list.set_page_token(listed.next_page_token());
    } while (!list.page_token().empty());
    Print(absl::StrCat("ListJourneys, ", kPage, " a page of 10,000", *label == 0 ? "" : ", by label"), pages, 10);
  }
}

int Main(int argc, char** argv) {
  rpc::PrepareMain();
  log::Configure("benchmark", log::Level::kError, log::Format::kText);
  const bool postgres = argc > 1 && std::strcmp(argv[1], "postgres") == 0;
  const std::unique_ptr<sql::Database> db =
      support::OpenFresh(postgres ? sql::Engine::kPostgres : sql::Engine::kSqlite);
  const RealClock clock;
  const std::unique_ptr<rpc::Authorizer> authorizer = rpc::Authorizer::Off();
  const std::unique_ptr<journey::Parts> parts = journey::Parts::Start(*db, clock, *authorizer).value();
  const std::unique_ptr<rpc::Server> server = rpc::Server::Start({}, parts->services()).value();
  const std::unique_ptr<v1::JourneyService::Stub> stub = v1::JourneyService::NewStub(server->InProcessChannel());
  std::printf("journey on %s\n", postgres ? "PostgreSQL" : "SQLite");
  Publish(*stub);
  List(*stub);
  return 0;
}

}  // namespace
}  // namespace waymark::benchmark

int main(int argc, char** argv) { return waymark::benchmark::Main(argc, argv); }
