#include "common/rpc/authorizer.h"

#include <grpcpp/server_context.h>
#include <openssl/crypto.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/errors.h"
#include "common/base/files.h"
#include "common/base/hash.h"
#include "common/base/status.h"
#include "common/log/log.h"

namespace waymark::rpc {
namespace {

constexpr char kKeyHeader[] = "authorization";
constexpr char kWorkspaceHeader[] = "waymark-workspace";
constexpr char kAll[] = "*";

// One answer for a key that is missing, unknown or of another workspace, so that nothing can be learnt from it.
absl::Status Refused() {
  return Error(absl::StatusCode::kUnauthenticated, "CREDENTIAL_REFUSED",
               "the key is missing, unknown or not of this workspace: send `authorization: Bearer <key>`");
}

// The value of a header; empty where it is missing. A header given twice is nobody's: it reads as one that fits
// nothing.
absl::string_view Header(const grpc::ServerContextBase& context, const char* name) {
  const auto [first, last] = context.client_metadata().equal_range(name);
  if (first == last) return "";
  if (std::next(first) != last) return "given twice";
  return absl::string_view(first->second.data(), first->second.size());
}

bool IsWorkspaceName(absl::string_view name) {
  return !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_' || c == '-';
  });
}

// The workspace that the call names; empty where it names none.
absl::StatusOr<std::string> NamedWorkspace(const grpc::ServerContextBase& context) {
  const absl::string_view name = Header(context, kWorkspaceHeader);
  if (name.empty() || name == kAll || IsWorkspaceName(name)) return std::string(name);
  return InvalidField(kWorkspaceHeader, "must be 1 to 63 characters of a-z, 0-9, _ and -");
}

// `*` is for journals alone: everything else happens in one workspace.
absl::Status CheckReach(absl::string_view workspace, Permission permission) {
  if (workspace != kAll || permission == Permission::kJournal) return absl::OkStatus();
  return InvalidField(kWorkspaceHeader, "must name one workspace; `*` is for reading journals");
}

bool Allows(Role role, Permission permission) {
  switch (permission) {
    case Permission::kRead:
    case Permission::kJournal:
      return true;
    case Permission::kWrite:
      return role >= Role::kWriter;
    case Permission::kAdmin:
      return role >= Role::kAdmin;
  }
  return false;
}

class NoAuthorizer final : public Authorizer {
 public:
  absl::StatusOr<Caller> Admit(const grpc::ServerContextBase& context, Permission permission) const override {
    ASSIGN_OR_RETURN(std::string workspace, NamedWorkspace(context));
    if (workspace.empty()) workspace = "default";
    RETURN_IF_ERROR(CheckReach(workspace, permission));
    return Caller{.workspace = std::move(workspace), .role = Role::kService};
  }
};

// What a file of credentials says.
class Credentials {
 public:
  // Errors: INVALID_ARGUMENT  a line is malformed.
  static absl::StatusOr<Credentials> Parse(absl::string_view path, const std::string& text) {
    Credentials credentials;
    int number = 0;
    for (const absl::string_view line : absl::StrSplit(text, '\n')) {
      ++number;
      const absl::string_view content = line.substr(0, line.find('#'));
      const std::vector<absl::string_view> words = absl::StrSplit(content, absl::ByAnyChar(" \t\r"), absl::SkipEmpty());
      if (words.empty()) continue;
      const std::string wrong = credentials.Add(words);
      if (!wrong.empty()) return absl::InvalidArgumentError(absl::StrCat(path, ":", number, ": ", wrong));
    }
    return credentials;
  }

  // The caller whose key this is; null where nobody's. The empty key is nobody's, whatever the file says.
  const Caller* Find(absl::string_view key) const {
    if (key.empty()) return nullptr;
    const std::string hash = Sha256Hex(key);
    const auto [first, last] = callers_.equal_range(hash.substr(0, kPrefix));
    const Caller* found = nullptr;
    for (auto it = first; it != last; ++it) {
      const auto& [whole, caller] = it->second;
      if (CRYPTO_memcmp(whole.data(), hash.data(), hash.size()) == 0) found = &caller;
    }
    return found;
  }

 private:
  // Takes one line; tells what is wrong with it, or nothing. The words themselves are secret enough not to be repeated.
  std::string Add(const std::vector<absl::string_view>& words) {
    if (words.size() != 3) return "needs three words: <SHA-256 of the key> <workspace> <role>";
    const std::string hash = absl::AsciiStrToLower(words[0]);
    if (hash.size() != 64 || !std::all_of(hash.begin(), hash.end(), absl::ascii_isxdigit)) {
      return "the first word must be a SHA-256 in 64 hexadecimal digits (printf %s KEY | sha256sum)";
    }
    static const auto* const roles = new std::map<absl::string_view, Role>{
        {"reader", Role::kReader}, {"writer", Role::kWriter}, {"admin", Role::kAdmin}, {"service", Role::kService}};
    const auto role = roles->find(words[2]);
    if (role == roles->end()) return "the role must be reader, writer, admin or service";
    const bool service = role->second == Role::kService;
    if (service != (words[1] == kAll)) return "a service's workspace is *, and nobody else's";
    if (!service && !IsWorkspaceName(words[1])) return "the workspace must be 1 to 63 characters of a-z, 0-9, _ and -";
    callers_.insert({hash.substr(0, kPrefix), {hash, {.workspace = std::string(words[1]), .role = role->second}}});
    return "";
  }

  // Found by the beginning of the hash, decided by comparing the whole in constant time: who measures the search learns
  // at most this much of a hash, and nothing of a key.
  static constexpr size_t kPrefix = 8;
  std::multimap<std::string, std::pair<std::string, Caller>> callers_;
};

absl::StatusOr<Credentials> ReadCredentials(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  return Credentials::Parse(path, text);
}

// Tells one state of a file from another: also a mounted Secret, which changes by moving a link.
using Stamp = std::tuple<ino_t, off_t, int64_t, int64_t>;
std::optional<Stamp> StampOf(const std::string& path) {
  struct stat file;
  if (stat(path.c_str(), &file) != 0) return std::nullopt;
  const auto nanos = [](const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; };
  return Stamp{file.st_ino, file.st_size, nanos(file.st_mtim), nanos(file.st_ctim)};
}

class FileAuthorizer final : public Authorizer {
 public:
  FileAuthorizer(std::string path, absl::Duration look_every, std::optional<Stamp> stamp, Credentials credentials)
      : path_(std::move(path)),
        look_every_(absl::ToChronoNanoseconds(look_every)),
        stamp_(stamp),
        credentials_(std::make_shared<const Credentials>(std::move(credentials))) {}

  absl::StatusOr<Caller> Admit(const grpc::ServerContextBase& context, Permission permission) const override {
    ASSIGN_OR_RETURN(const std::string named, NamedWorkspace(context));
    const std::shared_ptr<const Credentials> credentials = Current();
    const Caller* const known = credentials->Find(Key(context));
    if (known == nullptr) return Refused();
    const bool service = known->role == Role::kService;
    if (!service && !named.empty() && named != known->workspace) return Refused();
    if (service && named.empty()) return InvalidField(kWorkspaceHeader, "must be given by a service");
    RETURN_IF_ERROR(CheckReach(named, permission));
    if (!Allows(known->role, permission)) {
      return Error(absl::StatusCode::kPermissionDenied, "ROLE_REFUSED", "the key's role does not allow this call");
    }
    return Caller{.workspace = service ? named : known->workspace, .role = known->role};
  }

 private:
  // The key given; empty where there is none.
  static absl::string_view Key(const grpc::ServerContextBase& context) {
    const absl::string_view header = Header(context, kKeyHeader);
    constexpr absl::string_view kScheme = "Bearer ";
    return absl::StartsWithIgnoreCase(header, kScheme) ? header.substr(kScheme.size()) : "";
  }

  std::shared_ptr<const Credentials> Current() const {
    {
      absl::MutexLock lock(&mutex_);
      const auto now = std::chrono::steady_clock::now();
      if (now < look_at_) return credentials_;
      look_at_ = now + look_every_;
    }
    Reload();
    absl::MutexLock lock(&mutex_);
    return credentials_;
  }

  void Reload() const {
    // Taken before reading: a change in between is seen at the next look.
    const std::optional<Stamp> stamp = StampOf(path_);
    {
      absl::MutexLock lock(&mutex_);
      if (stamp == stamp_) return;
      stamp_ = stamp;
    }
    absl::StatusOr<Credentials> read = ReadCredentials(path_);
    if (!read.ok()) {
      log::Error("the credentials stay as they were", {{"error", read.status().message()}});
      return;
    }
    log::Info("credentials read again", {{"file", path_}});
    absl::MutexLock lock(&mutex_);
    credentials_ = std::make_shared<const Credentials>(*std::move(read));
  }

  const std::string path_;
  const std::chrono::nanoseconds look_every_;
  mutable absl::Mutex mutex_;
  mutable std::chrono::steady_clock::time_point look_at_ ABSL_GUARDED_BY(mutex_);
  mutable std::optional<Stamp> stamp_ ABSL_GUARDED_BY(mutex_);
  // Shared with the calls that are being admitted while it is replaced.
  mutable std::shared_ptr<const Credentials> credentials_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Authorizer> Authorizer::Off() { return std::make_unique<NoAuthorizer>(); }

absl::StatusOr<std::unique_ptr<Authorizer>> Authorizer::FromFile(std::string path, absl::Duration look_every) {
  const std::optional<Stamp> stamp = StampOf(path);
  ASSIGN_OR_RETURN(Credentials credentials, ReadCredentials(path));
  return std::make_unique<FileAuthorizer>(std::move(path), look_every, stamp, std::move(credentials));
}

}  // namespace waymark::rpc
