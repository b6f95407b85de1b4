// `waymark validate`, and how everything that is wrong with a file is told: a line each, with its place.
#ifndef WAYMARK_SERVICES_CLI_FINDINGS_H_
#define WAYMARK_SERVICES_CLI_FINDINGS_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/cli/manifests.h"
#include "services/rules/definition.h"
#include "services/rules/finding.h"

namespace waymark::cli {

// How much was found.
struct Tally {
  int64_t errors = 0;
  int64_t warnings = 0;
};

// The manifests, where nothing is wrong with the form of any; what is wrong goes to `err`. Errors: those of
// ReadManifests. FAILED_PRECONDITION  there are problems.
absl::StatusOr<std::vector<SourcedManifest>> ReadSound(const std::vector<std::string>& paths, std::ostream& err);

// One line for a field: `acme.yaml:14:21: journey.definition.stages[0].key: …`. `path` is that of an RPC or a
// definition.
std::string Locate(const SourcedManifest& source, absl::string_view path, absl::string_view message);

// The path inside of a definition as one inside of its manifest.
std::string PathInDefinition(absl::string_view path);

// Tells each finding about a manifest on a line, code and hint and all, and adds to the tally.
void Tell(const SourcedManifest& source, const std::vector<rules::Finding>& findings, std::ostream& err, Tally* tally);

// Everything wrong with what a manifest says, without a server. The segments that `all` describe are known.
std::vector<rules::Finding> CheckOffline(const SourcedManifest& source, const std::vector<SourcedManifest>& all);

// Of these, what is wrong around the definition: its id, its title.
std::vector<rules::Finding> CheckAround(const SourcedManifest& source);

// The rules of the segments among the manifests.
std::vector<rules::SegmentRule> SegmentRulesIn(const std::vector<SourcedManifest>& manifests);

// Checks files without a server and tells every finding on `err`; what is sound on `out`. Warnings refuse nothing.
// Errors: FAILED_PRECONDITION  there are errors.
absl::Status Validate(const std::vector<std::string>& paths, std::ostream& out, std::ostream& err);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_FINDINGS_H_
