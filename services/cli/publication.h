// Versions on the server: which is the newest, and putting one into force.
#ifndef WAYMARK_SERVICES_CLI_PUBLICATION_H_
#define WAYMARK_SERVICES_CLI_PUBLICATION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/status.h"
#include "services/cli/replay_commands.h"
#include "services/cli/session.h"
#include "services/cli/versioned_kinds.h"

namespace waymark::cli {

// A version that may exist.
template <typename Kind>
absl::StatusOr<std::optional<typename Kind::Version>> FindVersion(const Session& session, const std::string& id,
                                                                  uint32_t number) {
  typename Kind::GetVersionRequest request;
  Kind::SetId(id, &request);
  request.set_number(number);
  auto answer = session.client.Get<typename Kind::GetVersionResponse>(request);
  if (absl::IsNotFound(answer.status())) return std::nullopt;
  RETURN_IF_ERROR(answer.status());
  return std::move(*answer->mutable_version());
}

// The newest version that is in force or may come into force: a draft, or the published one. What is retired does not
// count, nor do drafts older than a version that was ever published: they cannot be published any more.
template <typename Kind>
absl::StatusOr<std::optional<typename Kind::Version>> FindNewest(const Session& session, const std::string& id,
                                                                 uint32_t published) {
  std::optional<typename Kind::Version> in_force;
  if (published > 0) {
    ASSIGN_OR_RETURN(in_force, FindVersion<Kind>(session, id, published));
  }
  std::optional<typename Kind::Version> newest = in_force;
  for (uint32_t number = published + 1;; ++number) {
    ASSIGN_OR_RETURN(auto next, FindVersion<Kind>(session, id, number));
    if (!next.has_value()) return newest;
    newest = Kind::IsRetired(*next) ? in_force : std::move(next);
  }
}

// Waits until `milestone` knows the version whose publication gave the token, and has evaluated every customer by it;
// tells on `err` how many are to go. Errors: DEADLINE_EXCEEDED  not after half an hour. Else those of GetFunnel.
absl::Status AwaitEvaluation(const Session& session, const std::string& journey_id, const std::string& token);

// `waymark journey publish`: puts a version into force, the newest one where `number` is 0, and waits until every
// customer is evaluated by it. Those under way move to it where that is chosen, as a preview that is made first
// tells. Errors: NOT_FOUND  no such journey or version. FAILED_PRECONDITION  it has findings, which are told on `err`,
// or a later version is published; or the map leaves a stage out that somebody stands in.
absl::Status PublishJourney(const Session& session, const std::string& journey_id, uint32_t number,
                            const MoveChoice& move);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_PUBLICATION_H_
