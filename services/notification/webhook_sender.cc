#include "services/notification/webhook_sender.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace waymark::notification {
namespace {

// More of an answer than this is not worth its memory: the excerpt is shorter still.
constexpr size_t kMostBody = 4096;
constexpr size_t kMostHeaders = 64 << 10;

std::optional<Address> AddressOf(const curl_sockaddr& socket) {
  Address address{};
  if (socket.family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &socket.addr, sizeof(v4));
    address[10] = address[11] = 0xff;
    std::memcpy(address.data() + 12, &v4.sin_addr, 4);
    return address;
  }
  if (socket.family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &socket.addr, sizeof(v6));
    std::memcpy(address.data(), &v6.sin6_addr, 16);
    return address;
  }
  return std::nullopt;
}

}  // namespace

struct WebhookSender::Transfer {
  explicit Transfer(WebhookRequest wanted) : request(std::move(wanted)) {
    for (const std::string& header : request.headers) headers = curl_slist_append(headers, header.c_str());
  }
  ~Transfer() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(handle);
  }

  const WebhookRequest request;
  CURL* const handle = curl_easy_init();
  curl_slist* headers = nullptr;
  const std::vector<Network>* allowed = nullptr;
  bool refused = false;    // An address was not allowed,
  bool connected = false;  // and one was.
  std::string body;
  size_t header_bytes = 0;

  static curl_socket_t OpenSocket(void* data, curlsocktype, curl_sockaddr* socket) {
    auto* transfer = static_cast<Transfer*>(data);
    const std::optional<Address> address = AddressOf(*socket);
    if (!address.has_value() || !MayConnect(*address, *transfer->allowed)) {
      transfer->refused = true;
      return CURL_SOCKET_BAD;
    }
    transfer->connected = true;
    return ::socket(socket->family, socket->socktype | SOCK_CLOEXEC, socket->protocol);
  }

  // Takes what there is room for; less than was given ends the transfer.
  static size_t TakeBody(char* bytes, size_t, size_t count, void* data) {
    auto* transfer = static_cast<Transfer*>(data);
    const size_t taken = std::min(count, kMostBody - transfer->body.size());
    transfer->body.append(bytes, taken);
    return taken;
  }

  static size_t CountHeader(char*, size_t, size_t count, void* data) {
    auto* transfer = static_cast<Transfer*>(data);
    transfer->header_bytes += count;
    return transfer->header_bytes <= kMostHeaders ? count : 0;
  }

  HttpEnding Ending(CURLcode code) const {
    long status = 0, request_bytes = 0;
    curl_off_t retry_after = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &request_bytes);
    curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &retry_after);
    HttpEnding ending;
    ending.body = body;
    ending.note = curl_easy_strerror(code);
    if (status >= 200) {
      ending.kind = HttpEnding::Kind::kAnswered;
      ending.code = static_cast<int>(status);
      if (retry_after > 0) ending.retry_after = absl::Seconds(retry_after);
    } else if (request_bytes > 0) {
      ending.kind = HttpEnding::Kind::kNoAnswer;
    } else if (refused && !connected) {
      ending.kind = HttpEnding::Kind::kAddressRefused;
    } else {
      ending.kind = HttpEnding::Kind::kNotSent;
    }
    return ending;
  }
};

WebhookSender::WebhookSender(Options options) : options_(std::move(options)), multi_(curl_multi_init()) {}

WebhookSender::~WebhookSender() {
  for (const auto& [handle, transfer] : transfers_) curl_multi_remove_handle(multi_, handle);
  transfers_.clear();
  curl_multi_cleanup(multi_);
}

void WebhookSender::Start(WebhookRequest request) {
  auto transfer = std::make_unique<Transfer>(std::move(request));
  transfer->allowed = &options_.allowed;
  CURL* const handle = transfer->handle;
  curl_easy_setopt(handle, CURLOPT_URL, transfer->request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(handle, CURLOPT_FORBID_REUSE, 1L);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(absl::ToInt64Milliseconds(options_.timeout)));
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, &Transfer::OpenSocket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, transfer.get());
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, transfer->headers);
  curl_easy_setopt(handle, CURLOPT_POST, 1L);
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(transfer->request.body.size()));
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, transfer->request.body.c_str());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Transfer::TakeBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer.get());
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &Transfer::CountHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, transfer.get());
  curl_multi_add_handle(multi_, handle);
  transfers_.emplace(handle, std::move(transfer));
}

std::vector<WebhookSender::Ended> WebhookSender::Wait(absl::Duration patience) {
  std::vector<Ended> ended;
  if (transfers_.empty()) return ended;
  int running = 0;
  curl_multi_perform(multi_, &running);
  if (running == under_way()) {
    curl_multi_poll(multi_, nullptr, 0, static_cast<int>(absl::ToInt64Milliseconds(patience)), nullptr);
    curl_multi_perform(multi_, &running);
  }
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const handle = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto transfer = transfers_.find(handle);
    ended.push_back({transfer->second->request.key, transfer->second->Ending(code)});
    curl_multi_remove_handle(multi_, handle);
    transfers_.erase(transfer);
  }
  return ended;
}

}  // namespace waymark::notification
