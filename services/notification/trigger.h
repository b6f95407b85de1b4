// What sets a playbook off. Pure.
#ifndef WAYMARK_SERVICES_NOTIFICATION_TRIGGER_H_
#define WAYMARK_SERVICES_NOTIFICATION_TRIGGER_H_

#include <map>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace waymark::notification {

// Numbered as stored; never renumbered.
enum class TriggerKind { kStageEntered = 1, kBandChanged = 2, kMilestoneAchieved = 3 };

// What must happen. Playbooks wait for one, and everything that happens is one.
struct Trigger {
  TriggerKind kind = TriggerKind::kStageEntered;
  std::string subject;  // The journey, or the scorecard.
  std::string value;    // The stage, the band, or the milestone.

  friend bool operator==(const Trigger&, const Trigger&) = default;
  friend auto operator<=>(const Trigger&, const Trigger&) = default;
};

// The values that stand for a trigger's variables; an absent one is not in it.
using Variables = std::map<std::string, std::string>;

// What happened to a customer, as a fact of another service told it.
struct Happening {
  std::string workspace;
  std::string customer_id;
  Trigger trigger;
  Variables variables;
  std::string effect_key;   // What follows from it happens at most once per key.
  bool historical = false;  // It lies in the past, so nobody is to hear of it.
  absl::Time time;
};

// A webhook's `type`: `stage.entered`, `band.changed`,
// `milestone.achieved`.
absl::string_view NameOf(TriggerKind kind);

// The variables that a playbook waiting for this kind may use.
const std::set<std::string>& VariablesOf(TriggerKind kind);

}  // namespace waymark::notification

#endif  // WAYMARK_SERVICES_NOTIFICATION_TRIGGER_H_
