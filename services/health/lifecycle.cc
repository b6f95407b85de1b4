#include "services/health/lifecycle.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/hash.h"

namespace waymark::health {
namespace {

std::string EtagAt(const Version& version, int64_t revision) {
  return Sha256Hex(absl::StrCat(version.scorecard_id, "/", version.number, "/", revision, "/",
                                absl::ToUnixMicros(version.create_time)))
      .substr(0, 16);
}

}  // namespace

std::string EtagOf(const Version& version) { return EtagAt(version, version.revision); }

absl::StatusOr<Publication> DecidePublication(const Scorecard& scorecard, const Version& version,
                                              absl::string_view etag) {
  const bool published = version.state == VersionState::kPublished;
  // Publishing is the last change: the revision before it is that of the draft.
  const bool fresh =
      etag.empty() || etag == EtagOf(version) || (published && etag == EtagAt(version, version.revision - 1));
  if (!fresh) {
    return EtagMismatch(absl::StrCat("version ", version.number, " of scorecard \"", version.scorecard_id, "\""));
  }
  if (published) return Publication::kAlready;
  if (scorecard.latest_published_number > version.number) {
    return WrongState(absl::StrCat("version ", scorecard.latest_published_number,
                                   " is published already, which is later: make a new draft"));
  }
  return Publication::kNow;
}

}  // namespace waymark::health
