// The `waymark` command: what can be said on its command line.
#ifndef WAYMARK_SERVICES_CLI_COMMAND_H_
#define WAYMARK_SERVICES_CLI_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

namespace waymark::cli {

// How a command ended, as exit codes for scripts.
enum ExitCode {
  kDone = 0,
  kFailed = 1,       // The server refused it, or something in a file is wrong.
  kWrongUsage = 2,   // The command line is wrong; nothing was done.
  kUnreachable = 3,  // No server answers.
};

// Runs a command line, the program's name left out. Errors are told on `err`, one line that says what to do.
// `err_is_terminal` has progress drawn in place.
ExitCode Run(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err, bool err_is_terminal);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_COMMAND_H_
