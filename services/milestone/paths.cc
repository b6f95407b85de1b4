#include "services/milestone/paths.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"

namespace waymark::milestone {
namespace {

// The nodes that are no stage and no event type come first.
constexpr uint32_t kEnrolled = 0, kCompleted = 1, kExited = 2, kStillThere = 3;
constexpr v1::PathEnd kEnds[] = {v1::PATH_END_ENROLLED, v1::PATH_END_COMPLETED, v1::PATH_END_EXITED,
                                 v1::PATH_END_STILL_THERE};
constexpr uint32_t kFirstNamed = 4;

}  // namespace

Paths::Paths(const rules::Journey& shown, bool between_events)
    : shown_(shown), between_events_(between_events), naming_(shown), nodes_(kFirstNamed) {}

absl::Status Paths::state() const {
  if (links_.size() <= kMostLinks) return absl::OkStatus();
  return WrongState(absl::StrCat("there are more than ", kMostLinks,
                                 " different ways: narrow the cohort, or ask for the ways between stages"));
}

uint32_t Paths::NodeOf(absl::string_view name) {
  const auto found = node_of_name_.find(name);
  if (found != node_of_name_.end()) return found->second;
  const auto node = static_cast<uint32_t>(nodes_.size());
  nodes_.push_back({.name = std::string(name)});
  node_of_name_.emplace(std::string(name), node);
  return node;
}

void Paths::Go(uint32_t to) {
  links_[{here_, to}].Count(run_);
  Node& node = nodes_[to];
  if (node.last_run == run_ && to != here_) node.rework.Count(run_);
  node.last_run = run_;
  here_ = to;
}

void Paths::End(const rules::Run& run) {
  Go(run.completed.has_value() ? kCompleted : run.exited.has_value() ? kExited : kStillThere);
}

void Paths::AddStages(const rules::Run& run, const rules::Journey& version) {
  for (const rules::Passage& passage : run.entered) Go(NodeOf(version.stages()[passage.stage].key));
}

void Paths::AddEvents(const rules::Run& run, const Traveller& traveller) {
  std::unique_ptr<const Naming>& naming = namings_[traveller.journey.version().number];
  if (naming == nullptr) naming = std::make_unique<const Naming>(traveller.journey);
  for (const rules::Item& item : StretchOf(run, traveller.history)) {
    if (item.kind != rules::ItemKind::kEvent || traveller.journey.IsTooLate(item)) continue;
    const uint32_t node = NodeOf(item.type);
    Go(node);
    if (!naming->Names(item.type)) nodes_[node].hidden.Count(run_);
  }
}

void Paths::Add(const Traveller& traveller) {
  for (const rules::Run* run : traveller.runs) {
    // What comes after is not looked at any more.
    if (!state().ok()) return;
    ++run_;
    here_ = kEnrolled;
    if (between_events_) {
      AddEvents(*run, traveller);
    } else {
      AddStages(*run, traveller.journey);
    }
    End(*run);
  }
}

v1::PathNode Paths::ToProto(uint32_t node) const {
  v1::PathNode to;
  if (node < kFirstNamed) {
    to.set_end(kEnds[node]);
  } else if (between_events_) {
    to.set_event_type(nodes_[node].name);
  } else {
    to.set_stage_key(nodes_[node].name);
  }
  return to;
}

bool Paths::LeadsBack(uint32_t from, uint32_t to) const {
  if (from < kFirstNamed || to < kFirstNamed) return false;
  if (between_events_) return from == to;
  const auto place_of = [&](const std::string& key) {
    return std::find_if(shown_.stages().begin(), shown_.stages().end(),
                        [&](const rules::Stage& stage) { return stage.key == key; });
  };
  const auto there = place_of(nodes_[to].name);
  return there != shown_.stages().end() && there <= place_of(nodes_[from].name);
}

void Paths::Write(size_t most, v1::GetPathsResponse& to) const {
  to.set_enrolled(run_);
  // The more often the earlier; then by name.
  using Ranked = std::tuple<int64_t, std::string, std::string, std::pair<uint32_t, uint32_t>>;
  std::vector<Ranked> ranked;
  for (const auto& [link, tally] : links_) {
    ranked.emplace_back(-tally.times, nodes_[link.first].name, nodes_[link.second].name, link);
  }
  std::sort(ranked.begin(), ranked.end());
  for (size_t i = 0; i < ranked.size(); ++i) {
    const auto& [from, into] = std::get<3>(ranked[i]);
    const Tally& tally = links_.at({from, into});
    if (i >= most) {
      to.set_other_links(to.other_links() + 1);
      to.set_other_times(to.other_times() + tally.times);
      continue;
    }
    v1::PathLink& link = *to.add_links();
    *link.mutable_from() = ToProto(from);
    *link.mutable_to() = ToProto(into);
    link.set_times(tally.times);
    link.set_enrollments(tally.enrollments);
    link.set_back(LeadsBack(from, into));
    const auto is_hidden = [&](uint32_t node) { return node >= kFirstNamed && !naming_.Names(nodes_[node].name); };
    link.set_hidden(between_events_ && (is_hidden(from) || is_hidden(into)));
  }
  std::vector<std::tuple<int64_t, std::string, uint32_t>> rework, hidden;
  for (uint32_t node = kFirstNamed; node < nodes_.size(); ++node) {
    if (nodes_[node].rework.times > 0) rework.emplace_back(-nodes_[node].rework.times, nodes_[node].name, node);
    if (nodes_[node].hidden.times > 0) hidden.emplace_back(-nodes_[node].hidden.times, nodes_[node].name, node);
  }
  std::sort(rework.begin(), rework.end());
  std::sort(hidden.begin(), hidden.end());
  for (size_t i = 0; i < std::min(most, rework.size()); ++i) {
    const uint32_t node = std::get<2>(rework[i]);
    v1::Rework& one = *to.add_rework();
    *one.mutable_node() = ToProto(node);
    one.set_times(nodes_[node].rework.times);
    one.set_enrollments(nodes_[node].rework.enrollments);
  }
  for (size_t i = 0; i < std::min(most, hidden.size()); ++i) {
    const Node& node = nodes_[std::get<2>(hidden[i])];
    v1::HiddenEventType& one = *to.add_hidden();
    one.set_event_type(node.name);
    one.set_times(node.hidden.times);
    one.set_enrollments(node.hidden.enrollments);
  }
}

}  // namespace waymark::milestone
