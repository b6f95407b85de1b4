// Bounds how many streams of a kind are open at once, and ends them when the server stops.
#ifndef WAYMARK_SERVICES_MILESTONE_OPEN_STREAMS_H_
#define WAYMARK_SERVICES_MILESTONE_OPEN_STREAMS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace waymark::milestone {

// Thread-safe; outlives every place.
class OpenStreams {
 public:
  OpenStreams(int most_of_workspace, int most) : most_of_workspace_(most_of_workspace), most_(most) {}

  // A place among the open streams: taken until it is let go.
  using Place = std::shared_ptr<const void>;
  // `end`, where there is one, is called at most once, when the server stops; it must not wait, nor let the place go.
  // Errors: RESOURCE_EXHAUSTED  too many are open, of the workspace or of all. UNAVAILABLE  stopping.
  absl::StatusOr<Place> Enter(const std::string& workspace, std::function<void()> end = nullptr);

  // From now on no stream is opened, and those that are end.
  void Stop();
  bool stopping() const;

 private:
  struct Open {
    std::string workspace;
    std::function<void()> end;
  };
  void Leave(int64_t number);

  const int most_of_workspace_;
  const int most_;
  mutable absl::Mutex mutex_;
  std::map<int64_t, Open> open_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, int> of_workspace_ ABSL_GUARDED_BY(mutex_);
  int64_t entered_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_OPEN_STREAMS_H_
