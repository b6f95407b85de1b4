#include "services/milestone/customer_store.h"

#include <algorithm>

#include "common/base/status.h"
#include "services/milestone/checkpoint.h"

namespace waymark::milestone {
namespace {

constexpr char kLoad[] =
    "SELECT revision, version_position, checkpoint, sealed_items, open_items, customer_id FROM customer "
    "WHERE workspace = $1 AND customer_id = $2";
constexpr char kSave[] =
    "INSERT INTO customer (workspace, customer_id, revision, version_position, checkpoint, sealed_items, open_items, "
    "next_change) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (workspace, customer_id) DO UPDATE SET "
    "revision = excluded.revision, version_position = excluded.version_position, checkpoint = excluded.checkpoint, "
    "sealed_items = excluded.sealed_items, open_items = excluded.open_items, "
    "next_change = excluded.next_change";
constexpr char kList[] =
    "SELECT revision, version_position, checkpoint, sealed_items, open_items, customer_id FROM customer "
    "WHERE workspace = $1 AND customer_id > $2 ORDER BY customer_id LIMIT $3";
constexpr char kListDue[] =
    "SELECT workspace, customer_id FROM customer WHERE next_change IS NOT NULL AND next_change <= $1 "
    "ORDER BY next_change LIMIT $2";
constexpr char kCountBehind[] =
    "SELECT count(*) FROM customer WHERE workspace = $1 AND customer_id > $2 AND revision < $3";

absl::StatusOr<Customer> Read(const sql::Row& row) {
  return ToCustomer(row.Text(5), {.revision = row.Int(0),
                                  .version_position = row.Int(1),
                                  .checkpoint = row.Blob(2),
                                  .sealed_items = row.Int(3),
                                  .open_items = row.Blob(4)});
}

}  // namespace

CustomerRow ToRow(const Customer& customer) {
  absl::Time next_change = absl::InfiniteFuture();
  for (const Enrollment& enrollment : customer.dossier.enrollments) {
    next_change = std::min(next_change, enrollment.progress.next);
  }
  return {.revision = customer.revision,
          .version_position = customer.version_position,
          .checkpoint = EncodeDossier(customer.dossier),
          .sealed_items = customer.sealed,
          .open_items = EncodeItems(customer.open),
          .next_change = next_change};
}

absl::StatusOr<Customer> ToCustomer(absl::string_view customer_id, const CustomerRow& row) {
  Customer customer{.customer_id = std::string(customer_id),
                    .revision = row.revision,
                    .version_position = row.version_position,
                    .sealed = row.sealed_items};
  ASSIGN_OR_RETURN(customer.dossier, DecodeDossier(row.checkpoint));
  ASSIGN_OR_RETURN(customer.open, DecodeItems(row.open_items));
  return customer;
}

absl::StatusOr<std::vector<std::optional<Customer>>> LoadCustomers(sql::Transaction& tx,
                                                                   absl::Span<const CustomerName> names) {
  std::vector<sql::Params> sets;
  sets.reserve(names.size());
  for (const CustomerName& name : names) sets.push_back({name.workspace, name.customer_id});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kLoad, sets));
  std::vector<std::optional<Customer>> customers(names.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].empty()) continue;
    ASSIGN_OR_RETURN(customers[i], Read(answers[i][0]));
  }
  return customers;
}

absl::Status SaveCustomers(sql::Transaction& tx, absl::Span<const CustomerName> customers,
                           absl::Span<const CustomerRow> rows) {
  std::vector<sql::Params> sets;
  sets.reserve(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const CustomerRow& row = rows[i];
    sets.push_back({customers[i].workspace, customers[i].customer_id, row.revision, row.version_position,
                    sql::Bytes{row.checkpoint}, row.sealed_items, sql::Bytes{row.open_items},
                    row.next_change == absl::InfiniteFuture() ? std::optional<absl::Time>() : row.next_change});
  }
  return tx.InsertMany(kSave, sets);
}

absl::StatusOr<std::vector<Customer>> ListCustomers(sql::Transaction& tx, absl::string_view workspace,
                                                    absl::string_view after, int limit) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kList, {workspace, after, limit}));
  std::vector<Customer> customers;
  customers.reserve(rows.size());
  for (const sql::Row& row : rows) {
    ASSIGN_OR_RETURN(customers.emplace_back(), Read(row));
  }
  return customers;
}

absl::StatusOr<std::vector<DueCustomer>> ListDueCustomers(sql::Transaction& tx, absl::Time now, int limit) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kListDue, {now, limit}));
  std::vector<DueCustomer> due;
  for (const sql::Row& row : rows) due.push_back({row.Text(0), row.Text(1)});
  return due;
}

absl::StatusOr<int64_t> CountCustomersBehind(sql::Transaction& tx, absl::string_view workspace, absl::string_view after,
                                             int64_t revision) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kCountBehind, {workspace, after, revision}));
  return rows[0].Int(0);
}

}  // namespace waymark::milestone
