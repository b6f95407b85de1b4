// A service whose answers a test decides: the journal service of the protos, since some service must be served.
#ifndef WAYMARK_TESTS_COMMON_RPC_TEST_SERVICE_H_
#define WAYMARK_TESTS_COMMON_RPC_TEST_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "common/rpc/server.h"
#include "waymark/journal/v1/journal.grpc.pb.h"

namespace waymark::rpc {

namespace v1 = ::waymark::journal::v1;

// GetJournalInfo is answered by `answer`, on a thread of the server; ReadJournal, a callback method, never ends until
// it is cancelled.
class TestService final : public v1::JournalService::WithCallbackMethod_ReadJournal<v1::JournalService::Service> {
 public:
  using Answer = std::function<grpc::Status(grpc::ServerContext&, const v1::GetJournalInfoRequest&)>;
  explicit TestService(Answer answer = [](grpc::ServerContext&,
                                          const v1::GetJournalInfoRequest&) { return grpc::Status::OK; })
      : answer_(std::move(answer)) {}

  grpc::Status GetJournalInfo(grpc::ServerContext* context, const v1::GetJournalInfoRequest* request,
                              v1::GetJournalInfoResponse* response) override {
    response->set_epoch(7);
    return answer_(*context, *request);
  }
  grpc::ServerWriteReactor<v1::ReadJournalResponse>* ReadJournal(grpc::CallbackServerContext* context,
                                                                 const v1::ReadJournalRequest* request) override;

 private:
  const Answer answer_;
};

// The path of GetJournalInfo's series and log lines.
inline constexpr char kMethod[] = "waymark.journal.v1.JournalService/GetJournalInfo";

// Calls GetJournalInfo once. `prepare` may set metadata and the deadline, which is 60 s else.
grpc::Status Call(
    const std::shared_ptr<grpc::Channel>& channel,
    const std::function<void(grpc::ClientContext&)>& prepare = [](grpc::ClientContext&) {},
    const v1::GetJournalInfoRequest& request = {});

// A server on a free port of loopback; ends the test program where it cannot start.
std::unique_ptr<Server> StartOrDie(grpc::Service& service, ServerOptions options = {.address = "127.0.0.1:0"});

// `127.0.0.1:port`.
std::string Loopback(int port);

}  // namespace waymark::rpc

#endif  // WAYMARK_TESTS_COMMON_RPC_TEST_SERVICE_H_
