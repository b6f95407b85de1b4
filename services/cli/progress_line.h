// Tells how far something has come, while it runs.
#ifndef WAYMARK_SERVICES_CLI_PROGRESS_LINE_H_
#define WAYMARK_SERVICES_CLI_PROGRESS_LINE_H_

#include <chrono>
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace waymark::cli {

// `████▌       37 %  96,000 events  41,200/s  4 s left`. Empty where `fraction` is negative but for count and rate.
std::string ProgressText(double fraction, int64_t count, absl::Duration elapsed, absl::string_view noun = "events");

// On a terminal one line drawn in place, ten times a second at most; else a plain line every ten seconds. Thread-safe.
class ProgressLine {
 public:
  ProgressLine(std::ostream& out, bool is_terminal, std::string noun = "events")
      : out_(out), is_terminal_(is_terminal), noun_(std::move(noun)) {}
  // Clears what is drawn.
  ~ProgressLine();

  // `fraction` is negative where nobody knows.
  void Show(double fraction, int64_t count);
  // Writes a line of its own above, at most one a second.
  void Note(absl::string_view line);

  absl::Duration elapsed() const;

 private:
  void Clear() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  std::ostream& out_;
  const bool is_terminal_;
  const std::string noun_;  // What is counted.
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  absl::Mutex mutex_;
  absl::Duration next_show_ ABSL_GUARDED_BY(mutex_);
  absl::Duration next_note_ ABSL_GUARDED_BY(mutex_);
  bool drawn_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICES_CLI_PROGRESS_LINE_H_
