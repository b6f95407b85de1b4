// Answers `GET /metrics` over plain HTTP, for Prometheus.
#ifndef WAYMARK_COMMON_METRICS_EXPOSER_H_
#define WAYMARK_COMMON_METRICS_EXPOSER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace waymark::metrics {

// Serves until destroyed. Thread-safe.
class Exposer {
 public:
  // `address` is `127.0.0.1:7202`; port 0 takes a free one.
  // Errors: UNAVAILABLE  it cannot be bound (it is named).
  static absl::StatusOr<std::unique_ptr<Exposer>> Start(const std::string& address);
  virtual ~Exposer() = default;

  // The port listened on.
  virtual int port() const = 0;
};

}  // namespace waymark::metrics

#endif  // WAYMARK_COMMON_METRICS_EXPOSER_H_
