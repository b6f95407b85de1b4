// What the families of commands share: where they add themselves, and how one of them runs.
#ifndef WAYMARK_SERVICES_CLI_SHELL_H_
#define WAYMARK_SERVICES_CLI_SHELL_H_

#include <functional>
#include <ostream>

#include "absl/status/status.h"
#include "services/cli/session.h"

namespace CLI {
class App;
class Option;
}

namespace waymark::cli {

struct Shell {
  CLI::App& app;
  std::ostream& out;
  std::ostream& err;
  // How answers are to be shown; known once the command line is parsed.
  std::function<Format()> format;
  // Runs something that needs a server.
  std::function<absl::Status(const std::function<absl::Status(const Session&)>&)> with_server;
  // Keeps what the command came to.
  std::function<void(absl::Status)> end;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_SHELL_H_
