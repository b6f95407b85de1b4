// An HTTP server of a test's own on loopback, which remembers what it received and answers as it is told: well, badly,
// or not at all.
//
//   support::HttpReceiver receiver([](int count, const support::HttpRequest&) {
//     return count == 1 ? support::Answer(500) : support::Answer(200);
//   });
//   PostTo(receiver.url());
//   EXPECT_EQ(receiver.received()[0].headers.at("content-type"), "application/json");
#ifndef WAYMARK_TESTS_SUPPORT_HTTP_RECEIVER_H_
#define WAYMARK_TESTS_SUPPORT_HTTP_RECEIVER_H_

#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace waymark::support {

struct HttpRequest {
  std::string target;                          // What stands in the request line, such as `/hook`.
  std::map<std::string, std::string> headers;  // Names in lower case.
  std::string body;
};

// What goes back: these bytes, and then the end of the connection. Nothing at all while `silent`, until the receiver
// goes or Release() is called.
struct HttpAnswer {
  std::string bytes;
  bool silent = false;
};

// An answer with a status, headers (each `name: value`) and a body.
HttpAnswer Answer(int status, std::vector<std::string> headers = {}, std::string body = "");
// Closes without an answer.
HttpAnswer Hangup();
// Never answers; after Release(), says 200.
HttpAnswer Silence();

// Thread-safe.
class HttpReceiver {
 public:
  // `behaviour` is called with how many requests have come (from 1) and the present one, on any thread.
  using Behaviour = std::function<HttpAnswer(int count, const HttpRequest& request)>;
  explicit HttpReceiver(Behaviour behaviour = [](int, const HttpRequest&) { return Answer(200); });
  ~HttpReceiver();
  HttpReceiver(const HttpReceiver&) = delete;
  HttpReceiver& operator=(const HttpReceiver&) = delete;

  int port() const { return port_; }
  // `http://127.0.0.1:PORT/hook`.
  std::string url() const;

  // What has come so far, in order.
  std::vector<HttpRequest> received() const;
  // Waits until that many requests have come; false where they do not within a minute.
  bool WaitFor(size_t count) const;
  // How many connections have been made.
  int connections() const;
  // The most connections that waited for their answer at once.
  int most_at_once() const;
  // Lets those that are kept in silence go.
  void Release();

 private:
  void Accept();
  void Serve(int connection);

  const Behaviour behaviour_;
  int listener_ = -1;
  int port_ = 0;
  mutable absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool released_ ABSL_GUARDED_BY(mutex_) = false;
  int connections_ ABSL_GUARDED_BY(mutex_) = 0;
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  int most_at_once_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<int> sockets_ ABSL_GUARDED_BY(mutex_);
  std::vector<HttpRequest> received_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> servers_ ABSL_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace waymark::support

#endif  // WAYMARK_TESTS_SUPPORT_HTTP_RECEIVER_H_
