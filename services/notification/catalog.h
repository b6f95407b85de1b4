// Tells what playbooks and channels there are, and what became of deliveries.
#ifndef WAYMARK_SERVICES_NOTIFICATION_CATALOG_H_
#define WAYMARK_SERVICES_NOTIFICATION_CATALOG_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/journal/journal.h"
#include "services/notification/convert.h"

namespace waymark::notification {

// Every answer comes from the database. Errors are those of the proto. Thread-safe.
class Catalog {
 public:
  explicit Catalog(journal::Journal& journal) : journal_(journal) {}

  absl::StatusOr<v1::GetPlaybookResponse> GetPlaybook(absl::string_view workspace, absl::string_view playbook_id);
  absl::StatusOr<v1::ListPlaybooksResponse> ListPlaybooks(const Page& page);
  // Number 0 is the latest published version.
  absl::StatusOr<v1::GetVersionResponse> GetVersion(absl::string_view workspace, absl::string_view playbook_id,
                                                    uint32_t number);

  absl::StatusOr<v1::GetChannelResponse> GetChannel(absl::string_view workspace, absl::string_view channel_id);
  absl::StatusOr<v1::ListChannelsResponse> ListChannels(const Page& page);

  absl::StatusOr<v1::GetDeliveryResponse> GetDelivery(absl::string_view workspace, absl::string_view delivery_id);
  // Waits until `deadline` (of the machine's clock) for what must have been followed first.
  absl::StatusOr<v1::ListDeliveriesResponse> ListDeliveries(const DeliveryPage& wanted, absl::Time deadline);

 private:
  journal::Journal& journal_;
};

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_CATALOG_H_
