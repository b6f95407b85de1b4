// protobuf <-> plain structs, and the checks of what comes from outside.
#ifndef WAYMARK_SERVICES_MILESTONE_CONVERT_H_
#define WAYMARK_SERVICES_MILESTONE_CONVERT_H_

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/journal/journal.h"
#include "services/milestone/catalog_store.h"
#include "services/milestone/history.h"
#include "services/milestone/item_pool.h"
#include "services/rules/progress.h"
#include "waymark/milestone/v1/analytics.pb.h"
#include "waymark/milestone/v1/customer.pb.h"
#include "waymark/milestone/v1/event.pb.h"
#include "waymark/milestone/v1/milestone.pb.h"

namespace waymark::milestone {

inline constexpr size_t kMostEvents = 1000;           // In a call.
inline constexpr size_t kMostEventBytes = 64 * 1024;  // Of one event.
inline constexpr size_t kMostRequestBytes = 4 << 20;  // Of a call.
inline constexpr int kMostPropertyLevels = 8;

// Years 2000 to 2100 are served (operations.md), and what is to be said of the future is wrong.
inline constexpr int64_t kFirstSecond = 946684800;  // 2000-01-01T00:00:00Z.
inline constexpr int64_t kLastSecond = 4102444800;  // 2100-01-01T00:00:00Z.
inline constexpr absl::Duration kMostAhead = absl::Minutes(5);

// What is wrong with whatever is sent of a customer that was deleted.
inline constexpr char kWasDeleted[] =
    "was deleted, and everything sent of it is refused: a new customer needs another id";

// What the ids of records begin with that Waymark makes itself, of which nobody else may have one.
inline constexpr absl::string_view kOwnIds = "waymark/";
// What is wrong with the id of an item from outside, in words that follow the field's name; empty: nothing.
std::string WhatIsWrongWithItemId(absl::string_view id);

// Reads a serialised IngestEventsRequest or StreamEventsRequest event by event, so that one that is malformed (invalid
// UTF-8 included) is answered for itself. Errors: INVALID_ARGUMENT  no event, too many, or bytes that are no such
// message.
absl::StatusOr<std::unique_ptr<Batch>> ToBatch(std::string workspace, std::string request, absl::Time now);

v1::IngestEventsResponse ToProto(const Batch& batch, const Receipt& receipt);

// The journal payload (EventAccepted) of an accepted event.
std::string ToPayload(const IncomingItem& event, bool backfill);

// An event with its properties.
rules::Event WithProperties(const IncomingItem& event, ItemPool& pool);

// The event in an EventAccepted payload, received at an instant (Item::received); its views are into `payload`. With
// properties where a pool for them is given. Nullopt where it is none.
std::optional<rules::Event> ReadEvent(absl::string_view payload, absl::Time received, ItemPool* pool = nullptr);

// The content hash of the event in an EventAccepted payload. Nullopt where it is none.
std::optional<uint64_t> ReadContentHash(absl::string_view payload);

// A version as it is travelled. Errors: INTERNAL  its definition cannot be read.
absl::StatusOr<rules::JourneyVersion> ToJourneyVersion(const PublishedVersion& version);
// What a fact of `journey` does to the catalog. Errors: INTERNAL  this release knows no such fact.
using JourneyFact = std::variant<PublishedVersion, ClosedVersions>;
absl::StatusOr<JourneyFact> ToJourneyFact(const journal::Entry& entry);

// Where one enrollment stands.
v1::CurrentStage ToCurrentStage(const rules::Journey& journey, const Enrollment& enrollment, const rules::Run& run);

// How it is on time; of one that has ended nothing.
v1::Pace ToPace(const rules::Journey& journey, const rules::Run& run, absl::Time now);

// Where a customer stands, in all its enrollments, as of which version, and until when that holds. What holds until is
// for the cache alone.
v1::CustomerStages ToStages(const Customer& customer, absl::Span<const rules::Journey* const> journeys, int64_t epoch);

// What the cache keeps of a name that leads to another customer: it never serves.
v1::CustomerStages AnotherName(absl::string_view workspace, absl::string_view customer_id, int64_t epoch,
                               int64_t position);

// Leaves as many enrollments as are told or kept at most, and says where there are more.
void Shorten(v1::CustomerStages& stages);

// How far a customer has come in each of its enrollments in a journey, with witnesses, by folding its whole history.
std::vector<v1::EnrollmentProgress> ToProgress(const rules::Journey& journey, const Enrollment& enrollment,
                                               absl::Span<const rules::Event> history, absl::Time now);

void SetTime(absl::Time time, google::protobuf::Timestamp* to);
absl::Time ToTime(const google::protobuf::Timestamp& time);
// An instant that a request names. Errors: INVALID_ARGUMENT  it is not of the years 2000 to 2099, which are served
// (operations.md), or malformed.
absl::StatusOr<absl::Time> ToInstant(const char* field, const google::protobuf::Timestamp& time);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_CONVERT_H_
