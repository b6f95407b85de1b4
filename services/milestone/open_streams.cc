#include "services/milestone/open_streams.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/errors.h"

namespace waymark::milestone {

absl::StatusOr<OpenStreams::Place> OpenStreams::Enter(const std::string& workspace, std::function<void()> end) {
  absl::MutexLock lock(&mutex_);
  if (stopping_) return Stopping();
  const auto of_workspace = of_workspace_.find(workspace);
  if (of_workspace != of_workspace_.end() && of_workspace->second >= most_of_workspace_) {
    return Overloaded(absl::StrCat(most_of_workspace_, " of these streams are open in this workspace: end one first"),
                      absl::Seconds(5));
  }
  if (static_cast<int>(open_.size()) >= most_) {
    return Overloaded("too many of these streams are open at once: try again later", absl::Seconds(5));
  }
  const int64_t number = ++entered_;
  open_[number] = {workspace, std::move(end)};
  ++of_workspace_[workspace];
  return Place(this, [this, number](const void*) { Leave(number); });
}

void OpenStreams::Leave(int64_t number) {
  absl::MutexLock lock(&mutex_);
  const auto open = open_.find(number);
  const auto of_workspace = of_workspace_.find(open->second.workspace);
  if (--of_workspace->second == 0) of_workspace_.erase(of_workspace);
  open_.erase(open);
}

void OpenStreams::Stop() {
  std::vector<std::function<void()>> ends;
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    for (auto& [number, open] : open_) {
      if (open.end != nullptr) ends.push_back(std::exchange(open.end, nullptr));
    }
  }
  for (const std::function<void()>& end : ends) end();
}

bool OpenStreams::stopping() const {
  absl::MutexLock lock(&mutex_);
  return stopping_;
}

}  // namespace waymark::milestone
