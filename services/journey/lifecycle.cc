#include "services/journey/lifecycle.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/errors.h"
#include "common/base/hash.h"

namespace waymark::journey {
namespace {

std::string EtagAt(const Version& version, int64_t revision) {
  return Sha256Hex(absl::StrCat(version.journey_id, "/", version.number, "/", revision, "/",
                                absl::ToUnixMicros(version.create_time)))
      .substr(0, 16);
}

std::string Summary(const std::vector<rules::Finding>& findings) {
  return absl::StrJoin(findings, "; ", [](std::string* out, const rules::Finding& finding) {
    absl::StrAppend(out, finding.path, ": ", finding.message);
  });
}

}  // namespace

std::string NameOf(const Version& version) {
  return absl::StrCat("version ", version.number, " of journey \"", version.journey_id, "\"");
}

std::string EtagOf(const Version& version) { return EtagAt(version, version.revision); }

absl::Status CheckChange(const Version& version, absl::string_view etag) {
  if (version.state == VersionState::kPublished) {
    return WrongState(absl::StrCat(NameOf(version), " is published and cannot change: make a new draft"));
  }
  return etag == EtagOf(version) ? absl::OkStatus() : EtagMismatch(NameOf(version));
}

absl::StatusOr<Publication> DecidePublication(const Journey& journey, const Version& version, absl::string_view etag,
                                              const std::vector<rules::Finding>& findings) {
  const bool published = version.state == VersionState::kPublished;
  // Publishing is the last change: the revision before it is that of the draft.
  const bool fresh =
      etag.empty() || etag == EtagOf(version) || (published && etag == EtagAt(version, version.revision - 1));
  if (!fresh) return EtagMismatch(NameOf(version));
  if (published) return Publication::kAlready;
  if (journey.latest_published_number > version.number) {
    return WrongState(absl::StrCat("version ", journey.latest_published_number,
                                   " is published already, which is later: make a new draft"));
  }
  if (!findings.empty()) {
    return WrongState(absl::StrCat(NameOf(version), " cannot be published: ", Summary(findings)));
  }
  return Publication::kNow;
}

}  // namespace waymark::journey
