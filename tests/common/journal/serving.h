// A journal service in process, as tests of readers and followers need it.
#ifndef WAYMARK_TESTS_COMMON_JOURNAL_SERVING_H_
#define WAYMARK_TESTS_COMMON_JOURNAL_SERVING_H_

#include <grpcpp/grpcpp.h>

#include <memory>

namespace waymark::journal {

// Serves until it goes, which cancels the calls under way. Its channels must not be called after that.
class Serving {
 public:
  explicit Serving(grpc::Service& service) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service);
    server_ = builder.BuildAndStart();
  }
  ~Serving() { server_->Shutdown(std::chrono::system_clock::now()); }

  std::shared_ptr<grpc::Channel> Channel() { return server_->InProcessChannel(grpc::ChannelArguments()); }

 private:
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace waymark::journal

#endif  // WAYMARK_TESTS_COMMON_JOURNAL_SERVING_H_
