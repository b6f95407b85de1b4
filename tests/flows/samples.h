// A request for every RPC that there is, and what each text field of requests holds: what isolation_test.cc calls and
// swaps. A method that is missing here, or a field, fails it.
#ifndef WAYMARK_TESTS_FLOWS_SAMPLES_H_
#define WAYMARK_TESTS_FLOWS_SAMPLES_H_

#include <map>
#include <string>
#include <vector>

namespace waymark::flows {

// Who may call. Written a second time here, so that loosening a service is noticed.
enum class Needs { kReader, kWriter, kAdmin };

// A request that its workspace's admin is answered OK. `$-` stands for the workspace's own names, `$new` for one never
// used before, `$time` for now, `$token` for a consistency token, `$delivery` for a delivery of `$-customer`, `$number`
// and `$etag` for a new draft of the method's service, `$published` for a version of `$-journey` that was just
// published, `$enrolled` for a customer who has just come into `$-journey`, `$fresh` for a journey, persona and segment
// that were just made, and `$journey_etag`, `$persona_etag`,
// `$segment_etag` for the etag of `$-journey`, `$-persona` and `$-segment`.
struct Sample {
  const char* method;  // Below `waymark.`.
  Needs needs;
  std::string request;
};

// In the order in which they are called: what reads, then what changes what is there, then what makes what it names,
// so that nothing of that name is there before.
const std::vector<Sample>& Samples();

// Parts of them. A persona's, a segment's definition.
extern const char kPersona[];
extern const char kSegment[];
extern const char kStageTrigger[];
// Requests to make drafts.
std::string JourneyDraft();
std::string ScorecardDraft();
std::string PlaybookDraft(const char* trigger);

// What a text field holds, by its name, or by its message's and its own where the name alone does not say it. An id's
// kind is the word with which the tests' names end; `text` is what people write, or what is the same for all.
const std::map<std::string, std::string>& Kinds();

}  // namespace waymark::flows

#endif  // WAYMARK_TESTS_FLOWS_SAMPLES_H_
