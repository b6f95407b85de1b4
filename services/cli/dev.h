// `waymark dev`: all of Waymark in one process, until Ctrl-C.
#ifndef WAYMARK_SERVICES_CLI_DEV_H_
#define WAYMARK_SERVICES_CLI_DEV_H_

#include <ostream>
#include <string>

#include "absl/status/status.h"

namespace waymark::cli {

struct DevOptions {
  std::string data_dir = "waymark-data";
  int grpc_port = 7000;   // 0 takes a free one, which is told.
  std::string redis_url;  // Empty: the stage cache is in this process.
  bool demo = false;      // Loads the demo company where it is not there yet.
};

// Serves on 127.0.0.1 until SIGTERM or SIGINT. Tells on `out` where, once everything is ready, the demo included; logs
// to stderr. Must be called before any thread is started. Errors: those of Suite::Start and of loading the demo.
absl::Status RunDev(const DevOptions& options, std::ostream& out, std::ostream& err);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_DEV_H_
