// `waymark import events`: sends a file's events and tells what became of them.
#ifndef WAYMARK_SERVICES_CLI_IMPORT_H_
#define WAYMARK_SERVICES_CLI_IMPORT_H_

#include <string>

#include "absl/status/status.h"
#include "services/cli/arrangement.h"
#include "services/cli/event_reader.h"
#include "services/cli/sender.h"
#include "services/cli/session.h"

namespace waymark::cli {

struct ImportOptions {
  std::string path;  // `-` is standard input.
  ReadOptions read;
  ArrangementOptions arrangement;
  int connections = 1;
  int batch = 1000;   // Events in a call, 1 to 1,000.
  bool live = false;  // Not backfill: what happens is acted on.
  Sender::Options sender;
};

// Imports and writes a summary, also where it fails on the way. Errors: INVALID_ARGUMENT (USAGE)  the options do not
// fit the file; nothing was sent. FAILED_PRECONDITION  some lines were not stored; the others were. DATA_LOSS  the file
// is cut or damaged; what came before was sent. Else what made the server refuse.
absl::Status ImportEvents(const Session& session, const ImportOptions& options);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_IMPORT_H_
