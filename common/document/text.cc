#include "common/document/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/checks.h"

namespace waymark::document {
namespace {

// The code point at the beginning of well-formed UTF-8, and its length.
struct CodePoint {
  uint32_t value = 0;
  size_t length = 1;
};

CodePoint FirstOf(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (text.size() < length) return {0, text.size()};  // Not UTF-8 after all.
  uint32_t value = lead & (0x7F >> length);
  for (size_t i = 1; i < length; ++i) value = value << 6 | (byte(i) & 0x3F);
  return {value, length};
}

// Whether the character is seen as itself: no control, no other line break than \n's kind, nothing that changes the
// direction or hides (so that a text reads in an editor as it is), no byte order mark, no tag, no non-character.
bool IsVisible(uint32_t c) {
  if (c < 0x20 || (c >= 0x7F && c <= 0x9F)) return false;
  if (c == 0x200E || c == 0x200F || c == 0x061C) return false;
  if (c == 0x2028 || c == 0x2029 || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069)) return false;
  return c != 0xFEFF && (c & 0xFFFE) != 0xFFFE && (c < 0xE0000 || c > 0xE007F);
}

bool AllVisible(absl::string_view text) {
  while (!text.empty()) {
    const CodePoint first = FirstOf(text);
    if (!IsVisible(first.value)) return false;
    text.remove_prefix(first.length);
  }
  return true;
}

// Whether every reader of YAML, old or new, takes the bare text for this very text.
bool IsPlain(absl::string_view text) {
  const auto is_letter = [](char c) {
    return absl::ascii_isalpha(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80;
  };
  if (text.empty() || !is_letter(text.front()) || text.back() == ' ') return false;
  const bool is_harmless = std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || absl::ascii_isdigit(static_cast<unsigned char>(c)) || absl::StrContains(" _-./()+;!=%'", c);
  });
  static constexpr absl::string_view kWords[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  return is_harmless && AllVisible(text) &&
         std::none_of(std::begin(kWords), std::end(kWords),
                      [&](absl::string_view word) { return absl::EqualsIgnoreCase(text, word); });
}

void SkipDigits(absl::string_view& text) {
  while (!text.empty() && absl::ascii_isdigit(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
}

template <typename Number>
std::string ShortestOf(Number number) {
  if (std::isnan(number)) return ".nan";
  if (std::isinf(number)) return number > 0 ? ".inf" : "-.inf";
  char buffer[64];
  return std::string(buffer, std::to_chars(buffer, buffer + sizeof(buffer), number).ptr);
}

}  // namespace

bool IsJsonNumber(absl::string_view text) {
  absl::ConsumePrefix(&text, "-");
  const auto take_digits = [&] {
    const size_t before = text.size();
    SkipDigits(text);
    return text.size() < before;
  };
  if (!absl::ConsumePrefix(&text, "0") && !take_digits()) return false;
  if (absl::ConsumePrefix(&text, ".") && !take_digits()) return false;
  if (absl::ConsumePrefix(&text, "e") || absl::ConsumePrefix(&text, "E")) {
    if (!absl::ConsumePrefix(&text, "+")) absl::ConsumePrefix(&text, "-");
    if (!take_digits()) return false;
  }
  return text.empty();
}

std::string InlineScalar(absl::string_view text) {
  if (IsPlain(text)) return std::string(text);
  std::string quoted = "\"";
  while (!text.empty()) {
    const CodePoint first = FirstOf(text);
    const absl::string_view character = text.substr(0, first.length);
    if (character == "\"" || character == "\\") {
      absl::StrAppend(&quoted, "\\", character);
    } else if (character == "\n") {
      quoted += "\\n";
    } else if (character == "\t") {
      quoted += "\\t";
    } else if (character == "\r") {
      quoted += "\\r";
    } else if (IsVisible(first.value)) {
      absl::StrAppend(&quoted, character);
    } else if (first.value < 0x10000) {
      absl::StrAppendFormat(&quoted, "\\u%04x", first.value);
    } else {
      absl::StrAppendFormat(&quoted, "\\U%08x", first.value);
    }
    text.remove_prefix(first.length);
  }
  quoted += "\"";
  return quoted;
}

bool IsBlock(absl::string_view text) {
  if (!absl::StrContains(text, '\n')) return false;
  absl::ConsumeSuffix(&text, "\n");
  if (text.empty() || text.front() == ' ' || text.front() == '\n' || text.back() == '\n') return false;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::EndsWith(line, " ") || !AllVisible(line)) return false;
  }
  return true;
}

std::string BlockScalar(absl::string_view text, absl::string_view indent) {
  std::string block = absl::ConsumeSuffix(&text, "\n") ? "|\n" : "|-\n";
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!line.empty()) absl::StrAppend(&block, indent, line);
    block += "\n";
  }
  return block;
}

std::string NumberText(double number) { return ShortestOf(number); }
std::string NumberText(float number) { return ShortestOf(number); }

Position PositionAt(absl::string_view text, size_t offset) {
  const absl::string_view before = text.substr(0, offset);
  const size_t line_break = before.rfind('\n');
  const size_t line_start = line_break == absl::string_view::npos ? 0 : line_break + 1;
  return {.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
          .column = 1 + static_cast<int>(before.size() - line_start)};
}

size_t Utf8Prefix(absl::string_view text) {
  size_t good = 0;
  while (good < text.size()) {
    // A character has at most four bytes.
    size_t length = 1;
    while (length <= 4 && !IsUtf8(text.substr(good, length))) ++length;
    if (length > 4) break;
    good += length;
  }
  return std::min(good, text.size());
}

}  // namespace waymark::document
