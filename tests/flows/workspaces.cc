#include "tests/flows/workspaces.h"

#include <google/protobuf/descriptor_database.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/journal/journal_service.h"
#include "common/rpc/client.h"

namespace waymark::flows {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

constexpr char kServiceKey[] = "service";

std::string Credentials() {
  std::string lines = absl::StrCat(Sha256Hex(kServiceKey), " * service\n");
  for (const char* workspace : {"a", "b"}) {
    for (const char* role : {"reader", "writer", "admin"}) {
      absl::StrAppend(&lines, Sha256Hex(absl::StrCat(workspace, "-", role)), " ", workspace, " ", role, "\n");
    }
  }
  return lines;
}

grpc::ByteBuffer ToBytes(const Message& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

MessagePtr ToMessage(const grpc::ByteBuffer& bytes, const google::protobuf::Descriptor& type) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!bytes.Dump(&slices).ok()) std::abort();
  for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  MessagePtr message(MessageFactory::generated_factory()->GetPrototype(&type)->New());
  if (!message->ParseFromString(text)) std::abort();
  return message;
}

}  // namespace

std::vector<const MethodDescriptor*> EveryMethod() {
  std::vector<std::string> files;
  if (!DescriptorPool::internal_generated_database()->FindAllFileNames(&files)) std::abort();
  std::vector<const MethodDescriptor*> methods;
  for (const std::string& name : files) {
    const FileDescriptor& file = *DescriptorPool::generated_pool()->FindFileByName(name);
    if (!absl::StartsWith(file.package(), "waymark.")) continue;
    for (int i = 0; i < file.service_count(); ++i) {
      for (int j = 0; j < file.service(i)->method_count(); ++j) methods.push_back(file.service(i)->method(j));
    }
  }
  std::sort(methods.begin(), methods.end(),
            [](const auto* one, const auto* other) { return one->full_name() < other->full_name(); });
  return methods;
}

const MethodDescriptor& MethodOf(const std::string& name) {
  const MethodDescriptor* method = DescriptorPool::generated_pool()->FindMethodByName(name);
  if (method == nullptr) std::abort();
  return *method;
}

Workspaces::Workspaces() : clock_(absl::FromUnixSeconds(1'777'896'000)) {  // 4 May 2026, 12:00 UTC.
  support::WriteFile(folder_.File("credentials"), Credentials());
  authorizer_ = rpc::Authorizer::FromFile(folder_.File("credentials")).value();
  for (const char* service : {"journey", "milestone", "health", "notification"}) {
    const std::string url = absl::StrCat("sqlite:", folder_.path(), "/", service, ".db");
    databases_.push_back(sql::Database::Open({.url = url}).value());
  }
  journey_ = journey::Parts::Start(*databases_[0], clock_, *authorizer_).value();
  milestone_ = milestone::Parts::Start(*databases_[1], clock_, *authorizer_, nullptr).value();
  health_ = health::Parts::Start(*databases_[2], clock_, *authorizer_).value();
  notification_ = notification::Parts::Start(*databases_[3], clock_, *authorizer_, {}).value();
  journals_ = std::make_unique<journal::JournalServiceImpl>(
      *authorizer_, std::vector<journal::Journal*>{&journey_->journal(), &milestone_->journal(), &health_->journal(),
                                                   &notification_->journal()});

  std::vector<grpc::Service*> services = {journals_.get()};
  for (const auto& some :
       {journey_->services(), milestone_->services(), health_->services(), notification_->services()}) {
    services.insert(services.end(), some.begin(), some.end());
  }
  server_ = rpc::Server::Start({.address = "127.0.0.1:0"}, services).value();
  channel_ = rpc::Connect({.target = absl::StrCat("127.0.0.1:", server_->port())}).value();

  const auto into = [&] { return server_->InProcessChannel(); };
  milestone_->Follow(into(), into(), kServiceKey, absl::ZeroDuration());
  health_->Follow(into(), kServiceKey, absl::ZeroDuration());
  notification_->Follow(into(), into(), kServiceKey, absl::ZeroDuration());
  for (std::vector<Loop> some : {journey_->loops(), milestone_->loops(), health_->loops(), notification_->loops()}) {
    std::move(some.begin(), some.end(), std::back_inserter(loops_));
  }
}

Workspaces::~Workspaces() {
  journals_->StopWaiting();
  milestone_->Cancel();
  health_->Cancel();
  notification_->Cancel();
  server_->Stop();
}

// As a stream of both directions, which is how every kind of RPC looks on the wire; a stream of requests is of one.
Answer Workspaces::Call(const MethodDescriptor& method, const Message& request, const std::string& key,
                        const std::string& workspace) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  rpc::AddCredential(context, key, workspace);
  grpc::CompletionQueue queue;
  const auto next = [&] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };

  Answer answer;
  grpc::GenericStub stub(channel_);
  const auto call =
      stub.PrepareCall(&context, absl::StrCat("/", method.service()->full_name(), "/", method.name()), &queue);
  call->StartCall(nullptr);
  if (next()) {
    call->WriteLast(ToBytes(request), grpc::WriteOptions(), nullptr);
    next();
    for (;;) {
      grpc::ByteBuffer bytes;
      call->Read(&bytes, nullptr);
      if (!next()) break;
      answer.responses.push_back(ToMessage(bytes, *method.output_type()));
    }
  }
  call->Finish(&answer.status, nullptr);
  next();
  queue.Shutdown();
  while (next()) continue;
  return answer;
}

absl::Status Workspaces::RunUntilQuiet() {
  for (int round = 0; round < 1'000; ++round) {
    bool busy = false;
    for (const Loop& loop : loops_) {
      ASSIGN_OR_RETURN(const bool did, loop.run_once());
      busy = busy || did;
    }
    if (!busy) return absl::OkStatus();
  }
  return absl::InternalError("the loops do not come to rest");
}

}  // namespace waymark::flows
