// What replaying came to, for people to read.
#ifndef WAYMARK_SERVICES_CLI_REPLAY_TABLES_H_
#define WAYMARK_SERVICES_CLI_REPLAY_TABLES_H_

#include <ostream>
#include <string>

#include "waymark/milestone/v1/replay.pb.h"

namespace waymark::cli {

// `title` says what was compared, such as `onboarding: journey.yaml beside what is in force`.
void ShowPreview(const std::string& title, const milestone::v1::PreviewReport& report, std::ostream& out);
void ShowWhatIf(const std::string& title, const milestone::v1::WhatIfReport& report, std::ostream& out);
void ShowRecompute(const milestone::v1::RecomputeReport& report, std::ostream& out);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_REPLAY_TABLES_H_
