#include "services/journey/changes.h"

#include <set>

#include "common/base/status.h"
#include "common/journal/token.h"
#include "common/requests/requests.h"

namespace waymark::journey {

void Change::Tell(const std::string& key, const google::protobuf::Message& fact) const {
  lanes.Append({{.workspace = workspace, .key = key, .type = fact.GetTypeName(), .payload = fact.SerializeAsString()}});
}

absl::StatusOr<std::string> Changes::RunOnce(const Call& call, absl::string_view method,
                                             const std::vector<std::string>& ids,
                                             absl::FunctionRef<absl::StatusOr<std::string>(const Change&)> body) {
  std::set<int> wanted;
  for (const std::string& id : ids) wanted.insert(journal::LaneOf(call.workspace, id));
  const requests::Request request = {
      .workspace = call.workspace, .request_id = call.request_id, .method = method, .body = call.body};
  std::string answer;
  journal::Lanes lanes;
  RETURN_IF_ERROR(journal_.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(lanes, journal_.Lock(tx, wanted));
    const Change change = {.tx = tx, .lanes = lanes, .workspace = call.workspace, .now = clock_.Now()};
    ASSIGN_OR_RETURN(answer, requests::Once(tx, request, change.now, [&] { return body(change); }));
    return journal_.Store(tx, lanes);
  }));
  journal_.Announce(lanes);
  return answer;
}

std::string Changes::TokenOf(const Change& change, const std::string& id) const {
  const int lane = journal::LaneOf(change.workspace, id);
  return journal::MakeToken({{journal_.name(), journal_.epoch(), lane, change.lanes.Head(lane)}});
}

}  // namespace waymark::journey
