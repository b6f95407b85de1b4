// Items of history that are no events (record.proto): made of requests, kept in the journal, and whether they may be
// told of a customer.
#ifndef WAYMARK_SERVICES_MILESTONE_RECORDS_H_
#define WAYMARK_SERVICES_MILESTONE_RECORDS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/journal/entry.h"
#include "services/milestone/history.h"
#include "services/milestone/item_pool.h"
#include "services/milestone/shelf.h"
#include "waymark/milestone/v1/customer.pb.h"
#include "waymark/milestone/v1/milestone.pb.h"
#include "waymark/milestone/v1/record.pb.h"

namespace waymark::milestone {

inline constexpr size_t kMostAttributes = 200;           // In a call.
inline constexpr size_t kMostAttributeBytes = 64 << 10;  // Of a call.

// What requests ask to be recorded. The record's id is the request_id, or else random; `now` is its time where the
// request gives none. Errors: INVALID_ARGUMENT  as the RPCs tell.
absl::StatusOr<v1::RecordAccepted> ToRecord(const v1::IdentifyRequest& request, absl::Time now);
absl::StatusOr<v1::RecordAccepted> ToRecord(const v1::AttestMilestoneRequest& request, absl::Time now);
absl::StatusOr<v1::RecordAccepted> ToRecord(const v1::EnrollRequest& request, absl::Time now);
absl::StatusOr<v1::RecordAccepted> ToRecord(const v1::ExitEnrollmentRequest& request, absl::Time now);
absl::StatusOr<v1::RecordAccepted> ToRecord(const v1::OverrideStageRequest& request, absl::Time now);

// A batch of one record.
std::unique_ptr<Batch> ToBatch(absl::string_view workspace, const v1::RecordAccepted& accepted);

// How rules see a record. The item views the record and the pool.
rules::Item ToItem(const v1::Record& record, ItemPool& pool);

// Whether an entry of the journal is a record.
bool IsRecord(const journal::Entry& entry);

// By what a repeated item is recognised.
struct StoredIdentity {
  std::string id;
  uint64_t content_hash = 0;
};
// Of an entry that holds an event or a record. Nullopt where it holds none.
std::optional<StoredIdentity> ReadIdentity(const journal::Entry& entry);

// Whether a record may be told of a customer that stands as `dossier` says, where `journey` is the one it is about: the
// version the customer travels or, before that, the one it would; nullptr: none is published. `closed`: nobody new gets
// in. Errors: NOT_FOUND, FAILED_PRECONDITION  as the RPCs tell.
absl::Status CheckRecord(const rules::Item& record, const Dossier& dossier, const rules::Journey* journey, bool closed);

// Fills in what a customer's records, in the order of history, say of its attributes and those of its people.
void FillAttributes(absl::Span<const v1::Record> records, v1::Customer& customer);

// What became of a batch of one record. Errors: ALREADY_EXISTS  another has its id. Those of CheckRecord.
absl::Status OutcomeOf(const Receipt& receipt);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_RECORDS_H_
