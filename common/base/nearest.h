// Guesses what was meant by a misspelled name.
#ifndef WAYMARK_COMMON_BASE_NEAREST_H_
#define WAYMARK_COMMON_BASE_NEAREST_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace waymark {

// The candidate with the fewest edits (insert, drop, replace or swap neighbours: the optimal string alignment distance)
// from `word`; the first of several. Nothing where the best needs more than a third of the longer one's characters,
// since such a guess would mislead.
std::optional<std::string> Nearest(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace waymark

#endif  // WAYMARK_COMMON_BASE_NEAREST_H_
