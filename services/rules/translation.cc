#include "services/rules/translation.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/string_view.h"

namespace waymark::rules {
namespace {

// Where the other version has what this one has, by key.
class Words {
 public:
  Words(const Journey& from, const Journey& to) : from_(from) {
    for (size_t i = 0; i < to.stages().size(); ++i) stages_[to.stages()[i].key] = i;
    for (size_t i = 0; i < to.rules().size(); ++i) milestones_[to.milestone(i).key] = i;
    const std::vector<Exit>& exits = to.version().definition.exits;
    for (size_t i = 0; i < exits.size(); ++i) exits_[exits[i].key] = i;
  }
  std::optional<size_t> OfStage(size_t index) const { return Find(stages_, from_.stages()[index].key); }
  std::optional<size_t> OfMilestone(size_t rule) const { return Find(milestones_, from_.milestone(rule).key); }
  std::optional<size_t> OfExit(size_t index) const { return Find(exits_, from_.version().definition.exits[index].key); }

 private:
  using Indices = std::map<absl::string_view, size_t>;
  static std::optional<size_t> Find(const Indices& indices, absl::string_view key) {
    const auto found = indices.find(key);
    return found == indices.end() ? std::nullopt : std::optional<size_t>(found->second);
  }

  const Journey& from_;
  Indices stages_;
  Indices milestones_;
  Indices exits_;
};

// Takes out of a run what there are no words for.
Run Without(Run run, const Words& words) {
  const auto strange = std::find_if(run.entered.begin(), run.entered.end(),
                                    [&](const Passage& passage) { return !words.OfStage(passage.stage).has_value(); });
  const bool cut = strange != run.entered.end();
  run.entered.erase(strange, run.entered.end());
  const bool strange_exit =
      run.exited.has_value() && run.exited->exit.has_value() && !words.OfExit(*run.exited->exit).has_value();
  if (cut) run.completed = std::nullopt;
  if (cut || strange_exit) run.exited = std::nullopt;
  for (size_t rule = 0; rule < run.milestones.size(); ++rule) {
    if (!words.OfMilestone(rule).has_value()) run.milestones[rule].achieved = std::nullopt;
  }
  return run;
}

Run Say(const Run& kept, const Words& words, const Journey& to) {
  Run said{.key = kept.key, .completed = kept.completed, .exited = kept.exited};
  for (Passage passage : kept.entered) {
    passage.stage = *words.OfStage(passage.stage);
    said.entered.push_back(passage);
  }
  if (said.exited.has_value() && said.exited->exit.has_value()) said.exited->exit = words.OfExit(*said.exited->exit);
  said.milestones.resize(to.rules().size());
  for (size_t rule = 0; rule < kept.milestones.size(); ++rule) {
    const std::optional<size_t> other = words.OfMilestone(rule);
    if (other.has_value()) {
      said.milestones[*other] = {.earlier = kept.milestones[rule].earlier, .achieved = kept.milestones[rule].achieved};
    }
  }
  return said;
}

}  // namespace

Translation Translate(const Journey& from, const Progress& progress, const Journey& to) {
  const Words words(from, to);
  Progress kept;
  Translation translation;
  for (const Run& run : progress.enrollments()) {
    Run less = Without(run, words);
    // Which of its key's an enrollment is would change for those behind one that is not there.
    if (!less.enrolled()) break;
    translation.told.runs.push_back(Say(less, words, to));
    kept.runs.push_back(std::move(less));
  }
  translation.retractions = Compare(from, progress, kept);
  return translation;
}

}  // namespace waymark::rules
