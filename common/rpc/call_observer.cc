#include "common/rpc/call_observer.h"

#include <google/protobuf/descriptor.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "common/base/errors.h"
#include "common/log/log.h"
#include "common/metrics/metrics.h"
#include "common/rpc/status.h"

namespace waymark::rpc {
namespace {

std::string NameOf(grpc::StatusCode code) { return absl::StatusCodeToString(static_cast<absl::StatusCode>(code)); }

// The series of one method, looked up once each, since a lookup takes a lock and builds a map of labels.
class MethodSeries {
 public:
  explicit MethodSeries(std::string method)
      : method_(std::move(method)),
        started_(metrics::GetCounter("grpc_server_call_started_total", "Calls begun.", {{"grpc_method", method_}})) {}

  const std::string& method() const { return method_; }

  void Started() { started_.Add(1); }

  void Ended(grpc::StatusCode code, double seconds) {
    std::atomic<metrics::Histogram*>& duration = durations_[code];
    if (duration == nullptr) {
      duration = &metrics::GetHistogram("grpc_server_call_duration_seconds", "How long calls took.",
                                        {{"grpc_method", method_}, {"grpc_status", NameOf(code)}});
    }
    duration.load()->Observe(seconds);
  }

 private:
  const std::string method_;
  metrics::Counter& started_;
  std::array<std::atomic<metrics::Histogram*>, grpc::StatusCode::UNAUTHENTICATED + 1> durations_ = {};
};

// One call under way.
class CallObserver final : public grpc::experimental::Interceptor {
 public:
  CallObserver(MethodSeries& series, const grpc::ServerContextBase& context) : series_(series), context_(context) {
    series_.Started();
  }

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(grpc::experimental::InterceptionHookPoints::PRE_SEND_STATUS)) {
      // What a handler answers has details. Without them gRPC itself could not read the request: bytes that are no such
      // message, text that is not UTF-8, or more than 100 messages inside each other.
      if (const grpc::Status status = methods->GetSendStatus();
          status.error_code() == grpc::StatusCode::INTERNAL && status.error_details().empty()) {
        methods->ModifySendStatus(ToGrpc(Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD",
                                               "the request cannot be read: it is no message of its type, has text "
                                               "that is not UTF-8, or is nested too deep")));
      }
      End(methods->GetSendStatus());
    }
    methods->Proceed();
  }

 private:
  void End(const grpc::Status& status) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start_;
    series_.Ended(status.error_code(), took.count());
    const log::Level level = status.ok() ? log::Level::kDebug : log::Level::kInfo;
    if (!log::Enabled(level)) return;
    // The message stays out: it may quote what a customer is called.
    log::Write(level, "call",
               {{"method", series_.method()},
                {"status", NameOf(status.error_code())},
                {"reason", ReasonOf(FromGrpc(status))},
                {"ms", took.count() * 1000},
                {"peer", context_.peer()}});
  }

  MethodSeries& series_;
  const grpc::ServerContextBase& context_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

class CallObserverFactory final : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  explicit CallObserverFactory(const std::vector<std::string>& services) : services_(services) {}

  grpc::experimental::Interceptor* CreateServerInterceptor(grpc::experimental::ServerRpcInfo* info) override {
    // gRPC takes ownership of what is returned.
    return new CallObserver(SeriesOf(info->method()), *info->server_context());
  }

 private:
  MethodSeries& SeriesOf(absl::string_view path) {
    const absl::string_view method = absl::StripPrefix(path, "/");
    {
      absl::ReaderMutexLock lock(&mutex_);
      const auto known = series_.find(method);
      if (known != series_.end()) return known->second;
    }
    if (!IsServed(method)) return other_;
    absl::MutexLock lock(&mutex_);
    return series_.try_emplace(std::string(method), std::string(method)).first->second;
  }

  // Whether a service of the server has this method.
  bool IsServed(absl::string_view method) const {
    const std::pair<std::string, std::string> names = absl::StrSplit(method, absl::MaxSplits('/', 1));
    const auto& [service, name] = names;
    // The pool is asked for served ones alone: it remembers every name that it did not find.
    if (std::find(services_.begin(), services_.end(), service) == services_.end()) return false;
    const auto* const descriptor = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
    return descriptor != nullptr && descriptor->FindMethodByName(name) != nullptr;
  }

  const std::vector<std::string>& services_;
  MethodSeries other_{"other"};
  absl::Mutex mutex_;
  std::map<std::string, MethodSeries, std::less<>> series_ ABSL_GUARDED_BY(mutex_);  // Its values never move.
};

}  // namespace

std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> CallObservers(
    const std::vector<std::string>& services) {
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<CallObserverFactory>(services));
  return factories;
}

}  // namespace waymark::rpc
