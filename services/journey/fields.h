// What all requests of this service have in common: who calls, checks of texts, times.
#ifndef WAYMARK_SERVICES_JOURNEY_FIELDS_H_
#define WAYMARK_SERVICES_JOURNEY_FIELDS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/rules/finding.h"

namespace waymark::journey {

// Who makes a change, and how a repeat of it is known.
struct Call {
  std::string workspace;
  std::string request_id;
  std::string body;  // The request's bytes.
};

// The same bytes for equal messages.
std::string DeterministicBytes(const google::protobuf::Message& message);

template <typename Request>
Call ToCall(absl::string_view workspace, const Request& request) {
  return {.workspace = std::string(workspace), .request_id = request.request_id(), .body = DeterministicBytes(request)};
}

// Text of at most `most` characters (code points), UTF-8 without NUL.
absl::Status CheckCharacters(absl::string_view field, absl::string_view text, size_t most);
// The same, and it must not be empty.
absl::Status CheckGivenCharacters(absl::string_view field, absl::string_view text, size_t most);
// A name of a person: at most 200 characters without control characters, so on one line.
absl::Status CheckPerson(absl::string_view field, absl::string_view name);
// The same, and it must not be empty.
absl::Status CheckGivenPerson(absl::string_view field, absl::string_view name);

// INVALID_ARGUMENT with every finding of Layer::kForm at its place below `field`; OK where there is none.
absl::Status CheckFindings(absl::string_view field, const std::vector<rules::Finding>& findings);

// The same with every finding that is an error, of whatever layer: for what has no drafts.
absl::Status CheckErrors(absl::string_view field, const std::vector<rules::Finding>& findings);

google::protobuf::Timestamp ToTimestamp(absl::Time time);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_FIELDS_H_
