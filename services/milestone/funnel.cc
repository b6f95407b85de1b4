#include "services/milestone/funnel.h"

#include "services/milestone/analytics_convert.h"

namespace waymark::milestone {

void Funnel::Add(const Traveller& traveller) {
  ++customers_;
  const Counterparts::Places& places = counterparts_.Of(traveller.journey);
  for (const rules::Run* run : traveller.runs) {
    ++enrolled_;
    Add(*run, places);
    for (size_t stage = 0; stage < traveller.open.size(); ++stage) {
      if (traveller.open[stage] && places.stages[stage].has_value()) ++stages_[*places.stages[stage]].open;
    }
  }
}

void Funnel::Add(const rules::Run& run, const Counterparts::Places& places) {
  for (size_t stage = 0; stage < places.stages.size(); ++stage) {
    if (!places.stages[stage].has_value()) continue;
    bool entered = false;
    bool completed = false;
    for (const rules::Passage& passage : run.entered) {
      if (passage.stage != stage) continue;
      entered = true;
      completed = completed || passage.completed.has_value();
    }
    if (!entered) continue;
    const bool present = !run.ended() && run.stage() == stage;
    Counts& counts = stages_[*places.stages[stage]];
    ++counts.entered;
    if (completed) ++counts.completed;
    if (present) ++counts.present;
    if (!completed && !present) ++counts.left;
  }
}

void Funnel::Write(bool with_open, v1::GetFunnelResponse& to) const {
  to.set_enrolled(enrolled_);
  to.set_customers(customers_);
  for (size_t i = 0; i < stages_.size(); ++i) {
    const Counts& counts = stages_[i];
    v1::FunnelStage& stage = *to.add_stages();
    stage.set_stage_key(shown_.stages()[i].key);
    stage.set_title(TitleOf(shown_.stages()[i]));
    stage.set_entered(counts.entered);
    stage.set_completed(counts.completed);
    stage.set_present(counts.present);
    stage.set_left(counts.left);
    if (with_open) stage.set_open(counts.open);
    if (enrolled_ > 0) stage.set_conversion(static_cast<double>(counts.completed) / static_cast<double>(enrolled_));
  }
}

}  // namespace waymark::milestone
