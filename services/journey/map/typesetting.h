// Setting text without a font at hand: how wide it becomes at most, where its lines break, what must not be in it.
#ifndef WAYMARK_SERVICES_JOURNEY_MAP_TYPESETTING_H_
#define WAYMARK_SERVICES_JOURNEY_MAP_TYPESETTING_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace waymark::journey {

struct Font {
  double size = 12;
  bool bold = false;
  bool italic = false;
  double spacing = 0;  // Added after each letter.
};

// The text fit to be shown: valid UTF-8 (what is not becomes U+FFFD), white space as single spaces, none at the ends;
// without control characters, without those that turn the direction of what follows, and with at most three marks on a
// letter.
std::string Clean(absl::string_view text);

// An upper bound of how wide the text becomes in the usual sans-serif fonts. Of scripts that are not in the table of
// widths, and of emoji, a generous guess.
double Measure(absl::string_view text, const Font& font);

struct Lines {
  std::vector<std::string> lines;
  bool cut = false;  // Something is missing; the last line ends with an ellipsis.
};

// Breaks a text that is clean into at most `most` lines, none wider than `width`: between words, between ideographs,
// and inside a word only where it is wider than a whole line. An empty text has no lines.
Lines Wrap(absl::string_view text, const Font& font, double width, int most);

// Whether the text runs from right to left: its first letter decides.
bool IsRightToLeft(absl::string_view text);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_MAP_TYPESETTING_H_
