#include "services/rules/convert/definition.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "common/base/hash.h"

namespace waymark::rules {
namespace {

namespace v1 = journey::v1;

// Reads a message and notes what cannot be said in the structs.
class Reader {
 public:
  Reading Read(const v1::JourneyDefinition& message) {
    Reading reading;
    reading.definition.entry = Read(message.entry());
    for (int i = 0; i < message.stages_size() && !Full(); ++i) {
      reading.definition.stages.push_back(Read(message.stages(i), absl::StrCat("stages[", i, "]")));
    }
    reading.findings = std::move(findings_);
    return reading;
  }

 private:
  bool Full() const { return findings_.size() >= kMostFindings; }

  void Add(absl::string_view code, std::string path, absl::string_view message, absl::string_view hint) {
    if (Full()) return;
    findings_.push_back({std::string(code), std::move(path), std::string(message), std::string(hint)});
  }

  Entry Read(const v1::Entry& message) {
    switch (message.trigger_case()) {
      case v1::Entry::kAnyEvent:
        return AnyEvent{};
      case v1::Entry::kFirstEvent:
        return FirstEvent{ReadTexts(message.first_event().event_types(), "entry.first_event.event_types")};
      case v1::Entry::TRIGGER_NOT_SET:
        break;
    }
    Add("ENTRY_MISSING", "entry", "how a customer gets in is not stated", "choose any_event or first_event");
    return AnyEvent{};
  }

  Stage Read(const v1::Stage& message, const std::string& path) {
    Stage stage;
    stage.key = ReadText(message.key(), absl::StrCat(path, ".key"));
    stage.title = message.title().empty() ? stage.key : ReadText(message.title(), absl::StrCat(path, ".title"));
    stage.goal = ReadText(message.goal(), absl::StrCat(path, ".goal"));
    for (int i = 0; i < message.milestones_size() && !Full(); ++i) {
      stage.milestones.push_back(Read(message.milestones(i), absl::StrCat(path, ".milestones[", i, "]")));
    }
    return stage;
  }

  Milestone Read(const v1::Milestone& message, const std::string& path) {
    Milestone milestone;
    milestone.key = ReadText(message.key(), absl::StrCat(path, ".key"));
    milestone.title = message.title().empty() ? milestone.key : ReadText(message.title(), absl::StrCat(path, ".title"));
    milestone.scope = ReadScope(message.scope(), absl::StrCat(path, ".scope"));
    milestone.criterion = Read(message.criterion(), absl::StrCat(path, ".criterion"));
    return milestone;
  }

  Scope ReadScope(v1::Scope scope, std::string path) {
    if (scope == v1::SCOPE_FROM_STAGE) return Scope::kFromStage;
    if (scope == v1::SCOPE_ALL_HISTORY) return Scope::kAllHistory;
    Add("SCOPE_MISSING", std::move(path), "which part of the history counts is not stated",
        "choose SCOPE_FROM_STAGE or SCOPE_ALL_HISTORY");
    return Scope::kFromStage;
  }

  Criterion Read(const v1::Criterion& message, const std::string& path) {
    switch (message.kind_case()) {
      case v1::Criterion::kEventCount:
        return EventCount{
            ReadTexts(message.event_count().event_types(), absl::StrCat(path, ".event_count.event_types")),
            std::max(message.event_count().at_least(), 1u)};
      case v1::Criterion::KIND_NOT_SET:
        break;
    }
    Add("CRITERION_MISSING", path, "what proves the milestone is not stated", "give it an event_count");
    return EventCount{};
  }

  template <typename Texts>
  std::vector<std::string> ReadTexts(const Texts& texts, const std::string& path) {
    std::vector<std::string> read;
    read.reserve(texts.size());
    for (int i = 0; i < texts.size() && !Full(); ++i)
      read.push_back(ReadText(texts.Get(i), absl::StrCat(path, "[", i, "]")));
    return read;
  }

  std::string ReadText(const std::string& text, std::string path) {
    if (!IsUtf8(text)) Add("TEXT_MALFORMED", std::move(path), "the text is not UTF-8", "write it in UTF-8");
    return text;
  }

  std::vector<Finding> findings_;
};

// Where in the definition a path points: 0 for the entry and 1 for the stages, then the indices on the way.
std::vector<int> PlaceOf(absl::string_view path) {
  std::vector<int> place = {absl::StartsWith(path, "entry") ? 0 : 1};
  bool in_number = false;
  for (const char c : path) {
    if (absl::ascii_isdigit(c)) {
      if (!in_number) place.push_back(0);
      place.back() = place.back() * 10 + (c - '0');
    }
    in_number = absl::ascii_isdigit(c);
  }
  return place;
}

// One field of the canonical encoding, `name:size:bytes`; nothing where it has no bytes.
std::string Field(absl::string_view name, absl::string_view bytes) {
  return bytes.empty() ? "" : absl::StrCat(name, ":", bytes.size(), ":", bytes);
}

std::string EncodeTexts(const std::vector<std::string>& texts) {
  std::string encoded;
  for (const std::string& text : texts) absl::StrAppend(&encoded, text.size(), ":", text);
  return encoded;
}

std::string Encode(const Entry& entry) {
  if (const FirstEvent* first = std::get_if<FirstEvent>(&entry)) {
    return Field("first_event", absl::StrCat("types", EncodeTexts(first->event_types)));
  }
  return Field("any_event", "yes");
}

std::string Encode(const EventCount& count) {
  return absl::StrCat(Field("event_types", EncodeTexts(count.event_types)),
                      Field("at_least", absl::StrCat(count.at_least)));
}

std::string Encode(const Milestone& milestone) {
  return absl::StrCat(Field("key", milestone.key), Field("title", milestone.title),
                      Field("scope", milestone.scope == Scope::kFromStage ? "from_stage" : "all_history"),
                      Field("event_count", Encode(std::get<EventCount>(milestone.criterion))));
}

std::string Encode(const Stage& stage) {
  std::string encoded = absl::StrCat(Field("key", stage.key), Field("title", stage.title), Field("goal", stage.goal));
  for (const Milestone& milestone : stage.milestones) absl::StrAppend(&encoded, Field("milestone", Encode(milestone)));
  return encoded;
}

v1::Milestone ToProto(const Milestone& milestone) {
  v1::Milestone message;
  message.set_key(milestone.key);
  message.set_title(milestone.title);
  message.set_scope(milestone.scope == Scope::kFromStage ? v1::SCOPE_FROM_STAGE : v1::SCOPE_ALL_HISTORY);
  const EventCount& count = std::get<EventCount>(milestone.criterion);
  v1::EventCount& event_count = *message.mutable_criterion()->mutable_event_count();
  for (const std::string& type : count.event_types) event_count.add_event_types(type);
  event_count.set_at_least(count.at_least);
  return message;
}

}  // namespace

Reading FromProto(const v1::JourneyDefinition& message) { return Reader().Read(message); }

std::vector<Finding> Check(const Reading& reading) {
  std::vector<Finding> findings = reading.findings;
  for (Finding& finding : Validate(reading.definition)) {
    // What is missing has no inside that could be wrong.
    const bool known = std::any_of(reading.findings.begin(), reading.findings.end(),
                                   [&](const Finding& found) { return absl::StartsWith(finding.path, found.path); });
    if (!known) findings.push_back(std::move(finding));
  }
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return PlaceOf(a.path) < PlaceOf(b.path); });
  if (findings.size() > kMostFindings) findings.resize(kMostFindings);
  return findings;
}

v1::JourneyDefinition ToProto(const Definition& definition) {
  v1::JourneyDefinition message;
  if (const FirstEvent* first = std::get_if<FirstEvent>(&definition.entry)) {
    v1::FirstEvent& first_event = *message.mutable_entry()->mutable_first_event();
    for (const std::string& type : first->event_types) first_event.add_event_types(type);
  } else {
    message.mutable_entry()->mutable_any_event();
  }
  for (const Stage& stage : definition.stages) {
    v1::Stage& added = *message.add_stages();
    added.set_key(stage.key);
    added.set_title(stage.title);
    added.set_goal(stage.goal);
    for (const Milestone& milestone : stage.milestones) *added.add_milestones() = ToProto(milestone);
  }
  return message;
}

std::string ContentHash(const Definition& definition) {
  std::string encoded =
      absl::StrCat("waymark.journey.v1.JourneyDefinition\n", Field("entry", Encode(definition.entry)));
  for (const Stage& stage : definition.stages) absl::StrAppend(&encoded, Field("stage", Encode(stage)));
  return Sha256Hex(encoded);
}

}  // namespace waymark::rules
