// Runs a command line of `waymark` in this process.
#ifndef WAYMARK_TESTS_CLI_RUN_COMMAND_H_
#define WAYMARK_TESTS_CLI_RUN_COMMAND_H_

#include <sstream>
#include <string>
#include <vector>

#include "services/cli/command.h"

namespace waymark::cli {

// What a command wrote and how it ended.
struct Ran {
  ExitCode code;
  std::string out;
  std::string err;
};

inline Ran RunCommand(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  const ExitCode code = Run(arguments, out, err, false);
  return {code, out.str(), err.str()};
}

}  // namespace waymark::cli

#endif  // WAYMARK_TESTS_CLI_RUN_COMMAND_H_
