#include "services/cli/journey_source.h"

#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "services/cli/findings.h"
#include "services/cli/manifests.h"
#include "services/cli/usage.h"
#include "waymark/journey/v1/journey.pb.h"

namespace waymark::cli {

bool IsFile(const std::string& text) {
  std::error_code ignored;
  return text == "-" || absl::EndsWith(text, ".yaml") || absl::EndsWith(text, ".yml") ||
         absl::EndsWith(text, ".json") || std::filesystem::exists(text, ignored);
}

absl::StatusOr<JourneySource> ReadJourney(const std::vector<std::string>& paths, const std::string& journey_id,
                                          std::ostream& err) {
  ASSIGN_OR_RETURN(const std::vector<SourcedManifest> manifests, ReadSound(paths, err));
  JourneySource source;
  std::vector<std::string> ids;
  for (const SourcedManifest& one : manifests) {
    const manifest::v1::Manifest& manifest = one.manifest;
    if (manifest.has_persona()) source.personas[manifest.persona().persona_id()] = manifest.persona().definition();
    if (manifest.has_segment()) source.segments[manifest.segment().segment_id()] = manifest.segment().definition();
    if (!manifest.has_journey()) continue;
    if (!journey_id.empty() && manifest.journey().journey_id() != journey_id) continue;
    ids.push_back(manifest.journey().journey_id());
    source.label = one.file;
    source.journey_id = manifest.journey().journey_id();
    source.title = manifest.journey().title().empty() ? source.journey_id : manifest.journey().title();
    source.definition = manifest.journey().definition();
  }
  const std::string where = absl::StrJoin(paths, ", ");
  if (ids.empty()) {
    return absl::NotFoundError(
        absl::StrCat("there is no journey ", journey_id, journey_id.empty() ? "" : " ", "in ", where));
  }
  if (ids.size() > 1) {
    return UsageError(absl::StrCat("there are several journeys in ", where, " (", absl::StrJoin(ids, ", "),
                                   "); name a file with one"));
  }
  return source;
}

absl::StatusOr<VersionName> ToVersionName(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, '@');
  VersionName version{.journey_id = parts[0]};
  if (parts.size() > 2 || (parts.size() == 2 && !absl::SimpleAtoi(parts[1], &version.number))) {
    return UsageError(absl::StrCat("\"", text, "\" is neither a file nor a version such as onboarding@3"));
  }
  return version;
}

absl::StatusOr<JourneySource> FetchJourney(const Session& session, const std::string& text) {
  ASSIGN_OR_RETURN(const VersionName version, ToVersionName(text));
  JourneySource source{.journey_id = version.journey_id};
  journey::v1::GetJourneyRequest get;
  get.set_journey_id(version.journey_id);
  ASSIGN_OR_RETURN(const auto journey, session.client.Get<journey::v1::GetJourneyResponse>(get));
  source.title = journey.journey().title();
  journey::v1::GetVersionRequest request;
  request.set_journey_id(version.journey_id);
  request.set_number(version.number);
  ASSIGN_OR_RETURN(auto answer, session.client.Get<journey::v1::GetVersionResponse>(request));
  source.label = absl::StrCat(version.journey_id, "@", answer.version().number());
  source.definition = std::move(*answer.mutable_version()->mutable_definition());
  return source;
}

}  // namespace waymark::cli
