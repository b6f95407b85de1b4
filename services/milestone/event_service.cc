#include "services/milestone/event_service.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "common/base/status.h"
#include "common/rpc/deadline.h"
#include "common/rpc/status.h"
#include "common/worker/pool.h"
#include "services/milestone/convert.h"
#include "waymark/milestone/v1/event.grpc.pb.h"

namespace waymark::milestone {
namespace {

// Takes the request as bytes, so that an event which is no well-formed message is answered for itself, and answers from
// the committer's thread, so that no thread waits for a commit.
class EventServiceImpl final : public v1::EventService::WithRawCallbackMethod_IngestEvents<v1::EventService::Service> {
 public:
  EventServiceImpl(const rpc::Authorizer& authorizer, Committer& committer, StageReader& stages, const Clock& clock)
      : authorizer_(authorizer), committer_(committer), stages_(stages), clock_(clock) {}

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
  const Clock& clock_;
  Pool waits_{4};
};

}  // namespace

std::shared_ptr<grpc::Service> MakeEventService(const rpc::Authorizer& authorizer, Committer& committer,
                                                StageReader& stages, const Clock& clock) {
  return std::make_shared<EventServiceImpl>(authorizer, committer, stages, clock);
}

}  // namespace waymark::milestone
