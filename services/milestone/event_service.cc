#include "services/milestone/event_service.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "common/base/status.h"
#include "common/rpc/deadline.h"
#include "common/rpc/status.h"
#include "common/worker/pool.h"
#include "services/milestone/analytics_service.h"
#include "services/milestone/convert.h"
#include "waymark/milestone/v1/event.grpc.pb.h"

namespace waymark::milestone {
namespace {

// Takes the request as bytes, so that an event which is no well-formed message is answered for itself, and answers from
// the committer's thread, so that no thread waits for a commit.
class EventServiceImpl final : public v1::EventService::WithRawCallbackMethod_IngestEvents<v1::EventService::Service> {
 public:
  EventServiceImpl(const rpc::Authorizer& authorizer, Committer& committer, StageReader& stages, Analyst& analyst,
                   const Clock& clock)
      : authorizer_(authorizer), committer_(committer), stages_(stages), analyst_(analyst), clock_(clock) {}

  grpc::ServerUnaryReactor* IngestEvents(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    absl::StatusOr<Call> call = Prepare(*context, *request);
    if (!call.ok()) {
      reactor->Finish(rpc::ToGrpc(call.status()));
      return reactor;
    }
    Committer::Done done = [reactor, response](const Batch& batch, absl::StatusOr<Receipt> receipt) {
      if (!receipt.ok()) return reactor->Finish(rpc::ToGrpc(receipt.status()));
      bool own_buffer = false;
      reactor->Finish(grpc::SerializationTraits<v1::IngestEventsResponse>::Serialize(ToProto(batch, *receipt), response,
                                                                                     &own_buffer));
    };
    if (call->freshness.positions.empty()) {
      committer_.Submit(std::move(call->batch), std::move(done));
      return reactor;
    }
    // Shared, because std::function copies what it holds.
    auto waiting = std::make_shared<Call>(*std::move(call));
    waits_.Run([this, waiting, done = std::move(done)] {
      if (absl::Status waited = stages_.Wait(waiting->freshness); !waited.ok()) return done(*waiting->batch, waited);
      committer_.Submit(std::move(waiting->batch), done);
    });
    return reactor;
  }

  grpc::Status ListEventTypes(grpc::ServerContext* context, const v1::ListEventTypesRequest* request,
                              v1::ListEventTypesResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, rpc::Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const int page_size, ToPageSize(request->page_size()));
    const std::string list = absl::StrCat("ListEventTypes/", caller.workspace);
    ASSIGN_OR_RETURN_GRPC(const std::string after, ReadPageToken(list, request->page_token()));
    const absl::Time deadline = LookDeadlineOf(*context);
    ASSIGN_OR_RETURN_GRPC(const Freshness freshness, ToFreshness(request->consistency(), deadline));
    RETURN_IF_ERROR_GRPC(stages_.Wait(freshness));
    ASSIGN_OR_RETURN_GRPC(Analyst::EventTypePage page, analyst_.ListEventTypes(caller.workspace, after, page_size, [&] {
      return MayKeepLooking(*context, deadline);
    }));
    *response = std::move(page.types);
    if (!page.next.empty()) response->set_next_page_token(MakePageToken(list, page.next));
    return grpc::Status::OK;
  }

 private:
  struct Call {
    std::unique_ptr<Batch> batch;
    Freshness freshness;
  };

  absl::StatusOr<Call> Prepare(const grpc::CallbackServerContext& context, const grpc::ByteBuffer& request) const {
    ASSIGN_OR_RETURN(rpc::Caller caller, authorizer_.Admit(context, rpc::Permission::kWrite));
    std::vector<grpc::Slice> slices;
    if (!request.Dump(&slices).ok()) return absl::InternalError("a request cannot be read");
    std::string bytes;
    bytes.reserve(request.Length());
    for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    Call call;
    ASSIGN_OR_RETURN(call.batch, ToBatch(std::move(caller.workspace), std::move(bytes), clock_.Now()));
    call.freshness.deadline = rpc::DeadlineOf(context);
    ASSIGN_OR_RETURN(call.freshness.positions, journal::ParseToken(call.batch->consistency_token, "consistency_token"));
    return call;
  }

  const rpc::Authorizer& authorizer_;
  Committer& committer_;
  StageReader& stages_;
  Analyst& analyst_;
  const Clock& clock_;
  Pool waits_{4};
};

}  // namespace

std::shared_ptr<grpc::Service> MakeEventService(const rpc::Authorizer& authorizer, Committer& committer,
                                                StageReader& stages, Analyst& analyst, const Clock& clock) {
  return std::make_shared<EventServiceImpl>(authorizer, committer, stages, analyst, clock);
}

}  // namespace waymark::milestone
