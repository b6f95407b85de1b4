// `waymark journey init`: ready journeys as files to edit.
#ifndef WAYMARK_SERVICES_CLI_JOURNEY_TEMPLATES_H_
#define WAYMARK_SERVICES_CLI_JOURNEY_TEMPLATES_H_

#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace waymark::cli {

// Tells which templates there are.
void ListTemplates(std::ostream& out);

// Writes a template as ID.yaml into a folder, which is made where it does not exist, and tells what to do next. Errors:
// INVALID_ARGUMENT (USAGE)  there is no such template. ALREADY_EXISTS  the file exists. Else what the disk refused.
absl::Status WriteTemplate(const std::string& id, const std::string& folder, std::ostream& out);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_JOURNEY_TEMPLATES_H_
