#include "services/milestone/replay_service.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "common/rpc/deadline.h"
#include "common/rpc/status.h"
#include "services/milestone/replay_convert.h"
#include "waymark/milestone/v1/replay.grpc.pb.h"

namespace waymark::milestone {
namespace {

using rpc::Permission;

// Each reads whole histories and folds them, which keeps a processor busy.
constexpr int kMostAtOnce = 2;
constexpr std::chrono::milliseconds kTellEvery(200);

// Sends how far a call is: at once, and then now and then.
template <typename Response>
class ProgressTeller {
 public:
  ProgressTeller(grpc::ServerContext& context, grpc::ServerWriter<Response>& writer)
      : context_(context), writer_(writer) {}

  bool operator()(int64_t done, int64_t all) {
    if (context_.IsCancelled()) return false;
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return true;
    next_ = now + kTellEvery;
    Response response;
    response.mutable_progress()->set_customers_done(done);
    response.mutable_progress()->set_customers_all(all);
    return writer_.Write(response);
  }

 private:
  grpc::ServerContext& context_;
  grpc::ServerWriter<Response>& writer_;
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::time_point::min();
};

class ReplayServiceImpl final : public v1::ReplayService::Service {
 public:
  ReplayServiceImpl(const rpc::Authorizer& authorizer, Replayer& replayer, Reader& reader, StageReader& stages,
                    const Clock& clock)
      : authorizer_(authorizer), replayer_(replayer), reader_(reader), stages_(stages), clock_(clock) {}

  grpc::Status PreviewVersion(grpc::ServerContext* context, const v1::PreviewVersionRequest* request,
                              grpc::ServerWriter<v1::PreviewVersionResponse>* writer) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const ReplayOrder order, ToReplayOrder(caller.workspace, request->replay(), clock_.Now()));
    ASSIGN_OR_RETURN_GRPC(const size_t most_changes, ToChangeLimit(request->change_limit()));
    return Run(*context, request->replay().consistency(), *writer,
               [&](Replayer::Tell tell) { return replayer_.PreviewVersion(order, most_changes, tell); });
  }

  grpc::Status WhatIf(grpc::ServerContext* context, const v1::WhatIfRequest* request,
                      grpc::ServerWriter<v1::WhatIfResponse>* writer) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    ASSIGN_OR_RETURN_GRPC(const ReplayOrder order, ToReplayOrder(caller.workspace, request->replay(), clock_.Now()));
    return Run(*context, request->replay().consistency(), *writer,
               [&](Replayer::Tell tell) { return replayer_.WhatIf(order, tell); });
  }

  grpc::Status Recompute(grpc::ServerContext* context, const v1::RecomputeRequest* request,
                         grpc::ServerWriter<v1::RecomputeResponse>* writer) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kAdmin));
    ASSIGN_OR_RETURN_GRPC(const RecomputeOrder order, ToRecomputeOrder(caller.workspace, *request));
    return Run(*context, request->consistency(), *writer,
               [&](Replayer::Tell tell) { return replayer_.Recompute(order, tell); });
  }

  grpc::Status GetMigration(grpc::ServerContext* context, const v1::GetMigrationRequest* request,
                            v1::GetMigrationResponse* response) override {
    ASSIGN_OR_RETURN_GRPC(const rpc::Caller caller, authorizer_.Admit(*context, Permission::kRead));
    RETURN_IF_ERROR_GRPC(CheckName("journey_id", request->journey_id()));
    ASSIGN_OR_RETURN_GRPC(const Freshness freshness, ToFreshness(request->consistency(), rpc::DeadlineOf(*context)));
    RETURN_IF_ERROR_GRPC(stages_.Wait(freshness));
    ASSIGN_OR_RETURN_GRPC(*response, reader_.GetMigration(caller.workspace, request->journey_id(), request->number()));
    return grpc::Status::OK;
  }

 private:
  // Waits for what is asked for, and sends progress and report.
  template <typename Response, typename Replay>
  grpc::Status Run(grpc::ServerContext& context, const type::v1::Consistency& consistency,
                   grpc::ServerWriter<Response>& writer, const Replay& replay) {
    ASSIGN_OR_RETURN_GRPC(const Freshness freshness, ToFreshness(consistency, rpc::DeadlineOf(context)));
    RETURN_IF_ERROR_GRPC(stages_.Wait(freshness));
    const absl::Cleanup leave = [&] { --running_; };
    if (++running_ > kMostAtOnce) {
      return rpc::ToGrpc(Overloaded("two replays are under way on this server", absl::Seconds(1)));
    }
    ProgressTeller<Response> tell(context, writer);
    Response response;
    ASSIGN_OR_RETURN_GRPC(*response.mutable_report(),
                          replay([&](int64_t done, int64_t all) { return tell(done, all); }));
    writer.Write(response);
    return grpc::Status::OK;
  }

  const rpc::Authorizer& authorizer_;
  Replayer& replayer_;
  Reader& reader_;
  StageReader& stages_;
  const Clock& clock_;
  std::atomic<int> running_ = 0;
};

}  // namespace

std::shared_ptr<grpc::Service> MakeReplayService(const rpc::Authorizer& authorizer, Replayer& replayer, Reader& reader,
                                                 StageReader& stages, const Clock& clock) {
  return std::make_shared<ReplayServiceImpl>(authorizer, replayer, reader, stages, clock);
}

}  // namespace waymark::milestone
