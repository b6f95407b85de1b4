#include "tests/journey/map/definitions.h"

#include <array>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/document/document.h"
#include "services/journey/templates/templates.h"
#include "waymark/manifest/v1/manifest.pb.h"

namespace waymark::journey {
namespace {

// Written with string_view's length, since some hold zero bytes.
const std::vector<std::string>& HostileTexts() {
  static const auto& texts = *new std::vector<std::string>{
      "",
      "   \t\r\n ",
      "</text></svg><script>alert(1)</script>",
      "\"><image href=\"http://example.com/x.png\"/>",
      "' onload='alert(1)",
      "<![CDATA[ ]]> <!-- --> <?xml version=\"1.0\"?> <!DOCTYPE x [<!ENTITY a \"b\">]> &a; &#0; &lt;",
      "%%{init: {\"securityLevel\": \"loose\"}}%% \"] --> end; click a href \"javascript:alert(1)\"",
      "---\ntitle: other\n---\nflowchart TB",
      "`**bold** _and_ <b>more</b>` 1. list $$\\frac{1}{2}$$ fa:fa-user #35; #quot; :::value",
      std::string("zero \0 byte, bell \a, escape \x1b[31m, delete \x7f", 45),
      "broken \xff\xfe \xc3 \xe2\x82 \xf0\x9f\x98 \xed\xa0\x80 \xc0\xaf UTF-8",
      "\xe2\x80\xae turned around \xe2\x81\xa6 isolated \xef\xbb\xbf mark \xef\xbf\xbf none",
      std::string(2000, 'W'),
      absl::StrCat("Donaudampfschifffahrtsgesellschafts", std::string(300, 'm')),
      "مرحلة البداية مع العميل الجديد والفريق كله",
      "שלב ההתחלה עם הלקוח החדש",
      "让团队每天都在使用这个产品并且看到价值，他们每周开会时都会用到共享报告，而不再各自维护电子表格。",
      "👨‍👩‍👧‍👦👩🏽‍💻🏳️‍🌈🇩🇪🎉 with emoji "
      "🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀🚀",
      "Z̴̡̛̛̲̺͈͖̍̓͆͌̓̚̚͝a̵̢̧̛̖̱̞̔̈́̎l̶̢̛̼̱̓̔g̷̨̛̖͓̓̈́̚o̸̧̖̓̈́",
      "﷽﷽﷽﷽﷽﷽﷽﷽﷽﷽ 𒐫𒐫𒐫𒐫𒐫𒐫 ⸻⸻⸻⸻",
      "An ordinary title",
      "Another one, which is a little longer and has a comma",
  };
  return texts;
}

// Chance with the same results on every machine.
class Chance {
 public:
  explicit Chance(uint64_t seed) : random_(seed) {}
  int Below(int limit) { return static_cast<int>(random_() % static_cast<uint64_t>(limit)); }
  bool Half() { return Below(2) == 0; }
  std::string Text() {
    const auto& texts = HostileTexts();
    std::string text = texts[static_cast<size_t>(Below(static_cast<int>(texts.size())))];
    if (Below(4) == 0) text += texts[static_cast<size_t>(Below(static_cast<int>(texts.size())))];
    return text;
  }
  // Any number, also one that no enum knows.
  template <typename Enum>
  Enum Any() {
    return static_cast<Enum>(Below(14));
  }

 private:
  std::mt19937_64 random_;
};

// A text as a proto3 string may come over the wire in this process; serialising it would complain, drawing must not.
v1::Criterion HostileCriterion(Chance& chance, int depth) {
  v1::Criterion criterion;
  switch (chance.Below(depth > 3 ? 8 : 12)) {
    case 0: {
      auto& count = *criterion.mutable_event_count();
      for (int i = chance.Below(4); i > 0; --i) count.add_event_types(chance.Text());
      count.set_at_least(static_cast<uint32_t>(chance.Below(4)));
      count.set_distinct(chance.Any<v1::Distinct>());
      if (chance.Half()) count.mutable_within()->set_seconds(chance.Below(9'000'000) - 100);
      if (chance.Half()) {
        auto& where = *count.add_where();
        where.set_name(chance.Text());
        where.mutable_equals()->set_string_value(chance.Text());
      }
      break;
    }
    case 1: {
      auto& sequence = *criterion.mutable_sequence();
      for (int i = chance.Below(4); i > 0; --i) sequence.add_steps()->add_event_types(chance.Text());
      break;
    }
    case 2:
      criterion.mutable_absence()->add_event_types(chance.Text());
      break;
    case 3:
      criterion.mutable_attribute()->set_name(chance.Text());
      if (chance.Half()) criterion.mutable_attribute()->mutable_one_of()->add_values()->set_number_value(1e300);
      break;
    case 4:
      criterion.mutable_segment()->set_segment_id(chance.Text());
      break;
    case 5:
      criterion.mutable_milestone()->set_milestone_key(chance.Text());
      break;
    case 6:
      criterion.mutable_date_reached()->set_attribute(chance.Text());
      criterion.mutable_date_reached()->set_offset_months(chance.Below(7) - 3);
      criterion.mutable_date_reached()->set_offset_days(chance.Below(7) - 3);
      break;
    case 7:
      break;
    default: {
      auto& list = chance.Half() ? *criterion.mutable_all_of() : *criterion.mutable_none_of();
      for (int i = chance.Below(5); i > 0; --i) *list.add_criteria() = HostileCriterion(chance, depth + 1);
    }
  }
  return criterion;
}

v1::Milestone HostileMilestone(Chance& chance, const std::string& key) {
  v1::Milestone milestone;
  milestone.set_key(key);
  milestone.set_title(chance.Text());
  *milestone.mutable_criterion() = HostileCriterion(chance, 0);
  milestone.set_optional(chance.Half());
  milestone.set_value_moment(chance.Below(5) == 0);
  milestone.set_party(chance.Any<v1::Party>());
  if (chance.Half()) milestone.mutable_deadline()->set_seconds(chance.Below(90'000'000));
  if (chance.Below(4) == 0) {
    auto& variant = *milestone.add_variants();
    variant.set_segment_id(chance.Text());
    *variant.mutable_criterion() = HostileCriterion(chance, 2);
  }
  return milestone;
}

v1::Stage HostileStage(Chance& chance, int index) {
  v1::Stage stage;
  stage.set_key(absl::StrCat("stage", index));
  stage.set_title(chance.Text());
  stage.set_goal(chance.Text());
  if (chance.Below(4) == 0) stage.set_parent_key(absl::StrCat("stage", chance.Below(index + 1)));
  if (chance.Below(4) == 0) *stage.mutable_entry_criterion() = HostileCriterion(chance, 0);
  if (chance.Below(4) == 0) {
    auto& question = *stage.mutable_hand_off()->add_questions();
    question.set_question(chance.Text());
    question.set_asked_by(chance.Text());
    question.set_answered_by(chance.Text());
  }
  stage.set_risk(chance.Half());
  stage.set_expansion(chance.Half());
  for (int i = chance.Below(3); i > 0; --i) stage.add_owner_roles(chance.Text());
  if (chance.Half()) stage.mutable_target()->set_seconds(chance.Below(90'000'000));
  if (chance.Half()) stage.mutable_stuck_after()->set_seconds(chance.Below(90'000'000));
  if (chance.Half()) {
    auto& experience = *stage.mutable_experience();
    experience.set_need(chance.Text());
    experience.set_emotion(chance.Text());
    experience.set_mood(chance.Below(2'000) - 1'000);
    for (int i = chance.Below(3); i > 0; --i) experience.add_pain_points(chance.Text());
    for (int i = chance.Below(3); i > 0; --i) experience.add_opportunities(chance.Text());
  }
  return stage;
}

}  // namespace

std::vector<MapSource> TemplateSources() {
  std::vector<MapSource> sources;
  for (const Template& text : Templates()) {
    MapSource source;
    const document::Reading reading = document::ReadYaml(text.yaml, manifest::v1::Manifest::default_instance());
    for (const document::Document& document : reading.documents) {
      const auto& manifest = static_cast<const manifest::v1::Manifest&>(*document.message);
      if (manifest.has_persona()) source.personas[manifest.persona().persona_id()] = manifest.persona().definition();
      if (manifest.has_segment()) source.segments[manifest.segment().segment_id()] = manifest.segment().definition();
      if (!manifest.has_journey()) continue;
      source.title = manifest.journey().title();
      source.definition = manifest.journey().definition();
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

MapSource HostileSource(uint64_t seed) {
  static constexpr std::array<int, 10> kSizes = {0, 1, 2, 3, 4, 5, 7, 9, 12, 50};
  Chance chance(seed);
  MapSource source{.title = chance.Text()};
  v1::JourneyDefinition& definition = source.definition;
  definition.set_description(chance.Text());
  definition.set_kind(chance.Any<v1::Kind>());
  definition.mutable_entry()->add_triggers()->mutable_first_event()->add_event_types(chance.Text());
  const int stages = kSizes[static_cast<size_t>(chance.Below(kSizes.size()))];
  int milestones = chance.Below(8) == 0 ? 200 : chance.Below(40);
  for (int i = 0; i < stages; ++i) *definition.add_stages() = HostileStage(chance, i);
  for (; stages > 0 && milestones > 0; --milestones) {
    auto& stage = *definition.mutable_stages(chance.Below(stages));
    *stage.add_milestones() = HostileMilestone(chance, absl::StrCat("milestone", milestones));
  }
  for (int i = chance.Below(20); stages > 0 && i > 0; --i) {
    auto& touchpoint = *definition.add_touchpoints();
    touchpoint.set_key(absl::StrCat("touchpoint", i));
    touchpoint.set_title(chance.Text());
    touchpoint.set_stage_key(absl::StrCat("stage", chance.Below(stages)));
    touchpoint.set_channel(chance.Any<v1::Channel>());
    touchpoint.set_element(chance.Text());
    touchpoint.set_owner_role(chance.Text());
    touchpoint.set_after_milestone(chance.Text());
    touchpoint.set_direction(chance.Any<v1::Direction>());
  }
  for (int i = chance.Half() ? chance.Below(10) : 0; stages > 0 && i > 0; --i) {
    auto& transition = *definition.add_transitions();
    transition.set_key(absl::StrCat("transition", i));
    transition.set_from_stage(absl::StrCat("stage", chance.Below(stages)));
    if (chance.Half()) transition.set_to_stage(absl::StrCat("stage", chance.Below(stages)));
    if (chance.Half()) *transition.mutable_criterion() = HostileCriterion(chance, 0);
  }
  for (int i = chance.Below(5); i > 0; --i) {
    auto& exit = *definition.add_exits();
    exit.set_key(absl::StrCat("exit", i));
    exit.set_title(chance.Text());
    exit.set_outcome(chance.Any<v1::Outcome>());
    *exit.mutable_criterion() = HostileCriterion(chance, 0);
  }
  for (int i = chance.Below(4); i > 0; --i) {
    auto& persona = *definition.add_personas();
    persona.set_persona_id(chance.Text());
    persona.set_anchor(chance.Half());
    source.personas[persona.persona_id()].set_title(chance.Text());
    source.personas[persona.persona_id()].add_jobs_to_be_done(chance.Text());
  }
  for (int i = 0; i < stages; ++i) {
    if (!chance.Half()) continue;
    auto& numbers = *source.overlay.add_stages();
    numbers.set_stage_key(absl::StrCat("stage", i));
    if (chance.Half()) numbers.set_count(chance.Half() ? UINT64_MAX : 12);
    if (chance.Half()) numbers.set_conversion(chance.Half() ? -1e300 : 0.5);
    if (chance.Half()) numbers.mutable_median_dwell()->set_seconds(chance.Below(90'000'000));
  }
  if (chance.Half()) source.overlay.mutable_as_of()->set_seconds(INT64_MAX);
  return source;
}

MapSource SourceWith(int stages) {
  MapSource source{.title = "Onboarding"};
  for (int i = 0; i < stages; ++i) {
    auto& stage = *source.definition.add_stages();
    stage.set_key(absl::StrCat("stage", i));
    stage.set_title(absl::StrCat("Stage ", i + 1));
    stage.set_goal("Something has been reached");
    stage.add_owner_roles("csm");
    stage.mutable_experience()->set_emotion("Hopeful");
    stage.mutable_experience()->set_mood(i % 5 - 2);
    auto& milestone = *stage.add_milestones();
    milestone.set_key(absl::StrCat("milestone", i));
    milestone.mutable_criterion()->mutable_event_count()->add_event_types("report_run");
  }
  return source;
}

}  // namespace waymark::journey
