// Ports on loopback. Where a server can take port 0 and tell which one it got, prefer that: a free port may be taken by
// another before the server has it.
#ifndef WAYMARK_TESTS_SUPPORT_PORTS_H_
#define WAYMARK_TESTS_SUPPORT_PORTS_H_

#include "absl/time/time.h"

namespace waymark::support {

// A port of 127.0.0.1 that nobody listens on now.
int FreePort();

// Waits until somebody accepts connections on 127.0.0.1:`port`; false where nobody does within `patience`.
bool WaitForPort(int port, absl::Duration patience = absl::Seconds(30));

}  // namespace waymark::support

#endif  // WAYMARK_TESTS_SUPPORT_PORTS_H_
