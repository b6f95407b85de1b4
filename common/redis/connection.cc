#include "common/redis/connection.h"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/status.h"

namespace waymark::redis {
namespace {

struct ReplyFreer {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using OwnedReply = std::unique_ptr<redisReply, ReplyFreer>;

absl::Status Lost(absl::string_view why) {
  return absl::UnavailableError(absl::StrCat("Redis does not answer: ", why));
}

// What an error reply means. Its first word is its kind.
absl::Status ToStatus(absl::string_view text) {
  if (absl::StartsWith(text, "OOM ")) return absl::ResourceExhaustedError("Redis is out of memory");
  // It cannot answer now: it is starting, a script holds it, or it is a replica whose primary is away or elsewhere.
  for (const absl::string_view kind :
       {"LOADING ", "BUSY ", "MASTERDOWN ", "READONLY ", "NOREPLICAS ", "CLUSTERDOWN "}) {
    if (absl::StartsWith(text, kind)) return absl::UnavailableError(absl::StrCat("Redis cannot answer now: ", text));
  }
  return absl::InternalError(absl::StrCat("Redis refused the command: ", text));
}

absl::StatusOr<Reply> ToReply(const redisReply& raw) {
  Reply reply;
  switch (raw.type) {
    case REDIS_REPLY_NIL:
      return reply;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      reply.text = std::string(raw.str, raw.len);
      return reply;
    case REDIS_REPLY_INTEGER:
      reply.integer = raw.integer;
      return reply;
    case REDIS_REPLY_ERROR:
      return ToStatus(absl::string_view(raw.str, raw.len));
    case REDIS_REPLY_ARRAY:
      reply.elements.reserve(raw.elements);
      for (size_t i = 0; i < raw.elements; ++i) {
        ASSIGN_OR_RETURN(Reply element, ToReply(*raw.element[i]));
        reply.elements.push_back(std::move(element));
      }
      return reply;
  }
  return absl::InternalError(absl::StrCat("Redis answered with an unknown type ", raw.type));
}

void Append(redisContext* context, const Client::Command& command) {
  std::vector<const char*> words;
  std::vector<size_t> sizes;
  words.reserve(command.size());
  sizes.reserve(command.size());
  for (const std::string& word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  redisAppendCommandArgv(context, static_cast<int>(words.size()), words.data(), sizes.data());
}

}  // namespace

void Connection::Closer::operator()(redisContext* context) const { redisFree(context); }

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const std::string& ip, int port, Instant deadline) {
  Context context(redisConnectNonBlock(ip.c_str(), port));
  if (context == nullptr) return Lost("out of memory");
  if (context->err != 0) return Lost(context->errstr);
  fcntl(context->fd, F_SETFD, FD_CLOEXEC);
  std::unique_ptr<Connection> connection(new Connection(std::move(context)));
  RETURN_IF_ERROR(connection->Wait(POLLOUT, deadline).status());
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(connection->context_->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Lost(std::strerror(error));
  return connection;
}

// Waits for one of `events` and returns those that have come.
absl::StatusOr<short> Connection::Wait(short events, Instant deadline) const {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waited = {context_->fd, events, 0};
    const int ready = poll(&waited, 1, static_cast<int>(std::max<int64_t>(left.count(), 0)));
    if (ready > 0) return waited.revents;
    if (ready == 0) return Lost("timeout");
    if (errno != EINTR) return Lost(std::strerror(errno));
  }
}

bool Connection::Stands() const {
  pollfd looked_at = {context_->fd, POLLIN, 0};
  return poll(&looked_at, 1, 0) == 0;
}

Connection::Answers Connection::RoundTrip(absl::Span<const Client::Command> commands, Instant deadline) {
  for (const Client::Command& command : commands) Append(context_.get(), command);
  Answers answers;
  answers.replies.reserve(commands.size());
  answers.status = Exchange(commands.size(), deadline, answers.replies);
  return answers;
}

// Writes what has been appended, and reads the replies of so many commands.
absl::Status Connection::Exchange(size_t commands, Instant deadline, std::vector<absl::StatusOr<Reply>>& replies) {
  // Replies are read while commands are still being written: else a long trip could fill both directions and stop.
  bool written = false;
  while (replies.size() < commands) {
    ASSIGN_OR_RETURN(const short ready, Wait(written ? POLLIN : POLLIN | POLLOUT, deadline));
    if (!written && (ready & POLLOUT) != 0) {
      int done = 0;
      if (redisBufferWrite(context_.get(), &done) != REDIS_OK) return Lost(context_->errstr);
      written = done != 0;
    }
    if ((ready & ~POLLOUT) == 0) continue;
    if (redisBufferRead(context_.get()) != REDIS_OK) return Lost(context_->errstr);
    while (replies.size() < commands) {
      void* raw = nullptr;
      if (redisGetReplyFromReader(context_.get(), &raw) != REDIS_OK) return Lost(context_->errstr);
      if (raw == nullptr) break;
      const OwnedReply reply(static_cast<redisReply*>(raw));
      replies.push_back(ToReply(*reply));
    }
  }
  return absl::OkStatus();
}

}  // namespace waymark::redis
