#include "services/milestone/milestone_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/rpc/deadline.h"
#include "common/rpc/status.h"
#include "services/milestone/convert.h"
#include "services/milestone/records.h"
#include "services/milestone/watch.h"
#include "waymark/milestone/v1/customer.grpc.pb.h"
#include "waymark/milestone/v1/milestone.grpc.pb.h"

namespace waymark::milestone {
namespace {

using rpc::Permission;

constexpr int kMostCustomersAtOnce = 1000;
constexpr int kMostStagesAtOnce = 100;

// How often a watch looks for what another replica committed, and whether its caller has gone.
constexpr absl::Duration kWatchPoll = absl::Milliseconds(200);
// After so much time a watch tells how far it is, though nothing of it was wanted.
constexpr absl::Duration kBookmark = absl::Seconds(10);

absl::Status CheckOptionalName(absl::string_view field, absl::string_view name) {
  return name.empty() ? absl::OkStatus() : CheckName(field, name);
}

// Leaves the enrollments of one journey, where one is named, and no more than are told.
void Narrow(absl::string_view journey_id, v1::CustomerStages& stages) {
  if (!journey_id.empty()) {
    auto* enrollments = stages.mutable_enrollments();
    enrollments->erase(std::remove_if(enrollments->begin(), enrollments->end(),
                                      [&](const v1::CurrentStage& stage) { return stage.journey_id() != journey_id; }),
                       enrollments->end());
  }
  Shorten(stages);
}

// Records what a request says of a customer.
template <typename Request, typename Response>
grpc::Status Record(const rpc::Authorizer& authorizer, Committer& committer, const Clock& clock,
                    const grpc::ServerContext& context, const Request& request, Response& response) {
  ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer.Admit(context, Permission::kWrite));
  ASSIGN_OR_RETURN_GRPC(const v1::RecordAccepted record, ToRecord(request, clock.Now()));
  ASSIGN_OR_RETURN_GRPC(const Receipt receipt, committer.Record(ToBatch(caller.workspace, record)));
  RETURN_IF_ERROR_GRPC(OutcomeOf(receipt));
  response.set_consistency_token(receipt.consistency_token);
  return grpc::Status::OK;
}

// GetCurrentStage answers from whatever thread has the answer; the rest, which looks into the database, keeps its
// thread.
class MilestoneServiceImpl final
    : public v1::MilestoneService::WithCallbackMethod_GetCurrentStage<v1::MilestoneService::Service> {
 public:
  MilestoneServiceImpl(const rpc::Authorizer& authorizer, Reader& reader, Explainer& explainer, StageReader& stages,
                       Committer& committer, journal::Journal& journal, OpenStreams& watches, const Clock& clock)
      : authorizer_(authorizer),
        reader_(reader),
        explainer_(explainer),
        stages_(stages),
        committer_(committer),
        journal_(journal),
        watches_(watches),
        clock_(clock) {}

  grpc::ServerUnaryReactor* GetCurrentStage(grpc::CallbackServerContext* context,
                                            const v1::GetCurrentStageRequest* request,
                                            v1::GetCurrentStageResponse* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    absl::StatusOr<Question> question = ToQuestion(*context, *request);
    if (!question.ok()) {
      reactor->Finish(rpc::ToGrpc(question.status()));
      return reactor;
    }
    const std::string workspace = question->workspace;
    stages_.GetStages(workspace, request->customer_id(), std::move(question->freshness),
                      [this, workspace, request, response, reactor](absl::StatusOr<StageReader::Answer> answer) {
                        if (!answer.ok()) return reactor->Finish(rpc::ToGrpc(answer.status()));
                        response->set_consistency_token(stages_.TokenOf(workspace, answer->stages));
                        response->set_source(answer->source);
                        Narrow(request->journey_id(), answer->stages);
                        *response->mutable_stages() = std::move(answer->stages);
                        reactor->Finish(grpc::Status::OK);
                      });
    return reactor;
  }

  grpc::Status BatchGetCurrentStages(grpc::ServerContext* context, const v1::BatchGetCurrentStagesRequest* request,
                                     v1::BatchGetCurrentStagesResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const std::vector<std::string> customer_ids, ToCustomerIds(*request));
    ASSIGN_OR_RETURN_GRPC(const Freshness freshness, ToFreshness(request->consistency(), rpc::DeadlineOf(*context)));
    ASSIGN_OR_RETURN_GRPC(std::vector<v1::CustomerStages> answers,
                          stages_.BatchGetStages(caller.workspace, customer_ids, freshness));
    response->set_consistency_token(TokenOf(caller.workspace, answers));
    for (v1::CustomerStages& stages : answers) {
      Narrow(request->journey_id(), stages);
      *response->add_stages() = std::move(stages);
    }
    return grpc::Status::OK;
  }

  grpc::Status GetProgress(grpc::ServerContext* context, const v1::GetProgressRequest* request,
                           v1::GetProgressResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    RETURN_IF_ERROR_GRPC(CheckId("customer_id", request->customer_id()));
    RETURN_IF_ERROR_GRPC(CheckOptionalName("journey_id", request->journey_id()));
    ASSIGN_OR_RETURN_GRPC(const Freshness freshness, ToFreshness(request->consistency(), rpc::DeadlineOf(*context)));
    RETURN_IF_ERROR_GRPC(stages_.Wait(freshness));
    ASSIGN_OR_RETURN_GRPC(
        *response, reader_.GetProgress(caller.workspace, request->customer_id(), request->journey_id(), clock_.Now()));
    return grpc::Status::OK;
  }

  grpc::Status ListTimeline(grpc::ServerContext* context, const v1::ListTimelineRequest* request,
                            v1::ListTimelineResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    RETURN_IF_ERROR_GRPC(CheckId("customer_id", request->customer_id()));
    ASSIGN_OR_RETURN_GRPC(const int page_size, ToPageSize(request->page_size()));
    Reader::TimelineFilter filter;
    if (request->has_as_of()) {
      ASSIGN_OR_RETURN_GRPC(filter.as_of, ToInstant("as_of", request->as_of()));
    }
    if (request->has_as_known()) {
      ASSIGN_OR_RETURN_GRPC(filter.as_known, ToInstant("as_known", request->as_known()));
    }
    const std::string list = absl::StrCat("ListTimeline/", caller.workspace, "/", request->customer_id(), "/",
                                          absl::ToUnixMicros(filter.as_of), "/", absl::ToUnixMicros(filter.as_known));
    ASSIGN_OR_RETURN_GRPC(const std::string after, ReadPageToken(list, request->page_token()));
    int64_t position = 0;
    if (!after.empty() && !absl::SimpleAtoi(after, &position)) {
      return rpc::ToGrpc(InvalidField("page_token", "is not one that this list gave: start again without it"));
    }
    ASSIGN_OR_RETURN_GRPC(Reader::TimelinePage page,
                          reader_.ListTimeline(caller.workspace, request->customer_id(), filter, position, page_size));
    for (v1::TimelineItem& item : page.items) *response->add_items() = std::move(item);
    if (page.next > 0) response->set_next_page_token(MakePageToken(list, absl::StrCat(page.next)));
    return grpc::Status::OK;
  }

  grpc::Status ListStuck(grpc::ServerContext* context, const v1::ListStuckRequest* request,
                         v1::ListStuckResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const Reader::StuckFilter filter, ToFilter(*request));
    ASSIGN_OR_RETURN_GRPC(const int page_size, ToPageSize(request->page_size()));
    const std::string list = absl::StrCat("ListStuck/", caller.workspace, "/", filter.journey_id, "/", filter.stage_key,
                                          "/", static_cast<int>(filter.min_pace));
    ASSIGN_OR_RETURN_GRPC(std::string after, ReadPageToken(list, request->page_token()));
    ASSIGN_OR_RETURN_GRPC(Reader::StuckPage page,
                          reader_.ListStuck(caller.workspace, filter, std::move(after), page_size, clock_.Now()));
    for (v1::StuckEnrollment& stuck : page.enrollments) *response->add_enrollments() = std::move(stuck);
    if (!page.next.empty()) response->set_next_page_token(MakePageToken(list, page.next));
    return grpc::Status::OK;
  }

  grpc::Status Explain(grpc::ServerContext* context, const v1::ExplainRequest* request,
                       v1::ExplainResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    RETURN_IF_ERROR_GRPC(CheckId("customer_id", request->customer_id()));
    RETURN_IF_ERROR_GRPC(CheckName("journey_id", request->journey_id()));
    ASSIGN_OR_RETURN_GRPC(const Freshness freshness, ToFreshness(request->consistency(), rpc::DeadlineOf(*context)));
    RETURN_IF_ERROR_GRPC(stages_.Wait(freshness));
    ASSIGN_OR_RETURN_GRPC(*response, explainer_.Explain(caller.workspace, *request));
    return grpc::Status::OK;
  }

  grpc::Status WhyNot(grpc::ServerContext* context, const v1::WhyNotRequest* request,
                      v1::WhyNotResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    RETURN_IF_ERROR_GRPC(CheckId("customer_id", request->customer_id()));
    RETURN_IF_ERROR_GRPC(CheckName("journey_id", request->journey_id()));
    RETURN_IF_ERROR_GRPC(CheckKey("stage_key", request->stage_key()));
    ASSIGN_OR_RETURN_GRPC(const Freshness freshness, ToFreshness(request->consistency(), rpc::DeadlineOf(*context)));
    RETURN_IF_ERROR_GRPC(stages_.Wait(freshness));
    ASSIGN_OR_RETURN_GRPC(*response, explainer_.WhyNot(caller.workspace, *request));
    return grpc::Status::OK;
  }

  grpc::Status AttestMilestone(grpc::ServerContext* context, const v1::AttestMilestoneRequest* request,
                               v1::AttestMilestoneResponse* response) override {
    return Record(authorizer_, committer_, clock_, *context, *request, *response);
  }

  grpc::Status Enroll(grpc::ServerContext* context, const v1::EnrollRequest* request,
                      v1::EnrollResponse* response) override {
    return Record(authorizer_, committer_, clock_, *context, *request, *response);
  }

  grpc::Status ExitEnrollment(grpc::ServerContext* context, const v1::ExitEnrollmentRequest* request,
                              v1::ExitEnrollmentResponse* response) override {
    return Record(authorizer_, committer_, clock_, *context, *request, *response);
  }

  grpc::Status OverrideStage(grpc::ServerContext* context, const v1::OverrideStageRequest* request,
                             v1::OverrideStageResponse* response) override {
    return Record(authorizer_, committer_, clock_, *context, *request, *response);
  }

  grpc::Status WatchStages(grpc::ServerContext* context, const v1::WatchStagesRequest* request,
                           grpc::ServerWriter<v1::WatchStagesResponse>* writer) override {
    ASSIGN_OR_RETURN_GRPC(rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(WatchFilter filter, ToFilter(std::move(caller.workspace), *request));
    ASSIGN_OR_RETURN_GRPC(const OpenStreams::Place place, watches_.Enter(filter.workspace));
    ASSIGN_OR_RETURN_GRPC(Watch watch, Watch::Begin(journal_, std::move(filter), request->cursor()));
    const auto tell = [&](std::vector<v1::StageChange> changes) {
      v1::WatchStagesResponse response;
      for (v1::StageChange& change : changes) *response.add_changes() = std::move(change);
      response.set_cursor(watch.cursor());
      return writer->Write(response);
    };
    if (!tell({})) return grpc::Status::CANCELLED;
    absl::Time told = absl::Now();
    for (uint64_t seen = 0; !watch.AtEnd() || !request->catch_up_only();) {
      // Asked for before reading, so that nothing announced in between is missed.
      seen = journal_.WaitForNews(seen, absl::InfinitePast());
      ASSIGN_OR_RETURN_GRPC(std::vector<v1::StageChange> changes, watch.Next());
      if (!changes.empty() || absl::Now() - told >= kBookmark) {
        if (!tell(std::move(changes))) return grpc::Status::CANCELLED;
        told = absl::Now();
      }
      if (context->IsCancelled()) return grpc::Status::CANCELLED;
      if (watches_.stopping()) return rpc::ToGrpc(Stopping());
      if (watch.AtEnd() && !request->catch_up_only()) seen = journal_.WaitForNews(seen, absl::Now() + kWatchPoll);
    }
    return tell({}) ? grpc::Status::OK : grpc::Status::CANCELLED;
  }

 private:
  static absl::StatusOr<WatchFilter> ToFilter(std::string workspace, const v1::WatchStagesRequest& request) {
    RETURN_IF_ERROR(CheckOptionalName("journey_id", request.journey_id()));
    if (request.stage_keys_size() > kMostStagesAtOnce) {
      return InvalidField("stage_keys", absl::StrCat("must be at most ", kMostStagesAtOnce));
    }
    if (!request.stage_keys().empty() && request.journey_id().empty()) {
      return InvalidField("stage_keys", "needs a journey_id: stages belong to a journey");
    }
    if (request.customer_ids_size() > kMostCustomersAtOnce) {
      return InvalidField("customer_ids", absl::StrCat("must be at most ", kMostCustomersAtOnce));
    }
    for (int i = 0; i < request.stage_keys_size(); ++i) {
      RETURN_IF_ERROR(CheckKey(absl::StrCat("stage_keys[", i, "]"), request.stage_keys(i)));
    }
    for (int i = 0; i < request.customer_ids_size(); ++i) {
      RETURN_IF_ERROR(CheckId(absl::StrCat("customer_ids[", i, "]"), request.customer_ids(i)));
    }
    return WatchFilter{.workspace = std::move(workspace),
                       .journey_id = request.journey_id(),
                       .stage_keys = {request.stage_keys().begin(), request.stage_keys().end()},
                       .customer_ids = {request.customer_ids().begin(), request.customer_ids().end()}};
  }

  struct Question {
    std::string workspace;
    Freshness freshness;
  };

  static absl::StatusOr<Reader::StuckFilter> ToFilter(const v1::ListStuckRequest& request) {
    RETURN_IF_ERROR(CheckName("journey_id", request.journey_id()));
    if (!request.stage_key().empty()) RETURN_IF_ERROR(CheckKey("stage_key", request.stage_key()));
    Reader::StuckFilter filter{.journey_id = request.journey_id(), .stage_key = request.stage_key()};
    if (request.min_pace() == v1::PACE_UNSPECIFIED) return filter;
    if (!v1::Pace_IsValid(request.min_pace()) || request.min_pace() == v1::PACE_ON_TRACK) {
      return InvalidField("min_pace", "must be LATE, BEHIND or STUCK: who is on track is not listed");
    }
    filter.min_pace = request.min_pace();
    return filter;
  }

  absl::StatusOr<Question> ToQuestion(const grpc::CallbackServerContext& context,
                                      const v1::GetCurrentStageRequest& request) const {
    ASSIGN_OR_RETURN(rpc::Caller caller, authorizer_.Admit(context, Permission::kRead));
    RETURN_IF_ERROR(CheckId("customer_id", request.customer_id()));
    RETURN_IF_ERROR(CheckOptionalName("journey_id", request.journey_id()));
    Question question{.workspace = std::move(caller.workspace)};
    ASSIGN_OR_RETURN(question.freshness, ToFreshness(request.consistency(), rpc::DeadlineOf(context)));
    return question;
  }

  static absl::StatusOr<std::vector<std::string>> ToCustomerIds(const v1::BatchGetCurrentStagesRequest& request) {
    if (request.customer_ids().empty() || request.customer_ids_size() > kMostCustomersAtOnce) {
      return InvalidField("customer_ids",
                          absl::StrCat("must be 1 to ", kMostCustomersAtOnce, ", not ", request.customer_ids_size()));
    }
    for (int i = 0; i < request.customer_ids_size(); ++i) {
      RETURN_IF_ERROR(CheckId(absl::StrCat("customer_ids[", i, "]"), request.customer_ids(i)));
    }
    RETURN_IF_ERROR(CheckOptionalName("journey_id", request.journey_id()));
    return std::vector<std::string>(request.customer_ids().begin(), request.customer_ids().end());
  }

  // The newest position of each lane that the answers stand for.
  std::string TokenOf(absl::string_view workspace, const std::vector<v1::CustomerStages>& answers) const {
    std::map<int, journal::TokenPosition> positions;
    for (const v1::CustomerStages& stages : answers) {
      const int lane = journal::LaneOf(workspace, stages.customer_id());
      journal::TokenPosition& position = positions[lane];
      position = {.service = "milestone",
                  .epoch = stages.version_epoch(),
                  .lane = lane,
                  .position = std::max(position.position, stages.version_position())};
    }
    std::vector<journal::TokenPosition> list;
    for (const auto& [lane, position] : positions) list.push_back(position);
    return journal::MakeToken(list);
  }

  const rpc::Authorizer& authorizer_;
  Reader& reader_;
  Explainer& explainer_;
  StageReader& stages_;
  Committer& committer_;
  journal::Journal& journal_;
  OpenStreams& watches_;
  const Clock& clock_;
};

class CustomerServiceImpl final : public v1::CustomerService::Service {
 public:
  CustomerServiceImpl(const rpc::Authorizer& authorizer, Reader& reader, Committer& committer, Tracker& tracker,
                      const Clock& clock)
      : authorizer_(authorizer), reader_(reader), committer_(committer), tracker_(tracker), clock_(clock) {}

  grpc::Status Identify(grpc::ServerContext* context, const v1::IdentifyRequest* request,
                        v1::IdentifyResponse* response) override {
    return Record(authorizer_, committer_, clock_, *context, *request, *response);
  }

  grpc::Status GetCustomer(grpc::ServerContext* context, const v1::GetCustomerRequest* request,
                           v1::GetCustomerResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    RETURN_IF_ERROR_GRPC(CheckId("customer_id", request->customer_id()));
    ASSIGN_OR_RETURN_GRPC(*response->mutable_customer(), reader_.GetCustomer(caller.workspace, request->customer_id()));
    return grpc::Status::OK;
  }

  grpc::Status ListCustomers(grpc::ServerContext* context, const v1::ListCustomersRequest* request,
                             v1::ListCustomersResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const Reader::CustomerFilter filter, ToFilter(*request));
    ASSIGN_OR_RETURN_GRPC(const int page_size, ToPageSize(request->page_size()));
    const std::string list =
        absl::StrCat("ListCustomers/", caller.workspace, "/", filter.journey_id, "/", filter.stage_key);
    ASSIGN_OR_RETURN_GRPC(std::string after, ReadPageToken(list, request->page_token()));
    ASSIGN_OR_RETURN_GRPC(Reader::CustomerPage page,
                          reader_.ListCustomers(caller.workspace, filter, std::move(after), page_size));
    for (v1::Customer& customer : page.customers) *response->add_customers() = std::move(customer);
    if (!page.next.empty()) response->set_next_page_token(MakePageToken(list, page.next));
    return grpc::Status::OK;
  }

  grpc::Status MergeCustomers(grpc::ServerContext* context, const v1::MergeCustomersRequest* request,
                              v1::MergeCustomersResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kWrite));
    RETURN_IF_ERROR_GRPC(CheckId("customer_id", request->customer_id()));
    RETURN_IF_ERROR_GRPC(CheckId("into_customer_id", request->into_customer_id()));
    if (request->customer_id() == request->into_customer_id()) {
      return rpc::ToGrpc(InvalidField("into_customer_id", "must be another customer than customer_id"));
    }
    ASSIGN_OR_RETURN_GRPC(*response->mutable_consistency_token(),
                          tracker_.Merge(caller.workspace, request->customer_id(), request->into_customer_id()));
    return grpc::Status::OK;
  }

  grpc::Status DeleteCustomer(grpc::ServerContext* context, const v1::DeleteCustomerRequest* request,
                              v1::DeleteCustomerResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    RETURN_IF_ERROR_GRPC(CheckId("customer_id", request->customer_id()));
    ASSIGN_OR_RETURN_GRPC(*response->mutable_consistency_token(),
                          tracker_.Delete(caller.workspace, request->customer_id()));
    return grpc::Status::OK;
  }

 private:
  static absl::StatusOr<Reader::CustomerFilter> ToFilter(const v1::ListCustomersRequest& request) {
    RETURN_IF_ERROR(CheckOptionalName("journey_id", request.journey_id()));
    if (!request.stage_key().empty()) {
      if (request.journey_id().empty())
        return InvalidField("stage_key", "needs a journey_id: stages belong to a journey");
      RETURN_IF_ERROR(CheckKey("stage_key", request.stage_key()));
    }
    return Reader::CustomerFilter{.journey_id = request.journey_id(), .stage_key = request.stage_key()};
  }

  const rpc::Authorizer& authorizer_;
  Reader& reader_;
  Committer& committer_;
  Tracker& tracker_;
  const Clock& clock_;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeMilestoneService(const rpc::Authorizer& authorizer, Reader& reader,
                                                    Explainer& explainer, StageReader& stages, Committer& committer,
                                                    journal::Journal& journal, OpenStreams& watches,
                                                    const Clock& clock) {
  return std::make_shared<MilestoneServiceImpl>(authorizer, reader, explainer, stages, committer, journal, watches,
                                                clock);
}

std::shared_ptr<grpc::Service> MakeCustomerService(const rpc::Authorizer& authorizer, Reader& reader,
                                                   Committer& committer, Tracker& tracker, const Clock& clock) {
  return std::make_shared<CustomerServiceImpl>(authorizer, reader, committer, tracker, clock);
}

}  // namespace waymark::milestone
