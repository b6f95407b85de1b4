// Tables, numbers and bars for people's eyes.
#ifndef WAYMARK_SERVICES_CLI_TABLE_H_
#define WAYMARK_SERVICES_CLI_TABLE_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace waymark::cli {

// Columns side by side, as wide as their widest cell, two spaces apart.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // One cell per column. Control characters are shown as `?`, so that no value can drive the terminal.
  void Add(std::vector<std::string> cells);

  // The titles and the rows, a line each, without spaces at the end of lines.
  std::string Render() const;

  bool empty() const { return rows_.empty(); }

 private:
  const std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// The text with control characters shown as `?`.
std::string Printable(absl::string_view text);

// `1,234,567`.
std::string Grouped(int64_t number);

// `91.8 %`.
std::string Percent(double share);

// A bar of at most `width` characters, to an eighth of one.
std::string Bar(double share, int width);

// `2026-05-04 09:00:00`, by UTC; `-` where absent (the default message).
std::string ShortTime(const google::protobuf::Timestamp& time);

// `40 s`, `12.5 min`, `3 h`, `18.2 d`.
std::string ShortSpan(const google::protobuf::Duration& duration);

// A name of an enum without what all its names share: `STAGE_ACTIVE`, `STAGE_` → `active`.
std::string Short(absl::string_view name, absl::string_view prefix);

// `3 customers`, `1 customer`.
std::string Count(int64_t number, absl::string_view noun);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_TABLE_H_
