#include "common/rpc/authorizer.h"

#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/hash.h"
#include "common/rpc/client.h"
#include "common/rpc/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/common/rpc/test_service.h"
#include "tests/support/temp_dir.h"

namespace waymark::rpc {
namespace {

using ::testing::HasSubstr;

// What a caller sends.
using Headers = std::vector<std::pair<std::string, std::string>>;

// A real server in which every call passes Admit.
class Door {
 public:
  explicit Door(std::unique_ptr<Authorizer> authorizer) : authorizer_(std::move(authorizer)) {}

  // The answer to a call with these headers, and in `caller` who it was taken for.
  grpc::Status Knock(Permission permission, const Headers& headers) {
    permission_ = permission;
    caller = std::nullopt;
    return Call(channel_, [&](grpc::ClientContext& context) {
      for (const auto& [name, value] : headers) context.AddMetadata(name, value);
    });
  }

  // The workspace that a call is admitted to; its error's reason where it is not.
  std::string Enter(Permission permission, const Headers& headers) {
    const grpc::Status status = Knock(permission, headers);
    return status.ok() ? caller->workspace : ReasonOf(FromGrpc(status));
  }

  std::optional<Caller> caller;

 private:
  const std::unique_ptr<Authorizer> authorizer_;
  Permission permission_ = Permission::kRead;
  TestService service_{[this](grpc::ServerContext& context, const v1::GetJournalInfoRequest&) {
    ASSIGN_OR_RETURN_GRPC(caller, authorizer_->Admit(context, permission_));
    return grpc::Status::OK;
  }};
  const std::unique_ptr<Server> server_ = StartOrDie(service_, {});
  const std::shared_ptr<grpc::Channel> channel_ = server_->InProcessChannel();
};

std::string Line(const std::string& key, const std::string& workspace, const std::string& role) {
  return absl::StrCat(Sha256Hex(key), "  ", workspace, "  ", role, "\n");
}

std::string Credentials() {
  return "# Keys of the test.\n\n" + Line("acme-reader", "acme", "reader") + Line("acme-writer", "acme", "writer") +
         Line("acme-admin", "acme", "admin") + Line("globex-admin", "globex", "admin") +
         Line("milestone", "*", "service") + "# The end.";
}

Headers Key(const std::string& key) { return {{"authorization", "Bearer " + key}}; }
Headers Key(const std::string& key, const std::string& workspace) {
  return {{"authorization", "Bearer " + key}, {"waymark-workspace", workspace}};
}

class FileAuthorizerTest : public ::testing::Test {
 protected:
  FileAuthorizerTest() { support::WriteFile(path_, Credentials()); }

  Door Open() {
    auto authorizer = Authorizer::FromFile(path_, absl::ZeroDuration());
    EXPECT_TRUE(authorizer.ok()) << authorizer.status();
    return Door(*std::move(authorizer));
  }

  // What is wrong with a file of this content.
  std::string Refusal(const std::string& content) {
    support::WriteFile(path_, content);
    const auto authorizer = Authorizer::FromFile(path_);
    EXPECT_EQ(authorizer.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(authorizer.status().message());
  }

  const support::TempDir dir_;
  const std::string path_ = dir_.File("credentials");
};

TEST(NoAuthorizerTest, AdmitsEverybodyToTheWorkspaceNamed) {
  Door door(Authorizer::Off());
  EXPECT_EQ(door.Enter(Permission::kAdmin, {}), "default");
  EXPECT_EQ(door.caller->role, Role::kService);
  EXPECT_EQ(door.Enter(Permission::kAdmin, {{"waymark-workspace", "acme"}}), "acme");
  EXPECT_EQ(door.Enter(Permission::kRead, Key("whatever", "acme")), "acme");
}

TEST(NoAuthorizerTest, AllWorkspacesAreForJournalsAlone) {
  Door door(Authorizer::Off());
  EXPECT_EQ(door.Enter(Permission::kJournal, {{"waymark-workspace", "*"}}), "*");
  for (const Permission other : {Permission::kRead, Permission::kWrite, Permission::kAdmin}) {
    EXPECT_EQ(door.Enter(other, {{"waymark-workspace", "*"}}), "INVALID_FIELD");
  }
}

TEST(NoAuthorizerTest, AMalformedWorkspaceIsRefused) {
  Door door(Authorizer::Off());
  for (const std::string& wrong :
       {std::string("Acme"), std::string("a b"), std::string("a/b"), std::string("**"), std::string(64, 'a')}) {
    const grpc::Status status = door.Knock(Permission::kRead, {{"waymark-workspace", wrong}});
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << wrong;
    EXPECT_EQ(ViolationsOf(FromGrpc(status))[0].field, "waymark-workspace");
  }
  EXPECT_EQ(door.Enter(Permission::kRead, {{"waymark-workspace", std::string(63, 'a')}}), std::string(63, 'a'));
  EXPECT_EQ(door.Enter(Permission::kRead, {{"waymark-workspace", "acme"}, {"waymark-workspace", "globex"}}),
            "INVALID_FIELD");
}

TEST_F(FileAuthorizerTest, AKeyOpensItsOwnWorkspace) {
  Door door = Open();
  EXPECT_EQ(door.Enter(Permission::kRead, Key("acme-reader")), "acme");
  EXPECT_EQ(door.caller->role, Role::kReader);
  EXPECT_EQ(door.Enter(Permission::kRead, Key("acme-reader", "acme")), "acme");
  EXPECT_EQ(door.Enter(Permission::kAdmin, Key("globex-admin")), "globex");
  EXPECT_EQ(door.Enter(Permission::kRead, {{"authorization", "bearer acme-reader"}}), "acme");
}

TEST_F(FileAuthorizerTest, WrongMissingAndForeignKeysAreAnsweredAlikeByteForByte) {
  Door door = Open();
  const grpc::Status missing = door.Knock(Permission::kRead, {{"waymark-workspace", "acme"}});
  EXPECT_EQ(missing.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(ReasonOf(FromGrpc(missing)), "CREDENTIAL_REFUSED");
  const std::vector<Headers> others = {
      {},
      Key("no-such-key", "acme"),
      Key("globex-admin", "acme"),
      Key("globex-admin", "*"),
      Key("", "acme"),
      Key("acme-reader ", "acme"),
      Key(Sha256Hex("acme-reader"), "acme"),
      {{"authorization", "acme-reader"}},
      {{"authorization", "Basic acme-reader"}},
      {{"authorization", "Bearer acme-reader"}, {"authorization", "Bearer acme-reader"}},
  };
  for (const Headers& headers : others) {
    for (const Permission permission : {Permission::kRead, Permission::kAdmin, Permission::kJournal}) {
      const grpc::Status status = door.Knock(permission, headers);
      EXPECT_EQ(status.error_code(), missing.error_code());
      EXPECT_EQ(status.error_message(), missing.error_message());
      EXPECT_EQ(status.error_details(), missing.error_details());
    }
  }
}

TEST_F(FileAuthorizerTest, AMalformedWorkspaceTellsNothingAboutTheKey) {
  Door door = Open();
  const grpc::Status wrong = door.Knock(Permission::kRead, Key("no-such-key", "Not A Name"));
  const grpc::Status right = door.Knock(Permission::kRead, Key("acme-reader", "Not A Name"));
  EXPECT_EQ(wrong.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(wrong.error_details(), right.error_details());
}

TEST_F(FileAuthorizerTest, EachRoleMayDoWhatTheOnesBeforeItMay) {
  Door door = Open();
  const struct {
    std::string key;
    bool read, write, admin, journal;
  } cases[] = {
      {"acme-reader", true, false, false, true},
      {"acme-writer", true, true, false, true},
      {"acme-admin", true, true, true, true},
      {"milestone", true, true, true, true},
  };
  for (const auto& [key, read, write, admin, journal] : cases) {
    const auto expected = [](bool allowed) { return allowed ? "acme" : "ROLE_REFUSED"; };
    EXPECT_EQ(door.Enter(Permission::kRead, Key(key, "acme")), expected(read)) << key;
    EXPECT_EQ(door.Enter(Permission::kWrite, Key(key, "acme")), expected(write)) << key;
    EXPECT_EQ(door.Enter(Permission::kAdmin, Key(key, "acme")), expected(admin)) << key;
    EXPECT_EQ(door.Enter(Permission::kJournal, Key(key, "acme")), expected(journal)) << key;
  }
  EXPECT_EQ(door.Knock(Permission::kWrite, Key("acme-reader")).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(FileAuthorizerTest, AServiceNamesItsWorkspaceAndReadsWholeJournals) {
  Door door = Open();
  EXPECT_EQ(door.Enter(Permission::kRead, Key("milestone", "initech")), "initech");
  EXPECT_EQ(door.caller->role, Role::kService);
  EXPECT_EQ(door.Enter(Permission::kJournal, Key("milestone", "*")), "*");
  EXPECT_EQ(door.Enter(Permission::kRead, Key("milestone", "*")), "INVALID_FIELD");
  EXPECT_EQ(door.Enter(Permission::kJournal, Key("milestone")), "INVALID_FIELD");
}

TEST_F(FileAuthorizerTest, AChangedFileIsReadAgain) {
  Door door = Open();
  support::WriteFile(path_, Line("new-key", "acme", "reader"));
  EXPECT_EQ(door.Enter(Permission::kRead, Key("new-key")), "acme");
  EXPECT_EQ(door.Enter(Permission::kRead, Key("acme-reader")), "CREDENTIAL_REFUSED");
}

TEST_F(FileAuthorizerTest, AFileThatHasGoneBadLeavesTheLastGoodOne) {
  Door door = Open();
  testing::internal::CaptureStderr();
  support::WriteFile(path_, "nonsense\n");
  EXPECT_EQ(door.Enter(Permission::kRead, Key("acme-reader")), "acme");
  EXPECT_EQ(door.Enter(Permission::kRead, Key("acme-reader")), "acme");
  std::remove(path_.c_str());
  EXPECT_EQ(door.Enter(Permission::kRead, Key("acme-reader")), "acme");
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr(path_ + ":1: needs three words"));
  EXPECT_THAT(log, HasSubstr(path_ + ": cannot be read"));
  support::WriteFile(path_, Line("new-key", "acme", "reader"));
  EXPECT_EQ(door.Enter(Permission::kRead, Key("new-key")), "acme");
}

TEST_F(FileAuthorizerTest, AnEmptyFileAdmitsNobody) {
  support::WriteFile(path_, "");
  Door door = Open();
  EXPECT_EQ(door.Enter(Permission::kRead, Key("acme-reader")), "CREDENTIAL_REFUSED");
}

TEST_F(FileAuthorizerTest, TheEmptyKeyIsNobodysWhateverTheFileSays) {
  support::WriteFile(path_, Line("", "acme", "admin"));
  Door door = Open();
  EXPECT_EQ(door.Enter(Permission::kRead, {}), "CREDENTIAL_REFUSED");
  EXPECT_EQ(door.Enter(Permission::kRead, Key("")), "CREDENTIAL_REFUSED");
}

TEST_F(FileAuthorizerTest, AMalformedLineIsNamed) {
  const std::string good = Line("acme-reader", "acme", "reader");
  EXPECT_THAT(Refusal(good + "acme-reader acme reader\n"), HasSubstr(path_ + ":2: the first word must be a SHA-256"));
  EXPECT_THAT(Refusal(Line("k", "acme", "owner")), HasSubstr(":1: the role must be"));
  EXPECT_THAT(Refusal(Line("k", "Acme Corp", "reader")), HasSubstr(":1: needs three words"));
  EXPECT_THAT(Refusal(Line("k", "Acme", "reader")), HasSubstr(":1: the workspace must be"));
  EXPECT_THAT(Refusal(Line("k", "*", "admin")), HasSubstr(":1: a service's workspace is *"));
  EXPECT_THAT(Refusal(Line("k", "acme", "service")), HasSubstr(":1: a service's workspace is *"));
  EXPECT_EQ(Authorizer::FromFile(dir_.File("missing")).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace waymark::rpc
