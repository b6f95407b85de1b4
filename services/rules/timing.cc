#include "services/rules/timing.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "services/rules/places.h"

namespace waymark::rules {
namespace {

// The longest time that a criterion looks back over.
absl::Duration LongestWindow(const Criterion& criterion) {
  absl::Duration longest;
  VisitParts(criterion, "", [&](const Criterion& part, const std::string&) {
    if (const EventCount* count = std::get_if<EventCount>(&part.kind)) {
      longest = std::max(longest, count->within.value_or(absl::ZeroDuration()));
    } else if (const Absence* absence = std::get_if<Absence>(&part.kind)) {
      longest = std::max(longest, absence->lasting);
    }
    // What is not to be met need not be waited for.
    return !std::holds_alternative<NoneOf>(part.kind);
  });
  return longest;
}

absl::Duration LeastTime(const Milestone& milestone) {
  if (milestone.scope != Scope::kFromStage) return absl::ZeroDuration();
  absl::Duration least = LeastTime(milestone.criterion);
  for (const Variant& variant : milestone.variants) least = std::min(least, LeastTime(variant.criterion));
  return least;
}

// The least time until so many of them are there.
absl::Duration NthLeast(std::vector<absl::Duration> times, size_t n) {
  if (n == 0 || n > times.size()) return absl::ZeroDuration();
  std::nth_element(times.begin(), times.begin() + (n - 1), times.end());
  return times[n - 1];
}

std::string Days(absl::Duration duration) {
  const int64_t hours = absl::ToInt64Hours(duration);
  if (hours >= 48 && hours % 24 == 0) return absl::StrCat(hours / 24, " days");
  return absl::FormatDuration(duration);
}

class Inspection {
 public:
  std::vector<Finding> Inspect(const Definition& definition) {
    for (size_t i = 0; i < definition.stages.size(); ++i) {
      InspectStage(definition.stages[i], absl::StrCat("stages[", i, "]"));
    }
    return std::move(findings_);
  }

 private:
  void Add(absl::string_view code, std::string path, std::string message, std::string hint, Severity severity) {
    Note(findings_,
         {std::string(code), std::move(path), std::move(message), std::move(hint), Layer::kMeaning, severity});
  }

  void Compare(absl::Duration given, absl::Duration least, absl::Duration window, const std::string& path,
               absl::string_view whose) {
    if (given < least) {
      Add("TARGET_UNATTAINABLE", path,
          absl::StrCat("it is ", Days(given), ", and ", whose, " takes ", Days(least), " at least"),
          "give more time, or ask for less", Severity::kError);
    } else if (given < window) {
      Add("TARGET_SHORTER_THAN_WINDOW", path,
          absl::StrCat("it is ", Days(given), ", and ", whose, " looks at ", Days(window)),
          "give as much time as is looked at, or look at less", Severity::kWarning);
    }
  }

  void InspectStage(const Stage& stage, const std::string& path) {
    std::vector<absl::Duration> all;
    absl::Duration required;
    absl::Duration window;
    for (size_t k = 0; k < stage.milestones.size(); ++k) {
      const Milestone& milestone = stage.milestones[k];
      const std::string at = absl::StrCat(path, ".milestones[", k, "].deadline");
      const absl::Duration least = LeastTime(milestone);
      const absl::Duration looked_at =
          milestone.scope == Scope::kFromStage ? LongestWindow(milestone.criterion) : absl::ZeroDuration();
      all.push_back(least);
      if (milestone.required) required = std::max(required, least);
      if (milestone.required) window = std::max(window, looked_at);
      if (!milestone.deadline.has_value()) continue;
      Compare(*milestone.deadline, least, looked_at, at, "its criterion");
      if (stage.stuck_after.has_value() && *milestone.deadline > *stage.stuck_after) {
        Add("DEADLINE_LONGER_THAN_STUCK", at,
            absl::StrCat("it is ", Days(*milestone.deadline), ", and a customer is stuck after ",
                         Days(*stage.stuck_after)),
            "let a customer be stuck only after its deadlines", Severity::kWarning);
      }
    }
    if (!stage.target.has_value()) return;
    if (stage.exit_at_least.has_value()) {
      required = NthLeast(std::move(all), *stage.exit_at_least);
      window = absl::ZeroDuration();
    }
    Compare(*stage.target, required, window, path + ".target", "a milestone of the stage");
  }

  std::vector<Finding> findings_;
};

}  // namespace

absl::Duration LeastTime(const Criterion& criterion) {
  if (const EventCount* count = std::get_if<EventCount>(&criterion.kind)) {
    // Between the first and the last day lie the others, whole. Where clocks are moved one may be shorter by an hour.
    if (count->distinct != Distinct::kDays || count->at_least <= 2) return absl::ZeroDuration();
    return (count->at_least - 2) * absl::Hours(24) - absl::Hours(3);
  }
  if (const Absence* absence = std::get_if<Absence>(&criterion.kind)) {
    return absence->since == Anchor::kStageEntered ? absence->lasting : absl::ZeroDuration();
  }
  const Some* some = std::get_if<Some>(&criterion.kind);
  if (some == nullptr) return absl::ZeroDuration();
  std::vector<absl::Duration> times;
  for (const Criterion& part : some->criteria) times.push_back(LeastTime(part));
  const size_t needed = some->quorum == Quorum::kAll ? times.size() : some->quorum == Quorum::kAny ? 1 : some->at_least;
  return NthLeast(std::move(times), needed);
}

std::vector<Finding> CheckTiming(const Definition& definition) { return Inspection().Inspect(definition); }

}  // namespace waymark::rules
