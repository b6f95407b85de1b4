// Cuts text into records: CSV (RFC 4180) or one per line.
#ifndef WAYMARK_SERVICES_CLI_CSV_H_
#define WAYMARK_SERVICES_CLI_CSV_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "services/cli/input.h"

namespace waymark::cli {

// Lines of an input, a byte order mark at the start dropped. Not thread-safe.
class LineReader {
 public:
  // Longer lines are cut there, which the caller notices by `cut`: an event has at most 64 kB.
  static constexpr size_t kLongest = 1 << 20;

  struct Line {
    int64_t number = 0;  // From 1.
    std::string text;    // Without its LF; a CR before that is kept.
    bool cut = false;    // Longer than kLongest.
    bool ended = false;  // A line end followed: false only for the last line of a text that does not end with one.
  };

  // `input` must outlive it.
  explicit LineReader(Input& input) : input_(&input) {}

  // The next line; nothing at the end. Errors: those of the input. What was read of the line it cut is dropped.
  absl::StatusOr<std::optional<Line>> Next();

  // Takes a line back: it comes next.
  void PutBack(Line line) { put_back_.push_back(std::move(line)); }

 private:
  Input* input_;
  absl::string_view fresh_;
  int64_t number_ = 0;
  std::vector<Line> put_back_;  // The last one comes next.
};

// A record and where it begins.
struct Record {
  int64_t line = 0;
  std::vector<std::string> cells;
  std::string problem;  // Why it is no record; empty where it is one.
};

// Records of CSV: cells between `separator`s, in double quotes where they hold quotes (doubled), separators or line
// ends. Empty lines are skipped. Not thread-safe.
class CsvReader {
 public:
  CsvReader(LineReader lines, char separator) : lines_(std::move(lines)), separator_(separator) {}

  // The next record; nothing at the end. A quote that is never closed costs its own line alone: reading goes on with
  // the line after it. Errors: those of the input.
  absl::StatusOr<std::optional<Record>> Next();

 private:
  LineReader lines_;
  const char separator_;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_CSV_H_
