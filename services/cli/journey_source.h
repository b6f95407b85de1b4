// A journey that a command is about: in a file, or a version on the server.
#ifndef WAYMARK_SERVICES_CLI_JOURNEY_SOURCE_H_
#define WAYMARK_SERVICES_CLI_JOURNEY_SOURCE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "services/cli/session.h"
#include "waymark/journey/v1/definition.pb.h"
#include "waymark/journey/v1/persona.pb.h"
#include "waymark/journey/v1/segment.pb.h"

namespace waymark::cli {

struct JourneySource {
  std::string label;  // `onboarding@3`, or the file.
  std::string journey_id;
  std::string title;
  journey::v1::JourneyDefinition definition;
  std::map<std::string, journey::v1::PersonaDefinition> personas;  // Those known, by id.
  std::map<std::string, journey::v1::SegmentDefinition> segments;
};

// Whether the text names a file (it exists, ends in .yaml, .yml or .json, or is `-`), and not a journey.
bool IsFile(const std::string& text);

// The journey that the files describe: the one of that id where it is not empty. Errors: NOT_FOUND  there is none of
// that id, or none at all. FAILED_PRECONDITION  a file has problems, told on `err`. INVALID_ARGUMENT (USAGE)  there are
// several and no id is given.
absl::StatusOr<JourneySource> ReadJourney(const std::vector<std::string>& paths, const std::string& journey_id,
                                          std::ostream& err);

// Which version on the server.
struct VersionName {
  std::string journey_id;
  uint32_t number = 0;  // 0: the latest published one.
};

// A version as it is written: `onboarding@3`, or `onboarding`. Errors: INVALID_ARGUMENT (USAGE)  not of that form.
absl::StatusOr<VersionName> ToVersionName(const std::string& text);

// A version on the server, written so; without its personas and segments. Errors: NOT_FOUND  no such journey or
// version. Those of ToVersionName.
absl::StatusOr<JourneySource> FetchJourney(const Session& session, const std::string& text);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_JOURNEY_SOURCE_H_
