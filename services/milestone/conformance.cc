#include "services/milestone/conformance.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace waymark::milestone {
namespace {

constexpr size_t kMostShown = 100;

}  // namespace

absl::Status Conformance::state() const {
  if (deviations_.size() <= kMostDeviations) return absl::OkStatus();
  return WrongState(absl::StrCat("there are more than ", kMostDeviations, " different deviations: narrow the cohort"));
}

void Conformance::Add(const Traveller& traveller) {
  std::unique_ptr<const Naming>& naming = namings_[traveller.journey.version().number];
  if (naming == nullptr) naming = std::make_unique<const Naming>(traveller.journey);
  for (const rules::Run* run : traveller.runs) {
    // What comes after is not looked at any more.
    if (!state().ok()) return;
    ++run_;
    Walk(*run, *naming, traveller);
  }
}

void Conformance::Walk(const rules::Run& run, const Naming& naming, const Traveller& traveller) {
  const std::vector<rules::Stage>& stages = traveller.journey.stages();
  size_t stay = 0;                          // The passage stood in.
  std::vector<bool> passed(stages.size());  // Stages stood in before.
  const auto move_on = [&] { passed[run.entered[stay++].stage] = true; };
  bool conforms = true;
  for (const rules::Item& item : StretchOf(run, traveller.history)) {
    if (traveller.journey.IsTooLate(item)) continue;
    // Time alone moved on, after everything of its instant.
    while (stay + 1 < run.entered.size() && run.entered[stay + 1].item == 0 && run.entered[stay + 1].time < item.time) {
      move_on();
    }
    if (item.kind == rules::ItemKind::kEvent) {
      const size_t here = run.entered[stay].stage;
      const Naming::Named named = naming.Find(item);
      const bool opens = item.number == run.entered.front().item;
      if (opens || named.anywhere || std::binary_search(named.stages.begin(), named.stages.end(), here)) {
        ++fitting_;
      } else if (named.nowhere()) {
        ++outside_;
      } else {
        // The last of those passed; else the next ahead, else, of those that were left out, the last.
        size_t by = named.stages.front();
        v1::DeviationKind kind = v1::DEVIATION_KIND_AHEAD;
        for (const size_t stage : named.stages) {
          if (passed[stage]) {
            kind = v1::DEVIATION_KIND_AGAIN;
            by = stage;
          } else if (kind == v1::DEVIATION_KIND_AHEAD && by < here) {
            by = stage;
          }
        }
        conforms = conforms && kind != v1::DEVIATION_KIND_AHEAD;
        ++(kind == v1::DEVIATION_KIND_AHEAD ? ahead_ : again_);
        Tally& tally = deviations_[{kind, std::string(item.type), stages[here].key, stages[by].key}];
        if (tally.times++ == 0) {
          tally.example_customer = std::string(traveller.customer_id);
          tally.example_event = std::string(item.id);
        }
        if (tally.last_run != run_) ++tally.enrollments;
        tally.last_run = run_;
      }
    }
    while (stay + 1 < run.entered.size() && run.entered[stay + 1].item == item.number) move_on();
  }
  if (conforms) ++conforming_;
}

void Conformance::Write(v1::GetConformanceResponse& to) const {
  to.set_enrolled(run_);
  to.set_conforming(conforming_);
  to.set_fitting(fitting_);
  to.set_ahead(ahead_);
  to.set_again(again_);
  to.set_outside(outside_);
  const int64_t in_order = fitting_ + again_;
  to.set_share(in_order + ahead_ == 0 ? 1 : static_cast<double>(in_order) / static_cast<double>(in_order + ahead_));
  std::vector<std::pair<const Alike*, const Tally*>> ranked;
  for (const auto& [alike, tally] : deviations_) ranked.emplace_back(&alike, &tally);
  // Ties stay in the order of the map.
  std::stable_sort(ranked.begin(), ranked.end(), [](const auto& one, const auto& other) {
    const v1::DeviationKind kind = std::get<0>(*one.first), other_kind = std::get<0>(*other.first);
    return kind != other_kind ? kind < other_kind : one.second->times > other.second->times;
  });
  for (size_t i = 0; i < std::min(kMostShown, ranked.size()); ++i) {
    const auto& [kind, type, stage, named_by] = *ranked[i].first;
    const Tally& tally = *ranked[i].second;
    v1::Deviation& deviation = *to.add_deviations();
    deviation.set_kind(kind);
    deviation.set_event_type(type);
    deviation.set_stage_key(stage);
    deviation.set_named_by_stage_key(named_by);
    deviation.set_times(tally.times);
    deviation.set_enrollments(tally.enrollments);
    deviation.set_example_customer_id(tally.example_customer);
    deviation.set_example_event_id(tally.example_event);
  }
}

}  // namespace waymark::milestone
