// How everything that changes is changed: once, in one transaction, told in the journal.
#ifndef WAYMARK_SERVICES_JOURNEY_CHANGES_H_
#define WAYMARK_SERVICES_JOURNEY_CHANGES_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"
#include "services/journey/fields.h"

namespace waymark::journey {

// A change under way: what it writes with, and what it tells.
struct Change {
  sql::Transaction& tx;
  journal::Lanes& lanes;
  const std::string& workspace;
  absl::Time now;

  // Tells `fact` of the thing `key`, whose lane is held.
  void Tell(const std::string& key, const google::protobuf::Message& fact) const;
};

// Thread-safe.
class Changes {
 public:
  Changes(journal::Journal& journal, const Clock& clock) : journal_(journal), clock_(clock) {}

  // Runs `body` in one transaction that holds the lanes of everything in `ids` (journeys, personas, segments), unless
  // `call` is a repeat: then it answers as the first time. The answer's consistency_token is that of the first id.
  template <typename Response>
  absl::StatusOr<Response> Run(const Call& call, absl::string_view method, const std::vector<std::string>& ids,
                               absl::FunctionRef<absl::StatusOr<Response>(const Change&)> body) {
    absl::StatusOr<std::string> answer =
        RunOnce(call, method, ids, [&](const Change& change) -> absl::StatusOr<std::string> {
          absl::StatusOr<Response> response = body(change);
          if (!response.ok()) return response.status();
          response->set_consistency_token(TokenOf(change, ids.front()));
          return response->SerializeAsString();
        });
    if (!answer.ok()) return answer.status();
    Response response;
    if (!response.ParseFromString(*answer)) return absl::InternalError("a stored answer is unreadable");
    return response;
  }

  sql::Database& db() { return journal_.db(); }

 private:
  absl::StatusOr<std::string> RunOnce(const Call& call, absl::string_view method, const std::vector<std::string>& ids,
                                      absl::FunctionRef<absl::StatusOr<std::string>(const Change&)> body);
  std::string TokenOf(const Change& change, const std::string& id) const;

  journal::Journal& journal_;
  const Clock& clock_;
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_CHANGES_H_
