#include "tests/support/databases.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "tests/support/postgres_server.h"
#include "tests/support/temp_dir.h"

namespace waymark::support {
namespace {

void Insist(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "database for tests: %s\n", status.ToString().c_str());
  std::abort();
}

// Where this test program's databases are made. Thread-safe.
class Ground {
 public:
  ~Ground() {
    const char* given = getenv("WAYMARK_TEST_POSTGRES");
    if (given == nullptr || schemas_.empty()) return;
    auto db = sql::Database::Open({.url = given});
    if (!db.ok()) return;
    for (const std::string& schema : schemas_) {
      const absl::Status dropped = (*db)->Transact([&](sql::Transaction& tx) {
        return tx.Execute(absl::StrCat("DROP SCHEMA IF EXISTS ", schema, " CASCADE")).status();
      });
      if (!dropped.ok())
        std::fprintf(stderr, "schema %s stays behind: %s\n", schema.c_str(), dropped.ToString().c_str());
    }
  }

  std::string Fresh(sql::Engine engine) {
    absl::MutexLock lock(&mutex_);
    ++count_;
    if (engine == sql::Engine::kSqlite) return absl::StrCat("sqlite:", dir_.path(), "/", count_, ".db");
    // The process's id keeps test programs apart that share a server.
    schemas_.push_back(absl::StrCat("waymark_test_", getpid(), "_", count_));
    return absl::StrCat(ServerUrl(), "?schema=", schemas_.back());
  }

 private:
  std::string ServerUrl() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (const char* given = getenv("WAYMARK_TEST_POSTGRES"); given != nullptr) return given;
    if (server_ == nullptr) server_ = std::make_unique<PostgresServer>();
    return server_->url();
  }

  absl::Mutex mutex_;
  const TempDir dir_;
  int count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> schemas_;
  std::unique_ptr<PostgresServer> server_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::string FreshUrl(sql::Engine engine) {
  static Ground ground;  // Destroyed at the end of the program, which stops the server.
  return ground.Fresh(engine);
}

std::unique_ptr<sql::Database> OpenFresh(sql::Engine engine, const std::vector<sql::Schema>& schemas) {
  return OpenAt(FreshUrl(engine), schemas);
}

std::unique_ptr<sql::Database> OpenAt(const std::string& url, const std::vector<sql::Schema>& schemas) {
  auto db = sql::Database::Open({.url = url});
  Insist(db.status());
  Insist((*db)->Migrate(schemas));
  return *std::move(db);
}

std::string EngineName(const ::testing::TestParamInfo<sql::Engine>& engine) {
  return engine.param == sql::Engine::kSqlite ? "Sqlite" : "Postgres";
}

}  // namespace waymark::support
