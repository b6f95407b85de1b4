// What the process tells of itself.
#ifndef WAYMARK_TESTS_SUPPORT_METRIC_H_
#define WAYMARK_TESTS_SUPPORT_METRIC_H_

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/metrics/metrics.h"

namespace waymark::support {

// What a series without labels says; below zero where it is not told.
inline double ValueOf(absl::string_view series) {
  const std::string name = absl::StrCat("\n", series, " "), told = absl::StrCat("\n", metrics::Render());
  const size_t found = told.find(name);
  return found == std::string::npos ? -1 : std::atof(told.c_str() + found + name.size());
}

}  // namespace waymark::support

#endif  // WAYMARK_TESTS_SUPPORT_METRIC_H_
