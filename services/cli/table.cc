#include "services/cli/table.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"

namespace waymark::cli {
namespace {

// How many characters UTF-8 text has: every byte but those that continue one.
size_t WidthOf(absl::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

void Table::Add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = Printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::Render() const {
  std::vector<size_t> widths;
  std::vector<std::string> titles;
  for (size_t i = 0; i < columns_.size(); ++i) {
    titles.push_back(columns_[i].title);
    widths.push_back(WidthOf(titles.back()));
    for (const auto& row : rows_) widths.back() = std::max(widths.back(), WidthOf(row[i]));
  }
  std::string text;
  const auto append = [&](const std::vector<std::string>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string space(widths[i] - WidthOf(cells[i]), ' ');
      const bool right = columns_[i].align == Align::kRight;
      absl::StrAppend(&text, i == 0 ? "" : "  ", right ? space : "", cells[i], right ? "" : space);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  };
  append(titles);
  for (const auto& row : rows_) append(row);
  return text;
}

std::string Printable(absl::string_view text) {
  std::string shown;
  shown.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F, which some terminals obey as well, are C2 80 to C2 9F in UTF-8.
    const bool is_c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (is_c1) ++i;
    shown.push_back(is_c1 || byte < 0x20 || byte == 0x7F ? '?' : text[i]);
  }
  return shown;
}

std::string Grouped(int64_t number) {
  std::string digits = absl::StrCat(number);
  const int first = number < 0 ? 1 : 0;
  for (int i = static_cast<int>(digits.size()) - 3; i > first; i -= 3) digits.insert(static_cast<size_t>(i), 1, ',');
  return digits;
}

std::string Percent(double share) { return absl::StrFormat("%.1f %%", share * 100); }

std::string Bar(double share, int width) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * width * 8));
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += "█";
  // What is not nothing is seen.
  return bar + kEighths[eighths == 0 && share > 0 ? 1 : eighths % 8];
}

std::string ShortTime(const google::protobuf::Timestamp& time) {
  if (time.seconds() == 0 && time.nanos() == 0) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixSeconds(time.seconds()), absl::UTCTimeZone());
}

std::string ShortSpan(const google::protobuf::Duration& duration) {
  const double seconds = static_cast<double>(duration.seconds()) + duration.nanos() / 1e9;
  const auto [unit, name] = seconds < 60          ? std::make_pair(1.0, "s")
                            : seconds < 3600      ? std::make_pair(60.0, "min")
                            : seconds < 2 * 86400 ? std::make_pair(3600.0, "h")
                                                  : std::make_pair(86400.0, "d");
  std::string number = absl::StrFormat("%.1f", seconds / unit);
  if (number.ends_with(".0")) number.resize(number.size() - 2);
  return absl::StrCat(number, " ", name);
}

std::string Short(absl::string_view name, absl::string_view prefix) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(absl::StripPrefix(name, prefix)), {{"_", " "}});
}

std::string Count(int64_t number, absl::string_view noun) {
  return absl::StrCat(Grouped(number), " ", noun, number == 1 ? "" : "s");
}

}  // namespace waymark::cli
