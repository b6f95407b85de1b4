#include "services/rules/validation.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace waymark::rules {
namespace {

// Walks through a definition and notes what is wrong.
class Inspection {
 public:
  std::vector<Finding> Inspect(const Definition& definition) {
    if (definition.stages.empty()) {
      Add("NOTHING_TO_PASS", "stages", "the journey has no stage", "add the stages that a customer passes, in order",
          Layer::kMeaning);
    } else if (std::all_of(definition.stages.begin(), definition.stages.end(),
                           [](const Stage& stage) { return stage.milestones.empty(); })) {
      Add("NOTHING_TO_PASS", "stages", "no stage has a milestone: whoever gets in has completed the journey at once",
          "add the milestones that complete a stage", Layer::kMeaning);
    }
    size_t milestones = 0;
    for (const Stage& stage : definition.stages) milestones += stage.milestones.size();
    if (milestones > kMostMilestones) {
      Add("TOO_MANY", "stages", absl::StrCat("there are ", milestones, " milestones"),
          absl::StrCat("keep to ", kMostMilestones, " in the whole journey"), Layer::kForm);
    }
    for (size_t i = 0; i < definition.stages.size(); ++i) {
      for (size_t k = 0; k < definition.stages[i].milestones.size(); ++k) {
        InspectKey(definition.stages[i].milestones[k].key, absl::StrCat("stages[", i, "].milestones[", k, "].key"));
      }
    }
    return std::move(findings_);
  }

 private:
  void Add(absl::string_view code, std::string path, std::string message, std::string hint, Layer layer) {
    if (findings_.size() >= kMostFindings) return;
    findings_.push_back({std::string(code), std::move(path), std::move(message), std::move(hint), layer});
  }

  void InspectKey(const std::string& key, std::string path) {
    if (key.empty() || findings_.size() >= kMostFindings) return;
    if (const auto [first, is_new] = milestones_.emplace(key, path); !is_new) {
      Add("KEY_REPEATED", std::move(path), absl::StrCat("\"", key, "\" is the key of ", first->second, " already"),
          "choose a key that is used only once in the journey", Layer::kForm);
    }
  }

  std::vector<Finding> findings_;
  absl::flat_hash_map<std::string, std::string> milestones_;
};

}  // namespace

std::vector<Finding> Validate(const Definition& definition) { return Inspection().Inspect(definition); }

}  // namespace waymark::rules
