#include "common/log/log.h"

#include <unistd.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "common/base/checks.h"
#include "common/base/clock.h"

namespace waymark::log {
namespace {

// What Configure decided. Never destroyed, so that the last threads of a process may still log.
struct Settings {
  std::string component = "waymark";
  Level least = Level::kInfo;
  Format format = Format::kText;
};

Settings& settings() {
  static Settings* const settings = new Settings;
  return *settings;
}

absl::string_view NameOf(Level level) {
  switch (level) {
    case Level::kDebug:
      return "DEBUG";
    case Level::kInfo:
      return "INFO";
    case Level::kWarning:
      return "WARNING";
    case Level::kError:
      return "ERROR";
  }
  return "";
}

// Escapes control characters, quotes and, where it is not UTF-8, every byte that is not ASCII.
std::string Escaped(absl::string_view text) {
  return IsUtf8(text) ? absl::Utf8SafeCEscape(text) : absl::CHexEscape(text);
}

// Quoted where a reader could not see otherwise where the value ends.
std::string TextValue(absl::string_view value) {
  const std::string escaped = Escaped(value);
  const bool plain = !value.empty() && escaped == value && value.find_first_of(" =") == value.npos;
  return plain ? escaped : absl::StrCat("\"", escaped, "\"");
}

std::string JsonString(absl::string_view text) {
  const bool utf8 = IsUtf8(text);
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      absl::StrAppend(&json, "\\", absl::string_view(&c, 1));
    } else if (absl::ascii_iscntrl(c)) {
      absl::StrAppendFormat(&json, "\\u%04x", static_cast<unsigned char>(c));
    } else if (!utf8 && !absl::ascii_isascii(c)) {
      json += "\\ufffd";
    } else {
      json += c;
    }
  }
  return json + "\"";
}

}  // namespace

void Configure(absl::string_view component, Level least, Format format) {
  settings() = {.component = std::string(component), .least = least, .format = format};
}

bool Enabled(Level level) { return level >= settings().least; }

void Write(Level level, absl::string_view message, std::initializer_list<Field> fields) {
  if (!Enabled(level)) return;
  const std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", RealClock().Now(), absl::UTCTimeZone());
  std::string line;
  switch (settings().format) {
    case Format::kText:
      line = absl::StrCat(time, " ", NameOf(level), " ", settings().component, " ", Escaped(message));
      for (const Field& field : fields) absl::StrAppend(&line, " ", Escaped(field.name), "=", TextValue(field.value));
      line += "\n";
      break;
    case Format::kJson:
      line = absl::StrCat("{\"time\":\"", time, "\",\"level\":\"", NameOf(level),
                          "\",\"component\":", JsonString(settings().component), ",\"message\":", JsonString(message));
      for (const Field& field : fields) {
        absl::StrAppend(&line, ",", JsonString(field.name), ":", JsonString(field.value));
      }
      line += "}\n";
      break;
  }
  // One write() per line keeps the lines of several threads apart. Where stderr is gone there is nobody to tell.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace waymark::log
