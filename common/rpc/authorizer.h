// Who is calling, and may they? Every RPC passes Admit() first.
#ifndef WAYMARK_COMMON_RPC_AUTHORIZER_H_
#define WAYMARK_COMMON_RPC_AUTHORIZER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace grpc {
class ServerContextBase;
}

namespace waymark::rpc {

// What a call needs.
enum class Permission {
  kRead,     // Any role.
  kWrite,    // writer, admin, service: events, measures, definitions in draft.
  kAdmin,    // admin, service: publishing, channels, credentials' matters.
  kJournal,  // reader of a journal: any role for its own workspace, service for `*`.
};

// What a credential may do. Each role may do what the ones before it may.
enum class Role { kReader, kWriter, kAdmin, kService };

// Who is calling.
struct Caller {
  std::string workspace;  // Never empty. `*` only for kJournal by a service: all workspaces.
  Role role = Role::kReader;
};

// Thread-safe.
class Authorizer {
 public:
  // Authentication off: everybody is admitted with every role, in the workspace that the metadata `waymark-workspace`
  // names, by default `default`. For `waymark dev` and loopback alone.
  static std::unique_ptr<Authorizer> Off();

  // Reads a credentials file, and reads it again when it changes (looked at when a call comes, at most every
  // `look_every`); one that has become unreadable or malformed is logged and the last good one stays. One credential a
  // line: `<SHA-256 of the key, hexadecimal>  <workspace>  <reader|writer|admin|service>`; `#` starts a comment. A
  // service's workspace is written `*`: it must name the one it acts in by the metadata `waymark-workspace`.
  // Errors: INVALID_ARGUMENT  the file cannot be read or a line is malformed (the line is named).
  static absl::StatusOr<std::unique_ptr<Authorizer>> FromFile(std::string path,
                                                              absl::Duration look_every = absl::Seconds(1));

  virtual ~Authorizer() = default;

  // Checks the metadata `authorization: Bearer <key>` and, where given, `waymark-workspace`.
  // Errors: UNAUTHENTICATED  the key is missing, unknown, or not of the workspace named: one message for all.
  //         PERMISSION_DENIED  the role does not allow it. INVALID_ARGUMENT  the workspace's name is malformed (1–63 of
  //         [a-z0-9_-], or `*`).
  virtual absl::StatusOr<Caller> Admit(const grpc::ServerContextBase& context, Permission permission) const = 0;
};

}  // namespace waymark::rpc

#endif  // WAYMARK_COMMON_RPC_AUTHORIZER_H_
