#include "services/milestone/facts.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "services/milestone/convert.h"
#include "waymark/milestone/v1/facts.pb.h"
#include "waymark/milestone/v1/record.pb.h"

namespace waymark::milestone {
namespace {

// Fills a timeline item from a fact; false where the payload is not a Fact.
template <typename Fact>
bool FillConclusion(const journal::Entry& entry, v1::ConclusionKind kind, v1::TimelineItem& item, Fact& fact) {
  if (!fact.ParseFromString(entry.payload)) return false;
  v1::TimelineConclusion* to = item.mutable_conclusion();
  to->set_kind(kind);
  to->set_journey_id(fact.context().journey_id());
  to->set_version(fact.context().version());
  to->set_witness_event_id(fact.context().witness_event_id());
  to->set_historical(fact.context().historical());
  return true;
}

// The enrollment: its number among those of its entry key, and the key where it has one.
std::string EffectKey(absl::string_view journey_id, absl::string_view customer_id, const rules::Conclusion& conclusion,
                      absl::string_view effect) {
  const std::string run =
      conclusion.key.empty() ? absl::StrCat(conclusion.run) : absl::StrCat(conclusion.run, ":", conclusion.key);
  return absl::StrCat(journey_id, "/", run, "/", effect, "/", customer_id);
}

// What happens again has another effect.
std::string Occurrence(const rules::Conclusion& conclusion) {
  return conclusion.occurrence > 1 ? absl::StrCat("/", conclusion.occurrence) : std::string();
}

std::string MilestoneEffect(absl::string_view milestone_key, const rules::Conclusion& conclusion) {
  return absl::StrCat("milestone/", milestone_key, Occurrence(conclusion));
}

template <typename Fact>
bool Is(const journal::Entry& entry, Fact& fact) {
  return entry.type == fact.GetDescriptor()->full_name() && fact.ParseFromString(entry.payload);
}

}  // namespace

std::string MilestoneEffectKey(const rules::Journey& journey, absl::string_view customer_id,
                               const rules::Conclusion& conclusion) {
  return EffectKey(journey.version().journey_id, customer_id, conclusion,
                   MilestoneEffect(journey.milestone(*conclusion.milestone).key, conclusion));
}

std::map<std::string, absl::Time> StandingAchievements(absl::Span<const journal::Entry> entries) {
  std::map<std::string, absl::Time> standing;
  v1::MilestoneAchieved achieved;
  v1::MilestoneRevised revised;
  v1::MilestoneRevoked revoked;
  v1::ConclusionRetracted retracted;
  for (const journal::Entry& entry : entries) {
    if (Is(entry, achieved)) standing[achieved.context().effect_key()] = ToTime(achieved.achieve_time());
    if (Is(entry, revised)) standing[revised.context().effect_key()] = ToTime(revised.achieve_time());
    if (Is(entry, revoked)) standing.erase(revoked.context().effect_key());
    if (!Is(entry, retracted)) continue;
    const std::string& key = retracted.context().effect_key();
    if (retracted.kind() == v1::RETRACTED_KIND_MILESTONE) standing.erase(key);
    if (retracted.kind() != v1::RETRACTED_KIND_ENROLLMENT) continue;
    // And everything that followed.
    const std::string run = key.substr(0, key.size() - absl::StrCat("enrolled/", entry.key).size());
    std::erase_if(standing, [&](const auto& one) { return absl::StartsWith(one.first, run); });
  }
  return standing;
}

journal::NewEntry ToFact(const rules::Journey& journey, const FactContext& context,
                         const rules::Conclusion& conclusion) {
  const std::string& stage_key = journey.stages()[conclusion.stage].key;
  const std::string milestone_key =
      conclusion.milestone.has_value() ? journey.milestone(*conclusion.milestone).key : std::string();
  const auto fill = [&](v1::ProgressContext* to, absl::string_view effect) {
    to->set_customer_id(std::string(context.customer_id));
    to->set_journey_id(std::string(context.journey_id));
    to->set_version(context.version);
    to->set_effect_key(EffectKey(context.journey_id, context.customer_id, conclusion, effect));
    to->set_witness_event_id(context.witness_event_id);
    to->set_historical(context.historical);
  };
  const std::string milestone_effect = MilestoneEffect(milestone_key, conclusion);
  const std::string stage_effect = absl::StrCat("stage/", stage_key, Occurrence(conclusion));
  const auto entry = [](const google::protobuf::Message& fact) {
    return journal::NewEntry{.type = fact.GetDescriptor()->full_name(), .payload = fact.SerializeAsString()};
  };
  const auto retracted = [&](v1::RetractedKind kind, absl::string_view effect) {
    v1::ConclusionRetracted fact;
    fill(fact.mutable_context(), effect);
    fact.set_kind(kind);
    fact.set_stage_key(stage_key);
    fact.set_milestone_key(milestone_key);
    SetTime(*conclusion.previous, fact.mutable_previous_time());
    return entry(fact);
  };
  switch (conclusion.kind) {
    case rules::ConclusionKind::kEnrolled: {
      v1::CustomerEnrolled fact;
      fill(fact.mutable_context(), "enrolled");
      SetTime(conclusion.now.time, fact.mutable_enter_time());
      return entry(fact);
    }
    case rules::ConclusionKind::kMilestoneAchieved: {
      v1::MilestoneAchieved fact;
      fill(fact.mutable_context(), milestone_effect);
      fact.set_stage_key(stage_key);
      fact.set_milestone_key(milestone_key);
      SetTime(conclusion.now.time, fact.mutable_achieve_time());
      return entry(fact);
    }
    case rules::ConclusionKind::kMilestoneRevised: {
      v1::MilestoneRevised fact;
      fill(fact.mutable_context(), milestone_effect);
      fact.set_stage_key(stage_key);
      fact.set_milestone_key(milestone_key);
      SetTime(conclusion.now.time, fact.mutable_achieve_time());
      SetTime(*conclusion.previous, fact.mutable_previous_achieve_time());
      return entry(fact);
    }
    case rules::ConclusionKind::kStageEntered: {
      v1::StageEntered fact;
      fill(fact.mutable_context(), stage_effect);
      fact.set_stage_key(stage_key);
      if (conclusion.previous_stage.has_value()) {
        fact.set_previous_stage_key(journey.stages()[*conclusion.previous_stage].key);
      }
      SetTime(conclusion.now.time, fact.mutable_enter_time());
      return entry(fact);
    }
    case rules::ConclusionKind::kStageRevised: {
      v1::StageRevised fact;
      fill(fact.mutable_context(), stage_effect);
      fact.set_stage_key(stage_key);
      SetTime(conclusion.now.time, fact.mutable_enter_time());
      SetTime(*conclusion.previous, fact.mutable_previous_enter_time());
      return entry(fact);
    }
    case rules::ConclusionKind::kCompleted: {
      v1::JourneyCompleted fact;
      fill(fact.mutable_context(), "completed");
      SetTime(conclusion.now.time, fact.mutable_complete_time());
      return entry(fact);
    }
    case rules::ConclusionKind::kMilestoneRevoked: {
      v1::MilestoneRevoked fact;
      fill(fact.mutable_context(), milestone_effect);
      fact.set_stage_key(stage_key);
      fact.set_milestone_key(milestone_key);
      SetTime(conclusion.now.time, fact.mutable_revoke_time());
      SetTime(*conclusion.previous, fact.mutable_achieve_time());
      return entry(fact);
    }
    case rules::ConclusionKind::kExited: {
      v1::CustomerExited fact;
      fill(fact.mutable_context(), "exited");
      if (conclusion.exit.has_value()) fact.set_exit_key(journey.version().definition.exits[*conclusion.exit].key);
      fact.set_stage_key(stage_key);
      SetTime(conclusion.now.time, fact.mutable_exit_time());
      return entry(fact);
    }
    case rules::ConclusionKind::kEnrollmentRetracted:
      return retracted(v1::RETRACTED_KIND_ENROLLMENT, "enrolled");
    case rules::ConclusionKind::kMilestoneRetracted:
      return retracted(v1::RETRACTED_KIND_MILESTONE, milestone_effect);
    case rules::ConclusionKind::kStageRetracted:
      return retracted(v1::RETRACTED_KIND_STAGE, stage_effect);
    case rules::ConclusionKind::kCompletionRetracted:
      return retracted(v1::RETRACTED_KIND_COMPLETION, "completed");
    case rules::ConclusionKind::kExitRetracted:
      return retracted(v1::RETRACTED_KIND_EXIT, "exited");
  }
  return {};
}

std::optional<v1::TimelineItem> ToTimelineItem(const journal::Entry& entry) {
  v1::TimelineItem item;
  SetTime(entry.record_time, item.mutable_record_time());
  item.set_item_id(absl::StrCat("milestone/", entry.lane, "/", entry.position));
  v1::EventAccepted accepted;
  v1::RecordAccepted record;
  v1::CustomerEnrolled enrolled;
  v1::MilestoneAchieved achieved;
  v1::MilestoneRevised milestone_revised;
  v1::StageEntered entered;
  v1::StageRevised stage_revised;
  v1::JourneyCompleted completed;
  v1::MilestoneRevoked revoked;
  v1::CustomerExited exited;
  v1::ConclusionRetracted retracted;
  const auto is = [&](const google::protobuf::Message& message) {
    return entry.type == message.GetDescriptor()->full_name();
  };
  if (is(accepted)) {
    if (!accepted.ParseFromString(entry.payload)) return std::nullopt;
    if (accepted.has_receive_time()) *item.mutable_record_time() = accepted.receive_time();
    item.set_item_id(accepted.event().event_id());
    *item.mutable_time() = accepted.event().event_time();
    *item.mutable_event() = std::move(*accepted.mutable_event());
  } else if (is(record)) {
    if (!record.ParseFromString(entry.payload)) return std::nullopt;
    if (record.has_receive_time()) *item.mutable_record_time() = record.receive_time();
    item.set_item_id(record.record().record_id());
    *item.mutable_time() = record.record().time();
    *item.mutable_record() = std::move(*record.mutable_record());
  } else if (is(enrolled)) {
    if (!FillConclusion(entry, v1::CONCLUSION_KIND_ENROLLED, item, enrolled)) return std::nullopt;
    *item.mutable_time() = enrolled.enter_time();
  } else if (is(achieved)) {
    if (!FillConclusion(entry, v1::CONCLUSION_KIND_MILESTONE_ACHIEVED, item, achieved)) return std::nullopt;
    *item.mutable_time() = achieved.achieve_time();
    item.mutable_conclusion()->set_stage_key(achieved.stage_key());
    item.mutable_conclusion()->set_milestone_key(achieved.milestone_key());
  } else if (is(milestone_revised)) {
    if (!FillConclusion(entry, v1::CONCLUSION_KIND_MILESTONE_REVISED, item, milestone_revised)) return std::nullopt;
    *item.mutable_time() = milestone_revised.achieve_time();
    item.mutable_conclusion()->set_stage_key(milestone_revised.stage_key());
    item.mutable_conclusion()->set_milestone_key(milestone_revised.milestone_key());
  } else if (is(entered)) {
    if (!FillConclusion(entry, v1::CONCLUSION_KIND_STAGE_ENTERED, item, entered)) return std::nullopt;
    *item.mutable_time() = entered.enter_time();
    item.mutable_conclusion()->set_stage_key(entered.stage_key());
  } else if (is(stage_revised)) {
    if (!FillConclusion(entry, v1::CONCLUSION_KIND_STAGE_REVISED, item, stage_revised)) return std::nullopt;
    *item.mutable_time() = stage_revised.enter_time();
    item.mutable_conclusion()->set_stage_key(stage_revised.stage_key());
  } else if (is(completed)) {
    if (!FillConclusion(entry, v1::CONCLUSION_KIND_JOURNEY_COMPLETED, item, completed)) return std::nullopt;
    *item.mutable_time() = completed.complete_time();
  } else if (is(revoked)) {
    if (!FillConclusion(entry, v1::CONCLUSION_KIND_MILESTONE_REVOKED, item, revoked)) return std::nullopt;
    *item.mutable_time() = revoked.revoke_time();
    item.mutable_conclusion()->set_stage_key(revoked.stage_key());
    item.mutable_conclusion()->set_milestone_key(revoked.milestone_key());
  } else if (is(exited)) {
    if (!FillConclusion(entry, v1::CONCLUSION_KIND_EXITED, item, exited)) return std::nullopt;
    *item.mutable_time() = exited.exit_time();
    item.mutable_conclusion()->set_stage_key(exited.stage_key());
  } else if (is(retracted)) {
    if (!FillConclusion(entry, v1::CONCLUSION_KIND_RETRACTED, item, retracted)) return std::nullopt;
    *item.mutable_time() = retracted.previous_time();
    item.mutable_conclusion()->set_stage_key(retracted.stage_key());
    item.mutable_conclusion()->set_milestone_key(retracted.milestone_key());
  } else {
    return std::nullopt;
  }
  return item;
}

}  // namespace waymark::milestone
