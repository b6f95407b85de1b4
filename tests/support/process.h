// A child process with its output captured: started, waited for, stopped or killed by a test.
//
//   ASSERT_OK_AND_ASSIGN(auto server, support::Process::Start({.argv = {binary, "--port", "0"}}));
//   server->WaitForLine("listening");       // no sleeping: returns as soon as the line is there
//   server->Signal(SIGKILL);                // as a crash
//   server->Wait();                         // 128 + 9
//
// The child gets SIGKILL when the object goes and when the test program dies, however that happens.
#ifndef WAYMARK_TESTS_SUPPORT_PROCESS_H_
#define WAYMARK_TESTS_SUPPORT_PROCESS_H_

#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace waymark::support {

struct ProcessOptions {
  std::vector<std::string> argv;                         // The program (looked up in PATH) and its arguments.
  std::vector<std::pair<std::string, std::string>> env;  // Set besides the test's own environment.
  std::string folder;                                    // Where it runs; empty: where the test does.
  std::string user;                                      // Whom it runs as, where the test is root; empty: the same.
  std::string input;                                     // What it reads from stdin.
  bool hold_input = false;                               // Stdin ends only when the object goes, not after `input`.
  int death_signal = SIGKILL;                            // What it gets when the test program dies.
};

// Thread-safe.
class Process {
 public:
  // Errors: INVALID_ARGUMENT  it cannot be started (no such program, user or folder).
  static absl::StatusOr<std::unique_ptr<Process>> Start(ProcessOptions options);
  // Kills it where it still runs, and waits for its end.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  // What it has written so far.
  std::string Out() const;
  std::string Err() const;

  // Waits until it has written, to either, a line that contains `text`, and returns the first such line. Errors:
  // FAILED_PRECONDITION  it has ended without. DEADLINE_EXCEEDED  not within `patience`. Both tell what it has written.
  absl::StatusOr<std::string> WaitForLine(absl::string_view text, absl::Duration patience = absl::Seconds(60)) const;

  // Sends a signal; nothing happens where it has ended.
  void Signal(int signal);
  // Waits for its end and returns its exit code, or 128 + the signal that ended it. Errors: DEADLINE_EXCEEDED  it still
  // runs.
  absl::StatusOr<int> Wait(absl::Duration patience = absl::Seconds(60)) const;
  // SIGTERM, then Wait().
  absl::StatusOr<int> Stop(absl::Duration patience = absl::Seconds(60));

 private:
  explicit Process(ProcessOptions options) : options_(std::move(options)) {}
  absl::Status Launch();
  void Watch();
  bool Ended() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return exit_code_ >= 0; }
  bool Drain(int fd, std::string Process::*output);

  const ProcessOptions options_;
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1, pidfd_ = -1;
  mutable absl::Mutex mutex_;
  bool launched_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status launch_status_ ABSL_GUARDED_BY(mutex_);
  std::string out_text_ ABSL_GUARDED_BY(mutex_);
  std::string err_text_ ABSL_GUARDED_BY(mutex_);
  int exit_code_ ABSL_GUARDED_BY(mutex_) = -1;
  // Launches the child and reads what it writes until it ends. One thread for both, because the kernel sends the death
  // signal when the launching thread ends.
  std::thread watcher_;
};

// What a program that has ended has left.
struct Finished {
  int exit_code = 0;
  std::string out;
  std::string err;
};

// Runs a program to its end. Errors: those of Start and Wait; it is killed where it takes longer than `patience`.
absl::StatusOr<Finished> RunToEnd(ProcessOptions options, absl::Duration patience = absl::Seconds(60));

}  // namespace waymark::support

#endif  // WAYMARK_TESTS_SUPPORT_PROCESS_H_
