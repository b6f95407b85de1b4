#include "services/milestone/alias_store.h"

#include <utility>

#include "common/base/status.h"
#include "services/milestone/customer_store.h"

namespace waymark::milestone {
namespace {

constexpr char kRepoint[] =
    "UPDATE customer_alias SET into_customer_id = $3 WHERE workspace = $1 AND into_customer_id = $2";
constexpr char kAdd[] = "INSERT INTO customer_alias (workspace, customer_id, into_customer_id) VALUES ($1, $2, $3)";
constexpr char kAny[] = "SELECT 1 FROM customer_alias LIMIT 1";
constexpr char kFind[] = "SELECT into_customer_id FROM customer_alias WHERE workspace = $1 AND customer_id = $2";
constexpr char kList[] =
    "SELECT customer_id FROM customer_alias WHERE workspace = $1 AND into_customer_id = $2 ORDER BY customer_id";
constexpr char kDrop[] = "DELETE FROM customer_alias WHERE workspace = $1 AND into_customer_id = $2";

}  // namespace

absl::Status AddAlias(sql::Transaction& tx, const CustomerName& customer, absl::string_view into) {
  RETURN_IF_ERROR(tx.Execute(kRepoint, {customer.workspace, customer.customer_id, into}).status());
  return tx.Execute(kAdd, {customer.workspace, customer.customer_id, into}).status();
}

absl::StatusOr<std::vector<std::optional<std::string>>> FindAliases(sql::Transaction& tx,
                                                                    absl::Span<const CustomerName> names) {
  std::vector<std::optional<std::string>> aliases(names.size());
  if (names.empty()) return aliases;
  ASSIGN_OR_RETURN(const sql::Rows any, tx.Query(kAny));
  if (any.empty()) return aliases;
  std::vector<sql::Params> sets;
  for (const CustomerName& name : names) sets.push_back({name.workspace, name.customer_id});
  ASSIGN_OR_RETURN(const std::vector<sql::Rows> found, tx.QueryMany(kFind, sets));
  for (size_t i = 0; i < names.size(); ++i) {
    if (!found[i].empty()) aliases[i] = found[i][0].Text(0);
  }
  return aliases;
}

absl::StatusOr<std::vector<std::string>> TakeAliases(sql::Transaction& tx, const CustomerName& customer) {
  ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query(kList, {customer.workspace, customer.customer_id}));
  std::vector<std::string> names;
  for (const sql::Row& row : rows) names.push_back(row.Text(0));
  if (!names.empty()) RETURN_IF_ERROR(tx.Execute(kDrop, {customer.workspace, customer.customer_id}).status());
  return names;
}

absl::StatusOr<std::vector<std::optional<Customer>>> FindCustomers(sql::Transaction& tx,
                                                                   absl::Span<const CustomerName> names) {
  ASSIGN_OR_RETURN(std::vector<std::optional<Customer>> customers, LoadCustomers(tx, names));
  std::vector<CustomerName> unknown;
  std::vector<size_t> places;
  for (size_t i = 0; i < names.size(); ++i) {
    if (customers[i].has_value()) continue;
    unknown.push_back(names[i]);
    places.push_back(i);
  }
  ASSIGN_OR_RETURN(const std::vector<std::optional<std::string>> aliases, FindAliases(tx, unknown));
  std::vector<CustomerName> others;
  std::vector<size_t> of;
  for (size_t i = 0; i < unknown.size(); ++i) {
    if (!aliases[i].has_value()) continue;
    others.push_back({unknown[i].workspace, *aliases[i]});
    of.push_back(places[i]);
  }
  ASSIGN_OR_RETURN(std::vector<std::optional<Customer>> found, LoadCustomers(tx, others));
  for (size_t i = 0; i < found.size(); ++i) customers[of[i]] = std::move(found[i]);
  return customers;
}

}  // namespace waymark::milestone
