// Makes up histories: a customer who does what is asked of it, step by step, with the fold looking on.
#ifndef WAYMARK_SERVICES_RULES_TRAVELLER_H_
#define WAYMARK_SERVICES_RULES_TRAVELLER_H_

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "services/rules/consistency.h"
#include "services/rules/journey.h"
#include "services/rules/outlook.h"
#include "services/rules/progress.h"
#include "services/rules/scenario.h"

namespace waymark::rules {

// The steps of a history, each with those before it: histories share their beginnings.
struct Trail {
  ScenarioStep step;
  std::shared_ptr<const Trail> before;
  int64_t number = 1;
};

// A customer somewhere on its way. Copies go on by themselves.
class Traveller {
 public:
  // What is given must outlive this, and mean the same definition.
  Traveller(const Outlook& outlook, const Journey& journey);
  // One who goes on from where a customer stands, folded until `now`: by its open enrollment or else by the next.
  Traveller(const Outlook& outlook, const Journey& journey, Progress progress, absl::Time now);

  // The outcome of everything so far, as the fold has it, at now().
  const Progress& progress() const { return progress_; }
  // The enrollment, or what it would begin with.
  const Run& run() const { return progress_.runs[run_]; }
  size_t run_index() const { return run_; }
  absl::Time now() const { return now_; }
  // Where these steps would lead from here, at their times.
  Progress After(absl::Span<const ScenarioStep> steps, absl::Time until) const;
  // The last step so far, with those before it.
  const std::shared_ptr<const Trail>& trail() const { return trail_; }

  // Each tries to bring something about by simple means, and leaves this as it was where it does not succeed: that says
  // nothing about whether something else would have.
  bool Enroll();
  bool Achieve(size_t milestone);
  bool TakeExit(size_t exit);
  // The same of one who is not enrolled yet, by the very item that enrolls it.
  bool EnrollAchieving(size_t milestone);
  bool EnrollTakingExit(size_t exit);
  // Moves on by a way out of the stage stood in, having achieved those `wanted` that belong to the stage.
  bool Take(const WayOut& way, const std::vector<bool>& wanted);

  // A milestone that would have had to be achieved in an earlier stage; what the last attempt failed at, if it is that.
  std::optional<size_t> missed() const { return missed_; }

 private:
  bool EnrollWith(const std::vector<Demand>& demands, std::optional<size_t> milestone, absl::FunctionRef<bool()> done);
  // Tries to meet demands in the ways in which they can be met, until `done`.
  bool Pursue(std::vector<Demand> demands, const Circumstances& circumstances, std::optional<size_t> milestone,
              absl::FunctionRef<bool()> done, absl::FunctionRef<void()> finish);
  // Does what simple demands ask for.
  void Act(absl::Span<const Demand> facts, std::optional<size_t> milestone, absl::FunctionRef<bool()> done);
  void SetAttributes(absl::Span<const Demand> facts);
  void SetBands(absl::Span<const Demand> facts);
  void Count(const EventCount& count, absl::Span<const Demand> facts);
  // An event as the pattern wants it, best one that the facts do not forbid; `value` for a property besides.
  void DoEvent(const EventPattern& pattern, absl::Span<const Demand> facts, const std::string& user,
               const StepProperty* value);
  std::optional<std::string> DayFor(absl::Span<const Demand> facts, const std::string& attribute) const;
  bool AchieveAll(const WayOut& way, const std::vector<bool>& wanted);

  void Do(ScenarioStep step);
  void Wait(absl::Duration duration);
  // Until midnight in the journey's calendar.
  absl::Duration UntilNextDay(absl::Time time) const;

  const Outlook* outlook_;
  const Journey* journey_;
  Progress progress_;
  size_t run_ = 0;  // The enrollment; its index.
  absl::Time now_;  // Up to when the progress was folded.
  std::shared_ptr<const Trail> trail_;
  std::shared_ptr<int> items_left_;  // Of all copies together.
  std::map<std::string, Value> attributes_;
  std::map<std::string, std::string> bands_;
  std::optional<size_t> missed_;
  int depth_ = 0;
};

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_TRAVELLER_H_
