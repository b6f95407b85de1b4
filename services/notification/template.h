// Templates of messages: Mustache with variables and sections, and nothing that runs, includes or redefines. Pure.
//
// Channels of today carry plain text, so values are not escaped for HTML; the channel's own format (JSON, a log line)
// escapes the whole.
#ifndef WAYMARK_SERVICES_NOTIFICATION_TEMPLATE_H_
#define WAYMARK_SERVICES_NOTIFICATION_TEMPLATE_H_

#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "services/notification/trigger.h"

namespace waymark::notification {

// What is wrong with a template whose variables may be `known`, and what to do; empty where nothing is. Unknown
// variables, `{{{`, `{{&`, `{{>`, `{{=`, tags left open and sections deeper than 8 are wrong.
std::string WhatIsWrongWithTemplate(absl::string_view text, const std::set<std::string>& known);

// The text with `values` in the place of its variables; an absent one is empty, and false as a section. Values are
// never read as templates. `text` must have passed WhatIsWrongWithTemplate.
std::string Render(absl::string_view text, const Variables& values);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_TEMPLATE_H_
