// The manifests for Kubernetes render, hold no unknown field, and agree with each other, with the programs and with who
// calls whom (check_kubernetes.mjs); and a mistake of each kind is caught.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace waymark::support {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kKubernetes = absl::StrCat(WAYMARK_SOURCE_DIR, "/deploy/kubernetes");
const std::string kTests = absl::StrCat(WAYMARK_SOURCE_DIR, "/tests/deploy");

std::string Read(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Finished RunIt(std::vector<std::string> argv) {
  const auto finished = RunToEnd({.argv = std::move(argv)}, absl::Minutes(2));
  EXPECT_TRUE(finished.ok()) << finished.status();
  return finished.value_or(Finished());
}

Finished Check(const std::string& overlay, const std::string& rules = "") {
  return RunIt({"/usr/bin/env", "node", absl::StrCat(kTests, "/check_kubernetes.mjs"), overlay,
                absl::StrCat(WAYMARK_BINARY_DIR, "/bin"), rules});
}

class OverlayTest : public ::testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Overlays, OverlayTest, ::testing::Values("production", "embedded"),
                         [](const auto& overlay) { return overlay.param; });

TEST_P(OverlayTest, NothingIsWrong) {
  const Finished checked = Check(absl::StrCat(kKubernetes, "/overlays/", GetParam()));
  EXPECT_EQ(checked.out, "");
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
}

TEST(PoliciesTest, AreMadeOfTheCallGraph) {
  const Finished checked = RunIt({"/usr/bin/python3", absl::StrCat(kKubernetes, "/generate"), "--check"});
  EXPECT_EQ(checked.exit_code, 0) << checked.err;
}

TEST(AlertsTest, ComeWhenTheyShouldAndNotBefore) {
  const TempDir dir;
  const std::string rules = absl::StrCat(dir.path(), "/rules.yaml"), tests = absl::StrCat(dir.path(), "/tests.yaml");
  ASSERT_EQ(Check(absl::StrCat(kKubernetes, "/overlays/production"), rules).exit_code, 0);
  const Finished checked = RunIt({"/usr/bin/promtool", "check", "rules", rules});
  EXPECT_EQ(checked.exit_code, 0) << checked.out << checked.err;
  EXPECT_THAT(checked.out, HasSubstr("7 rules found"));
  std::ofstream(tests) << absl::StrReplaceAll(Read(absl::StrCat(kTests, "/alerts_test.yaml")),
                                              {{"[RULES]", absl::StrCat("[", rules, "]")}});
  const Finished tested = RunIt({"/usr/bin/promtool", "test", "rules", tests});
  EXPECT_EQ(tested.exit_code, 0) << tested.out << tested.err;
}

// A mistake, and what must be said of it.
struct Mistake {
  std::string name;
  std::string file;  // Under deploy/kubernetes.
  std::string from, to;
  std::string said;
  std::string overlay = "production";
};

const Mistake kMistakes[] = {
    {"MisspeltFieldInAnOverlay", "overlays/production/kustomization.yaml", "path: /spec/minReplicas",
     "path: /spec/template, value: {minReplica: 2}}\n      - {op: replace, path: /spec/minReplicas", "template"},
    {"MisspeltFieldInTheBase", "base/service/deployment.yaml", "automountServiceAccountToken", "automountServiceToken",
     "'automountServiceToken'"},
    {"WrongTypeOfAField", "base/service/deployment.yaml", "terminationGracePeriodSeconds: 30",
     "terminationGracePeriodSeconds: half a minute", "terminationGracePeriodSeconds"},
    {"MisspeltFieldOfAnAlert", "components/monitoring/alerts.yaml", "for: 2m", "four: 2m", "'four'"},
    {"MisspeltFieldOfAKustomization", "overlays/production/kustomization.yaml",
     "images:", "image:", "kubectl kustomize refuses it"},
    {"ProbeOnAPortNobodyServes", "base/service/deployment.yaml", "livenessProbe:\n            grpc: {port: 7100}",
     "livenessProbe:\n            grpc: {port: 7101}", "livenessProbe asks port 7101"},
    {"ProbeOnThePortWithTls", "overlays/embedded/waymark.yaml", "readinessProbe:\n            grpc: {port: 7103}",
     "readinessProbe:\n            grpc: {port: 7003}", "readinessProbe asks port 7003", "embedded"},
    {"MissingSecret", "base/service/deployment.yaml", "secretName: waymark-service-key", "secretName: waymark-service",
     "the Secret waymark-service is made by no step of README.md"},
    {"MissingConfigMap", "overlays/embedded/waymark.yaml", "- configMapRef: {name: waymark}",
     "- configMapRef: {name: settings}", "the ConfigMap settings is not there", "embedded"},
    {"MissingServiceAccount", "overlays/embedded/waymark.yaml", "serviceAccountName: waymark",
     "serviceAccountName: waymarks", "the ServiceAccount waymarks is not there", "embedded"},
    {"MissingVolumeClaim", "overlays/embedded/waymark.yaml", "claimName: waymark-data", "claimName: data",
     "the PersistentVolumeClaim data is not there", "embedded"},
    {"SelectorThatMatchesNothing", "base/service/service.yaml", "component: server", "component: serves",
     "matches no pods"},
    {"SelectorThatMatchesMigrations", "base/service/migration.yaml", "component: migration", "component: server",
     "matches Deployment waymark-health, Job waymark-migrate-health"},
    {"PortThatNoContainerHas", "base/service/service.yaml", "targetPort: grpc", "targetPort: rpc",
     "port grpc leads to rpc"},
    {"PortThatIsNotServed", "base/service/deployment.yaml", "containerPort: 7200", "containerPort: 7300",
     "declares the ports 7000,7100,7300 and is told to serve 7000,7100,7200"},
    {"AutoscalerOfNothing", "base/service/autoscaler.yaml", "kind: Deployment, name: waymark",
     "kind: Deployment, name: waymark-server", "scales Deployment waymark-server"},
    {"ReplicasBesideAnAutoscaler", "base/service/deployment.yaml", "spec:\n  # How", "spec:\n  replicas: 3\n  # How",
     "has replicas and an autoscaler"},
    {"AddressWhereNobodyServes", "base/health/kustomization.yaml", "waymark-milestone:7000", "waymark-milestone:7002",
     "WAYMARK_MILESTONE_ADDRESS is dns:///waymark-milestone:7002, where nobody serves"},
    {"SettingThatIsNone", "base/service/kustomization.yaml", "WAYMARK_LOG_FORMAT", "WAYMARK_LOGFORMAT",
     "has no setting WAYMARK_LOGFORMAT"},
    {"FileWhereNothingIsMounted", "base/service/kustomization.yaml", "/etc/waymark/credentials/", "/etc/credentials/",
     "WAYMARK_CREDENTIALS_FILE is /etc/credentials/credentials, where nothing is mounted"},
    {"GraceBelowTheDrain", "base/service/kustomization.yaml", "WAYMARK_LINGER=5s", "WAYMARK_LINGER=25s",
     "terminationGracePeriodSeconds must be 10 s above WAYMARK_LINGER"},
    {"RootThatCanBeWritten", "base/service/deployment.yaml", "readOnlyRootFilesystem: true",
     "readOnlyRootFilesystem: false", "must have a read-only root"},
    {"LimitOfCpu", "base/service/deployment.yaml", "limits: {memory: 1Gi}", "limits: {memory: 1Gi, cpu: \"2\"}",
     "must have a limit of memory and none of CPU"},
    {"ImageWithoutARelease", "overlays/production/kustomization.yaml",
     "newName: registry.example.com/waymark-health, newTag: 0.1.0", "newName: registry.example.com/waymark-health",
     "the image registry.example.com/waymark-health has no release"},
    {"CallThatNoPolicyLetsThrough", "base/network-policies/milestone.yaml",
     "podSelector: {matchLabels: {app.kubernetes.io/name: waymark-health}}\n        - podSelector",
     "podSelector: {matchLabels: {app.kubernetes.io/name: waymark-wealth}}\n        - podSelector",
     "health cannot call milestone, calls.json says otherwise"},
    {"CallThatNobodyMakes", "calls.json", "\"health\": [\"milestone\"]", "\"health\": [\"milestone\", \"journey\"]",
     "health is not told where journey is, calls.json says otherwise"},
    {"LabelsPutIntoWhomAPolicyLetsIn", "base/kustomization.yaml", "includeTemplates: true",
     "includeTemplates: true\n  - pairs: {tier: backend}\n    includeSelectors: true", "network policies"},
    {"AlertOnANumberNobodyTells", "components/monitoring/alerts.yaml", "waymark_follower_stopped",
     "waymark_follower_stops", "asks for waymark_follower_stops, which nothing tells"},
    {"MonitorOfAPortThatIsNone", "components/monitoring/service-monitor.yaml", "port: metrics", "port: admin",
     "has no port admin"},
};

class MistakeTest : public ::testing::TestWithParam<Mistake> {};
INSTANTIATE_TEST_SUITE_P(Mistakes, MistakeTest, ::testing::ValuesIn(kMistakes),
                         [](const auto& mistake) { return mistake.param.name; });

TEST_P(MistakeTest, IsCaught) {
  const Mistake& mistake = GetParam();
  const TempDir dir;
  const std::string copy = absl::StrCat(dir.path(), "/kubernetes");
  std::filesystem::copy(kKubernetes, copy, std::filesystem::copy_options::recursive);
  const std::string path = absl::StrCat(copy, "/", mistake.file);
  std::string text = Read(path);
  const size_t place = text.find(mistake.from);
  ASSERT_NE(place, std::string::npos) << mistake.file << " has changed: " << mistake.from;
  text.replace(place, mistake.from.size(), mistake.to);
  std::ofstream(path) << text;
  const Finished checked = Check(absl::StrCat(copy, "/overlays/", mistake.overlay));
  EXPECT_EQ(checked.exit_code, 1);
  EXPECT_THAT(checked.out, HasSubstr(mistake.said));
}

}  // namespace
}  // namespace waymark::support
