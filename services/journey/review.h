// What people say about a draft, and which approvals count.
#ifndef WAYMARK_SERVICES_JOURNEY_REVIEW_H_
#define WAYMARK_SERVICES_JOURNEY_REVIEW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "services/journey/lifecycle.h"

namespace waymark::journey {

inline constexpr uint32_t kMostComments = 1000;  // Of a version.
inline constexpr size_t kMostApprovals = 100;    // Of a version.

struct Comment {
  std::string comment_id;
  std::string path;
  std::string text;
  std::string author;
  std::string reply_to;  // Empty: answers none.
  std::string content_hash;
  absl::Time create_time;
  std::optional<absl::Time> resolve_time;
  std::string resolved_by;
  friend bool operator==(const Comment&, const Comment&) = default;
};

struct Approval {
  std::string approver;
  std::string content_hash;
  absl::Time approve_time;
  friend bool operator==(const Approval&, const Approval&) = default;
};

struct ApprovalRequest {
  std::string author;
  std::vector<std::string> reviewers;
  std::string note;
  std::string content_hash;
  absl::Time request_time;
  friend bool operator==(const ApprovalRequest&, const ApprovalRequest&) = default;
};

// How far the review of a version has come.
struct Review {
  std::optional<ApprovalRequest> request;
  std::vector<Approval> approvals;  // By approver.
  uint32_t open_comments = 0;
};

enum class Standing { kCounts, kOutdated, kByAuthor };

// An approval counts as long as the version says what was approved of, and unless it is an author's.
Standing StandingOf(const Approval& approval, const Version& version);

// How many count.
uint32_t CountApprovals(const std::vector<Approval>& approvals, const Version& version);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_REVIEW_H_
