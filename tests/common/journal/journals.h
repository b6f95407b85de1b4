// What the journal's tests share: a story to tell, and the few steps of telling it.
#ifndef WAYMARK_TESTS_COMMON_JOURNAL_JOURNALS_H_
#define WAYMARK_TESTS_COMMON_JOURNAL_JOURNALS_H_

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/journal/journal.h"
#include "gtest/gtest.h"
#include "tests/support/databases.h"

namespace waymark::journal {

inline constexpr char kStageEntered[] = "waymark.milestone.v1.StageEntered";

inline absl::Time Noon() { return absl::FromUnixSeconds(1'777'896'000); }  // 4 May 2026, 12:00 UTC.

template <typename T>
T Value(absl::StatusOr<T> value) {
  if (!value.ok()) ADD_FAILURE() << value.status();
  return std::move(value).value();
}

inline std::unique_ptr<sql::Database> FreshDatabase(sql::Engine engine) {
  return support::OpenFresh(engine, {Journal::schema()});
}

// The fact that a customer of `workspace` entered a stage.
inline NewEntry Entered(std::string workspace, std::string customer, std::string stage) {
  return {.workspace = std::move(workspace),
          .key = std::move(customer),
          .type = kStageEntered,
          .payload = std::move(stage),
          .depth = 1};
}

// `count` facts about one customer, with the payloads 1, 2, …
inline std::vector<NewEntry> Many(const std::string& workspace, const std::string& customer, int count) {
  std::vector<NewEntry> entries;
  for (int i = 1; i <= count; ++i) entries.push_back(Entered(workspace, customer, absl::StrCat(i)));
  return entries;
}

inline std::set<int> LanesOf(const std::vector<NewEntry>& entries) {
  std::set<int> lanes;
  for (const NewEntry& entry : entries) lanes.insert(LaneOf(entry.workspace, entry.key));
  return lanes;
}

// Stores entries in a transaction of their own, and announces them.
inline std::vector<Place> Tell(Journal& journal, const std::vector<NewEntry>& entries) {
  std::vector<Place> places;
  Lanes lanes;
  const absl::Status told = journal.db().Transact([&](sql::Transaction& tx) -> absl::Status {
    ASSIGN_OR_RETURN(lanes, journal.Lock(tx, LanesOf(entries)));
    places = lanes.Append(entries);
    return journal.Store(tx, lanes);
  });
  EXPECT_TRUE(told.ok()) << told;
  journal.Announce(lanes);
  return places;
}

inline absl::StatusOr<Journal::Stretch> Read(Journal& journal, int lane, int64_t after, int limit = 1000,
                                             std::optional<absl::string_view> workspace = std::nullopt) {
  absl::StatusOr<Journal::Stretch> stretch;
  const absl::Status read = journal.db().Read([&](sql::Transaction& tx) {
    stretch = journal.Read(tx, lane, after, limit, workspace);
    return stretch.status();
  });
  return stretch;
}

inline absl::StatusOr<std::vector<Entry>> ReadPlaces(Journal& journal, const std::vector<Place>& places) {
  absl::StatusOr<std::vector<Entry>> entries;
  const absl::Status read = journal.db().Read([&](sql::Transaction& tx) {
    entries = journal.ReadPlaces(tx, places);
    return entries.status();
  });
  return entries;
}

inline std::vector<std::string> Payloads(const std::vector<Entry>& entries) {
  std::vector<std::string> payloads;
  for (const Entry& entry : entries) payloads.push_back(entry.payload);
  return payloads;
}

// Changes the tables behind a journal's back, as a damaged disk or an operator does.
inline void Alter(sql::Database& db, absl::string_view sql, const sql::Params& params = {}) {
  const absl::Status done =
      db.Transact([&](sql::Transaction& tx) -> absl::Status { return tx.Execute(sql, params).status(); });
  ASSERT_TRUE(done.ok()) << done;
}

}  // namespace waymark::journal

#endif  // WAYMARK_TESTS_COMMON_JOURNAL_JOURNALS_H_
