// Makes what a document or a template describes: all of it in one transaction, and only what is missing.
#ifndef WAYMARK_SERVICES_JOURNEY_IMPORTER_H_
#define WAYMARK_SERVICES_JOURNEY_IMPORTER_H_

#include "absl/status/statusor.h"
#include "services/journey/changes.h"
#include "services/journey/manifests.h"

namespace waymark::journey {

// A call with a request_id answers a repeat as it did the first time. Errors are those of the proto. Thread-safe.
class Importer {
 public:
  explicit Importer(Changes& changes) : changes_(changes) {}

  absl::StatusOr<v1::ImportJourneyResponse> ImportJourney(const Plan& plan);
  absl::StatusOr<v1::CreateJourneyFromTemplateResponse> CreateJourneyFromTemplate(const Plan& plan);

 private:
  Changes& changes_;
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_IMPORTER_H_
