// Makes playbooks, their versions, and channels: each method is one transaction that loads, decides and saves.
#ifndef WAYMARK_SERVICES_NOTIFICATION_EDITOR_H_
#define WAYMARK_SERVICES_NOTIFICATION_EDITOR_H_

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/sql/sql.h"
#include "services/notification/convert.h"

namespace waymark::notification {

// A call with a request_id answers a repeat as it did the first time, but for secrets. Errors are those of the proto.
// Thread-safe.
class Editor {
 public:
  Editor(journal::Journal& journal, const Clock& clock) : journal_(journal), clock_(clock) {}

  absl::StatusOr<v1::CreatePlaybookResponse> CreatePlaybook(const NewPlaybook& wanted);
  absl::StatusOr<v1::CreateDraftResponse> CreateDraft(const NewDraft& wanted);
  absl::StatusOr<v1::PublishVersionResponse> PublishVersion(const PublishOrder& order);
  absl::StatusOr<v1::CreateChannelResponse> CreateChannel(const NewChannel& wanted);

 private:
  // Runs `change` in one transaction that holds the lane of `id`, unless `call` is a repeat.
  template <typename Response>
  absl::StatusOr<Response> Change(const Call& call, absl::string_view method, absl::string_view id,
                                  absl::FunctionRef<absl::StatusOr<Response>(sql::Transaction& tx)> change);

  journal::Journal& journal_;
  const Clock& clock_;
};

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_EDITOR_H_
