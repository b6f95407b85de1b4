#include "common/rpc/tls.h"

#include <cstdio>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/rpc/client.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/rpc/test_service.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace waymark::rpc {
namespace {

using ::testing::HasSubstr;

// A self-signed certificate for 127.0.0.1 and its key, in files.
struct Identity {
  std::string cert, key;
};

Identity MakeIdentity(const support::TempDir& dir, const std::string& name) {
  const Identity identity{dir.File(name + ".crt"), dir.File(name + ".key")};
  const auto made =
      support::RunToEnd({.argv = {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                  "-nodes", "-days", "2", "-subj", "/CN=" + name, "-addext",
                                  "subjectAltName=IP:127.0.0.1", "-keyout", identity.key, "-out", identity.cert}});
  EXPECT_TRUE(made.ok() && made->exit_code == 0) << made.status();
  return identity;
}

ServerOptions TlsOptions(const Identity& identity, const std::string& client_ca = "") {
  return {.address = "127.0.0.1:0",
          .tls_cert_file = identity.cert,
          .tls_key_file = identity.key,
          .tls_client_ca_file = client_ca};
}

grpc::Status CallTls(int port, const std::string& ca, const Identity& own = {}) {
  const auto channel =
      Connect({.target = Loopback(port), .tls_ca_file = ca, .tls_cert_file = own.cert, .tls_key_file = own.key});
  EXPECT_TRUE(channel.ok()) << channel.status();
  return Call(*channel);
}

class TlsTest : public ::testing::Test {
 protected:
  // What is wrong with a server's options.
  std::string Refusal(const ServerOptions& options) {
    const auto server = Server::Start(options, {&service_});
    EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(server.status().message());
  }

  const support::TempDir dir_;
  const Identity milestone_ = MakeIdentity(dir_, "milestone");
  const Identity health_ = MakeIdentity(dir_, "health");
  TestService service_;
};

TEST_F(TlsTest, OnlyWhoTrustsTheCertificateIsServed) {
  const auto server = StartOrDie(service_, TlsOptions(milestone_));
  EXPECT_TRUE(CallTls(server->port(), milestone_.cert).ok());
  EXPECT_EQ(CallTls(server->port(), health_.cert).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(CallTls(server->port(), "").error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, AClientMustShowACertificateWhereItsSignerIsGiven) {
  const auto server = StartOrDie(service_, TlsOptions(milestone_, health_.cert));
  EXPECT_TRUE(CallTls(server->port(), milestone_.cert, health_).ok());
  EXPECT_FALSE(CallTls(server->port(), milestone_.cert).ok());
  EXPECT_FALSE(CallTls(server->port(), milestone_.cert, milestone_).ok());
}

TEST_F(TlsTest, ANewCertificateIsServedWithoutARestart) {
  const Identity served = MakeIdentity(dir_, "served");
  const auto server = StartOrDie(service_, TlsOptions(served));
  EXPECT_TRUE(CallTls(server->port(), served.cert).ok());
  ASSERT_EQ(std::rename(health_.key.c_str(), served.key.c_str()), 0);
  support::WriteFile(served.cert, support::ReadFile(health_.cert));
  const auto channel = Connect({.target = Loopback(server->port()), .tls_ca_file = health_.cert});
  ASSERT_TRUE(channel.ok()) << channel.status();
  // Tries to connect until the new certificate is served.
  const grpc::Status status = Call(*channel, [](grpc::ClientContext& context) { context.set_wait_for_ready(true); });
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST_F(TlsTest, WhatIsWrongWithTheFilesIsTold) {
  EXPECT_THAT(Refusal(TlsOptions({dir_.File("missing"), milestone_.key})), HasSubstr(dir_.File("missing")));
  EXPECT_THAT(Refusal(TlsOptions({milestone_.cert, milestone_.cert})),
              HasSubstr("cannot read a PEM private key without passphrase from " + milestone_.cert));
  EXPECT_THAT(Refusal(TlsOptions({milestone_.key, milestone_.key})),
              HasSubstr("cannot read a PEM certificate from " + milestone_.key));
  EXPECT_EQ(Refusal(TlsOptions({milestone_.cert, health_.key})),
            absl::StrCat("the key ", health_.key, " does not belong to ", milestone_.cert));
  EXPECT_THAT(Refusal(TlsOptions({milestone_.cert, ""})), HasSubstr("together"));
  EXPECT_THAT(Refusal(TlsOptions({}, health_.cert)), HasSubstr("together"));
  EXPECT_THAT(Refusal(TlsOptions(milestone_, dir_.File("missing"))), HasSubstr(dir_.File("missing")));
}

TEST_F(TlsTest, AClientsFilesAreCheckedToo) {
  const auto wrong_ca = Connect({.target = "127.0.0.1:1", .tls_ca_file = dir_.File("missing")});
  EXPECT_EQ(wrong_ca.status().code(), absl::StatusCode::kInvalidArgument);
  const auto wrong_pair = Connect({.target = "127.0.0.1:1",
                                   .tls_ca_file = milestone_.cert,
                                   .tls_cert_file = milestone_.cert,
                                   .tls_key_file = health_.key});
  EXPECT_EQ(wrong_pair.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace waymark::rpc
