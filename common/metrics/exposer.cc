#include "common/metrics/exposer.h"

#include <prometheus/exposer.h>

#include <exception>

#include "absl/strings/str_cat.h"
#include "common/metrics/registry.h"

namespace waymark::metrics {
namespace {

class CivetExposer final : public Exposer {
 public:
  explicit CivetExposer(const std::string& address) : exposer_(address) { exposer_.RegisterCollectable(Registry()); }
  int port() const override { return exposer_.GetListeningPorts().front(); }

 private:
  prometheus::Exposer exposer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Exposer>> Exposer::Start(const std::string& address) {
  try {
    return std::make_unique<CivetExposer>(address);
  } catch (const std::exception&) {  // The library's only way to say that it cannot bind.
    return absl::UnavailableError(absl::StrCat("cannot listen on ", address, " for metrics"));
  }
}

}  // namespace waymark::metrics
