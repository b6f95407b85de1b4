#include "common/rpc/server.h"

#include <grpcpp/generic/generic_stub.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/base/errors.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/rpc/deadline.h"
#include "common/rpc/status.h"
#include "gmock/gmock.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "gtest/gtest.h"
#include "tests/common/rpc/test_service.h"

namespace waymark::rpc {
namespace {

using ::grpc::health::v1::HealthCheckResponse;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kService[] = "waymark.journal.v1.JournalService";

std::shared_ptr<grpc::Channel> To(int port) {
  return grpc::CreateChannel(Loopback(port), grpc::InsecureChannelCredentials());
}

// What a health check of `service` answers; NOT_SERVING where nobody answers.
HealthCheckResponse::ServingStatus Health(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  grpc::ClientContext context;
  grpc::health::v1::HealthCheckRequest request;
  request.set_service(service);
  HealthCheckResponse response;
  const grpc::Status status = grpc::health::v1::Health::NewStub(channel)->Check(&context, request, &response);
  return status.ok() ? response.status() : HealthCheckResponse::NOT_SERVING;
}

// The answer's bytes to a call whose message is given in bytes.
absl::StatusOr<std::string> RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                                    const std::string& message) {
  grpc::ClientContext context;
  const grpc::Slice slice(message);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  absl::Notification done;
  grpc::Status status;
  grpc::GenericStub(channel).UnaryCall(&context, method, {}, &request, &response, [&](grpc::Status answer) {
    status = std::move(answer);
    done.Notify();
  });
  done.WaitForNotification();
  if (!status.ok()) return FromGrpc(status);
  grpc::Slice bytes;
  response.DumpToSingleSlice(&bytes);
  return std::string(reinterpret_cast<const char*>(bytes.begin()), bytes.size());
}

TEST(ServerTest, ServesSyncAndCallbackMethods) {
  TestService service;
  const auto server = StartOrDie(service);
  EXPECT_TRUE(Call(To(server->port())).ok());
  grpc::ClientContext context;
  const auto stream = v1::JournalService::NewStub(To(server->port()))->ReadJournal(&context, {});
  v1::ReadJournalResponse begun;
  EXPECT_TRUE(stream->Read(&begun));
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST(ServerTest, AnswersInProcessWithoutAPort) {
  TestService service;
  const auto server = StartOrDie(service, {});
  EXPECT_TRUE(Call(server->InProcessChannel()).ok());
  EXPECT_EQ(server->port(), 0);
  EXPECT_EQ(server->admin_port(), 0);
  EXPECT_EQ(server->metrics_port(), 0);
}

TEST(ServerTest, HealthIsToldPerServiceOnBothPorts) {
  TestService service;
  const auto server = StartOrDie(service, {.address = "127.0.0.1:0", .admin_address = "127.0.0.1:0"});
  for (const int port : {server->port(), server->admin_port()}) {
    EXPECT_EQ(Health(To(port), ""), HealthCheckResponse::SERVING);
    EXPECT_EQ(Health(To(port), kService), HealthCheckResponse::SERVING);
  }
  server->SetReady(false);
  for (const int port : {server->port(), server->admin_port()}) {
    EXPECT_EQ(Health(To(port), ""), HealthCheckResponse::NOT_SERVING);
    EXPECT_EQ(Health(To(port), kService), HealthCheckResponse::NOT_SERVING);
  }
  server->SetReady(true);
  EXPECT_EQ(Health(To(server->port()), kService), HealthCheckResponse::SERVING);
}

TEST(ServerTest, ReflectionDescribesServicesAndHealth) {
  TestService service;
  const auto server = StartOrDie(service);
  const std::string method = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  // ServerReflectionRequest{list_services: "*"} and {file_containing_symbol: …}.
  const auto services = RawCall(To(server->port()), method, "\x3A\x01*");
  ASSERT_TRUE(services.ok()) << services.status();
  EXPECT_THAT(*services, HasSubstr(kService));
  for (const std::string& symbol : {std::string(kService), std::string("grpc.health.v1.Health")}) {
    const auto file = RawCall(To(server->port()), method,
                              absl::StrCat("\x22", std::string(1, static_cast<char>(symbol.size())), symbol));
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_THAT(*file, HasSubstr(".proto")) << symbol;
  }
}

TEST(ServerTest, ChannelzIsForOperatorsAlone) {
  TestService service;
  const auto server = StartOrDie(service, {.address = "127.0.0.1:0", .admin_address = "127.0.0.1:0"});
  const std::string method = "/grpc.channelz.v1.Channelz/GetServers";
  EXPECT_TRUE(RawCall(To(server->admin_port()), method, "").ok());
  EXPECT_EQ(RawCall(To(server->port()), method, "").status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(Call(To(server->admin_port())).error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST(ServerTest, MetricsHaveAPortOfTheirOwn) {
  TestService service;
  const auto server = StartOrDie(service, {.metrics_address = "127.0.0.1:0"});
  EXPECT_GT(server->metrics_port(), 0);
}

TEST(ServerTest, AnAddressThatIsTakenIsNamed) {
  TestService service;
  const auto server =
      StartOrDie(service, {.address = "127.0.0.1:0", .admin_address = "127.0.0.1:0", .metrics_address = "127.0.0.1:0"});
  for (const ServerOptions& options : {ServerOptions{.address = Loopback(server->port())},
                                       ServerOptions{.admin_address = Loopback(server->admin_port())},
                                       ServerOptions{.metrics_address = Loopback(server->metrics_port())}}) {
    const auto second = Server::Start(options, {&service});
    EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(second.status().message()),
                HasSubstr(absl::StrCat(options.address, options.admin_address, options.metrics_address)));
  }
}

TEST(ServerTest, AMessageAboveTheLimitIsRefused) {
  TestService service;
  const auto server = StartOrDie(service);
  v1::GetJournalInfoRequest request;
  request.set_journal(std::string((5 << 20) - 100, 'x'));
  EXPECT_TRUE(Call(
                  To(server->port()), [](grpc::ClientContext&) {}, request)
                  .ok());
  request.set_journal(std::string((5 << 20) + 1, 'x'));
  EXPECT_EQ(Call(
                To(server->port()), [](grpc::ClientContext&) {}, request)
                .error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST(ServerTest, CompressedMessagesAreRefused) {
  TestService service;
  const auto server = StartOrDie(service);
  v1::GetJournalInfoRequest request;
  request.set_journal(std::string(10'000, 'x'));
  for (const grpc_compression_algorithm algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    const grpc::Status status = Call(
        To(server->port()), [&](grpc::ClientContext& context) { context.set_compression_algorithm(algorithm); },
        request);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << status.error_message();
  }
}

// The line that a series has in Prometheus' text.
std::string CallsOf(const std::string& method, const std::string& status) {
  return absl::StrCat("grpc_server_call_duration_seconds_count{grpc_method=\"", method, "\",grpc_status=\"", status,
                      "\"}");
}

// The value of a series in Prometheus' text; 0 where it is not there yet. Metrics live as long as the process, so tests
// look at what was added.
double ValueOf(const std::string& series) {
  double value = 0;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(metrics::Render(), '\n'))) {
    if (!absl::StartsWith(line, series + " ")) continue;
    EXPECT_TRUE(absl::SimpleAtod(line.substr(series.size() + 1), &value));
  }
  return value;
}

TEST(ServerTest, CallsAreCountedByMethodAndStatus) {
  const std::string started =
      absl::StrCat("grpc_server_call_started_total{grpc_method=\"", kService, "/ReadJournal\"}");
  const double ok_before = ValueOf(CallsOf(kMethod, "OK"));
  const double lost_before = ValueOf(CallsOf(kMethod, "DATA_LOSS"));
  const double started_before = ValueOf(started);
  TestService service([](grpc::ServerContext&, const v1::GetJournalInfoRequest& request) {
    return request.journal().empty() ? grpc::Status::OK : ToGrpc(absl::DataLossError("gone"));
  });
  const auto server = StartOrDie(service, {});
  const auto channel = server->InProcessChannel();
  v1::GetJournalInfoRequest bad;
  bad.set_journal("health");
  EXPECT_TRUE(Call(channel).ok());
  EXPECT_FALSE(Call(
                   channel, [](grpc::ClientContext&) {}, bad)
                   .ok());
  grpc::ClientContext context;
  const auto stream = v1::JournalService::NewStub(channel)->ReadJournal(&context, {});
  v1::ReadJournalResponse begun;
  EXPECT_TRUE(stream->Read(&begun));
  EXPECT_EQ(ValueOf(CallsOf(kMethod, "OK")), ok_before + 1);
  EXPECT_EQ(ValueOf(CallsOf(kMethod, "DATA_LOSS")), lost_before + 1);
  EXPECT_EQ(ValueOf(started), started_before + 1);
}

TEST(ServerTest, AMethodThatNobodyHasMakesNoSeries) {
  TestService service;
  const auto server = StartOrDie(service);
  for (const char* method : {"/waymark.journal.v1.JournalService/DropTables", "/acme.Service/DropTables", "/DropTables",
                             "/google.rpc.Status/DropTables"}) {
    EXPECT_EQ(RawCall(To(server->port()), method, "").status().code(), absl::StatusCode::kUnimplemented) << method;
  }
  const std::string text = metrics::Render();
  EXPECT_THAT(text, Not(HasSubstr("DropTables")));
  EXPECT_THAT(text, HasSubstr(CallsOf("other", "UNIMPLEMENTED")));
}

TEST(ServerTest, AFailedCallIsLoggedWithoutItsMessage) {
  TestService service([](grpc::ServerContext&, const v1::GetJournalInfoRequest& request) {
    return request.journal().empty() ? grpc::Status::OK : ToGrpc(NotFound("customer \"jane@acme.example\""));
  });
  const auto server = StartOrDie(service, {});
  v1::GetJournalInfoRequest request;
  request.set_journal("health");
  testing::internal::CaptureStderr();
  EXPECT_TRUE(Call(server->InProcessChannel()).ok());
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  testing::internal::CaptureStderr();
  EXPECT_FALSE(Call(
                   server->InProcessChannel(), [](grpc::ClientContext&) {}, request)
                   .ok());
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log,
              HasSubstr(absl::StrCat("INFO waymark call method=", kMethod, " status=NOT_FOUND reason=NOT_FOUND ms=")));
  EXPECT_THAT(log, Not(HasSubstr("jane")));
}

TEST(ServerTest, AtDebugEveryCallHasItsLine) {
  TestService service;
  const auto server = StartOrDie(service, {});
  log::Configure("waymark", log::Level::kDebug, log::Format::kText);
  testing::internal::CaptureStderr();
  EXPECT_TRUE(Call(server->InProcessChannel()).ok());
  const std::string log = testing::internal::GetCapturedStderr();
  log::Configure("waymark", log::Level::kInfo, log::Format::kText);
  EXPECT_THAT(log, HasSubstr(absl::StrCat("DEBUG waymark call method=", kMethod, " status=OK")));
}

// How long a call with this deadline may take at a server that has the default limits.
absl::Duration TimeLeft(std::optional<absl::Duration> deadline) {
  absl::Duration left;
  TestService service([&](grpc::ServerContext& context, const v1::GetJournalInfoRequest&) {
    left = DeadlineOf(context) - absl::Now();
    return grpc::Status::OK;
  });
  const auto server = StartOrDie(service, {});
  const auto until = deadline.has_value() ? std::chrono::system_clock::now() + absl::ToChronoNanoseconds(*deadline)
                                          : std::chrono::system_clock::time_point::max();
  EXPECT_TRUE(
      Call(server->InProcessChannel(), [&](grpc::ClientContext& context) { context.set_deadline(until); }).ok());
  return left;
}

TEST(DeadlineOfTest, IsTheClientsButAtMost30SecondsAnd3WhereItGaveNone) {
  // gRPC rounds a deadline up on its way, so a second more may be left; a slow machine leaves less.
  EXPECT_LE(TimeLeft(absl::Seconds(20)), absl::Seconds(21));
  EXPECT_GT(TimeLeft(absl::Seconds(20)), absl::Seconds(4));
  EXPECT_LE(TimeLeft(absl::Hours(1)), absl::Seconds(31));
  EXPECT_GT(TimeLeft(absl::Hours(1)), absl::Seconds(21));
  EXPECT_LE(TimeLeft(std::nullopt), absl::Seconds(4));
}

TEST(ServerStopTest, ACallUnderWayMayEnd) {
  absl::Notification begun, go_on;
  TestService service([&](grpc::ServerContext&, const v1::GetJournalInfoRequest&) {
    begun.Notify();
    go_on.WaitForNotification();
    return grpc::Status::OK;
  });
  const auto server =
      StartOrDie(service, {.address = "127.0.0.1:0", .admin_address = "127.0.0.1:0", .drain = absl::Seconds(60)});
  const auto admin = To(server->admin_port());
  EXPECT_EQ(Health(admin, ""), HealthCheckResponse::SERVING);
  grpc::Status status;
  std::thread caller([&] { status = Call(To(server->port())); });
  begun.WaitForNotification();
  std::thread stopper([&] { server->Stop(); });
  while (Health(admin, "") == HealthCheckResponse::SERVING) std::this_thread::yield();
  // New calls find nobody once the listener has gone.
  while (Health(To(server->port()), "") == HealthCheckResponse::SERVING) std::this_thread::yield();
  EXPECT_EQ(Health(admin, ""), HealthCheckResponse::NOT_SERVING);
  go_on.Notify();
  caller.join();
  stopper.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST(ServerStopTest, WhatDoesNotEndIsCancelled) {
  TestService service;
  const auto server = StartOrDie(service, {.address = "127.0.0.1:0", .drain = absl::Milliseconds(50)});
  grpc::ClientContext context;
  const auto stream = v1::JournalService::NewStub(To(server->port()))->ReadJournal(&context, {});
  v1::ReadJournalResponse begun;
  EXPECT_TRUE(stream->Read(&begun));
  server->Stop();
  EXPECT_FALSE(stream->Read(&begun));
  EXPECT_FALSE(stream->Finish().ok());
  server->Stop();  // Nothing is left to stop.
}

TEST(ServerStopTest, AServerThatGoesStopsAtOnce) {
  TestService service;
  auto server = StartOrDie(service, {.address = "127.0.0.1:0", .drain = absl::InfiniteDuration()});
  grpc::ClientContext context;
  const auto stream = v1::JournalService::NewStub(To(server->port()))->ReadJournal(&context, {});
  v1::ReadJournalResponse begun;
  EXPECT_TRUE(stream->Read(&begun));
  server = nullptr;
  EXPECT_FALSE(stream->Read(&begun));
}

// Far more calls at once than threads: those beyond are refused, the others are answered, and the server goes on.
TEST(ServerTest, CallsBeyondTheThreadsAreRefused) {
  absl::Notification go_on;
  TestService service([&](grpc::ServerContext&, const v1::GetJournalInfoRequest&) {
    go_on.WaitForNotification();
    return grpc::Status::OK;
  });
  const auto server = StartOrDie(service);
  const auto stub = v1::JournalService::NewStub(To(server->port()));
  struct AsyncCall {
    grpc::ClientContext context;
    v1::GetJournalInfoRequest request;
    v1::GetJournalInfoResponse response;
  };
  constexpr int kCalls = 300;
  std::vector<AsyncCall> calls(kCalls);
  absl::Mutex mutex;
  int answered = 0, refused = 0;
  for (AsyncCall& call : calls) {
    stub->async()->GetJournalInfo(&call.context, &call.request, &call.response, [&](grpc::Status status) {
      absl::MutexLock lock(&mutex);
      EXPECT_TRUE(status.ok() || status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
      ++(status.ok() ? answered : refused);
    });
  }
  {
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(
        +[](int* refused) { return *refused > 0; }, &refused));
  }
  go_on.Notify();
  {
    absl::MutexLock lock(&mutex);
    const auto all = [&] { return answered + refused == kCalls; };
    mutex.Await(absl::Condition(&all));
    EXPECT_GE(answered, 200);
  }
  EXPECT_TRUE(Call(To(server->port())).ok());
}

// What follows changes the whole process, so each runs in a child.
class ProcessDeathTest : public ::testing::Test {
 protected:
  ProcessDeathTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(ProcessDeathTest, StartRaisesTheLimitOfDescriptors) {
  const auto child = [] {
    rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 100;
    setrlimit(RLIMIT_NOFILE, &limit);
    TestService service;
    const auto server = StartOrDie(service, {});
    getrlimit(RLIMIT_NOFILE, &limit);
    _exit(limit.rlim_cur == limit.rlim_max ? 0 : 1);
  };
  EXPECT_EXIT(child(), testing::ExitedWithCode(0), "");
}

TEST_F(ProcessDeathTest, WaitForSignalReturnsOnTermAndInt) {
  const auto child = [](int signal) {
    PrepareMain();
    TestService service;
    const auto server = StartOrDie(service);
    EXPECT_TRUE(Call(To(server->port())).ok());
    kill(getpid(), signal);
    WaitForSignal();
    server->Stop();
    _exit(0);
  };
  EXPECT_EXIT(child(SIGTERM), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(child(SIGINT), testing::ExitedWithCode(0), "");
}

TEST_F(ProcessDeathTest, APeerThatHasGoneDoesNotEndTheProcess) {
  const auto child = [] {
    PrepareMain();
    raise(SIGPIPE);
    _exit(0);
  };
  EXPECT_EXIT(child(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace waymark::rpc
