// Conclusions as facts: how the journal tells them, and how a timeline shows them.
#ifndef WAYMARK_SERVICES_MILESTONE_FACTS_H_
#define WAYMARK_SERVICES_MILESTONE_FACTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "common/journal/journal.h"
#include "services/rules/progress.h"
#include "waymark/milestone/v1/milestone.pb.h"

namespace waymark::milestone {

// The fact that tells a conclusion.
struct FactContext {
  absl::string_view customer_id;
  absl::string_view journey_id;
  uint32_t version = 0;
  std::string witness_event_id;  // Empty: time alone.
  bool historical = false;
};
// With the type's full name and the payload; workspace, key and depth are the caller's.
journal::NewEntry ToFact(const rules::Journey& journey, const FactContext& context,
                         const rules::Conclusion& conclusion);

// The effect key of a conclusion about a milestone.
std::string MilestoneEffectKey(const rules::Journey& journey, absl::string_view customer_id,
                               const rules::Conclusion& conclusion);

// Which achievements stand as far as was told, by effect key, and since when; the entries are of one customer, in
// order.
std::map<std::string, absl::Time> StandingAchievements(absl::Span<const journal::Entry> entries);

// A timeline item from a journal entry. Nullopt for what is none.
std::optional<v1::TimelineItem> ToTimelineItem(const journal::Entry& entry);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_FACTS_H_
