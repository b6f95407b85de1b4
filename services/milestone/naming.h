// Which events a journey names, and where.
#ifndef WAYMARK_SERVICES_MILESTONE_NAMING_H_
#define WAYMARK_SERVICES_MILESTONE_NAMING_H_

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "services/rules/history.h"
#include "services/rules/journey.h"

namespace waymark::milestone {

// Immutable, so safe to share. Refers to the journey, which must outlive it.
class Naming {
 public:
  explicit Naming(const rules::Journey& journey);

  // Whether an event type is named anywhere.
  bool Names(absl::string_view event_type) const { return mentions_.contains(event_type); }

  // The stages that name an event, ascending; `anywhere` where the whole journey does, by an exit. A stage names what
  // its milestones (and their variants and segments), its touchpoints and the ways out of it name, and what a stage
  // that such a way leads to asks for; the first stage also what opens the journey. An event is named by its type and,
  // where the criterion has conditions, by these; a criterion about events of any type names none.
  struct Named {
    std::vector<size_t> stages;
    bool anywhere = false;
    bool nowhere() const { return stages.empty() && !anywhere; }
  };
  Named Find(const rules::Item& event) const;

 private:
  struct Mention {
    bool anywhere = false;
    size_t stage = 0;
    const rules::EventPattern* pattern = nullptr;  // Null: whatever else the event holds.
  };
  void Add(const rules::EventPattern& pattern, Mention mention);
  void Add(const rules::Criterion& criterion, const Mention& mention);

  const rules::Journey& journey_;
  absl::flat_hash_map<std::string, std::vector<Mention>> mentions_;  // By event type.
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_NAMING_H_
