#include "services/journey/map/typesetting.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/journey/map/glyph_widths.h"

namespace waymark::journey {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
constexpr char32_t kJoiner = 0x200D;
constexpr char kEllipsis[] = "…";
constexpr int kMostMarks = 3;

struct Range {
  char32_t first;
  char32_t last;
};

template <size_t n>
bool IsIn(const std::array<Range, n>& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(), [c](Range range) { return range.first <= c && c <= range.last; });
}

// Takes the next character off a text that is not empty; a byte that begins none is taken as U+FFFD.
char32_t Take(absl::string_view& text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const size_t length = lead < 0x80 ? 1 : lead >> 5 == 0x6 ? 2 : lead >> 4 == 0xE ? 3 : lead >> 3 == 0x1E ? 4 : 0;
  char32_t c = length == 1 ? lead : lead & (0x7F >> length);
  bool valid = length > 0 && length <= text.size();
  for (size_t i = 1; valid && i < length; ++i) {
    valid = byte(i) >> 6 == 0x2;
    c = c << 6 | (byte(i) & 0x3F);
  }
  static constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};  // Shorter forms exist below.
  if (!valid || c < kLeast[length] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF)) {
    text.remove_prefix(1);
    return kReplacement;
  }
  text.remove_prefix(length);
  return c;
}

void Append(char32_t c, std::string& text) {
  const auto add = [&](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | c >> 6), add(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    add(0xE0 | c >> 12), add(0x80 | (c >> 6 & 0x3F)), add(0x80 | (c & 0x3F));
  } else {
    add(0xF0 | c >> 18), add(0x80 | (c >> 12 & 0x3F)), add(0x80 | (c >> 6 & 0x3F)), add(0x80 | (c & 0x3F));
  }
}

bool IsSpace(char32_t c) {
  return c == ' ' || (c >= 0x9 && c <= 0xD) || c == 0x85 || c == 0xA0 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

// Controls, what turns directions, what only programs read, and what is no character.
bool IsDropped(char32_t c) {
  static constexpr std::array<Range, 12> kDropped = {{{0x00, 0x1F},
                                                      {0x7F, 0x9F},
                                                      {0xAD, 0xAD},
                                                      {0x61C, 0x61C},
                                                      {0x200B, 0x200B},
                                                      {0x200E, 0x200F},
                                                      {0x202A, 0x202E},
                                                      {0x2060, 0x206F},
                                                      {0xFDD0, 0xFDEF},
                                                      {0xFEFF, 0xFEFF},
                                                      {0xFFF0, 0xFFFC},
                                                      {0xE0000, 0xE0FFF}}};
  if (c >= 0x20 && c < 0x7F) return false;
  return IsIn(kDropped, c) || (c & 0xFFFE) == 0xFFFE;
}

// Stands on the character before it.
bool IsMark(char32_t c) {
  static constexpr std::array<Range, 17> kMarks = {{{0x300, 0x36F},
                                                    {0x483, 0x489},
                                                    {0x591, 0x5C7},
                                                    {0x610, 0x61A},
                                                    {0x64B, 0x65F},
                                                    {0x6D6, 0x6ED},
                                                    {0x900, 0x903},
                                                    {0x93A, 0x94F},
                                                    {0xE31, 0xE3A},
                                                    {0xE47, 0xE4E},
                                                    {0x1AB0, 0x1AFF},
                                                    {0x1DC0, 0x1DFF},
                                                    {0x200C, 0x200D},
                                                    {0x20D0, 0x20FF},
                                                    {0xFE00, 0xFE0F},
                                                    {0xFE20, 0xFE2F},
                                                    {0x1F3FB, 0x1F3FF}}};
  return c >= 0x300 && IsIn(kMarks, c);
}

// Ideographs, kana, syllables of Hangul: a line may break on either side, and each takes a square.
bool IsSquare(char32_t c) {
  static constexpr std::array<Range, 6> kSquare = {
      {{0x1100, 0x11FF}, {0x2E80, 0x9FFF}, {0xA960, 0xA97F}, {0xAC00, 0xD7FF}, {0xF900, 0xFAFF}, {0xFE30, 0xFE4F}}};
  if (c < 0x1100) return false;
  return IsIn(kSquare, c) || (c >= 0xFF00 && c <= 0xFFEF) || (c >= 0x20000 && c <= 0x3FFFF);
}

// In hundredths of the font size.
int WidthOf(char32_t c, bool bold) {
  if (c >= 0x20 && c < 0x20 + kLatinRegular.size()) return (bold ? kLatinBold : kLatinRegular)[c - 0x20];
  if (c >= 0x370 && c < 0x370 + kGreekAndCyrillicRegular.size()) {
    return (bold ? kGreekAndCyrillicBold : kGreekAndCyrillicRegular)[c - 0x370];
  }
  if (c >= 0x2010 && c < 0x2010 + kPunctuationRegular.size()) {
    return (bold ? kPunctuationBold : kPunctuationRegular)[c - 0x2010];
  }
  if (c >= 0x621 && c < 0x621 + kArabic.size()) return kArabic[c - 0x621];
  if ((c >= 0x300 && c <= 0x36F) || (c >= 0x64B && c <= 0x65F)) return 0;
  if (c == 0x200C || c == kJoiner || (c >= 0xFE00 && c <= 0xFE0F)) return 0;
  if (IsSquare(c)) return 105;
  struct Guess {
    Range range;
    int width;
  };
  // The widest of the block in the Noto fonts.
  static constexpr std::array<Guess, 14> kGuesses = {{{{0x250, 0x2FF}, 112},
                                                      {{0x590, 0x5FF}, 85},
                                                      {{0x600, 0x8FF}, 130},
                                                      {{0x900, 0xB7F}, 135},
                                                      {{0xE00, 0xEFF}, 130},
                                                      {{0x10A0, 0x10FF}, 130},
                                                      {{0x1E00, 0x1FFF}, 125},
                                                      {{0x2030, 0x2031}, 185},
                                                      {{0x2032, 0x2BFF}, 180},
                                                      {{0x2E3A, 0x2E3B}, 300},
                                                      {{0xFDF0, 0xFDFF}, 750},
                                                      {{0x12000, 0x1254F}, 480},
                                                      {{0x1F000, 0x1FAFF}, 140},
                                                      {{0xFB1D, 0xFB4F}, 110}}};
  for (const Guess& guess : kGuesses) {
    if (guess.range.first <= c && c <= guess.range.last) return guess.width;
  }
  return 250;  // The widest letters of the rarer scripts.
}

// A letter with its marks, or several that are joined to one, as an emoji of a family is.
std::string TakeCluster(absl::string_view& text) {
  std::string cluster;
  char32_t last = Take(text);
  Append(last, cluster);
  while (!text.empty()) {
    absl::string_view rest = text;
    const char32_t next = Take(rest);
    if (!IsMark(next) && last != kJoiner) break;
    Append(next, cluster);
    last = next;
    text = rest;
  }
  return cluster;
}

// What a line does not break inside of.
struct Word {
  std::string text;
  bool space_before = false;
};

std::vector<Word> WordsIn(absl::string_view text) {
  std::vector<Word> words;
  bool space = false;
  bool square_before = false;
  while (!text.empty()) {
    absl::string_view rest = text;
    const char32_t c = Take(rest);
    if (c == ' ') {
      space = true;
      text = rest;
      continue;
    }
    const bool square = IsSquare(c);
    if (words.empty() || space || square || square_before) words.push_back({.space_before = space});
    words.back().text += TakeCluster(text);
    space = false;
    square_before = square;
  }
  return words;
}

// As much of the line as fits together with an ellipsis.
std::string Shortened(absl::string_view line, const Font& font, double width) {
  std::string text;
  double used = Measure(kEllipsis, font);
  while (!line.empty()) {
    const std::string cluster = TakeCluster(line);
    used += Measure(cluster, font);
    if (used > width) break;
    text += cluster;
  }
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text + kEllipsis;
}

}  // namespace

std::string Clean(absl::string_view text) {
  std::string clean;
  bool space = false;
  int marks = 0;
  while (!text.empty()) {
    const char32_t c = Take(text);
    if (IsSpace(c)) {
      space = true;
      continue;
    }
    if (IsDropped(c)) continue;
    marks = IsMark(c) && c != kJoiner ? marks + 1 : 0;
    if (marks > kMostMarks) continue;
    if (space && !clean.empty()) clean.push_back(' ');
    space = false;
    Append(c, clean);
  }
  return clean;
}

double Measure(absl::string_view text, const Font& font) {
  double width = 0;
  while (!text.empty()) {
    const char32_t c = Take(text);
    width += WidthOf(c, font.bold) * font.size / 100 + (IsMark(c) ? 0 : font.spacing);
  }
  return width;
}

Lines Wrap(absl::string_view text, const Font& font, double width, int most) {
  Lines wrapped;
  std::string line;
  double used = 0;
  // Whether there is room for the next line.
  const auto end_line = [&] {
    if (static_cast<int>(wrapped.lines.size()) + 1 == most) return false;
    wrapped.lines.push_back(std::exchange(line, ""));
    used = 0;
    return true;
  };
  const double space = Measure(" ", font);
  for (const Word& word : WordsIn(text)) {
    const double wide = Measure(word.text, font);
    const double gap = word.space_before && !line.empty() ? space : 0;
    if (used + gap + wide <= width) {
      if (gap > 0) line.push_back(' ');
      line += word.text;
      used += gap + wide;
      continue;
    }
    // It goes to the next line; where even that is too short for it, it is broken from there.
    absl::string_view rest = word.text;
    if (!line.empty() && !end_line()) {
      line += absl::StrCat(" ", word.text);
      wrapped.cut = true;
      break;
    }
    while (!rest.empty()) {
      const absl::string_view from_here = rest;
      std::string cluster = TakeCluster(rest);
      if (Measure(cluster, font) > width) {  // So many joined to one that even alone it would not fit.
        rest = from_here;
        cluster.clear();
        Append(Take(rest), cluster);
      }
      const double step = Measure(cluster, font);
      if (!line.empty() && used + step > width && !end_line()) {
        line += cluster;
        wrapped.cut = true;
        break;
      }
      line += cluster;
      used += step;
    }
    if (wrapped.cut) break;
  }
  if (wrapped.cut) line = Shortened(line, font, width);
  if (!line.empty()) wrapped.lines.push_back(std::move(line));
  return wrapped;
}

bool IsRightToLeft(absl::string_view text) {
  static constexpr std::array<Range, 4> kRightToLeft = {
      {{0x5BE, 0x8FF}, {0xFB1D, 0xFDFF}, {0xFE70, 0xFEFE}, {0x10800, 0x10FFF}}};
  while (!text.empty()) {
    const char32_t c = Take(text);
    if (IsIn(kRightToLeft, c) || (c >= 0x1E800 && c <= 0x1EFFF)) return true;
    const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= 0xC0 && c < 0x2000) || IsSquare(c);
    if (letter) return false;
  }
  return false;
}

}  // namespace waymark::journey
