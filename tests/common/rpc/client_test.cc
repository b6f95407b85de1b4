#include "common/rpc/client.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/rpc/test_service.h"

namespace waymark::rpc {
namespace {

using ::testing::Contains;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

std::shared_ptr<grpc::Channel> ConnectOrDie(const std::string& target) {
  auto channel = Connect({.target = target});
  EXPECT_TRUE(channel.ok()) << channel.status();
  return *channel;
}

TEST(ConnectTest, ACallThatMeetsUnavailableIsTriedAgain) {
  int calls = 0;
  TestService service([&](grpc::ServerContext&, const v1::GetJournalInfoRequest&) {
    return ++calls < 3 ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "not now") : grpc::Status::OK;
  });
  const auto server = StartOrDie(service);
  EXPECT_TRUE(Call(ConnectOrDie(Loopback(server->port()))).ok());
  EXPECT_EQ(calls, 3);
}

TEST(ConnectTest, AnyOtherErrorIsTold) {
  int calls = 0;
  TestService service([&](grpc::ServerContext&, const v1::GetJournalInfoRequest&) {
    ++calls;
    return grpc::Status(grpc::StatusCode::ABORTED, "no");
  });
  const auto server = StartOrDie(service);
  EXPECT_EQ(Call(ConnectOrDie(Loopback(server->port()))).error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(calls, 1);
}

TEST(ConnectTest, CallsAreSpreadAndOneServersEndIsNotNoticed) {
  int first_calls = 0, second_calls = 0;
  TestService first([&](grpc::ServerContext&, const v1::GetJournalInfoRequest&) {
    ++first_calls;
    return grpc::Status::OK;
  });
  TestService second([&](grpc::ServerContext&, const v1::GetJournalInfoRequest&) {
    ++second_calls;
    return grpc::Status::OK;
  });
  auto first_server = StartOrDie(first);
  const auto second_server = StartOrDie(second);
  const auto channel =
      ConnectOrDie(absl::StrCat("ipv4:", Loopback(first_server->port()), ",", Loopback(second_server->port())));
  // Which of the two is connected first is open; both come in the end.
  while (first_calls == 0 || second_calls == 0) ASSERT_TRUE(Call(channel).ok());
  first_server = nullptr;
  for (int i = 0; i < 100; ++i) {
    const grpc::Status status = Call(channel);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
}

TEST(ConnectTest, AServerThatComesBackIsFoundAgain) {
  TestService service;
  auto server = StartOrDie(service);
  const std::string address = Loopback(server->port());
  const auto channel = ConnectOrDie(address);
  EXPECT_TRUE(Call(channel).ok());
  server = nullptr;
  server = StartOrDie(service, {.address = address});
  const grpc::Status status = Call(channel, [](grpc::ClientContext& context) { context.set_wait_for_ready(true); });
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST(ConnectTest, EachChannelHasAConnectionOfItsOwn) {
  std::map<std::string, int> peers;
  TestService service([&](grpc::ServerContext& context, const v1::GetJournalInfoRequest&) {
    ++peers[context.peer()];
    return grpc::Status::OK;
  });
  const auto server = StartOrDie(service);
  const auto one = ConnectOrDie(Loopback(server->port()));
  const auto two = ConnectOrDie(Loopback(server->port()));
  EXPECT_TRUE(Call(one).ok());
  EXPECT_TRUE(Call(two).ok());
  EXPECT_EQ(peers.size(), 2u);
}

TEST(AddCredentialTest, SendsWhatIsThere) {
  std::map<std::string, std::string> sent;
  TestService service([&](grpc::ServerContext& context, const v1::GetJournalInfoRequest&) {
    sent.clear();
    for (const auto& [name, value] : context.client_metadata()) {
      sent[std::string(name.data(), name.size())] = std::string(value.data(), value.size());
    }
    return grpc::Status::OK;
  });
  const auto server = StartOrDie(service, {});
  const auto call = [&](const std::string& key, const std::string& workspace) {
    EXPECT_TRUE(Call(server->InProcessChannel(), [&](grpc::ClientContext& context) {
                  AddCredential(context, key, workspace);
                }).ok());
  };
  call("s3cret", "acme");
  EXPECT_THAT(sent, Contains(Pair("authorization", "Bearer s3cret")));
  EXPECT_THAT(sent, Contains(Pair("waymark-workspace", "acme")));
  call("", "");
  EXPECT_THAT(sent, Not(Contains(Key("authorization"))));
  EXPECT_THAT(sent, Not(Contains(Key("waymark-workspace"))));
}

}  // namespace
}  // namespace waymark::rpc
