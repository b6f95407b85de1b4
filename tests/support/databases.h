// Fresh databases on both engines, and the parameters that run a test on each.
//
//   class EventStoreTest : public ::testing::TestWithParam<sql::Engine> {
//     std::unique_ptr<sql::Database> db_ = support::OpenFresh(GetParam(), {kSchema, journal::Journal::schema()});
//   };
//   INSTANTIATE_TEST_SUITE_P(Engines, EventStoreTest, support::BothEngines(), support::EngineName);
//   TEST_P(EventStoreTest, ARepeatChangesNothing) { … }     // runs as …/Sqlite and …/Postgres
//
// SQLite: a new file in a temporary folder. PostgreSQL: a new schema, in the server that WAYMARK_TEST_POSTGRES (a URL)
// names, else in one that the first test to need it starts for the whole test program (postgres_server.h). Everything
// is removed at the end of the program.
#ifndef WAYMARK_TESTS_SUPPORT_DATABASES_H_
#define WAYMARK_TESTS_SUPPORT_DATABASES_H_

#include <memory>
#include <string>
#include <vector>

#include "common/sql/sql.h"
#include "gtest/gtest.h"

namespace waymark::support {

// The URL of a new, empty database, for sql::Options. Two calls never give the same one. Aborts where PostgreSQL cannot
// be started. Thread-safe.
std::string FreshUrl(sql::Engine engine);

// A new database with `schemas` applied; aborts where that fails.
std::unique_ptr<sql::Database> OpenFresh(sql::Engine engine, const std::vector<sql::Schema>& schemas = {});

// Opens `url`, with `schemas` applied; aborts where that fails.
std::unique_ptr<sql::Database> OpenAt(const std::string& url, const std::vector<sql::Schema>& schemas = {});

// The generator of test parameters, and their names: Sqlite, Postgres.
inline auto BothEngines() { return ::testing::Values(sql::Engine::kSqlite, sql::Engine::kPostgres); }
std::string EngineName(const ::testing::TestParamInfo<sql::Engine>& engine);

}  // namespace waymark::support

#endif  // WAYMARK_TESTS_SUPPORT_DATABASES_H_
