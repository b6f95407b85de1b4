// Keeps personas and segments: makes editions, tells them, archives.
#ifndef WAYMARK_SERVICES_JOURNEY_EDITIONS_H_
#define WAYMARK_SERVICES_JOURNEY_EDITIONS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"
#include "services/journey/changes.h"
#include "services/journey/edition_convert.h"
#include "services/journey/edition_store.h"

namespace waymark::journey {

// Of one kind: PersonaKind or SegmentKind. A call with a request_id answers a repeat as it did the first time. Errors
// are those of the proto. Thread-safe.
template <typename Kind>
class Editions {
 public:
  explicit Editions(Changes& changes) : changes_(changes) {}

  absl::StatusOr<typename Kind::CreateResponse> Create(const NewEdition& wanted);
  // Number 0 is the newest edition.
  absl::StatusOr<typename Kind::GetResponse> Get(absl::string_view workspace, absl::string_view id, uint32_t number);
  absl::StatusOr<typename Kind::ListResponse> List(const EditionPage& page);
  absl::StatusOr<typename Kind::UpdateResponse> Update(const NewEdition& wanted);
  absl::StatusOr<typename Kind::ArchiveResponse> Archive(const EditionArchival& wanted);

 private:
  Changes& changes_;
};

// Stores the thing where it is missing; one that is there stays as it is. True where it was missing.
absl::StatusOr<bool> AddWhereMissing(const Change& change, EditionKind kind, const EditionContent& content);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_EDITIONS_H_
