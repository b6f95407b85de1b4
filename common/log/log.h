// Structured logging to stderr: one line per message, either `2026-05-04T09:00:00.123456Z INFO milestone ingest
// committed events=812 lanes=16` or, with SetFormat(kJson), one JSON object. Values are escaped: no value can start a
// line of its own. Never log keys, attributes or addresses of people.
#ifndef WAYMARK_COMMON_LOG_LOG_H_
#define WAYMARK_COMMON_LOG_LOG_H_

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace waymark::log {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format { kText, kJson };

// A name and a value.
struct Field {
  Field(absl::string_view name, const absl::AlphaNum& value) : name(name), value(value.Piece()) {}
  std::string name;
  std::string value;
};

// Before threads start. `component` stands in every line: the service's name.
void Configure(absl::string_view component, Level least, Format format);

// Whether a line of this level is written: lets a hot path skip making fields for one that is not.
bool Enabled(Level level);

// Thread-safe. Field names are not `time`, `level`, `component` or `message`.
void Write(Level level, absl::string_view message, std::initializer_list<Field> fields = {});

inline void Debug(absl::string_view message, std::initializer_list<Field> fields = {}) {
  Write(Level::kDebug, message, fields);
}
inline void Info(absl::string_view message, std::initializer_list<Field> fields = {}) {
  Write(Level::kInfo, message, fields);
}
inline void Warning(absl::string_view message, std::initializer_list<Field> fields = {}) {
  Write(Level::kWarning, message, fields);
}
inline void Error(absl::string_view message, std::initializer_list<Field> fields = {}) {
  Write(Level::kError, message, fields);
}

}  // namespace waymark::log

#endif  // WAYMARK_COMMON_LOG_LOG_H_
