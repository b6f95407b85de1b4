// What whoever runs the services meets: migrations by hand, a database that is newer or away, files that are missing or
// expired. Each is told early, in a line that says what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/sql/sql.h"
#include "tests/flows/deployment.h"
#include "tests/support/databases.h"
#include "tests/support/ports.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace waymark::flows {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

const char* const kServices[] = {"journey", "milestone", "health", "notification"};

support::Finished Ask(const std::string& service, std::vector<std::string> arguments) {
  std::vector<std::string> argv = {Binary(absl::StrCat("waymark-", service))};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const auto finished = support::RunToEnd({.argv = argv}, absl::Minutes(1));
  EXPECT_TRUE(finished.ok()) << finished.status();
  return finished.ok() ? *finished : support::Finished();
}

std::vector<std::string> Lines(const std::string& text) { return absl::StrSplit(text, '\n', absl::SkipEmpty()); }

// What a service says that cannot start: one line, with its name before it.
std::string Refusal(const std::string& service, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--grpc-address", "127.0.0.1:0", "--admin-address", "", "--metrics-address", ""});
  const support::Finished finished = Ask(service, arguments);
  EXPECT_EQ(finished.exit_code, 1);
  std::vector<std::string> lines = Lines(finished.err);
  EXPECT_FALSE(lines.empty());
  return lines.empty() ? "" : lines.back();
}

class OperationTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  const std::string url_ = support::FreshUrl(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Engines, OperationTest, support::BothEngines(), support::EngineName);

TEST_P(OperationTest, EveryServiceTellsPlansAndMigratesItsSchemas) {
  for (const std::string service : kServices) {
    SCOPED_TRACE(service);
    const std::string url = support::FreshUrl(GetParam());
    const auto migrate = [&](const char* what) {
      const support::Finished finished = Ask(service, {"migrate", what, "--database", url});
      EXPECT_EQ(finished.exit_code, 0) << finished.err;
      return finished.out;
    };
    EXPECT_THAT(Lines(migrate("status")), Each(HasSubstr(": at 0 of ")));
    const std::string plan = migrate("plan");
    EXPECT_THAT(plan, AllOf(StartsWith("-- journal 1: "), HasSubstr("CREATE TABLE journal_block")));
    EXPECT_THAT(Lines(migrate("status")), Each(HasSubstr(": at 0 of "))) << "a plan changes nothing";
    for (int i = 0; i < 2; ++i) {
      const std::string up = migrate("up");
      EXPECT_THAT(Lines(up), Each(MatchesRegex("[a-z_]+: at ([0-9]+) of [0-9]+")));
      EXPECT_EQ(up, migrate("status"));
      EXPECT_THAT(up, Not(HasSubstr("at 0")));
    }
    EXPECT_THAT(migrate("plan"), IsEmpty());
  }
}

TEST_P(OperationTest, ToldNotToMigrateAServiceServesOnlyWhatIsUpToDate) {
  EXPECT_THAT(
      Refusal("milestone", {"--database", url_, "--auth=false", "--migrate=false"}),
      MatchesRegex("waymark-milestone: the schema [a-z_]+ is at 0, this program needs [0-9]+: run `migrate up`, "
                   "or start with --migrate"));
  EXPECT_EQ(Ask("milestone", {"migrate", "up", "--database", url_}).exit_code, 0);
  const auto process = support::Process::Start(
      {.argv = {Binary("waymark-milestone"), "--database", url_, "--auth=false", "--migrate=false", "--grpc-address",
                "127.0.0.1:0", "--admin-address", "", "--metrics-address", ""}});
  ASSERT_TRUE(process.ok()) << process.status();
  EXPECT_TRUE((*process)->WaitForLine("serving").ok());
  EXPECT_EQ(*(*process)->Stop(), 0);
}

TEST_P(OperationTest, ASchemaNewerThanTheProgramIsRefused) {
  EXPECT_EQ(Ask("health", {"migrate", "up", "--database", url_}).exit_code, 0);
  {
    const auto db = support::OpenAt(url_);
    const absl::Status newer = db->Transact([](sql::Transaction& tx) {
      return tx.Execute("UPDATE waymark_migrations SET number = 99 WHERE schema_name = 'health' AND number = 1")
          .status();
    });
    ASSERT_TRUE(newer.ok()) << newer;
  }
  const char* const say = "this program knows only 4: start a newer one";
  for (const char* migrate : {"--migrate=true", "--migrate=false"}) {
    EXPECT_THAT(Refusal("health", {"--database", url_, "--auth=false", migrate}), HasSubstr(say)) << migrate;
  }
  const support::Finished status = Ask("health", {"migrate", "status", "--database", url_});
  EXPECT_EQ(status.exit_code, 1);
  EXPECT_THAT(status.out, HasSubstr("health: at 99 of "));
  EXPECT_THAT(status.err, HasSubstr(say));
  EXPECT_EQ(Ask("health", {"migrate", "up", "--database", url_}).exit_code, 1);
}

TEST(StartTest, ADatabaseThatIsAwayIsToldWithItsName) {
  const std::string url = absl::StrCat("postgresql://waymark:secret@127.0.0.1:", support::FreePort(), "/waymark");
  const std::string said = Refusal("notification", {"--database", url, "--auth=false"});
  EXPECT_THAT(said, AllOf(StartsWith("waymark-notification: "), HasSubstr("127.0.0.1"), Not(HasSubstr("secret"))));
  EXPECT_THAT(Refusal("journey", {"--database", "sqlite:/nowhere/journey.db", "--auth=false"}),
              HasSubstr("/nowhere/journey.db"));
}

TEST(StartTest, AMissingSecretIsNamed) {
  const support::TempDir dir;
  const std::string database = absl::StrCat("sqlite:", dir.path(), "/milestone.db");
  EXPECT_THAT(Refusal("milestone", {"--database", database}), HasSubstr("credentials-file"));
  EXPECT_THAT(Refusal("milestone", {"--database", database, "--credentials-file", "/secrets/credentials.yaml"}),
              HasSubstr("/secrets/credentials.yaml"));
  EXPECT_THAT(
      Refusal("milestone", {"--database", database, "--auth=false", "--service-key-file", "/secrets/service-key"}),
      HasSubstr("/secrets/service-key"));
}

TEST(StartTest, AnExpiredCertificateIsRefusedWithItsDay) {
  const support::TempDir dir;
  const std::string cert = absl::StrCat(dir.path(), "/cert.pem"), key = absl::StrCat(dir.path(), "/key.pem");
  // `openssl x509 -days -1` has expired yesterday.
  const auto made = support::RunToEnd(
      {.argv = {"/bin/sh", "-c",
                "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -subj /CN=old "
                "-out request.pem && openssl x509 -req -in request.pem -signkey key.pem -days -1 -out cert.pem"},
       .folder = dir.path()});
  ASSERT_TRUE(made.ok() && made->exit_code == 0) << made->err;
  EXPECT_THAT(Refusal("journey", {"--database", absl::StrCat("sqlite:", dir.path(), "/journey.db"), "--auth=false",
                                  "--tls-cert-file", cert, "--tls-key-file", key}),
              MatchesRegex(absl::StrCat("waymark-journey: the certificate ", cert,
                                        " expired on 20[0-9]{2}-[0-9]{2}-[0-9]{2}: put a new one there")));
}

TEST(StartTest, AVerbThatIsNoneIsRefused) {
  EXPECT_THAT(Refusal("journey", {"migrate", "down"}), HasSubstr("migrate up, migrate status, migrate plan"));
  EXPECT_THAT(Refusal("journey", {"serve"}), HasSubstr("migrate up, migrate status, migrate plan"));
}

// Who has a connection to whom is what deploy/kubernetes/calls.json says, of which the network policies are made.
TEST(CallGraphTest, ServicesCallWhomThePoliciesLetThem) {
  Deployment deployment(sql::Engine::kSqlite);
  std::vector<std::string> arguments = {
      "/usr/bin/python3", "-c",
      "import json, os, sys, time\n"
      "known = json.load(open(sys.argv[1]))\n"
      "services = {name: (int(pid), int(address.split(':')[1])) for name, pid, address in\n"
      "            (one.split('=') for one in sys.argv[2:])}\n"
      "def calls():\n"
      "    owner = {}\n"
      "    for name, (pid, port) in services.items():\n"
      "        for fd in os.listdir(f'/proc/{pid}/fd'):\n"
      "            try: owner[os.readlink(f'/proc/{pid}/fd/{fd}')] = name\n"
      "            except OSError: pass\n"
      "    found = {name: set() for name in services}\n"
      "    for file in ('/proc/net/tcp', '/proc/net/tcp6'):\n"
      "        for line in open(file).readlines()[1:]:\n"
      "            part = line.split()\n"
      "            caller, to = owner.get(f'socket:[{part[9]}]'), int(part[2].split(':')[1], 16)\n"
      "            for callee, (pid, port) in services.items():\n"
      "                if caller and part[3] == '01' and to == port: found[caller].add(callee)\n"
      "    return found\n"
      "wanted = {name: set(callees) for name, callees in known.items()}\n"
      "end = time.monotonic() + 60\n"
      "while calls() != wanted and time.monotonic() < end: pass\n"
      "print(json.dumps({name: sorted(callees) for name, callees in calls().items()}))\n"
      "print(json.dumps({name: sorted(callees) for name, callees in wanted.items()}))\n",
      absl::StrCat(WAYMARK_SOURCE_DIR, "/deploy/kubernetes/calls.json")};
  for (const char* service : kServices) {
    deployment.Start(service);
    arguments.push_back(absl::StrCat(service, "=", deployment.pid(service), "=", deployment.address(service)));
  }
  const auto found = support::RunToEnd({.argv = arguments}, absl::Minutes(2));
  ASSERT_TRUE(found.ok() && found->exit_code == 0) << found->err;
  const std::vector<std::string> lines = Lines(found->out);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], lines[1]);
}

TEST(VersionTest, EveryProgramTellsReleaseAndCommit) {
  for (const std::string service : kServices) {
    EXPECT_THAT(
        Ask(service, {"--version"}).out,
        MatchesRegex(absl::StrCat("waymark-", service, " [0-9]+\\.[0-9]+\\.[0-9]+(\\+[0-9a-f]+(\\.changed)?)?\n")));
  }
}

TEST(VersionTest, MetricsTellIt) {
  const support::TempDir dir;
  const int metrics = support::FreePort();
  const auto process = support::Process::Start(
      {.argv = {Binary("waymark-journey"), "--database", absl::StrCat("sqlite:", dir.path(), "/journey.db"),
                "--auth=false", "--grpc-address", "127.0.0.1:0", "--admin-address", "", "--metrics-address",
                absl::StrCat("127.0.0.1:", metrics)}});
  ASSERT_TRUE(process.ok()) << process.status();
  ASSERT_TRUE((*process)->WaitForLine("serving").ok());
  const auto page = support::RunToEnd(
      {.argv = {"/usr/bin/python3", "-c",
                absl::StrCat("import urllib.request as r; print(r.urlopen('http://127.0.0.1:", metrics,
                             "/metrics').read().decode())")}});
  ASSERT_TRUE(page.ok() && page->exit_code == 0);
  std::string version = Ask("journey", {"--version"}).out;
  version = version.substr(version.find(' ') + 1);
  version.pop_back();
  EXPECT_THAT(page->out, HasSubstr(absl::StrCat("waymark_build_info{version=\"", version, "\"} 1")));
}

}  // namespace
}  // namespace waymark::flows
