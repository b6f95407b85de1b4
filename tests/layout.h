// The rules of the tree, as functions on its text: who may know whom, and what may stand nowhere.
#ifndef WAYMARK_TESTS_LAYOUT_H_
#define WAYMARK_TESTS_LAYOUT_H_

#include <ostream>
#include <string>
#include <vector>

namespace waymark::layout {

// A file of the tree; `path` is relative to the root.
struct File {
  std::string path;
  std::string text;
};
using Tree = std::vector<File>;

// A line that breaks a rule.
struct Violation {
  std::string path;
  int line = 0;      // From 1; 0 where it is the file as a whole.
  std::string rule;  // In words that say what to do.

  friend bool operator==(const Violation&, const Violation&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Violation& violation) {
    return out << violation.path << ":" << violation.line << ": " << violation.rule;
  }
};
using Violations = std::vector<Violation>;

// Reads every text file below `root` that belongs to the project: not .git, build, node_modules or __pycache__.
Tree ReadTree(const std::string& root);

// At the top stand CMakeLists.txt, protos, services, common, deploy, tests, README.md, what tools expect there
// (CMakePresets.json, buf.yaml, LICENSE) and hidden files; nothing else.
Violations CheckTopLevel(const Tree& tree);

// No file or folder is called util, helpers or misc: such a name says nothing.
Violations CheckNames(const Tree& tree);

// Includes begin at the root: never relative to the file.
Violations CheckIncludesBeginAtTheRoot(const Tree& tree);

// services/rules depends on nothing of ours but itself and, outside, on Abseil and the standard library; never on a
// clock, randomness or the disk. services/rules/convert may know protobuf and common/base besides.
Violations CheckRulesArePure(const Tree& tree);

// common/ includes nothing of services/ and says no business word: journey, milestone, stage, score, notification.
// Comments may.
Violations CheckCommonKnowsNoBusiness(const Tree& tree);

// A service includes no other service, save services/rules. The command, which wires all of them together in one
// process, includes their parts.h, and to do it without a server, what journey makes of definitions alone: map/ and
// templates/, which know nothing of the service around them. The product includes nothing of tests/.
Violations CheckServicesAreApart(const Tree& tree);

// gRPC's headers stand only in *_service, *_client, main.cc and common/rpc, and in common/journal's follower.
Violations CheckGrpcStaysAtTheEdge(const Tree& tree);

// The drivers' headers stand only in common/sql and common/redis.
Violations CheckDriversAreWrapped(const Tree& tree);

// SQL text stands only in *_store.cc, common/journal and common/sql.
Violations CheckSqlStaysInStores(const Tree& tree);

// A store knows no use case's client: it includes no *_service, no *_client and nothing of common/rpc.
Violations CheckStoresKnowNoEdge(const Tree& tree);

// Tests wait for what happens and never sleep. tests/support may: it waits for strangers.
Violations CheckTestsDoNotSleep(const Tree& tree);

// No path of somebody's machine, and no mark of unfinished work.
Violations CheckNothingIsLeftOver(const Tree& tree);

// All of them.
Violations CheckAll(const Tree& tree);

}  // namespace waymark::layout

#endif  // WAYMARK_TESTS_LAYOUT_H_
