#include "tests/support/http_receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace waymark::support {
namespace {

// Reads a whole request; false where the client goes before.
bool ReadRequest(int connection, HttpRequest& request) {
  std::string bytes;
  char buffer[4096];
  size_t head = std::string::npos, length = 0;
  while (head == std::string::npos || bytes.size() < head + 4 + length) {
    const ssize_t count = recv(connection, buffer, sizeof(buffer), 0);
    if (count <= 0) return false;
    bytes.append(buffer, count);
    if (head != std::string::npos) continue;
    head = bytes.find("\r\n\r\n");
    if (head == std::string::npos) continue;
    const std::vector<std::string> lines = absl::StrSplit(bytes.substr(0, head), "\r\n");
    const std::vector<std::string> first = absl::StrSplit(lines[0], ' ');
    request.target = first.size() > 1 ? first[1] : "";
    for (size_t i = 1; i < lines.size(); ++i) {
      const std::pair<std::string, std::string> header = absl::StrSplit(lines[i], absl::MaxSplits(": ", 1));
      request.headers[absl::AsciiStrToLower(header.first)] = header.second;
    }
    if (request.headers.contains("content-length")) {
      if (!absl::SimpleAtoi(request.headers["content-length"], &length)) return false;
    }
  }
  request.body = bytes.substr(head + 4, length);
  return true;
}

}  // namespace

HttpAnswer Answer(int status, std::vector<std::string> headers, std::string body) {
  std::string bytes = absl::StrCat("HTTP/1.1 ", status, " Said\r\nContent-Length: ", body.size(), "\r\n");
  for (const std::string& header : headers) absl::StrAppend(&bytes, header, "\r\n");
  return {.bytes = absl::StrCat(bytes, "\r\n", body)};
}

HttpAnswer Hangup() { return {}; }

HttpAnswer Silence() { return {.bytes = Answer(200).bytes, .silent = true}; }

HttpReceiver::HttpReceiver(Behaviour behaviour) : behaviour_(std::move(behaviour)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_, 64) != 0 ||
      getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

HttpReceiver::~HttpReceiver() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  }
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  close(listener_);
  std::vector<std::thread> servers;
  {
    const absl::MutexLock lock(&mutex_);
    servers.swap(servers_);
  }
  for (std::thread& server : servers) server.join();
  for (const int socket : sockets_) close(socket);
}

std::string HttpReceiver::url() const { return absl::StrCat("http://127.0.0.1:", port_, "/hook"); }

std::vector<HttpRequest> HttpReceiver::received() const {
  const absl::MutexLock lock(&mutex_);
  return received_;
}

bool HttpReceiver::WaitFor(size_t count) const {
  const auto come = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return received_.size() >= count; };
  const absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&come), absl::Minutes(1));
}

int HttpReceiver::connections() const {
  const absl::MutexLock lock(&mutex_);
  return connections_;
}

int HttpReceiver::most_at_once() const {
  const absl::MutexLock lock(&mutex_);
  return most_at_once_;
}

void HttpReceiver::Release() {
  const absl::MutexLock lock(&mutex_);
  released_ = true;
}

void HttpReceiver::Accept() {
  for (;;) {
    const int connection = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    const absl::MutexLock lock(&mutex_);
    if (stopping_) {
      close(connection);
      return;
    }
    ++connections_;
    ++waiting_;
    most_at_once_ = std::max(most_at_once_, waiting_);
    sockets_.push_back(connection);
    servers_.emplace_back([this, connection] { Serve(connection); });
  }
}

void HttpReceiver::Serve(int connection) {
  HttpRequest request;
  HttpAnswer answer;
  if (ReadRequest(connection, request)) {
    int count = 0;
    {
      const absl::MutexLock lock(&mutex_);
      received_.push_back(request);
      count = static_cast<int>(received_.size());
    }
    answer = behaviour_(count, request);
  }
  {
    const auto may_go = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return released_ || stopping_; };
    const absl::MutexLock lock(&mutex_);
    if (answer.silent) mutex_.Await(absl::Condition(&may_go));
    --waiting_;
  }
  for (size_t sent = 0; sent < answer.bytes.size();) {
    const ssize_t count = send(connection, answer.bytes.data() + sent, answer.bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) break;
    sent += count;
  }
  // Closed only with the receiver, so that no other connection gets the number that sockets_ remembers.
  shutdown(connection, SHUT_RDWR);
}

}  // namespace waymark::support
