// The journey service put together, for its own process (main.cc) and for `waymark dev`, which runs all of them in one.
//
// Every service has this shape:
//   Start(db, clock, authorizer, …)  migrates the schema, opens the journal, makes the use cases and the edge;
//   services()                       goes to rpc::Server::Start, together with the JournalService over all journals;
//   Follow(channel, …)               only where a service follows others, once the channels exist (in one process they
//                                    come from the server that has just been started);
//   loops()                          last: background work, followers included, each for a Worker of its own.
#ifndef WAYMARK_SERVICES_JOURNEY_PARTS_H_
#define WAYMARK_SERVICES_JOURNEY_PARTS_H_

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/journal/journal.h"
#include "common/rpc/authorizer.h"
#include "common/sql/sql.h"
#include "common/worker/loop.h"
#include "services/journey/catalog.h"
#include "services/journey/changes.h"
#include "services/journey/editions.h"
#include "services/journey/editor.h"
#include "services/journey/importer.h"
#include "services/journey/publisher.h"
#include "services/journey/reviewer.h"

namespace grpc {
class Service;
}

namespace waymark::journey {

// Thread-safe.
class Parts {
 public:
  // Every schema that the service's database holds.
  static std::vector<sql::Schema> schemas();

  // What is given must outlive the parts. Errors: any of Database::Migrate and Journal::Open.
  static absl::StatusOr<std::unique_ptr<Parts>> Start(sql::Database& db, const Clock& clock,
                                                      const rpc::Authorizer& authorizer);

  // The gRPC services; the parts keep them.
  std::vector<grpc::Service*> services();
  // Background work; it refers to the parts, which must outlive it.
  std::vector<Loop> loops();
  journal::Journal& journal() { return *journal_; }

 private:
  Parts(sql::Database& db, const Clock& clock, const rpc::Authorizer& authorizer,
        std::unique_ptr<journal::Journal> journal);

  sql::Database& db_;
  const Clock& clock_;
  const std::unique_ptr<journal::Journal> journal_;
  Changes changes_;
  Editor editor_;
  Publisher publisher_;
  Importer importer_;
  Catalog catalog_;
  Editions<PersonaKind> personas_;
  Editions<SegmentKind> segments_;
  Reviewer reviewer_;
  // Shared only so that this header needs no gRPC header to destroy them; nobody else holds them.
  const std::vector<std::shared_ptr<grpc::Service>> services_;
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_PARTS_H_
