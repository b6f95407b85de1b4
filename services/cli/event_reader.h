// Reads events from a file: CSV or one JSON object per line.
#ifndef WAYMARK_SERVICES_CLI_EVENT_READER_H_
#define WAYMARK_SERVICES_CLI_EVENT_READER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/cli/csv.h"
#include "services/cli/input.h"
#include "waymark/milestone/v1/event.pb.h"

namespace waymark::cli {

// Which column of a file, or which name in a line's JSON object, holds which part of an event.
struct Columns {
  // By part: event_id, customer, user, type, time, sequence, properties. A part not named here is looked for under the
  // field names of waymark.milestone.v1.Event.
  std::map<std::string, std::string> by_part;

  // Reads `event_id=id,customer=account,…`. Errors: INVALID_ARGUMENT (USAGE)  not of that form, or an unknown part (the
  // nearest one is named).
  static absl::StatusOr<Columns> Parse(absl::string_view text);
};

struct ReadOptions {
  Columns columns;
  char separator = ',';                              // Of CSV.
  std::map<std::string, std::string> only;           // Reads only rows with these values in these columns.
  std::optional<std::string> workspace_before = {};  // What stands before this in the customer's cell is the workspace.
};

// An event and where it stands, or what is wrong with the line.
struct SourceEvent {
  int64_t line = 0;
  std::string workspace;  // Empty: the command's own.
  milestone::v1::Event event;
  std::string problem;  // Why the line cannot be sent, with its column where known; empty where it can.
};

// Reads in constant memory. Not thread-safe.
class EventReader {
 public:
  // Looks at the first line: where it begins with `{` every line is a JSON object, else it is the header of a CSV file.
  // Errors: INVALID_ARGUMENT (USAGE)  a column is missing (the nearest one is named, and all there are).
  //         INVALID_ARGUMENT  there is nothing, or it is neither of the two. Those of the input.
  static absl::StatusOr<std::unique_ptr<EventReader>> Open(Input& input, ReadOptions options);

  virtual ~EventReader() = default;

  // The next event; nothing at the end. Errors: DATA_LOSS  the input is cut or damaged.
  virtual absl::StatusOr<std::optional<SourceEvent>> Next() = 0;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_EVENT_READER_H_
