#include <algorithm>
#include <utility>

#include "services/rules/difference.h"
#include "services/rules/progress.h"

namespace waymark::rules {
namespace {

// Compares what an enrollment was known to be with what it is known to be.
class Telling {
 public:
  Telling(const Journey& journey, std::vector<Conclusion>& conclusions)
      : journey_(journey), conclusions_(conclusions) {}

  // Either may be nullptr: there is none. `ordinal`: which of its key's.
  void Compare(const Run* before, const Run* after, uint32_t ordinal) {
    before_ = before;
    after_ = after;
    template_ = {.run = ordinal, .key = after != nullptr ? after->key : before->key};
    if (after == nullptr) {
      RetractEnd();
      RetractPassages();
      Conclusion& conclusion = Add(ConclusionKind::kEnrollmentRetracted, before->entered.front().stage);
      Retract(conclusion, before->entered.front().moment());
      return;
    }
    if (before == nullptr) {
      Add(ConclusionKind::kEnrolled, after->entered.front().stage).now = after->entered.front().moment();
    }
    RetractEnd();
    RetractPassages();
    std::vector<bool> told(journey_.stages().size(), false);
    for (size_t i = 0; i < after->entered.size(); ++i) {
      ComparePassage(i);
      const size_t stage = after->entered[i].stage;
      if (!told[stage]) CompareMilestones(stage);
      told[stage] = true;
    }
    for (size_t stage = 0; stage < told.size(); ++stage) {
      if (!told[stage]) CompareMilestones(stage);
    }
    CompareEnd();
  }

 private:
  Conclusion& Add(ConclusionKind kind, size_t stage) {
    Conclusion& conclusion = conclusions_.emplace_back(template_);
    conclusion.kind = kind;
    conclusion.stage = stage;
    return conclusion;
  }

  static void Retract(Conclusion& conclusion, const Moment& told) {
    conclusion.previous = told.time;
    conclusion.now = told;
  }

  // How many passages both have in common.
  size_t CommonPassages() const {
    size_t common = 0;
    if (before_ == nullptr || after_ == nullptr) return common;
    while (common < before_->entered.size() && common < after_->entered.size() &&
           before_->entered[common].stage == after_->entered[common].stage) {
      ++common;
    }
    return common;
  }

  // How often the stage of a passage had been entered by then.
  static uint32_t Occurrence(const Run& run, size_t passage) {
    return static_cast<uint32_t>(
        std::count_if(run.entered.begin(), run.entered.begin() + passage + 1,
                      [&](const Passage& other) { return other.stage == run.entered[passage].stage; }));
  }

  void RetractPassages() {
    if (before_ == nullptr) return;
    for (size_t i = before_->entered.size(); i-- > CommonPassages();) {
      Conclusion& conclusion = Add(ConclusionKind::kStageRetracted, before_->entered[i].stage);
      conclusion.occurrence = Occurrence(*before_, i);
      Retract(conclusion, before_->entered[i].moment());
    }
  }

  void ComparePassage(size_t i) {
    const Passage& passage = after_->entered[i];
    const bool known = i < CommonPassages();
    if (known && before_->entered[i].moment() == passage.moment()) return;
    Conclusion& conclusion = Add(known ? ConclusionKind::kStageRevised : ConclusionKind::kStageEntered, passage.stage);
    conclusion.now = passage.moment();
    conclusion.occurrence = Occurrence(*after_, i);
    if (known) conclusion.previous = before_->entered[i].time;
    if (i > 0) conclusion.previous_stage = after_->entered[i - 1].stage;
  }

  void CompareMilestones(size_t stage) {
    for (size_t rule = journey_.first_rule(stage); rule < journey_.first_rule(stage + 1); ++rule) {
      CompareMilestone(stage, rule);
    }
  }

  void CompareMilestone(size_t stage, size_t rule) {
    static const MilestoneProgress& none = *new MilestoneProgress();
    const MilestoneProgress& was = before_ == nullptr ? none : before_->milestones[rule];
    const MilestoneProgress& is = after_->milestones[rule];
    const auto add = [&](ConclusionKind kind, const MilestoneProgress& of) -> Conclusion& {
      Conclusion& conclusion = Add(kind, stage);
      conclusion.milestone = rule;
      conclusion.occurrence = of.earlier + 1;
      return conclusion;
    };
    if (was.achieved.has_value() && is.achieved.has_value() && was.earlier == is.earlier) {
      if (was.achieved == is.achieved) return;
      Conclusion& conclusion = add(ConclusionKind::kMilestoneRevised, is);
      conclusion.now = *is.achieved;
      conclusion.previous = was.achieved->time;
      return;
    }
    if (was.achieved.has_value()) {
      const auto revocation = std::find_if(after_->revoked.begin(), after_->revoked.end(),
                                           [&](const Revocation& revoked) { return revoked.milestone == rule; });
      if (is.earlier <= was.earlier) {
        Retract(add(ConclusionKind::kMilestoneRetracted, was), *was.achieved);
      } else if (!is.achieved.has_value() && revocation != after_->revoked.end()) {
        Conclusion& conclusion = add(ConclusionKind::kMilestoneRevoked, was);
        conclusion.now = revocation->moment;
        conclusion.previous = was.achieved->time;
      }
    }
    // What was counted past and holds no more.
    for (uint32_t i = was.earlier; i > is.earlier + is.achieved.has_value(); --i) {
      Conclusion& conclusion = add(ConclusionKind::kMilestoneRetracted, was);
      conclusion.occurrence = i;
      conclusion.perhaps = true;
    }
    if (is.achieved.has_value()) {
      Conclusion& conclusion = add(ConclusionKind::kMilestoneAchieved, is);
      conclusion.now = *is.achieved;
      conclusion.perhaps = is.earlier < was.earlier;
    }
  }

  static bool SameEnd(const Run& a, const Run& b) {
    return a.completed.has_value() == b.completed.has_value() && a.exited.has_value() == b.exited.has_value() &&
           (!a.exited.has_value() || a.exited->exit == b.exited->exit);
  }

  void RetractEnd() {
    if (before_ == nullptr || !before_->ended() || (after_ != nullptr && SameEnd(*before_, *after_))) return;
    if (before_->completed.has_value()) {
      Retract(Add(ConclusionKind::kCompletionRetracted, before_->stage()), *before_->completed);
    } else {
      Conclusion& conclusion = Add(ConclusionKind::kExitRetracted, before_->stage());
      conclusion.exit = before_->exited->exit;
      Retract(conclusion, before_->exited->moment);
    }
  }

  void CompareEnd() {
    if (!after_->ended() || (before_ != nullptr && SameEnd(*before_, *after_))) return;
    if (after_->completed.has_value()) {
      Add(ConclusionKind::kCompleted, after_->stage()).now = *after_->completed;
    } else {
      Conclusion& conclusion = Add(ConclusionKind::kExited, after_->stage());
      conclusion.now = after_->exited->moment;
      conclusion.exit = after_->exited->exit;
    }
  }

  const Journey& journey_;
  std::vector<Conclusion>& conclusions_;
  const Run* before_ = nullptr;
  const Run* after_ = nullptr;
  Conclusion template_;
};

}  // namespace

std::vector<Conclusion> Compare(const Journey& journey, const Progress& before, const Progress& after) {
  std::vector<Conclusion> conclusions;
  Telling telling(journey, conclusions);
  const absl::Span<const Run> were = before.enrollments();
  const absl::Span<const Run> are = after.enrollments();
  for (size_t i = 0; i < were.size(); ++i) {
    const uint32_t ordinal = OrdinalOf(were, i);
    if (FindRun(are, were[i].key, ordinal) == nullptr) telling.Compare(&were[i], nullptr, ordinal);
  }
  for (size_t i = 0; i < are.size(); ++i) {
    const uint32_t ordinal = OrdinalOf(are, i);
    telling.Compare(FindRun(were, are[i].key, ordinal), &are[i], ordinal);
  }
  return conclusions;
}

}  // namespace waymark::rules
