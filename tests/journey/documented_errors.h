// Holds the protos to their word: every error that an RPC's `Errors:` comment names is really answered in some test,
// and no test is answered one that is not named.
#ifndef WAYMARK_TESTS_JOURNEY_DOCUMENTED_ERRORS_H_
#define WAYMARK_TESTS_JOURNEY_DOCUMENTED_ERRORS_H_

#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace waymark::journey {

// An RPC, such as `JourneyService.PublishVersion`, and a code, such as `ABORTED`.
using RpcError = std::pair<std::string, std::string>;

// The pairs that the comments of the services in this text of a proto name.
std::set<RpcError> DocumentedErrors(absl::string_view proto);

// Notes what an RPC answered while a test ran. OK is no error; nor are those of the credential, which every RPC has and
// tests/flows/isolation_test.cc looks at. Thread-safe.
void NoteAnswer(const std::string& rpc, absl::StatusCode code);

// Checks what was noted, once all tests of this program have run and passed: a run of some alone proves nothing.
void CheckDocumentedErrorsAtTheEnd();

}  // namespace waymark::journey

#endif  // WAYMARK_TESTS_JOURNEY_DOCUMENTED_ERRORS_H_
