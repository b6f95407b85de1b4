#include "tests/support/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"

namespace waymark::support {
namespace {

struct Pipe {
  int read = -1;
  int write = -1;
};

absl::StatusOr<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::InvalidArgumentError(std::strerror(errno));
  return Pipe{ends[0], ends[1]};
}

// The environment of the test with `more` set over it.
std::vector<std::string> Environment(const std::vector<std::pair<std::string, std::string>>& more) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string name = std::string(*entry).substr(0, std::string(*entry).find('='));
    if (std::none_of(more.begin(), more.end(), [&](const auto& pair) { return pair.first == name; })) {
      environment.push_back(*entry);
    }
  }
  for (const auto& [name, value] : more) environment.push_back(absl::StrCat(name, "=", value));
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Process>> Process::Start(ProcessOptions options) {
  std::unique_ptr<Process> process(new Process(std::move(options)));
  process->watcher_ = std::thread([raw = process.get()] {
    const absl::Status status = raw->Launch();
    {
      absl::MutexLock lock(&raw->mutex_);
      raw->launch_status_ = status;
      raw->launched_ = true;
      if (!status.ok()) raw->exit_code_ = 127;
    }
    if (status.ok()) raw->Watch();
  });
  absl::MutexLock lock(&process->mutex_);
  process->mutex_.Await(absl::Condition(&process->launched_));
  RETURN_IF_ERROR(process->launch_status_);
  return process;
}

Process::~Process() {
  Signal(SIGKILL);
  if (watcher_.joinable()) watcher_.join();
  for (const int fd : {in_, out_, err_, pidfd_}) {
    if (fd >= 0) close(fd);
  }
}

// Everything that may allocate happens before fork: the child of a program with threads may only call what is
// async-signal-safe.
absl::Status Process::Launch() {
  std::vector<std::string> arguments = options_.argv;
  std::vector<std::string> environment = Environment(options_.env);
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);
  const passwd* user = nullptr;
  if (!options_.user.empty() && geteuid() == 0) {
    user = getpwnam(options_.user.c_str());
    if (user == nullptr) return absl::InvalidArgumentError(absl::StrCat("there is no user ", options_.user));
  }
  ASSIGN_OR_RETURN(const Pipe in, MakePipe());
  ASSIGN_OR_RETURN(const Pipe out, MakePipe());
  ASSIGN_OR_RETURN(const Pipe err, MakePipe());
  ASSIGN_OR_RETURN(const Pipe failure, MakePipe());
  const pid_t parent = getpid();

  pid_ = fork();
  if (pid_ == 0) {
    dup2(in.read, 0);
    dup2(out.write, 1);
    dup2(err.write, 2);
    sigset_t none;
    sigemptyset(&none);
    bool ready = sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
    if (user != nullptr) {
      ready = ready && setgroups(1, &user->pw_gid) == 0 && setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0;
    }
    // After setuid, which clears it.
    ready = ready && prctl(PR_SET_PDEATHSIG, options_.death_signal) == 0 && getppid() == parent;
    ready = ready && (options_.folder.empty() || chdir(options_.folder.c_str()) == 0);
    if (ready) execvpe(argv[0], argv.data(), envp.data());
    const int why = errno;
    if (write(failure.write, &why, sizeof(why)) < 0) _exit(126);
    _exit(127);
  }
  for (const int fd : {in.read, out.write, err.write, failure.write}) close(fd);
  in_ = in.write;
  out_ = out.read;
  err_ = err.read;
  for (const int fd : {in_, out_, err_}) fcntl(fd, F_SETFL, O_NONBLOCK);
  int why = errno;
  const bool failed = pid_ < 0 || read(failure.read, &why, sizeof(why)) > 0;
  close(failure.read);
  if (failed) {
    if (pid_ > 0) waitpid(pid_, nullptr, 0);
    return absl::InvalidArgumentError(absl::StrCat("cannot start ", options_.argv[0], ": ", std::strerror(why)));
  }
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  return absl::OkStatus();
}

// Reads what is there; false once nothing can come any more.
bool Process::Drain(int fd, std::string Process::*output) {
  char buffer[1 << 14];
  while (true) {
    const ssize_t size = read(fd, buffer, sizeof(buffer));
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return size < 0 && errno == EAGAIN;
    absl::MutexLock lock(&mutex_);
    (this->*output).append(buffer, size);
  }
}

void Process::Watch() {
  sigset_t broken_pipe;  // A child that does not read its input is no reason for the test to die.
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  size_t written = 0;
  pollfd fds[] = {{pidfd_, POLLIN, 0}, {out_, POLLIN, 0}, {err_, POLLIN, 0}, {in_, POLLOUT, 0}};
  while (true) {
    if (poll(fds, 4, -1) < 0) continue;
    if (fds[1].revents != 0 && !Drain(out_, &Process::out_text_)) fds[1].fd = -1;
    if (fds[2].revents != 0 && !Drain(err_, &Process::err_text_)) fds[2].fd = -1;
    if (fds[3].revents != 0) {
      const ssize_t size = write(in_, options_.input.data() + written, options_.input.size() - written);
      written += std::max<ssize_t>(size, 0);
      const bool broken = size < 0 && errno != EAGAIN && errno != EINTR;
      if (broken || written == options_.input.size()) {
        fds[3].fd = -1;
        if (broken || !options_.hold_input) {
          close(in_);
          in_ = -1;
        }
      }
    }
    if (fds[0].revents != 0) break;
  }
  // It has ended; a grandchild may still hold its pipes, so take what is there and wait for no more.
  Drain(out_, &Process::out_text_);
  Drain(err_, &Process::err_text_);
  int state = 0;
  absl::MutexLock lock(&mutex_);
  waitpid(pid_, &state, 0);
  exit_code_ = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

std::string Process::Out() const {
  absl::MutexLock lock(&mutex_);
  return out_text_;
}

std::string Process::Err() const {
  absl::MutexLock lock(&mutex_);
  return err_text_;
}

absl::StatusOr<std::string> Process::WaitForLine(absl::string_view text, absl::Duration patience) const {
  std::string found;
  // Only whole lines count, except at the end of the process.
  const auto find_in = [&](const std::string& output) ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    const size_t at = output.find(std::string(text));
    if (at == std::string::npos) return false;
    size_t end = output.find('\n', at);
    if (end == std::string::npos && !Ended()) return false;
    end = std::min(end, output.size());
    const size_t before = at == 0 ? std::string::npos : output.rfind('\n', at - 1);
    const size_t begin = before == std::string::npos ? 0 : before + 1;
    found = output.substr(begin, end - begin);
    return true;
  };
  const auto done = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return find_in(out_text_) || find_in(err_text_) || Ended();
  };
  absl::MutexLock lock(&mutex_);
  const bool in_time = mutex_.AwaitWithTimeout(absl::Condition(&done), patience);
  if (find_in(out_text_) || find_in(err_text_)) return found;
  const std::string story =
      absl::StrCat(options_.argv[0], " has not written \"", text, "\"; stdout:\n", out_text_, "\nstderr:\n", err_text_);
  if (in_time) return absl::FailedPreconditionError(absl::StrCat("ended with ", exit_code_, ": ", story));
  return absl::DeadlineExceededError(story);
}

void Process::Signal(int signal) {
  absl::MutexLock lock(&mutex_);
  if (pid_ > 0 && !Ended()) kill(pid_, signal);
}

absl::StatusOr<int> Process::Wait(absl::Duration patience) const {
  const auto ended = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return Ended(); };
  absl::MutexLock lock(&mutex_);
  if (mutex_.AwaitWithTimeout(absl::Condition(&ended), patience)) return exit_code_;
  return absl::DeadlineExceededError(absl::StrCat(options_.argv[0], " still runs"));
}

absl::StatusOr<int> Process::Stop(absl::Duration patience) {
  Signal(SIGTERM);
  return Wait(patience);
}

absl::StatusOr<Finished> RunToEnd(ProcessOptions options, absl::Duration patience) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Process> process, Process::Start(std::move(options)));
  ASSIGN_OR_RETURN(const int exit_code, process->Wait(patience));
  return Finished{exit_code, process->Out(), process->Err()};
}

}  // namespace waymark::support
