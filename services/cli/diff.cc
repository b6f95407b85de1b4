#include "services/cli/diff.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace waymark::cli {
namespace {

constexpr size_t kContext = 2;
// The table below takes the product of both; what differs in more lines is shown as replaced as a whole.
constexpr size_t kMostLines = 4000;

struct Line {
  char sign;
  absl::string_view text;
};

std::vector<absl::string_view> LinesOf(absl::string_view text) {
  std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

// Both texts as one sequence of lines kept, removed and added, by a longest common subsequence.
std::vector<Line> Merge(const std::vector<absl::string_view>& before, const std::vector<absl::string_view>& after) {
  std::vector<Line> merged;
  size_t i = 0;
  size_t j = 0;
  if (before.size() <= kMostLines && after.size() <= kMostLines) {
    const size_t width = after.size() + 1;
    // common[i * width + j]: how many lines before[i…] and after[j…] have in common.
    std::vector<uint16_t> common((before.size() + 1) * width, 0);
    for (size_t a = before.size(); a-- > 0;) {
      for (size_t b = after.size(); b-- > 0;) {
        common[a * width + b] = before[a] == after[b]
                                    ? static_cast<uint16_t>(common[(a + 1) * width + b + 1] + 1)
                                    : std::max(common[(a + 1) * width + b], common[a * width + b + 1]);
      }
    }
    while (i < before.size() && j < after.size()) {
      if (before[i] == after[j]) {
        merged.push_back({' ', before[i++]});
        ++j;
      } else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) {
        merged.push_back({'-', before[i++]});
      } else {
        merged.push_back({'+', after[j++]});
      }
    }
  }
  while (i < before.size()) merged.push_back({'-', before[i++]});
  while (j < after.size()) merged.push_back({'+', after[j++]});
  return merged;
}

}  // namespace

std::string Diff(absl::string_view before, absl::string_view after) {
  const std::vector<Line> merged = Merge(LinesOf(before), LinesOf(after));
  std::vector<bool> shown(merged.size(), false);
  for (size_t i = 0; i < merged.size(); ++i) {
    if (merged[i].sign == ' ') continue;
    const size_t first = i < kContext ? 0 : i - kContext;
    const size_t last = std::min(merged.size() - 1, i + kContext);
    for (size_t k = first; k <= last; ++k) shown[k] = true;
  }
  if (std::none_of(shown.begin(), shown.end(), [](bool is_shown) { return is_shown; })) return "";
  std::string text;
  for (size_t i = 0; i < merged.size(); ++i) {
    if (shown[i]) {
      absl::StrAppend(&text, std::string(1, merged[i].sign), " ", merged[i].text, "\n");
    } else if (i == 0 || shown[i - 1]) {
      absl::StrAppend(&text, "  …\n");
    }
  }
  return text;
}

}  // namespace waymark::cli
