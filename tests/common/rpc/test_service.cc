#include "tests/common/rpc/test_service.h"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"

namespace waymark::rpc {
namespace {

// Tells the reader that it has begun, and waits.
class EndlessStream final : public grpc::ServerWriteReactor<v1::ReadJournalResponse> {
 public:
  EndlessStream() { StartWrite(&begun_); }
  void OnWriteDone(bool) override {}
  void OnCancel() override { Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  v1::ReadJournalResponse begun_;
};

}  // namespace

grpc::ServerWriteReactor<v1::ReadJournalResponse>* TestService::ReadJournal(grpc::CallbackServerContext*,
                                                                            const v1::ReadJournalRequest*) {
  return new EndlessStream;  // Deletes itself, as gRPC's reactors do.
}

grpc::Status Call(const std::shared_ptr<grpc::Channel>& channel,
                  const std::function<void(grpc::ClientContext&)>& prepare, const v1::GetJournalInfoRequest& request) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
  prepare(context);
  v1::GetJournalInfoResponse response;
  return v1::JournalService::NewStub(channel)->GetJournalInfo(&context, request, &response);
}

std::unique_ptr<Server> StartOrDie(grpc::Service& service, ServerOptions options) {
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options, {&service});
  if (!server.ok()) {
    std::cerr << server.status() << std::endl;
    std::abort();
  }
  return *std::move(server);
}

std::string Loopback(int port) { return absl::StrCat("127.0.0.1:", port); }

}  // namespace waymark::rpc
