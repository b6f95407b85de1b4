// Serves journals over gRPC: protos/waymark/journal/v1/journal.proto is the manual.
#ifndef WAYMARK_COMMON_JOURNAL_JOURNAL_SERVICE_H_
#define WAYMARK_COMMON_JOURNAL_JOURNAL_SERVICE_H_

#include <atomic>
#include <vector>

#include "absl/status/statusor.h"
#include "common/journal/journal.h"
#include "common/rpc/authorizer.h"
#include "waymark/journal/v1/journal.grpc.pb.h"

namespace waymark::journal {

// One for a server, whichever journals it has: a service's own, or in `waymark dev` all four. Thread-safe.
class JournalServiceImpl final : public v1::JournalService::Service {
 public:
  // What is given must outlive the service.
  JournalServiceImpl(const rpc::Authorizer& authorizer, std::vector<Journal*> journals)
      : authorizer_(authorizer), journals_(std::move(journals)) {}

  grpc::Status ReadJournal(grpc::ServerContext* context, const v1::ReadJournalRequest* request,
                           grpc::ServerWriter<v1::ReadJournalResponse>* writer) override;
  grpc::Status GetJournalInfo(grpc::ServerContext* context, const v1::GetJournalInfoRequest* request,
                              v1::GetJournalInfoResponse* response) override;

  // From now on nobody waits for news: calls that do end within 200 ms. Before Server::Stop(), which would give them
  // its whole time for draining.
  void StopWaiting() { stopping_ = true; }

 private:
  absl::StatusOr<Journal*> Find(absl::string_view name) const;

  const rpc::Authorizer& authorizer_;
  const std::vector<Journal*> journals_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> readers_ = 0;  // Calls of ReadJournal under way.
};

}  // namespace waymark::journal

#endif  // WAYMARK_COMMON_JOURNAL_JOURNAL_SERVICE_H_
