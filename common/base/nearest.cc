#include "common/base/nearest.h"

#include <algorithm>
#include <cstddef>

namespace waymark {
namespace {

size_t Edits(absl::string_view a, absl::string_view b) {
  // edits[i][j]: from the first i characters of a to the first j of b.
  std::vector<std::vector<size_t>> edits(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        edits[i][j] = i + j;
        continue;
      }
      const size_t replaced = edits[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      edits[i][j] = std::min({edits[i - 1][j] + 1, edits[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        edits[i][j] = std::min(edits[i][j], edits[i - 2][j - 2] + 1);
      }
    }
  }
  return edits[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> Nearest(absl::string_view word, const std::vector<std::string>& candidates) {
  std::optional<std::string> nearest;
  size_t fewest = 0;
  for (const std::string& candidate : candidates) {
    const size_t longer = std::max(word.size(), candidate.size());
    const size_t apart = longer - std::min(word.size(), candidate.size());
    // The lengths alone may tell; this also keeps a hostile word of a megabyte cheap.
    if (apart * 3 > longer) continue;
    const size_t edits = Edits(word, candidate);
    if (edits * 3 > longer || (nearest.has_value() && edits >= fewest)) continue;
    nearest = candidate;
    fewest = edits;
  }
  return nearest;
}

}  // namespace waymark
