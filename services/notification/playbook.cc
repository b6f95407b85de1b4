#include "services/notification/playbook.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/hash.h"
#include "services/notification/template.h"

namespace waymark::notification {
namespace {

// Error messages travel in a response's metadata, which is small.
constexpr size_t kFindingsNamed = 10;

std::string Summary(const std::vector<FieldViolation>& findings) {
  std::string summary;
  for (size_t i = 0; i < std::min(findings.size(), kFindingsNamed); ++i) {
    absl::StrAppend(&summary, i == 0 ? "" : "; ", findings[i].field, ": ", findings[i].description);
  }
  if (findings.size() > kFindingsNamed) absl::StrAppend(&summary, "; and ", findings.size() - kFindingsNamed, " more");
  return summary;
}

}  // namespace

std::string NameOf(const Version& version) {
  return absl::StrCat("version ", version.number, " of playbook \"", version.playbook_id, "\"");
}

std::string EtagOf(const Version& version) {
  return Sha256Hex(absl::StrCat(version.playbook_id, "/", version.number, "/", version.content_hash, "/",
                                absl::ToUnixMicros(version.create_time)))
      .substr(0, 16);
}

std::vector<FieldViolation> FindingsIn(const Definition& definition, const std::set<std::string>& active) {
  std::vector<FieldViolation> findings;
  const std::set<std::string>& known = VariablesOf(definition.trigger.kind);
  for (size_t i = 0; i < definition.steps.size(); ++i) {
    const Step& step = definition.steps[i];
    const std::string path = absl::StrCat("definition.steps[", i, "].send.");
    if (!active.contains(step.channel_id)) {
      findings.push_back(
          {absl::StrCat(path, "channel_id"), absl::StrCat("names the channel \"", step.channel_id,
                                                          "\", which does not exist or is disabled: create it first")});
    }
    const std::string title = WhatIsWrongWithTemplate(step.title, known);
    if (!title.empty()) findings.push_back({absl::StrCat(path, "title"), title});
    const std::string text = WhatIsWrongWithTemplate(step.text, known);
    if (!text.empty()) findings.push_back({absl::StrCat(path, "text"), text});
  }
  return findings;
}

absl::StatusOr<Publication> DecidePublication(const Playbook& playbook, const Version& version, absl::string_view etag,
                                              const std::vector<FieldViolation>& findings) {
  if (!etag.empty() && etag != EtagOf(version)) return EtagMismatch(NameOf(version));
  if (version.state == VersionState::kPublished) return Publication::kAlready;
  if (playbook.latest_published_number > version.number) {
    return WrongState(absl::StrCat("version ", playbook.latest_published_number,
                                   " is published already, which is later: make a new draft"));
  }
  if (!findings.empty()) {
    return WrongState(absl::StrCat(NameOf(version), " cannot be published: ", Summary(findings)));
  }
  return Publication::kNow;
}

}  // namespace waymark::notification
