// Which URLs a webhook may have. Pure: whether the address behind one may be connected to is asked when it is
// (address.h).
#ifndef WAYMARK_SERVICES_NOTIFICATION_WEBHOOK_URL_H_
#define WAYMARK_SERVICES_NOTIFICATION_WEBHOOK_URL_H_

#include <string>

#include "absl/strings/string_view.h"

namespace waymark::notification {

// What is wrong with `url` as a webhook's, and what to do; empty where nothing is. The URL itself is not repeated: it
// may hold a token.
std::string WhatIsWrongWithUrl(absl::string_view url);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_WEBHOOK_URL_H_
