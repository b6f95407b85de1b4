// Ready journeys to start from, compiled in.
#ifndef WAYMARK_SERVICES_JOURNEY_TEMPLATES_TEMPLATES_H_
#define WAYMARK_SERVICES_JOURNEY_TEMPLATES_TEMPLATES_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace waymark::journey {

struct Template {
  absl::string_view id;  // `[a-z][a-z0-9-]*`, such as `saas`.
  absl::string_view title;
  absl::string_view summary;  // One line.
  absl::string_view yaml;     // What `waymark apply -f` takes: personas, segments, the journey; with comments.
};

// All of them, always in the same order.
absl::Span<const Template> Templates();

// The one of that id; null where there is none.
const Template* FindTemplate(absl::string_view id);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_TEMPLATES_TEMPLATES_H_
