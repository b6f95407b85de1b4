// protobuf <-> plain structs: requests -> what the use cases take, checked; definitions, records and facts -> messages.
// Past this nothing checks a request again.
#ifndef WAYMARK_SERVICES_HEALTH_CONVERT_H_
#define WAYMARK_SERVICES_HEALTH_CONVERT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/journal/token.h"
#include "services/health/definition.h"
#include "services/health/lifecycle.h"
#include "services/health/score_store.h"
#include "services/health/scoring.h"
#include "waymark/health/v1/definition.pb.h"
#include "waymark/health/v1/facts.pb.h"
#include "waymark/health/v1/health.pb.h"
#include "waymark/health/v1/scorecard.pb.h"

namespace waymark::health {

// ---- Requests ----

// Who makes a change, and how a repeat of it is known.
struct Call {
  std::string workspace;
  std::string request_id;
  std::string body;  // The request's bytes.
};

struct NewScorecard {
  Call call;
  std::string scorecard_id;
  std::string title;
};

struct NewDraft {
  Call call;
  std::string scorecard_id;
  std::string definition;  // A serialised waymark.health.v1.ScorecardDefinition.
  std::string content_hash;
  std::string change_note;
};

struct PublishOrder {
  Call call;
  std::string scorecard_id;
  uint32_t number = 0;
  std::string etag;  // Empty: whatever the draft says.
};

struct ScorecardPage {
  std::string workspace;
  std::string after;  // The last scorecard_id seen.
  int limit = 0;
};

struct HealthQuery {
  std::string workspace;
  std::string customer_id;
  std::string scorecard_id;
  bool fresh = false;                              // Score first, once `token` is reached.
  std::vector<journal::TokenPosition> token = {};  // What must have been followed; empty for nothing.
};

struct HealthPage {
  std::string workspace;
  std::string scorecard_id;
  std::optional<ShownBand> shown;  // Absent: all.
  std::string after;               // The last customer_id seen.
  int limit = 0;
};

// The field of GetHealthRequest that holds a token, for errors.
inline constexpr char kTokenField[] = "consistency.at_least_as_fresh";

// Errors of all: INVALID_ARGUMENT  as the proto says, every field named. NOT_FOUND  the scorecard_id is none that a
// scorecard can have.
absl::StatusOr<NewScorecard> ToNewScorecard(absl::string_view workspace, const v1::CreateScorecardRequest& request);
absl::StatusOr<NewDraft> ToNewDraft(absl::string_view workspace, const v1::CreateDraftRequest& request);
absl::StatusOr<PublishOrder> ToPublishOrder(absl::string_view workspace, const v1::PublishVersionRequest& request);
absl::StatusOr<ScorecardPage> ToScorecardPage(absl::string_view workspace, const v1::ListScorecardsRequest& request);
absl::StatusOr<std::string> ToScorecardId(absl::string_view scorecard_id);
absl::StatusOr<HealthQuery> ToHealthQuery(absl::string_view workspace, const v1::GetHealthRequest& request);
absl::StatusOr<HealthPage> ToHealthPage(absl::string_view workspace, const v1::ListHealthRequest& request);

// ---- Definitions ----

// Errors: INVALID_ARGUMENT  every field that is wrong is named, below `field`.
absl::StatusOr<Definition> ToDefinition(absl::string_view field, const v1::ScorecardDefinition& message);
// With every default filled in.
v1::ScorecardDefinition ToProto(const Definition& definition);
// A stored definition. Errors: INTERNAL  it is unreadable.
absl::StatusOr<Definition> ReadDefinition(const Version& version);

// ---- Answers ----

v1::Scorecard ToProto(const Scorecard& scorecard);
// Errors: INTERNAL  the stored definition is unreadable.
absl::StatusOr<v1::ScorecardVersion> ToProto(const Version& version);
// `scorecards` and `records` may hold one more than the page: then there is a next page.
v1::ListScorecardsResponse ToProto(const ScorecardPage& page, const std::vector<Scorecard>& scorecards);
v1::ListHealthResponse ToProto(const HealthPage& page, const std::vector<Record>& records);

// With contributions. Errors: INTERNAL  they are unreadable.
absl::StatusOr<v1::Health> ToProto(const Record& record);
// Record::contributions.
std::string EncodeContributions(const std::vector<Contribution>& contributions);

// ---- Facts ----

// Tells that `record` has a band other than `before`.
v1::BandChanged ToFact(const Record& record, const std::optional<BandState>& before, bool historical);

}  // namespace waymark::health

#endif  // WAYMARK_SERVICES_HEALTH_CONVERT_H_
