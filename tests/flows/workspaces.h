// The four services in one process, open to the keys of two workspaces, and every RPC of theirs by its name: what tests
// need that look at all of them.
#ifndef WAYMARK_TESTS_FLOWS_WORKSPACES_H_
#define WAYMARK_TESTS_FLOWS_WORKSPACES_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/rpc/authorizer.h"
#include "common/rpc/server.h"
#include "common/sql/sql.h"
#include "common/worker/loop.h"
#include "services/health/parts.h"
#include "services/journey/parts.h"
#include "services/milestone/parts.h"
#include "services/notification/parts.h"
#include "tests/support/temp_dir.h"

namespace waymark::journal {
class JournalServiceImpl;
}

namespace waymark::flows {

using MessagePtr = std::unique_ptr<google::protobuf::Message>;

// Every method in packages waymark.*, of all generated files in this program, by the service's and the method's name.
std::vector<const google::protobuf::MethodDescriptor*> EveryMethod();

// The one of this name, such as `waymark.journey.v1.JourneyService.GetJourney`; aborts where there is none.
const google::protobuf::MethodDescriptor& MethodOf(const std::string& name);

// What an RPC answered; a stream's messages in their order.
struct Answer {
  grpc::Status status;
  std::vector<MessagePtr> responses;
};

// The keys of the workspaces `a` and `b` are `a-reader`, `a-writer`, `a-admin` and so on; `service` is a service's.
class Workspaces {
 public:
  Workspaces();
  ~Workspaces();

  // Calls any RPC. An empty key sends none, an empty workspace names none.
  Answer Call(const google::protobuf::MethodDescriptor& method, const google::protobuf::Message& request,
              const std::string& key, const std::string& workspace = "");

  // Does all background work that there is. Errors: those of the loops.
  absl::Status RunUntilQuiet();

  absl::Time Now() const { return clock_.Now(); }
  void Advance(absl::Duration by) { clock_.Advance(by); }

 private:
  const support::TempDir folder_;
  VirtualClock clock_;
  // In the order of making: each needs those before it.
  std::unique_ptr<rpc::Authorizer> authorizer_;
  std::vector<std::unique_ptr<sql::Database>> databases_;
  std::unique_ptr<journey::Parts> journey_;
  std::unique_ptr<milestone::Parts> milestone_;
  std::unique_ptr<health::Parts> health_;
  std::unique_ptr<notification::Parts> notification_;
  std::unique_ptr<journal::JournalServiceImpl> journals_;
  std::unique_ptr<rpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::vector<Loop> loops_;
};

}  // namespace waymark::flows

#endif  // WAYMARK_TESTS_FLOWS_WORKSPACES_H_
