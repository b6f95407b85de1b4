// The one registry behind metrics.h: for this folder alone.
#ifndef WAYMARK_COMMON_METRICS_REGISTRY_H_
#define WAYMARK_COMMON_METRICS_REGISTRY_H_

#include <prometheus/registry.h>

#include <memory>

namespace waymark::metrics {

// Shared because prometheus-cpp's HTTP server holds it weakly; it lives as long as the process.
const std::shared_ptr<prometheus::Registry>& Registry();

}  // namespace waymark::metrics

#endif  // WAYMARK_COMMON_METRICS_REGISTRY_H_
