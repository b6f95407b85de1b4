#include "services/milestone/history_store.h"

#include <random>

#include "common/base/status.h"
#include "gmock/gmock.h"
#include "services/milestone/customer_store.h"
#include "tests/support/databases.h"

namespace waymark::milestone {
namespace {

using ::testing::IsEmpty;
using ::testing::Lt;
using ::testing::SizeIs;

constexpr char kWorkspace[] = "default";

class HistoryStoreTest : public ::testing::TestWithParam<sql::Engine> {
 protected:
  absl::Status Seal(Customer& customer) {
    return db_->Transact([&](sql::Transaction& tx) { return SealItems(tx, {{kWorkspace, &customer}}); });
  }

  // What is sealed, from item `first` on.
  std::vector<HistoryItem> Sealed(const Customer& customer, int64_t first = 0) {
    std::vector<std::vector<HistoryItem>> items;
    const absl::Status status = db_->Read([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(items, LoadSealed(tx, {{{kWorkspace, customer.customer_id}, first}}));
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return status.ok() ? items[0] : std::vector<HistoryItem>();
  }

  std::vector<int64_t> Timeline(const Customer& customer, int64_t after, int enough) {
    std::vector<int64_t> positions;
    const absl::Status status = db_->Read([&](sql::Transaction& tx) -> absl::Status {
      ASSIGN_OR_RETURN(positions, ListTimelinePositions(tx, kWorkspace, customer, after, enough));
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
    return positions;
  }

  int64_t CountRows() {
    int64_t count = 0;
    EXPECT_TRUE(db_->Read([&](sql::Transaction& tx) -> absl::Status {
                     ASSIGN_OR_RETURN(const sql::Rows rows, tx.Query("SELECT count(*) FROM history_segment"));
                     count = rows[0].Int(0);
                     return absl::OkStatus();
                   })
                    .ok());
    return count;
  }

  const std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam(), {schema()});
};

INSTANTIATE_TEST_SUITE_P(Engines, HistoryStoreTest, support::BothEngines(), support::EngineName);

TEST_P(HistoryStoreTest, EveryItemStaysInOrderHoweverTheHistoryGrew) {
  std::mt19937 random(7);
  Customer customer{.customer_id = "acme"};
  Customer neighbour{.customer_id = "acme-2"};
  std::vector<HistoryItem> all;
  while (all.size() < 20'000) {
    const size_t more = random() % 4 == 0 ? random() % 1000 : random() % 40;
    for (size_t i = 0; i < more; ++i) {
      HistoryItem& item = all.emplace_back();
      item.position = static_cast<int64_t>(all.size()) * 10 - 5;
      item.kind = static_cast<EntryKind>(random() % 3);
      if (item.counts()) item.fingerprint = static_cast<uint32_t>(random());
      customer.open.push_back(all.back());
      neighbour.open.push_back(all.back());
    }
    ASSERT_TRUE(Seal(customer).ok());
    ASSERT_THAT(customer.open, SizeIs(Lt(kSealedAtOnce)));
    ASSERT_EQ(customer.sealed + static_cast<int64_t>(customer.open.size()), static_cast<int64_t>(all.size()));
  }
  ASSERT_TRUE(Seal(neighbour).ok());  // All at once.

  std::vector<HistoryItem> items = Sealed(customer);
  EXPECT_EQ(CountRows(), 2 * static_cast<int64_t>(SegmentsOf(customer.sealed).size()));
  EXPECT_THAT(Sealed(customer, SegmentsOf(customer.sealed)[1].first), SizeIs(customer.sealed - kLargestSegment));
  items.insert(items.end(), customer.open.begin(), customer.open.end());
  EXPECT_EQ(items, all);
  EXPECT_EQ(Sealed(neighbour), Sealed(customer));

  // What repeats are recognised by grew with it.
  std::vector<uint32_t> expected;
  for (const HistoryItem& item : Sealed(customer)) {
    if (item.counts()) expected.push_back(item.fingerprint);
  }
  std::sort(expected.begin(), expected.end());
  EXPECT_EQ(*customer.sealed_fingerprints, expected);
}

TEST_P(HistoryStoreTest, FingerprintsThatWereNotLoadedStayUnknown) {
  Customer customer{.customer_id = "acme"};
  const auto grow = [&] {
    for (int i = 0; i < kSealedAtOnce; ++i) {
      customer.open.push_back({.position = customer.sealed + i + 1, .fingerprint = 7});
    }
    return Seal(customer);
  };
  ASSERT_TRUE(grow().ok());
  EXPECT_THAT(*customer.sealed_fingerprints, SizeIs(kSealedAtOnce));
  customer.sealed_fingerprints.reset();
  ASSERT_TRUE(grow().ok());
  EXPECT_FALSE(customer.sealed_fingerprints.has_value());
}

TEST_P(HistoryStoreTest, TimelineStartsAnywhereAndEndsSoonAfterEnough) {
  Customer customer{.customer_id = "acme"};
  for (int64_t position = 1; position <= 20'000; ++position) {
    customer.open.push_back({.position = position, .kind = EntryKind::kConclusion});
  }
  ASSERT_TRUE(Seal(customer).ok());
  EXPECT_THAT(Timeline(customer, 0, 50'000), SizeIs(20'000));
  const std::vector<int64_t> some = Timeline(customer, 12'345, 100);
  ASSERT_GE(some.size(), 100u);
  for (size_t i = 0; i < some.size(); ++i) ASSERT_EQ(some[i], 12'346 + static_cast<int64_t>(i));
  EXPECT_THAT(Timeline(customer, 19'990, 100), SizeIs(10));
  EXPECT_THAT(Timeline(customer, 20'000, 100), IsEmpty());
}

TEST_P(HistoryStoreTest, AMissingSegmentIsNoticed) {
  Customer customer{.customer_id = "acme"};
  for (int64_t position = 1; position <= 3 * kSealedAtOnce; ++position) {
    customer.open.push_back({.position = position, .kind = EntryKind::kConclusion});
  }
  ASSERT_TRUE(Seal(customer).ok());
  ASSERT_TRUE(db_->Transact([&](sql::Transaction& tx) {
                   return tx.Execute("DELETE FROM history_segment WHERE first_item = 32").status();
                 })
                  .ok());
  for (int64_t position = 1; position <= kSealedAtOnce; ++position) {
    customer.open.push_back({.position = 3 * kSealedAtOnce + position, .kind = EntryKind::kConclusion});
  }
  EXPECT_EQ(Seal(customer).code(), absl::StatusCode::kInternal);
}

TEST_P(HistoryStoreTest, ACustomerComesBackAsItWas) {
  Customer customer{.customer_id = "acme", .revision = 3, .version_position = 99, .sealed = 64};
  customer.dossier.last = {.time = 5, .sequence = 6, .id = "e"};
  customer.open = {{.position = 7, .fingerprint = 8}, {.position = 9, .kind = EntryKind::kConclusion}};
  std::optional<Customer> found;
  const absl::Status status = db_->Transact([&](sql::Transaction& tx) -> absl::Status {
    RETURN_IF_ERROR(SaveCustomers(tx, {{kWorkspace, "acme"}}, {ToRow(Customer{})}));
    RETURN_IF_ERROR(SaveCustomers(tx, {{kWorkspace, "acme"}}, {ToRow(customer)}));
    ASSIGN_OR_RETURN(const auto all, LoadCustomers(tx, {{kWorkspace, "nobody"}, {kWorkspace, "acme"}}));
    EXPECT_FALSE(all[0].has_value());
    found = all[1];
    return absl::OkStatus();
  });
  ASSERT_TRUE(status.ok()) << status;
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->customer_id, "acme");
  EXPECT_EQ(found->dossier, customer.dossier);
  EXPECT_EQ(found->revision, 3);
  EXPECT_EQ(found->version_position, 99);
  EXPECT_EQ(found->sealed, 64);
  EXPECT_EQ(found->open, customer.open);
  EXPECT_FALSE(found->sealed_fingerprints.has_value());
}

}  // namespace
}  // namespace waymark::milestone
