// The corpus: journeys as people write them, in tests/rules/corpus. Those in good/ have no error; each in defects/ has
// one seeded defect. What is to be found stands at the head of a file, a line each:
//
//   # finds: STAGE_UNKNOWN transitions[0].to_stage       an error
//   # warns: EVENT_TYPE_UNSEEN entry.triggers[0]…        a warning
//   # seen: signed_up, report_run                         the event types that the workspace knows; none said: not
//   known
#ifndef WAYMARK_TESTS_RULES_CORPUS_H_
#define WAYMARK_TESTS_RULES_CORPUS_H_

#include <string>
#include <vector>

#include "services/rules/finding.h"
#include "services/rules/surroundings.h"
#include "waymark/manifest/v1/manifest.pb.h"

namespace waymark::rules {

struct Sample {
  std::string file;  // Such as `defects/stage-unknown.yaml`.
  std::string text;
  manifest::v1::JourneyManifest journey;
  std::vector<std::string> finds;  // `CODE path`, the seeded defect first.
  std::vector<std::string> warns;
  Surroundings surroundings;
};

// Every sample of `good` or `defects`, by name. A file that cannot be read fails the test.
std::vector<Sample> ReadCorpus(const std::string& folder);

// The workspace that every sample stands in: what it has beside the journey.
Surroundings CorpusWorkspace();

// What was found of one severity, as in a sample's head, in any order.
std::vector<std::string> CodesAndPaths(const std::vector<Finding>& findings, Severity severity);

}  // namespace waymark::rules

#endif  // WAYMARK_TESTS_RULES_CORPUS_H_
