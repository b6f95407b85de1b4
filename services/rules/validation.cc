#include "services/rules/validation.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace waymark::rules {
namespace {

bool IsKey(absl::string_view key) {
  return !key.empty() && key.size() <= 63 && absl::ascii_islower(key[0]) &&
         std::all_of(key.begin(), key.end(),
                     [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-' || c == '_'; });
}

// Code points of UTF-8: every byte that does not continue one.
size_t Characters(absl::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

// Walks through a definition and notes what is wrong.
class Inspection {
 public:
  std::vector<Finding> Inspect(const Definition& definition) {
    Inspect(definition.entry);
    if (definition.stages.empty()) {
      Add("NOTHING_TO_PASS", "stages", "the journey has no stage", "add the stages that a customer passes, in order",
          Layer::kMeaning);
    } else if (std::all_of(definition.stages.begin(), definition.stages.end(),
                           [](const Stage& stage) { return stage.milestones.empty(); })) {
      Add("NOTHING_TO_PASS", "stages", "no stage has a milestone: whoever gets in has completed the journey at once",
          "add the milestones that complete a stage", Layer::kMeaning);
    }
    if (definition.stages.size() > kMostStages) {
      Add("STAGES_TOO_MANY", "stages", absl::StrCat("there are ", definition.stages.size(), " stages"),
          absl::StrCat("keep to ", kMostStages));
    }
    size_t milestones = 0;
    for (const Stage& stage : definition.stages) milestones += stage.milestones.size();
    if (milestones > kMostMilestones) {
      Add("MILESTONES_TOO_MANY", "stages", absl::StrCat("there are ", milestones, " milestones"),
          absl::StrCat("keep to ", kMostMilestones, " in the whole journey"));
    }
    for (size_t i = 0; i < definition.stages.size() && !Full(); ++i) {
      Inspect(definition.stages[i], absl::StrCat("stages[", i, "]"));
    }
    return std::move(findings_);
  }

 private:
  bool Full() const { return findings_.size() >= kMostFindings; }

  void Add(absl::string_view code, std::string path, std::string message, std::string hint,
           Layer layer = Layer::kForm) {
    if (Full()) return;
    findings_.push_back({std::string(code), std::move(path), std::move(message), std::move(hint), layer});
  }

  void Inspect(const Entry& entry) {
    if (const FirstEvent* first = std::get_if<FirstEvent>(&entry)) {
      InspectEventTypes(first->event_types, "entry.first_event.event_types");
    }
  }

  void Inspect(const Stage& stage, const std::string& path) {
    InspectKey(stage.key, path, stages_);
    InspectTitle(stage.title, stage.key, path);
    if (Characters(stage.goal) > kMostGoalCharacters) {
      Add("TEXT_TOO_LONG", absl::StrCat(path, ".goal"),
          absl::StrCat("the goal has ", Characters(stage.goal), " characters"),
          absl::StrCat("keep to ", kMostGoalCharacters));
    }
    for (size_t i = 0; i < stage.milestones.size() && !Full(); ++i) {
      Inspect(stage.milestones[i], absl::StrCat(path, ".milestones[", i, "]"));
    }
  }

  void Inspect(const Milestone& milestone, const std::string& path) {
    InspectKey(milestone.key, path, milestones_);
    InspectTitle(milestone.title, milestone.key, path);
    Inspect(std::get<EventCount>(milestone.criterion), absl::StrCat(path, ".criterion.event_count"));
  }

  void Inspect(const EventCount& count, const std::string& path) {
    InspectEventTypes(count.event_types, absl::StrCat(path, ".event_types"));
    if (count.at_least < 1 || count.at_least > kMostEvents) {
      Add("COUNT_OUT_OF_RANGE", absl::StrCat(path, ".at_least"), absl::StrCat(count.at_least, " is out of range"),
          absl::StrCat("ask for 1 to ", kMostEvents, " events"));
    }
  }

  // `seen` holds the keys so far, each with its path.
  void InspectKey(const std::string& key, const std::string& path,
                  absl::flat_hash_map<std::string, std::string>& seen) {
    const std::string key_path = absl::StrCat(path, ".key");
    if (!IsKey(key)) {
      Add("KEY_MALFORMED", key_path, key.empty() ? "the key is missing" : "the key is malformed",
          "use 1 to 63 lower-case letters, digits, - and _, starting with a letter");
    } else if (const auto [first, is_new] = seen.emplace(key, key_path); !is_new) {
      Add("KEY_REPEATED", key_path, absl::StrCat("\"", key, "\" is the key of ", first->second, " already"),
          "choose a key that is used only once in the journey");
    }
  }

  void InspectTitle(const std::string& title, const std::string& key, const std::string& path) {
    if (title != key && Characters(title) > kMostTitleCharacters) {
      Add("TEXT_TOO_LONG", absl::StrCat(path, ".title"),
          absl::StrCat("the title has ", Characters(title), " characters"),
          absl::StrCat("keep to ", kMostTitleCharacters));
    }
  }

  void InspectEventTypes(absl::Span<const std::string> types, const std::string& path) {
    if (types.empty()) Add("EVENT_TYPES_MISSING", path, "no event type is given", "name the events that count");
    if (types.size() > kMostEventTypes) {
      Add("EVENT_TYPES_TOO_MANY", path, absl::StrCat("there are ", types.size(), " event types"),
          absl::StrCat("keep to ", kMostEventTypes));
    }
    absl::flat_hash_set<absl::string_view> seen;
    for (size_t i = 0; i < types.size() && !Full(); ++i) {
      const std::string type_path = absl::StrCat(path, "[", i, "]");
      if (types[i].empty() || types[i].size() > kMostEventTypeBytes) {
        Add("EVENT_TYPE_MALFORMED", type_path, absl::StrCat("the event type has ", types[i].size(), " bytes"),
            absl::StrCat("use 1 to ", kMostEventTypeBytes, " bytes"));
      } else if (!seen.insert(types[i]).second) {
        Add("EVENT_TYPE_REPEATED", type_path, "the event type stands in the list already", "name it once");
      }
    }
  }

  std::vector<Finding> findings_;
  absl::flat_hash_map<std::string, std::string> stages_;
  absl::flat_hash_map<std::string, std::string> milestones_;
};

}  // namespace

std::vector<Finding> Validate(const Definition& definition) { return Inspection().Inspect(definition); }

}  // namespace waymark::rules
