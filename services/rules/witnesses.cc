#include <algorithm>

#include "services/rules/folding.h"
#include "services/rules/progress.h"

namespace waymark::rules {
namespace {

// Notes what is counted for each rule of each run while it is not achieved.
class Noting : public FoldingListener {
 public:
  Noting(const Journey& journey, const Progress& progress) : journey_(journey), progress_(progress) {
    notes_.emplace_back(journey.rules().size());
  }

  void Counted(size_t run, size_t rule, const Leaf* leaf, const Item& item) override {
    // A plain rule counts no item after the one that achieved it, but is told of that one when it is achieved already.
    if (leaf != nullptr && progress_.runs[run].milestones[rule].achieved.has_value()) return;
    std::vector<Note>& notes = notes_[run][rule];
    if (notes.empty() || notes.back().item.data() != item.id.data() || notes.back().item != item.id) {
      notes.push_back({item.id, item.time, absl::InfiniteDuration()});
    }
    if (leaf != nullptr && leaf->within.has_value()) {
      notes.back().within = *leaf->within;
      // What has left the window counts no more.
      notes.erase(std::remove_if(notes.begin(), notes.end(),
                                 [&](const Note& note) { return note.time <= item.time - note.within; }),
                  notes.end());
    } else {
      notes.back().within = absl::InfiniteDuration();
    }
  }

  void Achieved(size_t run, size_t rule, const Item& item) override {
    notes_[run][rule] = {{item.id, item.time, absl::InfiniteDuration()}};
  }

  void BeganAnew(size_t run, size_t rule) override {
    // A revocable milestone is told so when it is revoked: what still counts goes on counting.
    if (journey_.rules()[rule].latching != Latching::kRevocable) notes_[run][rule].clear();
  }

  void Opened(size_t run) override {
    if (notes_.size() < progress_.runs.size()) notes_.insert(notes_.begin() + run, notes_[run]);
  }

  void Took(size_t, const Way&) override {}

  std::vector<absl::string_view> Witnesses(size_t run, size_t rule) const {
    std::vector<absl::string_view> items;
    for (const Note& note : notes_[run][rule]) items.push_back(note.item);
    return items;
  }

 private:
  struct Note {
    absl::string_view item;
    absl::Time time;
    absl::Duration within;
  };
  const Journey& journey_;
  const Progress& progress_;
  std::vector<std::vector<std::vector<Note>>> notes_;
};

}  // namespace

std::vector<std::vector<absl::string_view>> FindWitnesses(const Journey& journey, absl::Span<const Item> history,
                                                          absl::Time now, std::optional<size_t> enrollment) {
  Progress progress;
  Noting noting(journey, progress);
  Folding folding(journey, progress, &noting);
  for (const Item& item : history) {
    while (progress.next < item.time) folding.Fire(progress.next);
    folding.Apply(item);
  }
  while (progress.next <= now) folding.Fire(progress.next);
  const size_t newest = progress.enrolled() ? progress.enrollments().size() - 1 : 0;
  const size_t run = std::min(enrollment.value_or(newest), progress.runs.size() - 1);
  std::vector<std::vector<absl::string_view>> witnesses(journey.rules().size());
  for (size_t rule = 0; rule < witnesses.size(); ++rule) witnesses[rule] = noting.Witnesses(run, rule);
  return witnesses;
}

}  // namespace waymark::rules
