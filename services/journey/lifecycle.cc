#include "services/journey/lifecycle.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/hash.h"
#include "common/base/status.h"

namespace waymark::journey {
namespace {

std::string EtagAt(const Journey& journey, int64_t revision) {
  return Sha256Hex(absl::StrCat(journey.journey_id, "/", revision, "/", absl::ToUnixMicros(journey.create_time)))
      .substr(0, 16);
}

std::string EtagAt(const Version& version, int64_t revision) {
  return Sha256Hex(absl::StrCat(version.journey_id, "/", version.number, "/", revision, "/",
                                absl::ToUnixMicros(version.create_time)))
      .substr(0, 16);
}

// Whether `etag` is the present one, none, or, once `done`, that of the revision before: what was done last.
template <typename Thing>
bool IsFresh(const Thing& thing, absl::string_view etag, bool done) {
  return etag.empty() || etag == EtagOf(thing) || (done && etag == EtagAt(thing, thing.revision - 1));
}

}  // namespace

std::string NameOf(const Journey& journey) { return absl::StrCat("journey \"", journey.journey_id, "\""); }

std::string NameOf(const Version& version) {
  return absl::StrCat("version ", version.number, " of journey \"", version.journey_id, "\"");
}

std::string EtagOf(const Journey& journey) { return EtagAt(journey, journey.revision); }
std::string EtagOf(const Version& version) { return EtagAt(version, version.revision); }

void AddAuthor(Version& version, const std::string& author) {
  if (author.empty()) return;
  if (std::find(version.authors.begin(), version.authors.end(), author) != version.authors.end()) return;
  version.authors.push_back(author);
}

absl::Status CheckOpen(const Journey& journey) {
  if (!journey.archive_time.has_value()) return absl::OkStatus();
  return WrongState(absl::StrCat(NameOf(journey), " is archived: it takes no drafts, publications or enrollments"));
}

absl::Status CheckChange(const Journey& journey, absl::string_view etag) {
  return etag == EtagOf(journey) ? absl::OkStatus() : EtagMismatch(NameOf(journey));
}

absl::Status CheckDraft(const Version& version) {
  if (version.state == VersionState::kDraft) return absl::OkStatus();
  return WrongState(absl::StrCat(NameOf(version), " is published and cannot change: make a new draft"));
}

absl::Status CheckChange(const Version& version, absl::string_view etag) {
  RETURN_IF_ERROR(CheckDraft(version));
  return etag == EtagOf(version) ? absl::OkStatus() : EtagMismatch(NameOf(version));
}

absl::StatusOr<Step> DecideArchival(const Journey& journey, absl::string_view etag) {
  const bool archived = journey.archive_time.has_value();
  if (!IsFresh(journey, etag, archived)) return EtagMismatch(NameOf(journey));
  return archived ? Step::kAlready : Step::kNow;
}

absl::StatusOr<Step> DecidePublication(const Journey& journey, const Version& version, absl::string_view etag) {
  const bool published = version.state == VersionState::kPublished;
  if (!IsFresh(version, etag, published)) return EtagMismatch(NameOf(version));
  if (published) return Step::kAlready;
  RETURN_IF_ERROR(CheckOpen(journey));
  if (version.state == VersionState::kRetired) {
    return WrongState(absl::StrCat(NameOf(version), " is retired: make a new draft from it"));
  }
  if (journey.last_published_number > version.number) {
    return WrongState(absl::StrCat("version ", journey.last_published_number,
                                   " is published already, which is later: make a new draft"));
  }
  return Step::kNow;
}

absl::StatusOr<Step> DecideRetirement(const Version& version, absl::string_view etag) {
  const bool retired = version.state == VersionState::kRetired;
  if (!IsFresh(version, etag, retired)) return EtagMismatch(NameOf(version));
  if (version.state == VersionState::kDraft) {
    return WrongState(absl::StrCat(NameOf(version), " is a draft: nobody is enrolled in it"));
  }
  return retired ? Step::kAlready : Step::kNow;
}

absl::Status CheckGate(const Version& version, const Gate& gate) {
  std::vector<std::string> reasons;
  std::vector<FieldViolation> violations;
  for (const rules::Finding& finding : gate.findings) {
    if (finding.severity != rules::Severity::kError) continue;
    reasons.push_back(finding.path.empty() ? finding.message : absl::StrCat(finding.path, ": ", finding.message));
    violations.push_back({finding.path.empty() ? "definition" : absl::StrCat("definition.", finding.path),
                          absl::StrCat(finding.message, ": ", finding.hint)});
  }
  for (const std::string& failure : gate.failures) reasons.push_back(failure);
  if (gate.approvals < gate.required_approvals) {
    reasons.push_back(absl::StrCat(gate.approvals, " of ", gate.required_approvals, " approvals of what it says now"));
  }
  if (reasons.empty()) return absl::OkStatus();
  return WithViolations(
      WrongState(absl::StrCat(NameOf(version), " cannot be published: ", absl::StrJoin(reasons, "; "))), violations);
}

}  // namespace waymark::journey
