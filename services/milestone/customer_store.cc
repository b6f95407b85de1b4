#include "services/milestone/customer_store.h"

#include "common/base/status.h"
#include "services/milestone/convert.h"

namespace waymark::milestone {
namespace {

constexpr char kLoad[] =
    "SELECT customer_id, revision, version_position, checkpoint FROM customer WHERE workspace = $1 AND customer_id = "
    "$2";
constexpr char kSave[] =
    "INSERT INTO customer (workspace, customer_id, revision, version_position, checkpoint) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (workspace, customer_id) DO UPDATE SET revision = excluded.revision, "
    "version_position = excluded.version_position, checkpoint = excluded.checkpoint";
constexpr char kList[] =
    "SELECT customer_id, revision, version_position, checkpoint FROM customer "
    "WHERE workspace = $1 AND customer_id > $2 ORDER BY customer_id LIMIT $3";
constexpr char kCountBehind[] =
    "SELECT count(*) FROM customer WHERE workspace = $1 AND customer_id > $2 AND revision < $3";

absl::StatusOr<Customer> ToCustomer(const sql::Row& row) {
  ASSIGN_OR_RETURN(Dossier dossier, DecodeDossier(row.Blob(3)));
  return Customer{.customer_id = row.Text(0),
                  .dossier = std::move(dossier),
                  .revision = row.Int(1),
                  .version_position = row.Int(2)};
}

}  // namespace

absl::StatusOr<std::vector<std::optional<Customer>>> LoadCustomers(sql::Transaction& tx,
                                                                   absl::Span<const CustomerName> names) {
  std::vector<sql::Params> sets;
  sets.reserve(names.size());
  for (const CustomerName& name : names) sets.push_back({name.workspace, name.customer_id});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> answers, tx.QueryMany(kLoad, sets));
  std::vector<std::optional<Customer>> customers(names.size());
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].empty()) continue;
    ASSIGN_OR_RETURN(customers[i], ToCustomer(answers[i][0]));
  }
  return customers;
}

absl::Status SaveCustomers(sql::Transaction& tx,
                           absl::Span<const std::pair<absl::string_view, const Customer*>> customers) {
  std::vector<std::string> checkpoints;
  checkpoints.reserve(customers.size());
  std::vector<sql::Params> sets;
  sets.reserve(customers.size());
  for (const auto& [workspace, customer] : customers) {
    checkpoints.push_back(EncodeDossier(customer->dossier));
    sets.push_back({workspace, customer->customer_id, customer->revision, customer->version_position,
                    sql::Bytes{checkpoints.back()}});
  }
  return tx.ExecuteMany(kSave, sets).status();
}

absl::StatusOr<std::vector<Customer>> ListCustomers(sql::Transaction& tx, absl::string_view workspace,
                                                    absl::string_view after, int limit) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kList, {workspace, after, limit}));
  std::vector<Customer> customers;
  customers.reserve(rows.size());
  for (const sql::Row& row : rows) {
    ASSIGN_OR_RETURN(customers.emplace_back(), ToCustomer(row));
  }
  return customers;
}

absl::StatusOr<int64_t> CountCustomersBehind(sql::Transaction& tx, absl::string_view workspace, absl::string_view after,
                                             int64_t revision) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kCountBehind, {workspace, after, revision}));
  return rows[0].Int(0);
}

}  // namespace waymark::milestone
