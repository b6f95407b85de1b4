// The whole command against all of Waymark in one process: a client of the real thing, through a real port.
#include "services/cli/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "common/base/version.h"
#include "common/worker/worker.h"
#include "services/cli/suite.h"
#include "services/cli/waymark_client.h"
#include "services/journey/templates/templates.h"
#include "tests/cli/run_command.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"
#include "waymark/journey/v1/journey.pb.h"
#include "waymark/journey/v1/persona.pb.h"

namespace waymark::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kJourney[] = R"(journey:
  journey_id: onboarding
  title: Onboarding
  definition:
    entry: {triggers: [{any_event: {}}]}
    stages:
      - key: setup
        title: Set up
        milestones:
          - key: connected
            title: Data connected
            scope: SCOPE_FROM_STAGE
            criterion: {event_count: {event_types: [data_connected]}}
      - key: adoption
        milestones:
          - key: habit
            scope: SCOPE_FROM_STAGE
            criterion: {event_count: {event_types: [report_run], at_least: 3}}
)";

constexpr char kRest[] = R"(scorecard:
  scorecard_id: customer-health
  definition:
    measures:
      - key: usage
        event_count: {event_types: [report_run], days: 28}
        linear: {lo: 0, hi: 4}
---
channel: {channel_id: team-log, log: {}}
---
playbook:
  playbook_id: cheer
  definition:
    trigger: {stage_entered: {journey_id: onboarding, stage_key: adoption}}
    steps:
      - key: tell
        send: {channel_id: team-log, title: "{{customer_id}}", text: found value}
)";

constexpr char kEvents[] =
    "event_id,customer_id,type,event_time\n"
    "e1,acme,signed_up,2026-05-04T09:00:00Z\n"
    "e2,acme,data_connected,2026-05-05T09:00:00Z\n"
    "e3,acme,report_run,2026-05-06T09:00:00Z\n"
    "e4,northwind,signed_up,2026-05-04T09:00:00Z\n";

class CommandTest : public testing::Test {
 protected:
  CommandTest() {
    support::WriteFile(dir_.File("journey.yaml"), kJourney);
    support::WriteFile(dir_.File("events.csv"), kEvents);
    for (Loop& loop : suite_->loops()) {
      workers_.push_back(std::make_unique<Worker>(loop.name, loop.idle, std::move(loop.run_once)));
    }
  }
  ~CommandTest() override {
    suite_->Stop();
    workers_.clear();
  }

  // Runs a command, its words given in one text, against the suite.
  Ran Do(const std::string& words) {
    std::vector<std::string> arguments = {"--server", absl::StrCat("127.0.0.1:", suite_->server().port())};
    for (const absl::string_view word : absl::StrSplit(words, ' ')) {
      arguments.push_back(word == "JOURNEY"  ? dir_.File("journey.yaml")
                          : word == "EVENTS" ? dir_.File("events.csv")
                          : word == "FOLDER" ? dir_.path()
                                             : std::string(word));
    }
    return RunCommand(arguments);
  }

  // What a client of its own asks.
  template <typename Response>
  absl::StatusOr<Response> Ask(const google::protobuf::Message& request) {
    const auto client = WaymarkClient::Create({.address = absl::StrCat("127.0.0.1:", suite_->server().port())});
    return (*client)->template Get<Response>(request);
  }
  static journey::v1::GetPersonaRequest Ada() {
    journey::v1::GetPersonaRequest request;
    request.set_persona_id("ada");
    return request;
  }

  const RealClock clock_;
  const support::TempDir dir_;
  const support::TempDir data_;
  std::unique_ptr<Suite> suite_ = *Suite::Start(
      {.data_dir = data_.path(), .server = {.address = "127.0.0.1:0"}, .follow_wait = absl::Seconds(5)}, clock_);
  std::vector<std::unique_ptr<Worker>> workers_;
};

TEST_F(CommandTest, WatchTellsWhatHasChangedSinceACursor) {
  ASSERT_EQ(Do("apply -f JOURNEY --publish").code, kDone);
  const Ran nothing = Do("watch --once");
  EXPECT_EQ(nothing.code, kDone) << nothing.err;
  EXPECT_EQ(nothing.out, "");
  const std::string prefix = "go on with: --from ";
  ASSERT_THAT(nothing.err, StartsWith(prefix));
  const std::string cursor = nothing.err.substr(prefix.size(), nothing.err.find('\n') - prefix.size());
  ASSERT_EQ(Do("import events EVENTS --live").code, kDone);
  const Ran told = Do(absl::StrCat("watch --once --from ", cursor));
  EXPECT_EQ(told.code, kDone) << told.err;
  EXPECT_THAT(told.out, HasSubstr("acme  onboarding  entered setup"));
  EXPECT_THAT(told.out, HasSubstr("acme  onboarding  entered adoption (from setup)"));
  EXPECT_THAT(Do(absl::StrCat("watch --once -o json --from ", cursor)).out, HasSubstr("\"cursor\": "));
  EXPECT_EQ(Do("watch --once --from nonsense").code, kFailed);
}

TEST_F(CommandTest, AJourneyIsAppliedCustomersComeAndTheFunnelShowsThem) {
  const Ran applied = Do("apply -f JOURNEY --publish");
  EXPECT_EQ(applied.code, kDone) << applied.err;
  EXPECT_EQ(applied.out, "journey onboarding: created, version 1, published\n");

  const Ran imported = Do("import events EVENTS");
  EXPECT_EQ(imported.code, kDone) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr("accepted             4"));
  EXPECT_THAT(Do("import events EVENTS").out, HasSubstr("duplicate            4"));

  const Ran funnel = Do("funnel onboarding");
  EXPECT_EQ(funnel.code, kDone) << funnel.err;
  EXPECT_EQ(funnel.out,
            "onboarding, version 1: 2 customers\n\n"
            "STAGE     ENTERED  COMPLETED  HERE NOW  OF ALL\n"
            "Set up          2          1         1  50.0 %  ███████████████\n"
            "adoption        1          0         1   0.0 %\n");
  EXPECT_THAT(Do("funnel onboarding -o json").out,
              AllOf(HasSubstr("\"enrolled\": \"2\""), HasSubstr("\"present\": \"1\"")));
  EXPECT_THAT(Do("-o yaml funnel onboarding").out, HasSubstr("enrolled: 2\nstages:\n  - stage_key: setup\n"));

  EXPECT_THAT(Do("get stage acme").out, HasSubstr("onboarding        1  adoption  2026-05-05 09:00:00  active"));
  EXPECT_EQ(Do("get stage nobody").out, "nobody is in no journey\n");
  EXPECT_THAT(Do("get progress acme --fresh").out, AllOf(HasSubstr("1/3"), HasSubstr("here now")));
  EXPECT_THAT(Do("get customer acme").out, HasSubstr("acme: 3 events, known up to 2026-05-06 09:00:00"));
  EXPECT_THAT(Do("get timeline acme").out, AllOf(HasSubstr("data_connected"), HasSubstr("→ stage entered")));
  std::vector<std::string> lines = absl::StrSplit(Do("get timeline acme").out, '\n', absl::SkipEmpty());
  lines.erase(lines.begin());  // Each other line begins with its time.
  EXPECT_TRUE(std::is_sorted(lines.begin(), lines.end(),
                             [](const auto& a, const auto& b) { return a.substr(0, 19) < b.substr(0, 19); }));
  EXPECT_THAT(Do("get timeline acme --limit 1").out, HasSubstr("… there are more: --limit 0 shows all"));
  EXPECT_THAT(Do("get timeline acme --as-of 2026-05-05T10:00:00Z").out,
              AllOf(HasSubstr("data_connected"), Not(HasSubstr("report_run"))));
  EXPECT_EQ(Do("get timeline acme --as-known 2026-05-01").out, "no events\n");
  EXPECT_EQ(Do("get timeline acme --as-known yesterday").code, kWrongUsage);
  EXPECT_EQ(Do("stuck onboarding").out, "no customers that take so long\n");
  EXPECT_EQ(Do("stuck onboarding --min-pace awful").code, kWrongUsage);
  EXPECT_THAT(Do("list customers --journey onboarding --stage setup").out,
              AllOf(HasSubstr("northwind"), Not(HasSubstr("acme"))));
  EXPECT_THAT(Do("list journeys").out, HasSubstr("onboarding  Onboarding          1"));
}

TEST_F(CommandTest, ApplyingAgainChangesNothingAndADifferenceIsShown) {
  EXPECT_EQ(Do("apply -f JOURNEY").out,
            "journey onboarding: created, version 1 (a draft; --publish puts it into force)\n");
  EXPECT_EQ(Do("apply -f JOURNEY").out, "journey onboarding: unchanged, version 1 (a draft)\n");
  EXPECT_EQ(Do("apply -f JOURNEY --publish").out, "journey onboarding: unchanged, version 1 (a draft), published\n");
  EXPECT_EQ(Do("apply -f JOURNEY --publish").out, "journey onboarding: unchanged, version 1 (published)\n");

  std::string changed = kJourney;
  changed.replace(changed.find("at_least: 3"), 11, "at_least: 5");
  support::WriteFile(dir_.File("journey.yaml"), changed);
  const Ran dry = Do("apply -f JOURNEY --publish --dry-run");
  EXPECT_THAT(dry.out, AllOf(StartsWith("journey onboarding: would be changed and published\n"),
                             HasSubstr("    ~ milestone habit: at least 3 → 5\n")));
  const Ran wet = Do("apply -f JOURNEY --publish");
  EXPECT_THAT(wet.out, StartsWith("journey onboarding: changed, version 2, published\n"));
  EXPECT_THAT(wet.out, HasSubstr("    ~ milestone habit: at least 3 → 5\n"));
}

TEST_F(CommandTest, AFolderIsAppliedAsAWholeAndAgainWithoutEffect) {
  support::WriteFile(dir_.File("rest.yaml"), kRest);
  const Ran applied = Do("apply -f FOLDER --publish");
  EXPECT_EQ(applied.code, kDone) << applied.err;
  EXPECT_EQ(applied.out,
            "channel team-log: created\n"
            "journey onboarding: created, version 1, published\n"
            "scorecard customer-health: created, version 1, published\n"
            "playbook cheer: created, version 1, published\n");
  EXPECT_EQ(Do("apply -f FOLDER --publish").out,
            "channel team-log: unchanged\n"
            "journey onboarding: unchanged, version 1 (published)\n"
            "scorecard customer-health: unchanged, version 1 (published)\n"
            "playbook cheer: unchanged, version 1 (published)\n");
  EXPECT_EQ(Do("import events EVENTS").code, kDone);
  const Ran health = Do("get health acme --fresh");
  EXPECT_EQ(health.code, kDone) << health.err;
  EXPECT_THAT(health.out, AllOf(HasSubstr("acme on customer-health: "), HasSubstr("usage")));
  for (const char* list : {"scorecards", "playbooks", "channels", "health", "deliveries"}) {
    const Ran listed = Do(absl::StrCat("list ", list));
    EXPECT_EQ(listed.code, kDone) << listed.err;
  }
  EXPECT_THAT(Do("list channels").out, HasSubstr("the service's log"));
}

TEST_F(CommandTest, PersonasAndSegmentsAreMadeBeforeTheJourneyThatNamesThem) {
  const std::string more = R"(    personas: [{persona_id: ada}]
    segments: [{segment_id: big}]
---
segment:
  segment_id: big
  definition: {title: Big, criterion: {attribute: {name: seats, at_least: 100}}}
---
persona: {persona_id: ada, definition: {title: Ada}}
)";
  support::WriteFile(dir_.File("journey.yaml"), absl::StrCat(kJourney, more));
  const Ran dry = Do("apply -f JOURNEY --dry-run");
  EXPECT_EQ(dry.code, kDone) << dry.err;
  EXPECT_THAT(dry.out, AllOf(HasSubstr("persona ada: would be created"), HasSubstr("segment big: would be created")));
  const Ran applied = Do("apply -f JOURNEY --publish");
  EXPECT_EQ(applied.code, kDone) << applied.err;
  EXPECT_EQ(applied.out,
            "persona ada: created, edition 1\nsegment big: created, edition 1\n"
            "journey onboarding: created, version 1, published\n");
  EXPECT_EQ(Do("apply -f JOURNEY --publish").out,
            "persona ada: unchanged, edition 1\nsegment big: unchanged, edition 1\n"
            "journey onboarding: unchanged, version 1 (published)\n");
  support::WriteFile(dir_.File("journey.yaml"),
                     absl::StrReplaceAll(absl::StrCat(kJourney, more), {{"at_least: 100", "at_least: 500"}}));
  const Ran changed = Do("apply -f JOURNEY");
  EXPECT_THAT(changed.out, AllOf(HasSubstr("segment big: changed, edition 2"), HasSubstr("100 → 500"),
                                 HasSubstr("journey onboarding: changed, version 2")))
      << "the journey pins the new edition";
}

TEST_F(CommandTest, ATemplateAppliedAgainIsWithoutEffect) {
  for (const char* id : {"saas", "enterprise", "trial", "ecommerce"}) {
    support::WriteFile(dir_.File("journey.yaml"), std::string(journey::FindTemplate(id)->yaml));
    const Ran first = Do("apply -f JOURNEY --publish");
    EXPECT_EQ(first.code, kDone) << first.err;
    EXPECT_THAT(first.out, AllOf(HasSubstr(absl::StrCat("journey ", id, ": created, version 1, published")),
                                 Not(HasSubstr("unchanged"))));
    const Ran second = Do("apply -f JOURNEY --publish");
    EXPECT_EQ(second.code, kDone) << second.err;
    EXPECT_THAT(second.out, AllOf(HasSubstr(absl::StrCat("journey ", id, ": unchanged, version 1 (published)")),
                                  Not(HasSubstr(": created")), Not(HasSubstr(": changed"))))
        << id;
  }
}

TEST_F(CommandTest, EverythingIsCheckedBeforeAnythingIsStored) {
  const std::string sound = absl::StrCat("persona: {persona_id: ada, definition: {title: Ada}}\n---\n", kJourney);
  const std::pair<std::string, std::string> wrong[] = {
      {"persona: {persona_id: bob}", "persona.definition.title"},
      {"segment: {segment_id: big, definition: {title: Big, criterion: {attested: {}}}}",
       "segment.definition.criterion.attested"},
      {absl::StrCat("journey:\n  journey_id: other\n  title: ", std::string(300, 'x'),
                    "\n  definition:", "\n    entry: {triggers: [{any_event: {}}]}"),
       "journey.title"},
      {"scorecard: {scorecard_id: Wrong Id}", "scorecard.scorecard_id"},
  };
  for (const auto& [manifest, place] : wrong) {
    support::WriteFile(dir_.File("journey.yaml"), absl::StrCat(sound, "---\n", manifest));
    const Ran ran = Do("apply -f JOURNEY --publish");
    EXPECT_EQ(ran.code, kFailed);
    EXPECT_THAT(ran.err, AllOf(HasSubstr(place), HasSubstr("nothing was changed")));
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(Do("list journeys").out, "no journeys; waymark apply makes one\n");
    EXPECT_TRUE(absl::IsNotFound(Ask<journey::v1::GetPersonaResponse>(Ada()).status()));
  }
}

TEST_F(CommandTest, WhatIsPublishedHasScenariosThatHoldOrNothingIsStored) {
  const std::string text = absl::StrCat("persona: {persona_id: ada, definition: {title: Ada}}\n---\n", kJourney,
                                        R"(    segments: [{segment_id: big}]
    exits:
      - {key: sold, outcome: OUTCOME_SUCCESS, criterion: {segment: {segment_id: big}}}
    scenarios:
      - key: leaves_when_big
        steps: [{event: signed_up}, {at: 1d, attributes: {seats: 100}}]
        expect: [{exit: sold, state: EXPECTED_STATE_EXITED}]
)");
  const auto segment = [](int seats) {
    return absl::StrCat("---\nsegment:\n  segment_id: big\n  definition: {title: Big, criterion: ",
                        "{attribute: {name: seats, at_least: ", seats, "}}}\n");
  };
  support::WriteFile(dir_.File("journey.yaml"), absl::StrCat(text, segment(500)));
  const Ran failed = Do("apply -f JOURNEY --publish");
  EXPECT_EQ(failed.code, kFailed);
  EXPECT_THAT(failed.err, AllOf(HasSubstr("journey.definition.scenarios[0]: "), HasSubstr("nothing was changed")));
  EXPECT_EQ(failed.out, "");
  EXPECT_TRUE(absl::IsNotFound(Ask<journey::v1::GetPersonaResponse>(Ada()).status()));
  support::WriteFile(dir_.File("journey.yaml"), absl::StrCat(text, segment(100)));
  EXPECT_EQ(Do("apply -f JOURNEY --publish").code, kDone);
  // The segment that is known to the server counts, too.
  support::WriteFile(dir_.File("journey.yaml"), absl::StrReplaceAll(text, {{"seats: 100", "seats: 99"}}));
  EXPECT_EQ(Do("apply -f JOURNEY --publish").code, kFailed);
  EXPECT_THAT(Do("apply -f JOURNEY").out, HasSubstr("changed, version 2 (a draft"));
}

TEST_F(CommandTest, WhatIsArchivedOrAChannelDoesNotChangeAndNothingElseDoesThen) {
  EXPECT_EQ(Do("apply -f JOURNEY").code, kDone);
  journey::v1::ArchiveJourneyRequest archive;
  archive.set_journey_id("onboarding");
  ASSERT_TRUE(Ask<journey::v1::ArchiveJourneyResponse>(archive).ok());
  EXPECT_EQ(Do("apply -f JOURNEY").out, "journey onboarding: unchanged, version 1 (a draft)\n");
  const std::string persona = "\n---\npersona: {persona_id: ada, definition: {title: Ada}}\n";
  const std::string changed = absl::StrReplaceAll(kJourney, {{"at_least: 3", "at_least: 5"}});
  support::WriteFile(dir_.File("journey.yaml"), absl::StrCat(changed, persona));
  const Ran ran = Do("apply -f JOURNEY");
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_THAT(ran.err, HasSubstr("journey onboarding is archived"));
  EXPECT_EQ(ran.out, "");
  EXPECT_TRUE(absl::IsNotFound(Ask<journey::v1::GetPersonaResponse>(Ada()).status()));

  support::WriteFile(dir_.File("journey.yaml"), "channel: {channel_id: b, log: {}}");
  EXPECT_EQ(Do("apply -f JOURNEY").code, kDone);
  support::WriteFile(dir_.File("journey.yaml"),
                     "channel: {channel_id: a, log: {}}\n---\n"
                     "channel: {channel_id: b, webhook: {url: \"https://example.com/b\"}}");
  EXPECT_EQ(Do("apply -f JOURNEY").out, "") << "channel a stands first";
}

TEST_F(CommandTest, WhatSaysTheSameAsARetiredVersionMakesANewOne) {
  const auto retire = [&](uint32_t number) {
    journey::v1::RetireVersionRequest request;
    request.set_journey_id("onboarding");
    request.set_number(number);
    return Ask<journey::v1::RetireVersionResponse>(request).status();
  };
  EXPECT_EQ(Do("apply -f JOURNEY --publish").code, kDone);
  support::WriteFile(dir_.File("changed.yaml"), absl::StrReplaceAll(kJourney, {{"at_least: 3", "at_least: 5"}}));
  const std::string apply_changed = absl::StrCat("apply --publish -f ", dir_.File("changed.yaml"));
  EXPECT_THAT(Do(apply_changed).out, StartsWith("journey onboarding: changed, version 2, published\n"));
  ASSERT_EQ(retire(2), absl::OkStatus());
  EXPECT_EQ(Do("apply -f JOURNEY --publish").out, "journey onboarding: unchanged, version 1 (published)\n")
      << "it is in force again";
  EXPECT_THAT(Do(apply_changed).out, StartsWith("journey onboarding: changed, version 3, published\n"));
  ASSERT_EQ(retire(3), absl::OkStatus());
  ASSERT_EQ(retire(1), absl::OkStatus());
  EXPECT_THAT(Do("journey publish onboarding").err, HasSubstr("has no version to publish"));
  EXPECT_EQ(Do("apply -f JOURNEY --publish").out, "journey onboarding: created, version 4, published\n");
  EXPECT_EQ(Do("apply -f JOURNEY --publish").out, "journey onboarding: unchanged, version 4 (published)\n");
}

TEST_F(CommandTest, AMapFromTheServerNamesPersonasAndSegmentsByTheirTitles) {
  support::WriteFile(dir_.File("journey.yaml"), absl::StrReplaceAll(kJourney, {{"at_least: 3}}\n", R"(at_least: 3}}
            variants: [{segment_id: big, criterion: {event_count: {event_types: [report_run], at_least: 9}}}]
    personas: [{persona_id: ada}]
    segments: [{segment_id: big}]
---
segment:
  segment_id: big
  definition: {title: Large companies, criterion: {attribute: {name: seats, at_least: 100}}}
---
persona: {persona_id: ada, definition: {title: Ada the analyst}}
)"}}));
  EXPECT_EQ(Do("apply -f JOURNEY --publish").code, kDone);
  for (const char* command :
       {"journey render onboarding", "journey render onboarding@1", "journey render -f JOURNEY"}) {
    const Ran ran = Do(command);
    EXPECT_EQ(ran.code, kDone) << ran.err;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("Ada the analyst"), HasSubstr("Large companies"))) << command;
  }
  EXPECT_EQ(Do("journey render onboarding").out, Do("journey render -f JOURNEY").out);
  EXPECT_EQ(Do("journey render onboarding --overlay -o mermaid").code, kDone);
  EXPECT_EQ(Do("journey render onboarding@7").code, kFailed);
  EXPECT_EQ(Do("journey render onboarding@x").code, kWrongUsage);
}

TEST_F(CommandTest, AWebhooksSecretIsShownOnceAndChannelsDoNotChange) {
  support::WriteFile(dir_.File("journey.yaml"),
                     "channel: {channel_id: hook, webhook: {url: \"https://example.com/a\"}}");
  EXPECT_THAT(Do("apply -f JOURNEY").out, HasSubstr("shown this once: whsec_"));
  EXPECT_EQ(Do("apply -f JOURNEY").out, "channel hook: unchanged\n");
  support::WriteFile(dir_.File("journey.yaml"),
                     "channel: {channel_id: hook, webhook: {url: \"https://example.com/b\"}}");
  const Ran changed = Do("apply -f JOURNEY");
  EXPECT_EQ(changed.code, kFailed);
  EXPECT_THAT(changed.err, HasSubstr("channels do not change"));
}

TEST_F(CommandTest, WhatIsWrongWithAFileIsToldByPlaceAndNothingChanges) {
  std::string wrong = kJourney;
  wrong.replace(wrong.find("key: adoption"), 13, "key: setup   ");
  support::WriteFile(dir_.File("journey.yaml"), wrong);
  for (const char* command : {"apply -f JOURNEY --publish", "validate -f JOURNEY"}) {
    const Ran ran = Do(command);
    EXPECT_EQ(ran.code, kFailed);
    EXPECT_THAT(ran.err, HasSubstr("journey.yaml:14:9: journey.definition.stages[1].key: ")) << command;
    EXPECT_THAT(ran.err, HasSubstr(" found, see above; nothing was changed\n"));
  }
  EXPECT_EQ(Do("list journeys").out, "no journeys; waymark apply makes one\n");
}

TEST_F(CommandTest, VersionsAreComparedPublishedAndExported) {
  EXPECT_EQ(Do("apply -f JOURNEY").code, kDone);
  const Ran published = Do("journey publish onboarding");
  EXPECT_EQ(published.out, "journey onboarding: version 1 published, every customer is evaluated by it\n")
      << published.err;
  EXPECT_EQ(Do("journey publish onboarding 1").out,
            "journey onboarding: version 1 was published before, every customer is evaluated by it\n");
  EXPECT_EQ(Do("journey diff onboarding JOURNEY").out,
            absl::StrCat("onboarding@1 and ", dir_.File("journey.yaml"), " say the same\n"));

  std::string changed = kJourney;
  changed.replace(changed.find("at_least: 3"), 11, "at_least: 5");
  support::WriteFile(dir_.File("journey.yaml"), changed);
  EXPECT_EQ(Do("apply -f JOURNEY").code, kDone);
  EXPECT_EQ(Do("journey diff onboarding@1 onboarding@2").out,
            "onboarding@1 → onboarding@2: 1 difference\n\n~ milestone habit: at least 3 → 5\n");
  EXPECT_THAT(Do("journey diff onboarding@1 onboarding@2 -o json").out,
              AllOf(HasSubstr("\"kind\": \"CHANGED\""),
                    HasSubstr("\"path\": \"stages[1].milestones[0].criterion.event_count.at_least\"")));

  const Ran exported = Do("journey export onboarding 2");
  support::WriteFile(dir_.File("journey.yaml"), exported.out);
  EXPECT_THAT(Do("journey diff onboarding@2 JOURNEY").out, HasSubstr("say the same"));
  EXPECT_EQ(Do("apply -f JOURNEY").out, "journey onboarding: unchanged, version 2 (a draft)\n");
  EXPECT_THAT(Do("journey export onboarding -o json").out, HasSubstr("\"journey_id\": \"onboarding\""));

  EXPECT_EQ(Do("import events EVENTS").code, kDone);
  EXPECT_THAT(Do("journey render onboarding -o mermaid").out, HasSubstr("flowchart LR"));
  EXPECT_THAT(Do("journey render onboarding --overlay").out, HasSubstr("half of them in 1 day"));
  EXPECT_NE(Do("journey render -f JOURNEY --overlay").out, Do("journey render -f JOURNEY").out);

  EXPECT_EQ(Do("journey export nowhere").code, kFailed);
  EXPECT_THAT(Do("journey publish nowhere").err, StartsWith("waymark: "));
  EXPECT_EQ(Do("journey diff onboarding@1@2 JOURNEY").code, kWrongUsage);
}

TEST_F(CommandTest, WhatHoldsCustomersUpIsShownInTablesAndAsItIs) {
  ASSERT_EQ(Do("apply -f JOURNEY --publish").code, kDone);
  ASSERT_EQ(Do("import events EVENTS").code, kDone);

  EXPECT_EQ(Do("dwell onboarding").out,
            "onboarding, version 1: 2 enrollments\n\n"
            "IN THE STAGE  MOVED ON  NOT YET   P50   P90  MEDIAN  TARGET\n"
            "Set up               1        1  24 h  24 h    24 h       -\n"
            "adoption             0        1     -     -       -       -\n\n"
            "FROM ENROLLMENT TO   THERE  NOT YET   P50   P90  MEDIAN\n"
            "the end of Set up        1        1  24 h  24 h    24 h\n"
            "  Data connected         1        1  24 h  24 h    24 h\n"
            "the end of adoption      0        2     -     -       -\n"
            "  habit                  0        2     -     -       -\n\n"
            "P50 and P90 are of those who are done; MEDIAN counts those who are not, too (Kaplan-Meier).\n");
  EXPECT_THAT(Do("dwell onboarding --from-stage adoption").out, HasSubstr("FROM ADOPTION TO     THERE  NOT YET"));
  EXPECT_EQ(Do("friction onboarding").out,
            "onboarding, version 1: 2 enrollments\n\n"
            "STAGE     MILESTONE       ENTERED  DONE  WAITING  LEFT  DROP-OFF  OVERDUE   P50  TARGET\n"
            "adoption                        1     0        1     0   100.0 %        -     -       -  ███████████████\n"
            "adoption  habit                 1     0        1     0   100.0 %        -     -       -  ███████████████\n"
            "Set up                          2     1        1     0    50.0 %        -  24 h       -  ███████▌\n"
            "Set up    Data connected        2     1        1     0    50.0 %        -  24 h       -  ███████▌\n");
  EXPECT_EQ(Do("paths onboarding").out,
            "onboarding, version 1: 2 enrollments\n\n"
            "FROM        TO             TIMES  ENROLLMENTS\n"
            "(enrolled)  setup              2            2  ████████████████████\n"
            "adoption    (still there)      1            1  ██████████\n"
            "setup       (still there)      1            1  ██████████\n"
            "setup       adoption           1            1  ██████████\n");
  const Ran events = Do("paths onboarding --between events --limit 1");
  EXPECT_THAT(events.out, HasSubstr("(enrolled)  signed_up      2            2  ████████████████████  not in the "
                                    "journey\n… and 4 more ways, gone 4 times; --limit shows more\n"));
  EXPECT_THAT(events.out,
              HasSubstr("NOT IN THE JOURNEY  TIMES  ENROLLMENTS\nsigned_up               2            2\n"));
  EXPECT_THAT(Do("conformance onboarding --customer acme").out,
              HasSubstr("1 enrollment, 1 of them with nothing ahead; 100.0 % of events in the designed order\n"));
  EXPECT_EQ(Do("event-types").out,
            "EVENT TYPE      EVENTS  CUSTOMERS  FIRST (UTC)          LAST (UTC)\n"
            "signed_up            2          2  2026-05-04 09:00:00  2026-05-04 09:00:00  ████████████████████\n"
            "data_connected       1          1  2026-05-05 09:00:00  2026-05-05 09:00:00  ██████████\n"
            "report_run           1          1  2026-05-06 09:00:00  2026-05-06 09:00:00  ██████████\n");
  EXPECT_THAT(Do("funnel onboarding --open --as-of 2026-05-05").out,
              AllOf(HasSubstr("2 customers, as of 2026-05-05 00:00:00\n"), HasSubstr("IN ANY ORDER")));
  EXPECT_THAT(Do("funnel onboarding --from 2026-05-05").out, HasSubstr("0 customers"));

  EXPECT_THAT(Do("-o json dwell onboarding").out, HasSubstr("\"p50\": \"86400s\""));
  EXPECT_THAT(Do("-o yaml friction onboarding --by overdue").out, HasSubstr("drop_off: 0.5"));
  EXPECT_THAT(Do("-o json paths onboarding").out, HasSubstr("\"end\": \"PATH_END_STILL_THERE\""));
  EXPECT_THAT(Do("-o json event-types").out, HasSubstr("\"type\": \"data_connected\""));

  EXPECT_EQ(Do("dwell nowhere").code, kFailed);
  EXPECT_EQ(Do("revenue onboarding --start 2026-05-05 --source signed=contract.value:gift").code, kWrongUsage);
  EXPECT_EQ(Do("paths onboarding --limit 0").code, kWrongUsage);
  const Ran wrong = Do("friction onboarding --until tomorrow");
  EXPECT_EQ(wrong.code, kWrongUsage);
  EXPECT_THAT(wrong.err, HasSubstr("--until: write a time such as 2026-05-04T09:00:00Z"));
}

TEST_F(CommandTest, RevenueIsShownByStageAndKind) {
  ASSERT_EQ(Do("apply -f JOURNEY --publish").code, kDone);
  support::WriteFile(dir_.File("events.csv"),
                     "event_id,customer_id,type,event_time,properties\n"
                     "e1,acme,signed,2026-05-04T09:00:00Z,\"{\"\"value\"\": 1000}\"\n"
                     "e2,acme,data_connected,2026-05-04T10:00:00Z,\n"
                     "e3,acme,seats_added,2026-05-06T09:00:00Z,\"{\"\"price\"\": 250.5}\"\n"
                     "e4,birch,signed,2026-05-04T09:00:00Z,\"{\"\"value\"\": 600}\"\n"
                     "e5,birch,cancelled,2026-05-07T09:00:00Z,\n"
                     "e6,birch,signed,2026-05-08T09:00:00Z,\n");
  ASSERT_EQ(Do("import events EVENTS").code, kDone);
  const std::string asked =
      "revenue onboarding --start 2026-05-05 --end 2026-06-01 --source signed=value:new --source "
      "seats_added=+price:upsell --source cancelled";
  EXPECT_EQ(Do(asked).out,
            "onboarding, version 1: 2 customers with revenue at 2026-05-05 00:00:00; until 2026-06-01 00:00:00\n\n"
            "STAGE AT FIRST  CUSTOMERS  CHURNED  BEFORE   GREW  SHRANK  LOST    AFTER      NET    GROSS\n"
            "Set up                  1        1     600      0       0   600        0    0.0 %    0.0 %\n"
            "adoption                1        0   1,000  250.5       0     0  1,250.5  125.0 %  100.0 %\n"
            "all of them             2        1   1,600  250.5       0   600  1,250.5   78.2 %   62.5 %\n\n"
            "GREW BY  AMOUNT  CUSTOMERS\n"
            "upsell    250.5          1\n\n"
            "1 event had no such amount and changed nothing\n");
  EXPECT_THAT(Do("-o json " + asked).out, HasSubstr("\"start_amount\": 1600"));
}

TEST_F(CommandTest, ARefusalOfTheServerIsToldByPlaceToo) {
  support::WriteFile(
      dir_.File("journey.yaml"),
      "scorecard:\n  scorecard_id: s\n  definition:\n    measures:\n      - {key: a, event_count: {days: 0}}");
  const Ran ran = Do("apply -f JOURNEY");
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_THAT(ran.err, HasSubstr("journey.yaml:5:32: scorecard.definition.measures[0].event_count.days: "));
  EXPECT_EQ(ran.out, "");
}

TEST_F(CommandTest, WhatPeopleSayOfACustomerIsRecordedAndShown) {
  ASSERT_EQ(Do("apply --publish -f JOURNEY").code, 0);
  ASSERT_EQ(Do("import events EVENTS").code, 0);
  Ran ran = Do("identify acme plan=pro seats=12 owner.csm=ann --author ben");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "acme: noted\n");
  EXPECT_THAT(Do("get customer acme").out, AllOf(HasSubstr("owner.csm"), HasSubstr("ann"), HasSubstr("12")));
  ran = Do("override acme onboarding setup --reason again --author ben");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(Do("get timeline acme").out,
              AllOf(HasSubstr("identified"), HasSubstr("put into"), HasSubstr("onboarding / setup")));
  EXPECT_THAT(Do("get stage acme --fresh").out, HasSubstr("setup"));
  EXPECT_THAT(Do("override acme onboarding adoption").err, HasSubstr("reason"));
  EXPECT_EQ(Do("exit acme onboarding --reason closed").out, "acme: out of onboarding\n");
  EXPECT_THAT(Do("get stage acme --fresh").out, HasSubstr("exited"));
  EXPECT_THAT(Do("attest acme onboarding connected").err, HasSubstr("attestation"));
  EXPECT_EQ(Do("enroll acme onboarding").code, 1);
  EXPECT_EQ(Do("identify acme plan").code, 2);
  EXPECT_EQ(Do("identify acme plan=pro --time yesterday").code, 2);
}

TEST_F(CommandTest, TwoNamesOfOneCustomerAreMergedAndOneIsForgotten) {
  ASSERT_EQ(Do("apply --publish -f JOURNEY").code, 0);
  ASSERT_EQ(Do("import events EVENTS").code, 0);
  ASSERT_EQ(Do("identify acme-old plan=pro --author ben").code, 0);
  Ran ran = Do("merge-customers acme-old acme");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "customer acme-old: merged into acme\n");
  EXPECT_EQ(Do("get customer acme-old").out, Do("get customer acme").out);
  EXPECT_THAT(Do("get customer acme").out, AllOf(HasSubstr("plan"), HasSubstr("pro")));
  EXPECT_EQ(Do("merge-customers acme acme").code, 1);
  ran = Do("delete-customer acme");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "customer acme: deleted\n");
  EXPECT_EQ(Do("get customer acme").code, 1);
  EXPECT_EQ(Do("get customer acme-old").code, 1);
}

TEST_F(CommandTest, WorkspacesAreApart) {
  EXPECT_EQ(Do("--workspace north apply -f JOURNEY").code, kDone);
  EXPECT_THAT(Do("list journeys").out, HasSubstr("no journeys"));
  EXPECT_THAT(Do("list journeys --workspace north").out, HasSubstr("onboarding"));
}

TEST_F(CommandTest, WhatDoesNotExistIsOneLineAndExitCodeOne) {
  const Ran ran = Do("funnel nowhere");
  EXPECT_EQ(ran.code, kFailed);
  EXPECT_THAT(ran.err, AllOf(StartsWith("waymark: "), HasSubstr("nowhere")));
  EXPECT_EQ(ran.err.find('\n'), ran.err.size() - 1);
}

TEST(CommandLineTest, WrongUsageIsOneLineWithTheNearestNameAndExitCodeTwo) {
  const auto error_of = [](const std::vector<std::string>& arguments) {
    const Ran ran = RunCommand(arguments);
    EXPECT_EQ(ran.code, kWrongUsage);
    EXPECT_EQ(ran.err.find('\n'), ran.err.size() - 1);
    return ran.err;
  };
  EXPECT_THAT(error_of({"funel", "x"}), HasSubstr("\"funel\" is not known; did you mean funnel?; see waymark --help"));
  EXPECT_THAT(error_of({"import", "events", "x", "--colums", "a=b"}),
              HasSubstr("did you mean --columns?; see waymark import events --help"));
  EXPECT_THAT(error_of({"get", "stage"}), HasSubstr("customer is required; see waymark get stage --help"));
  EXPECT_THAT(error_of({"list", "health", "--band", "blue"}), HasSubstr("blue not in {red,yellow,green,"));
  EXPECT_THAT(error_of({"-o", "xml", "funnel", "x"}), HasSubstr("xml not in {table,json,yaml}"));
  EXPECT_THAT(error_of({"--key-file", "/nowhere/key", "funnel", "x"}), HasSubstr("--key-file: "));
  EXPECT_THAT(error_of({"demo", "--out", "x", "--end", "soon"}), HasSubstr("write a day, such as 2026-05-04"));
}

TEST(CommandLineTest, HelpGoesToTheOutputAndNamesTheExitCodes) {
  const Ran ran = RunCommand({"--help"});
  EXPECT_EQ(ran.code, kDone);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("waymark dev --demo"), HasSubstr("Exit codes: 0 done; 1 refused")));
  EXPECT_EQ(RunCommand({"version"}).out, absl::StrCat("waymark ", Version(), "\n"));
  EXPECT_EQ(RunCommand({"--version"}).out, RunCommand({"version"}).out);
  // A command's help is about it alone.
  EXPECT_THAT(RunCommand({"list", "health", "--help"}).out, AllOf(HasSubstr("--band"), Not(HasSubstr("Examples:"))));
}

TEST(CommandLineTest, AServerThatIsNotThereIsExitCodeThree) {
  const Ran ran = RunCommand({"--server", "127.0.0.1:1", "funnel", "x"});
  EXPECT_EQ(ran.code, kUnreachable);
  EXPECT_EQ(ran.err,
            "waymark: no server answers at 127.0.0.1:1; start one with `waymark dev`, or name it by --server or "
            "WAYMARK_SERVER\n");
}

TEST(CommandLineTest, AKeyThatTravelsOpenlyIsSaidSo) {
  EXPECT_THAT(RunCommand({"--server", "192.0.2.1:7000", "--key", "k", "--tls-ca", "/nowhere", "list", "journeys"}).err,
              Not(HasSubstr("unencrypted")));
  const auto shows_key_at = [](const char* address) {
    return (*WaymarkClient::Create({.address = address, .key = "k"}))->ShowsKeyToTheNetwork();
  };
  EXPECT_TRUE(shows_key_at("192.0.2.1:7000"));
  EXPECT_TRUE(shows_key_at("journey=127.0.0.1:7001,milestone=192.0.2.1:7002"));
  EXPECT_FALSE(shows_key_at("127.0.0.1:7000"));
  EXPECT_FALSE(shows_key_at("journey=127.0.0.1:7001,milestone=localhost:7002"));
}

TEST(DevTest, ServesTheDemoUntilItIsToldToStop) {
  const std::string waymark = absl::StrCat(WAYMARK_BINARY_DIR, "/bin/waymark");
  const support::TempDir dir;
  for (const char* expected : {"Loading the demo company", "Waymark serves on"}) {
    auto dev = support::Process::Start(
        {.argv = {waymark, "dev", "--demo", "--grpc-port", "0", "--data-dir", dir.File("data")}});
    ASSERT_TRUE(dev.ok()) << dev.status();
    const auto line = (*dev)->WaitForLine("Waymark serves on");
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_THAT((*dev)->Out(), StartsWith(expected));  // The second time the demo is there already.
    const std::vector<std::string> words = absl::StrSplit(*line, ' ');
    const Ran funnel = RunCommand({"--server", words[3], "funnel", "onboarding"});
    EXPECT_EQ(funnel.code, kDone) << funnel.err;
    EXPECT_THAT(funnel.out, HasSubstr("onboarding, version 1: 300 customers\n"));
    const auto code = (*dev)->Stop();
    ASSERT_TRUE(code.ok()) << code.status();
    EXPECT_EQ(*code, 0);
  }
}

}  // namespace
}  // namespace waymark::cli
