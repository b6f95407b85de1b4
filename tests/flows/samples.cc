#include "tests/flows/samples.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace waymark::flows {

static const char kJourney[] =
    R"({"entry": {"triggers": [{"first_event": {"event_types": ["$-type"]}}, {"by_call": {}}]}, "stages": [
  {"key": "$-stage", "title": "First", "goal": "To begin", "target": "1s", "milestones": [
    {"key": "$-milestone", "title": "Began", "scope": "SCOPE_FROM_STAGE",
     "criterion": {"any_of": {"criteria": [{"event_count": {"event_types": ["$-type"]}}, {"attested": {}}]}}},
    {"key": "later", "title": "Went on", "scope": "SCOPE_FROM_STAGE",
     "criterion": {"event_count": {"event_types": ["$-type"], "at_least": 1000}}}]},
  {"key": "$-next-stage", "milestones": [{"key": "much-later", "scope": "SCOPE_FROM_STAGE",
     "criterion": {"event_count": {"event_types": ["$-type"], "at_least": 1000}}}]}]})";
// The same with a field of every kind that can name something.
static const char kWholeJourney[] = R"({
  "entry": {"entry_key": "contract", "triggers": [
    {"segment_entered": {"segment_id": "$-segment"}}, {"journey_completed": {"journey_id": "$-journey"}},
    {"date_reached": {"attribute": "renewal_date"}},
    {"first_event": {"event_types": ["$-type"], "where": [{"name": "plan", "contains": "pro"}]}}]},
  "stages": [
    {"key": "$-stage", "goal": "To begin", "owner_roles": ["csm"], "experience": {"need": "Help", "emotion": "Hope",
     "pain_points": ["Time"], "opportunities": ["Help"]},
     "hand_off": {"questions": [{"attribute": "why", "question": "Why?", "asked_by": "csm", "answered_by": "sales"}]},
     "milestones": [{"key": "$-milestone", "scope": "SCOPE_FROM_STAGE", "depends_on": ["zlast"], "goal_key": "trust",
       "variants": [{"segment_id": "$-segment", "criterion": {"segment": {"segment_id": "$-segment"}}}],
       "criterion": {"all_of": {"criteria": [
         {"event_count": {"event_types": ["$-type"], "distinct": "DISTINCT_PROPERTY", "distinct_property": "plan"}},
         {"sequence": {"steps": [{"event_types": ["$-type"]}, {"event_types": ["$-type"]}]}},
         {"absence": {"event_types": ["$-type"], "lasting": "60s"}}, {"milestone": {"milestone_key": "$-milestone"}},
         {"health_band": {"scorecard_id": "$-scorecard", "bands": ["green"]}}, {"attested": {"role": "csm"}}]}}}]},
    {"key": "zlast", "parent_key": "$-stage", "entry_criterion": {"milestone": {"milestone_key": "$-milestone"}}}],
  "exits": [{"key": "gone", "outcome": "OUTCOME_CHURNED", "criterion": {"attribute": {"name": "a", "exists": true}}}],
  "transitions": [{"key": "skip", "from_stage": "$-stage", "to_stage": "zlast"}],
  "touchpoints": [{"key": "call", "stage_key": "$-stage", "after_milestone": "$-milestone",
    "before_milestone": "$-milestone", "channel": "CHANNEL_PHONE", "expected_event": "$-type",
    "playbook_id": "$-playbook"}],
  "personas": [{"persona_id": "$-persona"}], "segments": [{"segment_id": "$-segment"}],
  "goals": [{"key": "trust", "measure": "Asked"}], "calendar": {"time_zone": "UTC"},
  "change_plan": [{"what": "Train", "owner": "Ann", "due_date": "2026-05-04"}],
  "scenarios": [{"key": "quick", "persona_id": "$-persona", "steps": [
    {"event": "$-type", "user": "$-user"}, {"attest": "$-milestone", "role": "csm"}, {"completed_journey": "$-journey"},
    {"band": {"scorecard_id": "$-scorecard", "band": "green"}}],
    "expect": [{"stage": "$-stage", "achieved": ["$-milestone"], "not_achieved": ["$-milestone"], "exit": "gone"}]}]})";
// One that makes sense, so that it may be a candidate, with a field of every kind that can name something.
static const char kCandidate[] =
    R"({"entry": {"triggers": [{"first_event": {"event_types": ["$-type"]}}, {"journey_completed": {"journey_id":
  "$-journey"}}]}, "stages": [{"key": "$-stage", "milestones": [{"key": "$-milestone", "scope":
  "SCOPE_FROM_STAGE", "criterion": {"event_count": {"event_types": ["$-type"], "at_least": 2}}, "variants":
  [{"segment_id": "$-segment", "criterion": {"event_count": {"event_types": ["$-type"], "at_least": 3}}}]},
  {"key": "zlater", "scope": "SCOPE_FROM_STAGE", "depends_on": ["$-milestone"], "criterion": {"any_of":
  {"criteria": [{"sequence": {"steps": [{"event_types": ["$-type"]}, {"event_types": ["$-type"]}]}}, {"absence":
  {"event_types": ["$-type"], "lasting": "3600s"}}, {"health_band": {"scorecard_id": "$-scorecard", "bands":
  ["green"]}}, {"segment": {"segment_id": "$-segment"}}, {"attested": {"role": "csm"}}]}}}]}, {"key": "zlast",
  "parent_key": "$-stage", "entry_criterion": {"milestone": {"milestone_key": "$-milestone"}}, "milestones":
  [{"key": "zdone", "scope": "SCOPE_FROM_STAGE", "criterion": {"event_count": {"event_types": ["zdone"]}}}]}],
  "transitions": [{"key": "onward", "from_stage": "$-stage", "to_stage": "zlast"}], "touchpoints": [{"key": "call",
  "stage_key": "$-stage", "after_milestone": "$-milestone", "before_milestone": "zlater", "channel":
  "CHANNEL_PHONE", "expected_event": "$-type", "playbook_id": "$-playbook"}], "personas": [{"persona_id":
  "$-persona"}], "segments": [{"segment_id": "$-segment"}], "scenarios": [{"key": "quick", "persona_id":
  "$-persona", "steps": [{"event": "$-type", "user": "$-user"}, {"at": "3600s", "attest": "$-milestone", "role":
  "csm"}, {"at": "3600s", "completed_journey": "$-journey"}, {"at": "3600s", "band": {"scorecard_id":
  "$-scorecard", "band": "green"}}], "expect": [{"stage": "$-stage", "achieved": ["$-milestone"], "not_achieved":
  ["zlater"]}]}]})";
const char kSegment[] = R"({"title": "Big", "criterion": {"all_of": {"criteria": [
  {"event_count": {"event_types": ["$-type"]}}, {"sequence": {"steps": [{"event_types": ["$-type"]},
  {"event_types": ["$-type"]}]}}, {"absence": {"event_types": ["$-type"], "lasting": "60s"}},
  {"attribute": {"name": "seats", "at_least": 100}},
  {"health_band": {"scorecard_id": "$-scorecard", "bands": ["green"]}}]}}})";
const char kPersona[] = R"({"title": "Ada"})";
static const char kScorecard[] = R"({"measures": [
  {"key": "$-measure", "title": "Use", "event_count": {"event_types": ["$-type"], "days": 7}, "linear": {"hi": 10}},
  {"key": "recency", "days_since": {"event_types": ["$-type"]}, "half_life": {"grace_days": 2, "half_life_days": 14}},
  {"key": "pace", "stage_age": {"journey_id": "$-journey", "planned_days": 10},
   "thresholds": {"steps": [{"below": 0.5, "points": 100}]}},
  {"key": "trend", "event_trend": {"event_types": ["$-type"], "days": 7}, "trend": {"prior": 5, "ratio": 2}}]})";
static const char kSteps[] = R"([
  {"key": "$-step", "send": {"channel_id": "$-channel", "title": "Hello", "text": "There"}},
  {"key": "again", "send": {"channel_id": "$-channel", "title": "Hello", "text": "Again"}}])";
const char kStageTrigger[] = R"({"stage_entered": {"journey_id": "$-journey", "stage_key": "$-stage"}})";
static const char kBandTrigger[] = R"({"band_changed": {"scorecard_id": "$-scorecard", "band": "BAND_RED"}})";
static const char kMilestoneTrigger[] =
    R"({"milestone_achieved": {"journey_id": "$-journey", "milestone_key": "$-milestone"}})";
static const char kToken[] = R"("consistency": {"at_least_as_fresh": "$token"})";

std::string JourneyDraft() {
  return absl::StrCat(R"({"journey_id": "$-journey", "change_note": "Why", "definition": )", kJourney, "}");
}
// A request with the whole definition in `field`, after what else is said.
static std::string WithWholeJourney(const std::string& field, const std::string& before = "") {
  return absl::StrCat("{", before, "\"", field, "\": ", kWholeJourney, "}");
}
static const char kMap[] =
    R"("map": {"stages": {"$-next-stage": "$-stage"}, "milestones": {"$-milestone": "$-milestone"}})";

// What is compared with the candidate, over one customer's history or everybody's.
static std::string ReplayOfCandidate() {
  return absl::StrCat(
      R"({"replay": {"journey_id": "$-journey", "migration": "MIGRATION_MAP", "definition": )", kCandidate, ", ", kMap,
      R"(, "segments": [{"segment_id": "$-segment", "number": 1, "criterion": {"attribute": {"name": "seats", "at_least": 100}}}],
                         "customer_ids": ["$-customer", "$-customer-two"], )",
      kToken, "}}");
}
std::string ScorecardDraft() {
  return absl::StrCat(R"({"scorecard_id": "$-scorecard", "change_note": "Why", "definition": )", kScorecard, "}");
}
std::string PlaybookDraft(const char* trigger) {
  return absl::StrCat(R"({"playbook_id": "$-playbook", "change_note": "Why", "definition": {"trigger": )", trigger,
                      R"(, "steps": )", kSteps, "}}");
}
static std::string Lanes() {
  std::vector<std::string> lanes;
  for (int lane = 0; lane < 16; ++lane) lanes.push_back(absl::StrCat("{\"lane\": ", lane, "}"));
  return absl::StrCat("[", absl::StrJoin(lanes, ", "), "]");
}

const std::vector<Sample>& Samples() {
  static const auto& samples = *new std::vector<Sample>{
      {"journey.v1.JourneyService.GetJourney", Needs::kReader, R"({"journey_id": "$-journey"})"},
      {"journey.v1.JourneyService.ListJourneys", Needs::kReader, "{}"},
      {"journey.v1.JourneyService.GetVersion", Needs::kReader, R"({"journey_id": "$-journey", "number": 2})"},
      {"journey.v1.JourneyService.GetVersion", Needs::kReader, R"({"journey_id": "$-journey"})"},
      {"journey.v1.JourneyService.ListVersions", Needs::kReader, R"({"journey_id": "$-journey"})"},
      {"journey.v1.JourneyService.ListJourneys", Needs::kReader, R"({"label": "team=$-team"})"},
      {"journey.v1.JourneyService.ValidateVersion", Needs::kReader,
       WithWholeJourney("definition", R"("journey_id": "$-journey", )")},
      {"journey.v1.JourneyService.ValidateVersion", Needs::kReader,
       R"({"journey_id": "$-journey", "number": 1, "assumed_persona_ids": ["$-persona"],
           "assumed_segment_ids": ["$-segment"], "assumed_journey_ids": ["$-journey"]})"},
      {"journey.v1.JourneyService.RunScenarios", Needs::kReader, WithWholeJourney("definition")},
      {"journey.v1.JourneyService.RunScenarios", Needs::kReader, R"({"journey_id": "$-journey"})"},
      {"journey.v1.JourneyService.DiffVersions", Needs::kReader,
       WithWholeJourney("to_definition", R"("journey_id": "$-journey", "from_number": 1, )")},
      {"journey.v1.JourneyService.RenderJourneyMap", Needs::kReader,
       WithWholeJourney("definition", R"("overlay": {"stages": [{"stage_key": "$-stage", "count": 3}]}, )")},
      {"journey.v1.JourneyService.RenderJourneyMap", Needs::kReader,
       R"({"journey_id": "$-journey", "number": 1, "format": "MAP_FORMAT_MERMAID"})"},
      {"journey.v1.TemplateGalleryService.ListTemplates", Needs::kReader, "{}"},
      {"journey.v1.JourneyService.ExportJourney", Needs::kReader, R"({"journey_id": "$-journey", "number": 1})"},
      {"journey.v1.PersonaService.GetPersona", Needs::kReader, R"({"persona_id": "$-persona"})"},
      {"journey.v1.PersonaService.ListPersonas", Needs::kReader, "{}"},
      {"journey.v1.SegmentService.GetSegment", Needs::kReader, R"({"segment_id": "$-segment"})"},
      {"journey.v1.SegmentService.ListSegments", Needs::kReader, "{}"},
      {"journey.v1.ReviewService.GetReview", Needs::kReader, R"({"journey_id": "$-journey", "number": 2})"},
      {"journey.v1.ReviewService.ListComments", Needs::kReader, R"({"journey_id": "$-journey", "number": 2})"},
      {"milestone.v1.CustomerService.GetCustomer", Needs::kReader, R"({"customer_id": "$-customer"})"},
      {"milestone.v1.CustomerService.ListCustomers", Needs::kReader, "{}"},
      {"milestone.v1.CustomerService.ListCustomers", Needs::kReader,
       R"({"journey_id": "$-journey", "stage_key": "$-stage"})"},
      {"milestone.v1.MilestoneService.GetCurrentStage", Needs::kReader,
       absl::StrCat(R"({"customer_id": "$-customer", "journey_id": "$-journey", )", kToken, "}")},
      {"milestone.v1.MilestoneService.GetCurrentStage", Needs::kReader,
       R"({"customer_id": "$-customer", "consistency": {"fully_consistent": true}})"},
      {"milestone.v1.MilestoneService.BatchGetCurrentStages", Needs::kReader,
       absl::StrCat(R"({"customer_ids": ["$-customer", "$-customer-two"], "journey_id": "$-journey", )", kToken, "}")},
      {"milestone.v1.MilestoneService.GetProgress", Needs::kReader,
       absl::StrCat(R"({"customer_id": "$-customer", "journey_id": "$-journey", )", kToken, "}")},
      {"milestone.v1.MilestoneService.ListTimeline", Needs::kReader, R"({"customer_id": "$-customer"})"},
      {"milestone.v1.MilestoneService.ListTimeline", Needs::kReader,
       R"({"customer_id": "$-customer", "as_of": "$time", "as_known": "$time"})"},
      {"milestone.v1.MilestoneService.ListStuck", Needs::kReader,
       R"({"journey_id": "$-journey", "stage_key": "$-stage", "min_pace": "PACE_LATE"})"},
      {"milestone.v1.MilestoneService.Explain", Needs::kReader,
       absl::StrCat(R"({"customer_id": "$-customer", "journey_id": "$-journey", )", kToken, "}")},
      {"milestone.v1.MilestoneService.WhyNot", Needs::kReader,
       absl::StrCat(R"({"customer_id": "$-customer", "journey_id": "$-journey", "stage_key": "$-next-stage", )", kToken,
                    "}")},
      {"milestone.v1.MilestoneService.WatchStages", Needs::kReader,
       R"({"customer_ids": ["$-customer"], "journey_id": "$-journey", "stage_keys": ["$-stage"],
           "catch_up_only": true})"},
      {"milestone.v1.AnalyticsService.GetFunnel", Needs::kReader,
       absl::StrCat(R"({"journey_id": "$-journey", "cohort": {"as_of": "$time"}, "include_open": true, )", kToken,
                    "}")},
      {"milestone.v1.AnalyticsService.GetDwell", Needs::kReader,
       absl::StrCat(R"({"journey_id": "$-journey", "cohort": {}, "from_stage_key": "$-stage", )", kToken, "}")},
      {"milestone.v1.AnalyticsService.GetFriction", Needs::kReader,
       absl::StrCat(R"({"journey_id": "$-journey", "cohort": {}, )", kToken, "}")},
      {"milestone.v1.AnalyticsService.GetPaths", Needs::kReader,
       absl::StrCat(R"({"journey_id": "$-journey", "cohort": {}, "steps": "PATH_STEPS_EVENTS", )", kToken, "}")},
      {"milestone.v1.AnalyticsService.GetConformance", Needs::kReader,
       absl::StrCat(R"({"journey_id": "$-journey", "cohort": {}, "customer_id": "$-customer", )", kToken, "}")},
      {"milestone.v1.AnalyticsService.GetRevenue", Needs::kReader,
       absl::StrCat(R"({"journey_id": "$-journey", "cohort": {}, "from": "2026-01-01T00:00:00Z", "until": "$time",
                        "sources": [{"event_type": "$-type", "property": "amount"}], )",
                    kToken, "}")},
      {"milestone.v1.EventService.ListEventTypes", Needs::kReader, absl::StrCat("{", kToken, "}")},
      {"milestone.v1.ReplayService.PreviewVersion", Needs::kReader, ReplayOfCandidate()},
      {"milestone.v1.ReplayService.PreviewVersion", Needs::kReader, R"({"replay": {"journey_id": "$-journey"}})"},
      {"milestone.v1.ReplayService.WhatIf", Needs::kReader, ReplayOfCandidate()},
      {"milestone.v1.ReplayService.GetMigration", Needs::kReader,
       absl::StrCat(R"({"journey_id": "$-second", "number": 1, )", kToken, "}")},
      {"milestone.v1.ReplayService.Recompute", Needs::kAdmin,
       absl::StrCat(R"({"customer_ids": ["$-customer"], "repair": true, )", kToken, "}")},
      {"health.v1.HealthService.GetHealth", Needs::kReader,
       absl::StrCat(R"({"customer_id": "$-customer", "scorecard_id": "$-scorecard", )", kToken, "}")},
      {"health.v1.HealthService.GetHealth", Needs::kReader,
       R"({"customer_id": "$-customer", "scorecard_id": "$-scorecard", "consistency": {"fully_consistent": true}})"},
      {"health.v1.HealthService.ListHealth", Needs::kReader, R"({"scorecard_id": "$-scorecard"})"},
      {"health.v1.ScorecardService.GetScorecard", Needs::kReader, R"({"scorecard_id": "$-scorecard"})"},
      {"health.v1.ScorecardService.ListScorecards", Needs::kReader, "{}"},
      {"health.v1.ScorecardService.GetVersion", Needs::kReader, R"({"scorecard_id": "$-scorecard", "number": 2})"},
      {"health.v1.ScorecardService.GetVersion", Needs::kReader, R"({"scorecard_id": "$-scorecard"})"},
      {"notification.v1.ChannelService.GetChannel", Needs::kReader, R"({"channel_id": "$-channel"})"},
      {"notification.v1.ChannelService.ListChannels", Needs::kReader, "{}"},
      {"notification.v1.NotificationService.GetDelivery", Needs::kReader, R"({"delivery_id": "$delivery"})"},
      {"notification.v1.NotificationService.ListDeliveries", Needs::kReader,
       absl::StrCat(R"({"customer_id": "$-customer", )", kToken, "}")},
      {"notification.v1.NotificationService.ListDeliveries", Needs::kReader, "{}"},
      {"notification.v1.PlaybookService.GetPlaybook", Needs::kReader, R"({"playbook_id": "$-playbook"})"},
      {"notification.v1.PlaybookService.ListPlaybooks", Needs::kReader, "{}"},
      {"notification.v1.PlaybookService.GetVersion", Needs::kReader, R"({"playbook_id": "$-playbook", "number": 2})"},
      {"notification.v1.PlaybookService.GetVersion", Needs::kReader, R"({"playbook_id": "$-playbook"})"},
      {"journal.v1.JournalService.GetJournalInfo", Needs::kReader, R"({"journal": "milestone"})"},
      {"journal.v1.JournalService.ReadJournal", Needs::kReader,
       absl::StrCat(R"({"journal": "milestone", "after": )", Lanes(), "}")},

      {"journey.v1.JourneyService.UpdateDraft", Needs::kWriter,
       absl::StrCat(R"({"journey_id": "$-journey", "number": $number, "etag": "$etag", )",
                    R"("update_mask": "definition,changeNote", "version": {"definition": )", kWholeJourney, "}}")},
      {"journey.v1.JourneyService.UpdateJourney", Needs::kAdmin,
       R"({"etag": "$journey_etag", "journey": {"journey_id": "$-journey", "title": "Title",
           "labels": {"team": "$-team"}}})"},
      {"journey.v1.PersonaService.UpdatePersona", Needs::kWriter,
       absl::StrCat(R"({"etag": "$persona_etag", "persona": {"persona_id": "$-persona", "definition": )", kPersona,
                    "}}")},
      {"journey.v1.SegmentService.UpdateSegment", Needs::kWriter,
       absl::StrCat(R"({"etag": "$segment_etag", "segment": {"segment_id": "$-segment", "definition": )", kSegment,
                    "}}")},
      {"journey.v1.ReviewService.AddComment", Needs::kWriter,
       R"({"journey_id": "$-journey", "number": 2, "text": "Hm", "author": "Ann", "reply_to": "0001"})"},
      {"journey.v1.ReviewService.ResolveComment", Needs::kWriter,
       R"({"journey_id": "$-journey", "number": 2, "comment_id": "0001", "author": "Ann"})"},
      {"journey.v1.ReviewService.RequestApproval", Needs::kWriter,
       R"({"journey_id": "$-journey", "number": 2, "author": "Ann", "reviewers": ["Bob"]})"},
      {"journey.v1.ReviewService.Approve", Needs::kWriter,
       R"({"journey_id": "$-journey", "number": $number, "approver": "Bob", "etag": "$etag"})"},
      {"journey.v1.ReviewService.WithdrawApproval", Needs::kWriter,
       R"({"journey_id": "$-journey", "number": 2, "approver": "Bob"})"},
      {"journey.v1.JourneyService.ImportJourney", Needs::kAdmin,
       absl::StrCat(
           R"({"author": "Ann", "document": ")",
           absl::StrReplaceAll(absl::StrCat(R"({"journey": {"journey_id": "$new", "definition": )", kJourney, "}}"),
                               {{"\"", "\\\""}, {"\n", " "}}),
           "\"}")},
      {"journey.v1.TemplateGalleryService.CreateJourneyFromTemplate", Needs::kAdmin,
       R"({"template_id": "saas", "journey_id": "$new"})"},
      {"journey.v1.JourneyService.RetireVersion", Needs::kAdmin,
       R"({"journey_id": "$-journey", "number": $published})"},
      {"journey.v1.JourneyService.ArchiveJourney", Needs::kAdmin, R"({"journey_id": "$fresh"})"},
      {"journey.v1.PersonaService.ArchivePersona", Needs::kAdmin, R"({"persona_id": "$fresh"})"},
      {"journey.v1.SegmentService.ArchiveSegment", Needs::kAdmin, R"({"segment_id": "$fresh"})"},
      {"journey.v1.JourneyService.PublishVersion", Needs::kAdmin,
       R"({"journey_id": "$-journey", "number": $number, "etag": "$etag"})"},
      {"journey.v1.JourneyService.PublishVersion", Needs::kAdmin,
       R"({"journey_id": "$-journey", "number": $number, "etag": "$etag",
           "plan": {"migration": "MIGRATION_PIN", "content_hash": "any", "outcome_hash": "any"}})"},
      {"journey.v1.JourneyService.PublishVersion", Needs::kAdmin,
       absl::StrCat(R"({"journey_id": "$-journey", "number": $number, "etag": "$etag",
           "plan": {"migration": "MIGRATION_MAP", "epoch": 1, "as_of": "$time", "content_hash": "$hash",
                    "outcome_hash": "$hash", "lane_positions": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], )",
                    kMap, "}}")},
      {"health.v1.ScorecardService.PublishVersion", Needs::kAdmin,
       R"({"scorecard_id": "$-scorecard", "number": $number, "etag": "$etag"})"},
      {"notification.v1.PlaybookService.PublishVersion", Needs::kAdmin,
       R"({"playbook_id": "$-playbook", "number": $number, "etag": "$etag"})"},
      {"journey.v1.JourneyService.CreateDraft", Needs::kWriter, JourneyDraft()},
      {"journey.v1.JourneyService.CreateDraft", Needs::kWriter,
       WithWholeJourney("definition", R"("journey_id": "$-journey", "author": "Ann", )")},
      {"health.v1.ScorecardService.CreateDraft", Needs::kWriter, ScorecardDraft()},
      {"notification.v1.PlaybookService.CreateDraft", Needs::kWriter, PlaybookDraft(kStageTrigger)},
      {"notification.v1.PlaybookService.CreateDraft", Needs::kWriter, PlaybookDraft(kBandTrigger)},
      {"notification.v1.PlaybookService.CreateDraft", Needs::kWriter, PlaybookDraft(kMilestoneTrigger)},

      {"journey.v1.JourneyService.CreateJourney", Needs::kAdmin,
       R"({"journey": {"journey_id": "$new", "title": "Title", "labels": {"team": "growth"}}})"},
      {"journey.v1.PersonaService.CreatePersona", Needs::kWriter,
       absl::StrCat(R"({"persona": {"persona_id": "$new", "definition": )", kPersona, "}}")},
      {"journey.v1.SegmentService.CreateSegment", Needs::kWriter,
       absl::StrCat(R"({"segment": {"segment_id": "$new", "definition": )", kSegment, "}}")},
      {"health.v1.ScorecardService.CreateScorecard", Needs::kAdmin,
       R"({"scorecard": {"scorecard_id": "$new", "title": "Title"}})"},
      {"notification.v1.PlaybookService.CreatePlaybook", Needs::kAdmin,
       R"({"playbook": {"playbook_id": "$new", "title": "Title"}})"},
      {"notification.v1.ChannelService.CreateChannel", Needs::kAdmin,
       R"({"channel": {"channel_id": "$new", "title": "Title", "webhook": {"url": "https://example.com/in"}}})"},
      {"milestone.v1.CustomerService.Identify", Needs::kWriter,
       R"({"customer_id": "$-customer", "user_id": "$-user", "attributes": {"plan": "pro"}, "author": "Ann"})"},
      {"milestone.v1.MilestoneService.AttestMilestone", Needs::kWriter,
       R"({"customer_id": "$-customer", "journey_id": "$-journey", "milestone_key": "$-milestone", "role": "csm",
           "author": "Ann", "reason": "Seen"})"},
      {"milestone.v1.MilestoneService.Enroll", Needs::kWriter,
       R"({"customer_id": "$-customer", "journey_id": "$-journey", "properties": {"plan": "pro"}})"},
      {"milestone.v1.MilestoneService.OverrideStage", Needs::kWriter,
       R"({"customer_id": "$enrolled", "journey_id": "$-journey", "stage_key": "$-next-stage", "reason": "Trained"})"},
      {"milestone.v1.MilestoneService.ExitEnrollment", Needs::kWriter,
       R"({"customer_id": "$enrolled", "journey_id": "$-journey", "reason": "Closed"})"},
      {"milestone.v1.CustomerService.MergeCustomers", Needs::kWriter,
       R"({"customer_id": "$enrolled", "into_customer_id": "$-customer"})"},
      {"milestone.v1.CustomerService.DeleteCustomer", Needs::kAdmin, R"({"customer_id": "$enrolled"})"},
      {"milestone.v1.EventService.IngestEvents", Needs::kWriter,
       R"({"consistency_token": "$token", "events": [{"event_id": "$new", "customer_id": "$-customer",
           "user_id": "$-user", "type": "$-type", "event_time": "$time", "properties": {"plan": "pro"}}]})"},
      {"milestone.v1.EventService.StreamEvents", Needs::kWriter,
       R"({"sequence": "1", "events": [{"event_id": "$new", "customer_id": "$-customer", "user_id": "$-user",
           "type": "$-type", "event_time": "$time", "properties": {"plan": "pro"}}]})"},
  };
  return samples;
}

const std::map<std::string, std::string>& Kinds() {
  static const auto& kinds = *new std::map<std::string, std::string>{
      {"journey_id", "journey"},
      {"assumed_journey_ids", "journey"},
      {"completed_journey", "journey"},
      {"persona_id", "persona"},
      {"assumed_persona_ids", "persona"},
      {"segment_id", "segment"},
      {"assumed_segment_ids", "segment"},
      {"scorecard_id", "scorecard"},
      {"playbook_id", "playbook"},
      {"channel_id", "channel"},
      {"customer_id", "customer"},
      {"customer_ids", "customer"},
      {"into_customer_id", "customer"},
      {"user_id", "user"},
      {"event_id", "event"},
      {"event_types", "type"},
      {"Event.type", "type"},
      {"RevenueSource.event_type", "type"},
      {"RevenueSource.property", "text"},
      {"stage_key", "stage"},
      {"stage_keys", "stage"},
      {"from_stage_key", "stage"},
      {"Stage.key", "stage"},
      {"milestone_key", "milestone"},
      {"Milestone.key", "milestone"},
      {"StagesEntry.key", "stage"},
      {"StagesEntry.value", "stage"},
      {"MilestonesEntry.key", "milestone"},
      {"MilestonesEntry.value", "milestone"},
      {"Measure.key", "measure"},
      {"Step.key", "step"},
      {"delivery_id", "delivery"},
      {"request_id", "request"},
      {"etag", "etag"},
      {"content_hash", "hash"},
      {"parent_content_hash", "hash"},
      {"outcome_hash", "hash"},
      {"page_token", "page"},
      {"cursor", "page"},  // Of a watch, which has tests of its own.
      {"consistency_token", "token"},
      {"at_least_as_fresh", "token"},
      {"webhook_secret", "secret"},
      {"ReadJournalRequest.journal", "text"},  // A service's name.
      {"GetJournalInfoRequest.journal", "text"},
      {"title", "text"},
      {"goal", "text"},
      {"change_note", "text"},
      {"parent_key", "stage"},
      {"from_stage", "stage"},
      {"to_stage", "stage"},
      {"Expectation.stage", "stage"},
      {"depends_on", "milestone"},
      {"after_milestone", "milestone"},
      {"before_milestone", "milestone"},
      {"achieved", "milestone"},
      {"not_achieved", "milestone"},
      {"attest", "milestone"},
      {"expected_event", "type"},
      {"ScenarioStep.event", "type"},
      {"ScenarioStep.user", "user"},
      // Names inside one definition, or of an event's properties and a customer's attributes: nothing is looked up by
      // them.
      {"Exit.key", "text"},
      {"Transition.key", "text"},
      {"Touchpoint.key", "text"},
      {"Goal.key", "text"},
      {"Scenario.key", "text"},
      {"goal_key", "text"},
      {"exit", "text"},
      {"entry_key", "text"},
      {"distinct_property", "text"},
      {"attribute", "text"},
      {"ValueCondition.name", "text"},
      {"bands", "text"},
      {"ScenarioBand.band", "text"},
      // Numbers of comments, the same in every version.
      {"comment_id", "text"},
      {"reply_to", "text"},
      {"ListJourneysRequest.label", "text"},
      {"LabelsEntry.key", "text"},
      {"LabelsEntry.value", "text"},
      {"ValueCondition.contains", "text"},
      {"document", "text"},
      {"template_id", "text"},
      {"path", "text"},
      {"note", "text"},
      {"author", "text"},
      {"reason", "text"},
      {"authors", "text"},
      {"approver", "text"},
      {"reviewers", "text"},
      {"owner", "text"},
      {"owner_role", "text"},
      {"owner_roles", "text"},
      {"role", "text"},
      {"asked_by", "text"},
      {"answered_by", "text"},
      {"question", "text"},
      {"need", "text"},
      {"emotion", "text"},
      {"pain_points", "text"},
      {"opportunities", "text"},
      {"description", "text"},
      {"element", "text"},
      {"measure", "text"},
      {"time_zone", "text"},
      {"what", "text"},
      {"due_date", "text"},
      {"jobs_to_be_done", "text"},
      {"goals", "text"},
      {"pains", "text"},
      {"motivators", "text"},
      {"objections", "text"},
      {"AddCommentRequest.text", "text"},
      {"SendStep.text", "text"},
      {"WebhookChannel.url", "text"},
  };
  return kinds;
}

}  // namespace waymark::flows
