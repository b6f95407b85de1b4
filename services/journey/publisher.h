// Brings versions to customers and takes them back: each method is one transaction that loads, decides, saves and
// tells.
#ifndef WAYMARK_SERVICES_JOURNEY_PUBLISHER_H_
#define WAYMARK_SERVICES_JOURNEY_PUBLISHER_H_

#include "absl/status/statusor.h"
#include "services/journey/changes.h"
#include "services/journey/convert.h"

namespace waymark::journey {

// A call with a request_id answers a repeat as it did the first time. Errors are those of the proto. Thread-safe.
class Publisher {
 public:
  explicit Publisher(Changes& changes) : changes_(changes) {}

  // Tells VersionPublished in the journal, once.
  absl::StatusOr<v1::PublishVersionResponse> PublishVersion(const VersionOrder& order);
  // Tells VersionRetired in the journal, once.
  absl::StatusOr<v1::RetireVersionResponse> RetireVersion(const VersionOrder& order);

 private:
  // Passes the gate or says what stands in the way; then pins, saves and tells.
  absl::Status Publish(const Change& change, const Journey& journey, Version& version,
                       const std::optional<v1::MigrationPlan>& plan);

  Changes& changes_;
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_PUBLISHER_H_
