// Returns early from a function that returns absl::Status or absl::StatusOr.
#ifndef WAYMARK_COMMON_BASE_STATUS_H_
#define WAYMARK_COMMON_BASE_STATUS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define WAYMARK_CONCAT_INNER_(a, b) a##b
#define WAYMARK_CONCAT_(a, b) WAYMARK_CONCAT_INNER_(a, b)

// Returns the status of `expression` where it is not OK.
#define RETURN_IF_ERROR(expression)                                           \
  do {                                                                        \
    if (absl::Status waymark_status_ = (expression); !waymark_status_.ok()) { \
      return waymark_status_;                                                 \
    }                                                                         \
  } while (false)

// Assigns the value of `expression`, an absl::StatusOr, or returns its status. `target` may declare a variable.
#define ASSIGN_OR_RETURN(target, ...) \
  WAYMARK_ASSIGN_OR_RETURN_(WAYMARK_CONCAT_(waymark_statusor_, __LINE__), target, __VA_ARGS__)
#define WAYMARK_ASSIGN_OR_RETURN_(temporary, target, ...)    \
  auto temporary = (__VA_ARGS__);                            \
  if (!temporary.ok()) return std::move(temporary).status(); \
  target = std::move(temporary).value()

#endif  // WAYMARK_COMMON_BASE_STATUS_H_
