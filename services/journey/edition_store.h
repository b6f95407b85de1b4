// What is kept of personas and segments, each under its workspace. Whoever writes has locked the thing's lane of the
// journal first.
#ifndef WAYMARK_SERVICES_JOURNEY_EDITION_STORE_H_
#define WAYMARK_SERVICES_JOURNEY_EDITION_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/sql/sql.h"
#include "services/journey/edition.h"

namespace waymark::journey {

// The tables below: a part of the service's schema.
sql::Schema edition_schema();

// Stores a new thing with its first edition. Errors: ALREADY_EXISTS  the workspace has one of that kind and id.
absl::Status AddFirstEdition(sql::Transaction& tx, absl::string_view workspace, const Edition& edition);

// Stores the next edition; number, newest and revision are those that it has then.
absl::Status AddNextEdition(sql::Transaction& tx, absl::string_view workspace, const Edition& edition);

// Replaces revision and archive time of the thing.
absl::Status SaveArchival(sql::Transaction& tx, absl::string_view workspace, const Edition& edition);

// An edition; number 0 is the newest. Errors: NOT_FOUND  the workspace has no such thing, or it no such edition.
absl::StatusOr<Edition> LoadEdition(sql::Transaction& tx, absl::string_view workspace, EditionKind kind,
                                    absl::string_view id, uint32_t number);

// What is looked for: an edition by its number, or with 0 the newest.
struct EditionName {
  std::string id;
  uint32_t number = 0;
};
// For each name the edition, where there is one.
absl::StatusOr<std::vector<std::optional<Edition>>> FindEditions(sql::Transaction& tx, absl::string_view workspace,
                                                                 EditionKind kind,
                                                                 const std::vector<EditionName>& names);

// The newest editions of things with ids after `after`, by id: those that are archived, or those that are not. At most
// `limit`.
absl::StatusOr<std::vector<Edition>> ListEditions(sql::Transaction& tx, absl::string_view workspace, EditionKind kind,
                                                  bool archived, absl::string_view after, int limit);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_EDITION_STORE_H_
