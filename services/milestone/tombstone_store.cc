#include "services/milestone/tombstone_store.h"

#include <string>

#include "common/base/hash.h"
#include "common/base/ids.h"
#include "common/base/status.h"

namespace waymark::milestone {
namespace {

constexpr char kMakeSecret[] = "INSERT INTO tombstone_secret (id, secret) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
constexpr char kLoadSecret[] = "SELECT secret FROM tombstone_secret WHERE id = 1";
constexpr char kBury[] =
    "INSERT INTO tombstone (workspace, customer_hash) VALUES ($1, $2) ON CONFLICT (workspace, customer_hash) DO "
    "NOTHING";
constexpr char kFind[] = "SELECT 1 FROM tombstone WHERE workspace = $1 AND customer_hash = $2";
constexpr const char* kErase[] = {
    "DELETE FROM customer WHERE workspace = $1 AND customer_id = $2",
    "DELETE FROM history_segment WHERE workspace = $1 AND customer_id = $2",
    "DELETE FROM history_checkpoint WHERE workspace = $1 AND customer_id = $2",
};

}  // namespace

absl::Status EraseRows(sql::Transaction& tx, const CustomerName& customer) {
  for (const char* erase : kErase) {
    RETURN_IF_ERROR(tx.Execute(erase, {customer.workspace, customer.customer_id}).status());
  }
  return absl::OkStatus();
}

absl::Status Bury(sql::Transaction& tx, const CustomerName& customer) {
  const std::string fresh = RandomBytes(32);
  RETURN_IF_ERROR(tx.Execute(kMakeSecret, {sql::Bytes{fresh}}).status());
  ASSIGN_OR_RETURN(const sql::Rows secret, tx.Query(kLoadSecret));
  const std::string hash = HmacSha256Hex(secret.at(0).Blob(0), customer.customer_id);
  return tx.Execute(kBury, {customer.workspace, hash}).status();
}

absl::StatusOr<std::vector<bool>> AreBuried(sql::Transaction& tx, absl::Span<const CustomerName> customers) {
  std::vector<bool> buried(customers.size());
  if (customers.empty()) return buried;
  ASSIGN_OR_RETURN(const sql::Rows secret, tx.Query(kLoadSecret));
  if (secret.empty()) return buried;
  const std::string key = secret[0].Blob(0);
  std::vector<std::string> hashes;
  for (const CustomerName& customer : customers) hashes.push_back(HmacSha256Hex(key, customer.customer_id));
  std::vector<sql::Params> sets;
  for (size_t i = 0; i < customers.size(); ++i) sets.push_back({customers[i].workspace, hashes[i]});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> found, tx.QueryMany(kFind, sets));
  for (size_t i = 0; i < customers.size(); ++i) buried[i] = !found[i].empty();
  return buried;
}

}  // namespace waymark::milestone
