// What every command is given: the connection, and where and how to write.
#ifndef WAYMARK_SERVICES_CLI_SESSION_H_
#define WAYMARK_SERVICES_CLI_SESSION_H_

#include <google/protobuf/message.h>

#include <ostream>

#include "services/cli/waymark_client.h"

namespace waymark::cli {

enum class Format { kTable, kJson, kYaml };

struct Session {
  const WaymarkClient& client;
  Format format = Format::kTable;
  std::ostream& out;
  std::ostream& err;
  bool is_terminal = false;  // Whether err is one: progress is drawn in place.
};

// Writes the message as JSON or YAML, where that is asked for; else false.
bool WriteStructured(const Session& session, const google::protobuf::Message& message);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_SESSION_H_
