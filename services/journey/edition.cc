#include "services/journey/edition.h"

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/hash.h"

namespace waymark::journey {
namespace {

std::string EtagAt(const Edition& edition, int64_t revision) {
  return Sha256Hex(absl::StrCat(WordFor(edition.kind), "/", edition.id, "/", revision)).substr(0, 16);
}

}  // namespace

std::string WordFor(EditionKind kind) {
  switch (kind) {
    case EditionKind::kPersona:
      return "persona";
    case EditionKind::kSegment:
      return "segment";
  }
  return "";
}

std::string NameOf(const Edition& edition) { return absl::StrCat(WordFor(edition.kind), " \"", edition.id, "\""); }

std::string EtagOf(const Edition& edition) { return EtagAt(edition, edition.revision); }

absl::Status CheckChange(const Edition& newest, absl::string_view etag) {
  if (newest.archive_time.has_value()) {
    return WrongState(absl::StrCat(NameOf(newest), " is archived and has no further editions"));
  }
  return etag == EtagOf(newest) ? absl::OkStatus() : EtagMismatch(NameOf(newest));
}

absl::StatusOr<Step> DecideArchival(const Edition& newest, absl::string_view etag) {
  const bool archived = newest.archive_time.has_value();
  const bool fresh =
      etag.empty() || etag == EtagOf(newest) || (archived && etag == EtagAt(newest, newest.revision - 1));
  if (!fresh) return EtagMismatch(NameOf(newest));
  return archived ? Step::kAlready : Step::kNow;
}

}  // namespace waymark::journey
