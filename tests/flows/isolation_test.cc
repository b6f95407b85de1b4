// No workspace sees or touches another: every RPC that there is, with every id that its request can hold.
//
// Methods and fields come from the descriptors. A method without a sample request, or a text field of which nobody has
// said what it holds, fails the first test: say it in samples.cc.
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/flows/samples.h"
#include "tests/flows/workspaces.h"
#include "waymark/journal/v1/journal.pb.h"

namespace waymark::flows {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// ---- Every RPC ----

const MethodDescriptor& MethodOf(const Sample& sample) {
  return flows::MethodOf(absl::StrCat("waymark.", sample.method));
}

// ---- Every text field ----

// Of Google's messages none holds an id: properties of events, names of fields, times.
bool IsGoogles(const Descriptor& type) { return absl::StartsWith(type.full_name(), "google.protobuf."); }

bool IsText(const FieldDescriptor& field) { return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING; }

// Empty where nobody has said it.
std::string KindOf(const FieldDescriptor& field) {
  const std::string& name = field.name();
  const auto precise = Kinds().find(absl::StrCat(field.containing_type()->name(), ".", name));
  if (precise != Kinds().end()) return precise->second;
  const auto common = Kinds().find(name);
  return common == Kinds().end() ? "" : common->second;
}

std::string Below(const std::string& path, const FieldDescriptor& field) {
  return absl::StrCat(path, path.empty() ? "" : ".", field.name(), field.is_repeated() ? "[]" : "");
}

// Every text field that a message of this type can hold, by its path.
void Collect(const Descriptor& type, const std::string& path, std::vector<const Descriptor*> within,
             std::map<std::string, const FieldDescriptor*>& found) {
  if (IsGoogles(type)) return;
  // What contains itself, as a criterion does, holds inside what it holds outside.
  if (std::find(within.begin(), within.end(), &type) != within.end()) return;
  within.push_back(&type);
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (IsText(field)) found[Below(path, field)] = &field;
    if (field.message_type() != nullptr) Collect(*field.message_type(), Below(path, field), within, found);
  }
}

// A place for a text in a request: an element of a list counts as one of its own.
struct Slot {
  std::vector<std::pair<const FieldDescriptor*, int>> way;  // Of messages; -1 where not repeated.
  const FieldDescriptor* field = nullptr;
  int index = -1;
  std::string path;
};

// The places of ids in `message`: filled or not, but only in submessages that are there.
void CollectSlots(const Message& message, const Slot& here, std::vector<Slot>& found) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const Descriptor& type = *message.GetDescriptor();
  if (IsGoogles(type)) return;
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const int size = field.is_repeated() ? reflection.FieldSize(message, &field) : 1;
    for (int index = 0; index < size; ++index) {
      Slot slot = here;
      slot.path = Below(here.path, field);
      if (IsText(field) && KindOf(field) != "text") {
        slot.field = &field;
        slot.index = field.is_repeated() ? index : -1;
        found.push_back(slot);
      } else if (field.message_type() != nullptr) {
        slot.way.push_back({&field, field.is_repeated() ? index : -1});
        if (field.is_repeated()) {
          CollectSlots(reflection.GetRepeatedMessage(message, &field, index), slot, found);
        } else if (reflection.HasField(message, &field)) {
          CollectSlots(reflection.GetMessage(message, &field), slot, found);
        }
      }
    }
  }
}

std::vector<Slot> SlotsOf(const Message& request) {
  std::vector<Slot> slots;
  CollectSlots(request, {}, slots);
  return slots;
}

void Put(const Slot& slot, const std::string& value, Message& request) {
  Message* at = &request;
  for (const auto& [field, index] : slot.way) {
    at = index < 0 ? at->GetReflection()->MutableMessage(at, field)
                   : at->GetReflection()->MutableRepeatedMessage(at, field, index);
  }
  if (slot.index < 0) {
    at->GetReflection()->SetString(at, slot.field, value);
  } else {
    at->GetReflection()->SetRepeatedString(at, slot.field, slot.index, value);
  }
}

// ---- What is compared ----

MessagePtr Copy(const Message& message) {
  MessagePtr copy(message.New());
  copy->CopyFrom(message);
  return copy;
}

// What the server makes anew for every call, or says of itself: whether it is there counts, not what it is.
const std::set<std::string>& MadeByServer() {
  static const auto& names = *new std::set<std::string>{
      // Positions in a journal, and what holds them.
      "consistency_token", "item_id", "comment_id", "version_position", "heads", "reached", "lane_positions", "cursor",
      // Ids and secrets.
      "record_id", "witness_event_id", "witness_event_ids", "enroll_witness_event_id", "delivery_id", "notification_id",
      "wire_id", "effect_key", "webhook_secret",
      // What a draft is given, from the ids in it, too; and which page comes next.
      "number", "etag", "content_hash", "next_page_token", "parent_number", "parent_content_hash", "from_number",
      "to_number", "outcome_hash", "base_outcome_hash",
      // Whether the cache knew it.
      "source"};
  return names;
}

void HideWhatServersMake(Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (MadeByServer().contains(field->name())) {
      reflection.ClearField(&message, field);
      // A token is not even there where nobody has written to the lane yet, whoever's it is.
      if (field->name() == "consistency_token") continue;
      if (!field->is_repeated() && IsText(*field)) reflection.SetString(&message, field, "made");
    } else if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    } else if (field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        HideWhatServersMake(*reflection.MutableRepeatedMessage(&message, field, i));
      }
    } else {
      HideWhatServersMake(*reflection.MutableMessage(&message, field));
    }
  }
}

// Deliveries made in one millisecond have no order among them.
void SortDeliveries(Message& message) {
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName("deliveries");
  if (field == nullptr) return;
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<MessagePtr> deliveries;
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    deliveries.push_back(Copy(reflection.GetRepeatedMessage(message, field, i)));
  }
  std::sort(deliveries.begin(), deliveries.end(),
            [](const MessagePtr& one, const MessagePtr& other) { return one->DebugString() < other->DebugString(); });
  reflection.ClearField(&message, field);
  for (const MessagePtr& delivery : deliveries) reflection.AddMessage(&message, field)->CopyFrom(*delivery);
}

// Names made by `$new` are of one length, and count as one.
std::string WithoutNewNames(std::string text) {
  for (size_t at = text.find("new-"); at != text.npos; at = text.find("new-", at + 1)) {
    for (size_t i = at + 4; i < text.size() && i < at + 10; ++i) text[i] = absl::ascii_isdigit(text[i]) ? '#' : text[i];
  }
  return text;
}

std::string TextOf(const grpc::Status& status) {
  return absl::StrCat(status.error_code(), " ", status.error_message(), " ", absl::CEscape(status.error_details()));
}

// An answer as text; `id` is what was asked for, and reads as ID wherever it stands.
std::string TextOf(const Answer& answer, const std::string& id = "") {
  std::string text = TextOf(answer.status);
  for (const MessagePtr& response : answer.responses) {
    const MessagePtr shown = Copy(*response);
    HideWhatServersMake(*shown);
    SortDeliveries(*shown);
    absl::StrAppend(&text, "\n", shown->DebugString());
  }
  return WithoutNewNames(id.empty() ? text : absl::StrReplaceAll(text, {{absl::CEscape(id), "ID"}}));
}

// Another id of the same form and length, which nobody has.
std::string Altered(std::string id) {
  for (char& c : id) {
    if (c >= 'a' && c < 'f')
      ++c;
    else if (c == 'f')
      c = 'a';
    else if (c >= '0' && c < '9')
      ++c;
    else if (c == '9')
      c = '0';
  }
  return id;
}

// ---- What a workspace holds ----

std::string GetText(const Message& message, const std::string& field) {
  return message.GetReflection()->GetString(message, message.GetDescriptor()->FindFieldByName(field));
}
const Message& GetPart(const Message& message, const std::string& field) {
  const FieldDescriptor* part = message.GetDescriptor()->FindFieldByName(field);
  if (part->is_repeated()) return message.GetReflection()->GetRepeatedMessage(message, part, 0);
  return message.GetReflection()->GetMessage(message, part);
}

// Things in a workspace whose names begin alike: of every kind that there is.
class Side {
 public:
  Side(Workspaces& services, std::string workspace, std::string prefix)
      : services_(services), workspace_(std::move(workspace)), prefix_(std::move(prefix)) {}

  std::string Name(const std::string& kind) const { return absl::StrCat(prefix_, "-", kind); }
  std::string key(const std::string& role = "admin") const { return absl::StrCat(workspace_, "-", role); }
  const std::string& token() const { return token_; }
  const std::string& secret() const { return secret_; }
  const std::string& delivery_id() const { return delivery_id_; }

  // Defines: before the loops run.
  void Define() {
    const std::string journeys = "journey.v1.JourneyService.", scorecards = "health.v1.ScorecardService.",
                      channels = "notification.v1.ChannelService.", playbooks = "notification.v1.PlaybookService.";
    for (const char* id : {"$-journey", "$-second", "$-third"}) {
      Must(journeys + "CreateJourney", absl::StrCat(R"({"journey": {"journey_id": ")", id,
                                                    R"(", "title": "$- title", "labels": {"team": "$-team"}}})"));
    }
    for (const char* id : {"$-persona", "$-persona-two"}) {
      Must("journey.v1.PersonaService.CreatePersona",
           absl::StrCat(R"({"persona": {"persona_id": ")", id, R"(", "definition": )", kPersona, "}}"));
    }
    for (const char* id : {"$-segment", "$-segment-two"}) {
      Must("journey.v1.SegmentService.CreateSegment",
           absl::StrCat(R"({"segment": {"segment_id": ")", id, R"(", "definition": )", kSegment, "}}"));
    }
    Must(journeys + "CreateDraft", JourneyDraft());
    Must(journeys + "PublishVersion", R"({"journey_id": "$-journey", "number": 1})");
    Must(journeys + "CreateDraft", JourneyDraft());
    // A map of the future, published with a plan to move everybody to it: nobody can be moved there.
    const MessagePtr planned = Must(
        journeys + "CreateDraft",
        absl::StrReplaceAll(JourneyDraft(),
                            {{"$-journey", "$-second"}, {R"({"entry")", R"({"kind": "KIND_FUTURE_STATE", "entry")"}}));
    const std::string hash = GetText(GetPart(*planned, "version"), "content_hash");
    Must(
        journeys + "PublishVersion",
        absl::StrCat(R"({"journey_id": "$-second", "number": 1, "plan": {"migration": "MIGRATION_REPLAY", "epoch": 1,)",
                     R"("as_of": "$time", "content_hash": ")", hash, R"(", "outcome_hash": ")", hash,
                     R"(", "lane_positions": [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]}})"));
    for (const char* text : {"First", "Second"}) {
      Must("journey.v1.ReviewService.AddComment",
           absl::StrCat(R"({"journey_id": "$-journey", "number": 2, "author": "$-user", "text": ")", text, "\"}"));
    }
    Must("journey.v1.TemplateGalleryService.CreateJourneyFromTemplate",
         R"({"template_id": "saas", "journey_id": "$-templated"})");
    Must(scorecards + "CreateScorecard", R"({"scorecard": {"scorecard_id": "$-scorecard", "title": "$- title"}})");
    Must(scorecards + "CreateDraft", ScorecardDraft());
    Must(scorecards + "PublishVersion", R"({"scorecard_id": "$-scorecard", "number": 1})");
    Must(scorecards + "CreateDraft", ScorecardDraft());
    Must(channels + "CreateChannel", R"({"channel": {"channel_id": "$-channel", "title": "$- title", "log": {}}})");
    const MessagePtr webhook = Must(
        channels + "CreateChannel",
        R"({"channel": {"channel_id": "$-hook", "title": "$- title", "webhook": {"url": "https://example.com"}}})");
    secret_ = GetText(*webhook, "webhook_secret");
    Must(playbooks + "CreatePlaybook", R"({"playbook": {"playbook_id": "$-playbook", "title": "$- title"}})");
    Must(playbooks + "CreateDraft", PlaybookDraft(kStageTrigger));
    Must(playbooks + "PublishVersion", R"({"playbook_id": "$-playbook", "number": 1})");
    Must(playbooks + "CreateDraft", PlaybookDraft(kStageTrigger));
  }

  // Sends events; once `milestone` knows the journey.
  void Live() {
    std::vector<std::string> events;
    for (const char* id : {"", "-two"}) {
      for (const char* event : {"", "-then"}) {
        events.push_back(absl::StrCat(R"({"event_id": "$-event)", id, event, R"(", "customer_id": "$-customer)", id,
                                      R"(", "user_id": "$-user", "type": "$-type", "event_time": "$time"})"));
      }
    }
    const MessagePtr receipt = Must("milestone.v1.EventService.IngestEvents",
                                    absl::StrCat(R"({"events": [)", absl::StrJoin(events, ", "), "]}"));
    token_ = GetText(*receipt, "consistency_token");
  }

  // Looks up what the services have made; once the loops have run.
  void Look() {
    const MessagePtr list =
        Must("notification.v1.NotificationService.ListDeliveries", R"({"customer_id": "$-customer"})");
    const FieldDescriptor* deliveries = list->GetDescriptor()->FindFieldByName("deliveries");
    ASSERT_GT(list->GetReflection()->FieldSize(*list, deliveries), 1);
    delivery_id_ = GetText(GetPart(*list, "deliveries"), "delivery_id");
  }

  // The sample's request, about this side.
  MessagePtr Request(const Sample& sample) {
    return Request(flows::MethodOf(absl::StrCat("waymark.", sample.method)), sample.request);
  }

  // The etag of this side's journey, persona or segment.
  std::string EtagOf(const std::string& kind) {
    const std::string name = absl::StrCat(absl::AsciiStrToUpper(kind.substr(0, 1)), kind.substr(1));
    const MessagePtr found = Must(absl::StrCat("journey.v1.", name, "Service.Get", name),
                                  absl::StrCat(R"({")", kind, R"(_id": "$-)", kind, R"("})"));
    return GetText(GetPart(*found, kind), "etag");
  }

  // A name under which a journey, a persona and a segment were just made.
  std::string MakeFresh() {
    const MessagePtr made =
        Must("journey.v1.JourneyService.CreateJourney", R"({"journey": {"journey_id": "$new", "title": "Title"}})");
    const std::string id = GetText(GetPart(*made, "journey"), "journey_id");
    Must("journey.v1.PersonaService.CreatePersona",
         absl::StrCat(R"({"persona": {"persona_id": ")", id, R"(", "definition": )", kPersona, "}}"));
    Must("journey.v1.SegmentService.CreateSegment",
         absl::StrCat(R"({"segment": {"segment_id": ")", id, R"(", "definition": )", kSegment, "}}"));
    return id;
  }

  // A customer who has just come into the journey.
  std::string Enroll() {
    static int customers = 0;
    const std::string id = absl::StrFormat("enrolled-%06d", ++customers);
    Must("milestone.v1.MilestoneService.Enroll",
         absl::StrCat(R"({"journey_id": "$-journey", "customer_id": ")", id, "\"}"));
    return id;
  }

  // A new draft in the service of `method`; reviews are of journeys' drafts.
  MessagePtr NewDraft(const MethodDescriptor& method) {
    std::string service = method.service()->full_name().substr(sizeof("waymark.") - 1);
    if (service == "journey.v1.ReviewService") service = "journey.v1.JourneyService";
    const std::string create = service + ".CreateDraft";
    for (const Sample& sample : Samples()) {
      if (sample.method == create) return Copy(GetPart(*Must(create, sample.request), "version"));
    }
    ADD_FAILURE() << service << " has no drafts";
    return nullptr;
  }

  MessagePtr Must(const std::string& method_name, const std::string& request) {
    const MethodDescriptor& method = flows::MethodOf("waymark." + method_name);
    Answer answer = services_.Call(method, *Request(method, request), key());
    EXPECT_TRUE(answer.status.ok()) << workspace_ << " " << method_name << ": " << TextOf(answer.status);
    if (answer.responses.size() == 1) return std::move(answer.responses[0]);
    return MessagePtr(google::protobuf::MessageFactory::generated_factory()->GetPrototype(method.output_type())->New());
  }

 private:
  MessagePtr Request(const MethodDescriptor& method, std::string text) {
    if (absl::StrContains(text, "$etag") || absl::StrContains(text, "$number")) {
      const MessagePtr draft = NewDraft(method);
      const FieldDescriptor* number = draft->GetDescriptor()->FindFieldByName("number");
      text = absl::StrReplaceAll(text, {{"$etag", GetText(*draft, "etag")},
                                        {"$hash", GetText(*draft, "content_hash")},
                                        {"$number", absl::StrCat(draft->GetReflection()->GetUInt32(*draft, number))}});
    }
    if (absl::StrContains(text, "$published")) {
      const MessagePtr draft = NewDraft(method);
      const FieldDescriptor* number = draft->GetDescriptor()->FindFieldByName("number");
      const std::string published = absl::StrCat(draft->GetReflection()->GetUInt32(*draft, number));
      Must("journey.v1.JourneyService.PublishVersion",
           absl::StrCat(R"({"journey_id": "$-journey", "number": )", published, "}"));
      text = absl::StrReplaceAll(text, {{"$published", published}});
    }
    if (absl::StrContains(text, "$enrolled")) text = absl::StrReplaceAll(text, {{"$enrolled", Enroll()}});
    if (absl::StrContains(text, "$fresh")) text = absl::StrReplaceAll(text, {{"$fresh", MakeFresh()}});
    for (const char* kind : {"journey", "persona", "segment"}) {
      const std::string wanted = absl::StrCat("$", kind, "_etag");
      if (absl::StrContains(text, wanted)) text = absl::StrReplaceAll(text, {{wanted, EtagOf(kind)}});
    }
    static int names = 0;
    text = absl::StrReplaceAll(text,
                               {{"$-", prefix_ + "-"},
                                {"$new", absl::StrFormat("new-%06d", ++names)},
                                {"$time", absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", services_.Now(), absl::UTCTimeZone())},
                                {"$token", token_},
                                {"$delivery", delivery_id_}});
    MessagePtr request(google::protobuf::MessageFactory::generated_factory()->GetPrototype(method.input_type())->New());
    const auto parsed = google::protobuf::util::JsonStringToMessage(text, request.get());
    EXPECT_TRUE(parsed.ok()) << method.full_name() << " " << text << ": " << parsed.ToString();
    return request;
  }

  Workspaces& services_;
  const std::string workspace_;
  const std::string prefix_;
  std::string token_;
  std::string secret_;
  std::string delivery_id_;
};

class IsolationTest : public ::testing::Test {
 protected:
  // Both workspaces hold the same, once under names of their own and once under the same names.
  void SetUp() override {
    for (Side* side : sides_) side->Define();
    Run();
    for (Side* side : sides_) side->Live();
    Run();
    services_.Advance(absl::Seconds(2));  // Past the target of the stage that everybody stands in.
    for (Side* side : sides_) side->Look();
  }

  void Run() {
    const absl::Status quiet = services_.RunUntilQuiet();
    ASSERT_TRUE(quiet.ok()) << quiet;
  }

  Answer Call(const Sample& sample, const Message& request, const std::string& key, const std::string& workspace = "") {
    return services_.Call(MethodOf(sample), request, key, workspace);
  }

  // What b sees of itself.
  std::string ViewOfB() {
    std::string view;
    for (const Sample& sample : Samples()) {
      if (sample.needs != Needs::kReader) continue;
      for (Side* side : {&foreign_, &same_in_b_}) {
        const Answer answer = Call(sample, *side->Request(sample), "b-reader");
        EXPECT_TRUE(answer.status.ok()) << sample.method << ": " << TextOf(answer.status);
        absl::StrAppend(&view, sample.method, "\n", TextOf(answer), "\n");
      }
    }
    return view;
  }

  Workspaces services_;
  Side own_{services_, "a", "own"};
  // Ids that are missing, `thire-`, have the same letters: as near to one's own for a hint, as wide on a map, and on
  // the same side of them in a list. So whatever differs in an answer tells of the other workspace.
  Side foreign_{services_, "b", "their"};
  Side same_in_a_{services_, "a", "same"};
  Side same_in_b_{services_, "b", "same"};
  const std::vector<Side*> sides_ = {&own_, &foreign_, &same_in_a_, &same_in_b_};
};

TEST_F(IsolationTest, EveryRpcHasASampleAndEveryTextFieldIsKnown) {
  // Ids' fields by method: that each is met somewhere, since a criterion, say, can stand in seven places.
  std::map<std::string, std::set<const FieldDescriptor*>> reached;
  for (const Sample& sample : Samples()) {
    std::set<const FieldDescriptor*>& fields = reached[MethodOf(sample).full_name()];
    const MessagePtr request = own_.Request(sample);
    for (const Slot& slot : SlotsOf(*request)) fields.insert(slot.field);
  }
  const std::vector<const MethodDescriptor*> methods = EveryMethod();
  EXPECT_THAT(methods, Not(IsEmpty()));
  for (const MethodDescriptor* method : methods) {
    EXPECT_TRUE(reached.contains(method->full_name())) << "give " << method->full_name() << " a sample";
    std::map<std::string, const FieldDescriptor*> fields;
    Collect(*method->input_type(), "", {}, fields);
    for (const auto& [path, field] : fields) {
      const std::string kind = KindOf(*field);
      EXPECT_NE(kind, "") << "say in Kinds() what " << field->full_name() << " holds";
      if (kind == "text" || !reached.contains(method->full_name())) continue;
      // A segment's rule that names something of a journey is refused before anything is looked up.
      if (absl::StartsWith(path, "segment.definition.criterion.") && (kind == "milestone" || kind == "segment"))
        continue;
      EXPECT_TRUE(reached[method->full_name()].contains(field))
          << "no sample of " << method->full_name() << " has a place for " << path;
    }
  }
}

TEST_F(IsolationTest, CredentialsThatAreMissingUnknownOrOfAnotherWorkspaceAreRefusedAlike) {
  std::set<std::string> answers;
  for (const Sample& sample : Samples()) {
    SCOPED_TRACE(sample.method);
    const MessagePtr request = own_.Request(sample);
    for (const auto& [key, workspace] : std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                                                         {"", "a"},
                                                                                         {"nobodys", ""},
                                                                                         {"nobodys", "a"},
                                                                                         {"a-admin", "b"},
                                                                                         {"b-admin", "a"},
                                                                                         {"a-admin", "nobodys"},
                                                                                         {"a-admin", "*"}}) {
      const Answer answer = Call(sample, *request, key, workspace);
      EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << key << " in " << workspace;
      EXPECT_THAT(answer.responses, IsEmpty());
      answers.insert(TextOf(answer.status));
    }
  }
  EXPECT_THAT(answers, SizeIs(1)) << absl::StrJoin(answers, "\n");
}

TEST_F(IsolationTest, EveryRpcAnswersTheRolesThatMayCallItAndNoOther) {
  const std::vector<std::pair<std::string, Needs>> roles = {
      {"reader", Needs::kReader}, {"writer", Needs::kWriter}, {"admin", Needs::kAdmin}};
  for (const Sample& sample : Samples()) {
    for (const auto& [role, has] : roles) {
      const Answer answer = Call(sample, *own_.Request(sample), own_.key(role));
      const auto expected = has >= sample.needs ? grpc::StatusCode::OK : grpc::StatusCode::PERMISSION_DENIED;
      EXPECT_EQ(answer.status.error_code(), expected)
          << sample.method << " by a " << role << ": " << TextOf(answer.status);
      EXPECT_EQ(answer.responses.empty(), expected != grpc::StatusCode::OK);
    }
  }
}

TEST_F(IsolationTest, AServiceNamesOneWorkspaceForEverythingButJournals) {
  for (const Sample& sample : Samples()) {
    SCOPED_TRACE(sample.method);
    const MessagePtr request = own_.Request(sample);
    EXPECT_EQ(Call(sample, *request, "service").status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    const bool journal = absl::StartsWith(sample.method, "journal.");
    EXPECT_EQ(Call(sample, *request, "service", "*").status.error_code(),
              journal ? grpc::StatusCode::OK : grpc::StatusCode::INVALID_ARGUMENT);
    const Answer named = Call(sample, *request, "service", "a");
    EXPECT_TRUE(named.status.ok()) << TextOf(named.status);
  }
}

// Calls every RPC as a, with b's id and with one that is nobody's, wherever an id can stand.
class SwapTest : public IsolationTest {
 protected:
  // Before anything is compared: b has used a request_id for everything that takes one, and has a draft of each kind.
  void PrepareB() {
    for (size_t i = 0; i < Samples().size(); ++i) {
      const Sample& sample = Samples()[i];
      const MessagePtr request = foreign_.Request(sample);
      if (const FieldDescriptor* field = request->GetDescriptor()->FindFieldByName("request_id"); field != nullptr) {
        request->GetReflection()->SetString(request.get(), field, RequestId("their", i));
        const Answer answer = Call(sample, *request, foreign_.key());
        ASSERT_TRUE(answer.status.ok()) << sample.method << ": " << TextOf(answer.status);
      }
      const std::string& service = MethodOf(sample).service()->full_name();
      if (absl::StrContains(sample.method, ".CreateDraft")) drafts_[service] = foreign_.NewDraft(MethodOf(sample));
    }
    Run();
  }

  static std::string RequestId(const std::string& whose, size_t sample) {
    return absl::StrFormat("%s-request-%02d", whose, sample);
  }

  // What b has, and the same of nobody.
  std::pair<std::string, std::string> ForeignAndMissing(size_t sample, const Slot& slot) {
    const std::string kind = KindOf(*slot.field);
    const auto altered = [](const std::string& id) { return std::make_pair(id, Altered(id)); };
    if (kind == "request") return {RequestId("their", sample), RequestId("thire", sample)};
    if (kind == "delivery") return altered(foreign_.delivery_id());
    if (kind == "secret") {
      const std::string scheme = "whsec_";
      return {foreign_.secret(), scheme + Altered(foreign_.secret().substr(scheme.size()))};
    }
    // Where nothing is drafted, there is no etag either.
    if (kind == "etag" || kind == "hash") {
      const std::string& service = MethodOf(Samples()[sample]).service()->full_name();
      if (service == "waymark.journey.v1.PersonaService") return altered(foreign_.EtagOf("persona"));
      if (service == "waymark.journey.v1.SegmentService") return altered(foreign_.EtagOf("segment"));
      const bool review = service == "waymark.journey.v1.ReviewService";
      const Message& draft = *drafts_.at(review ? "waymark.journey.v1.JourneyService" : service);
      return altered(GetText(draft, kind == "etag" ? "etag" : "content_hash"));
    }
    // It names a place in a journal that all workspaces share: b's is worth what one's own is.
    if (kind == "token") return {foreign_.token(), own_.token()};
    return {absl::StrCat("their-", kind), absl::StrCat("thire-", kind)};
  }

  // Calls as a, with `value` in `slot` of the sample.
  Answer CallWith(const Sample& sample, const Message& base, const Slot& slot, const std::string& value) {
    const MessagePtr request = Copy(base);
    Put(slot, value, *request);
    return Call(sample, *request, own_.key());
  }

  void Compare(size_t number) {
    const Sample& sample = Samples()[number];
    for (const Slot& slot : SlotsOf(*own_.Request(sample))) {
      SCOPED_TRACE(absl::StrCat(sample.method, " ", slot.path));
      if (KindOf(*slot.field) == "page") continue;  // Has a test of its own.
      const auto [foreign, missing] = ForeignAndMissing(number, slot);
      ASSERT_EQ(foreign.size(), missing.size());
      ASSERT_NE(foreign, missing);
      MessagePtr base = own_.Request(sample);
      const Answer swapped = CallWith(sample, *base, slot, foreign);
      // What has done something cannot be done again; what has not must be answered the same to the last byte.
      if (swapped.status.ok()) base = own_.Request(sample);
      EXPECT_EQ(TextOf(swapped, foreign), TextOf(CallWith(sample, *base, slot, missing), missing));
      ++compared_;
    }
  }

  std::map<std::string, MessagePtr> drafts_;  // b's, by service.
  int compared_ = 0;
};

TEST_F(SwapTest, AnIdOfAnotherWorkspaceIsAnsweredAsOneThatIsMissing) {
  PrepareB();
  const std::string before = ViewOfB();
  for (size_t i = 0; i < Samples().size(); ++i) Compare(i);
  EXPECT_GT(compared_, 100);
  Run();
  // Not EXPECT_EQ, which would lay the two side by side with memory for the square of their lines.
  const std::string after = ViewOfB();
  const auto [was, is] = std::mismatch(before.begin(), before.end(), after.begin(), after.end());
  EXPECT_TRUE(after == before) << "was: " << std::string(was, std::min(was + 500, before.end()))
                               << "\nis: " << std::string(is, std::min(is + 500, after.end()));

  // By now a has things of its own under both names, made by the same calls: those of b still do not show.
  for (size_t i = 0; i < Samples().size(); ++i) {
    if (Samples()[i].needs == Needs::kReader) Compare(i);
  }
}

TEST_F(SwapTest, APageTokenOfAnotherWorkspaceIsRefusedAsAGarbledOne) {
  int lists = 0;
  for (const Sample& sample : Samples()) {
    SCOPED_TRACE(sample.method);
    const MessagePtr request = same_in_a_.Request(sample);
    const FieldDescriptor* size = request->GetDescriptor()->FindFieldByName("page_size");
    const FieldDescriptor* token = request->GetDescriptor()->FindFieldByName("page_token");
    if (token == nullptr) continue;
    ++lists;
    request->GetReflection()->SetInt32(request.get(), size, 1);
    const auto first = [&](const std::string& key) {
      const Answer answer = Call(sample, *request, key);
      EXPECT_TRUE(answer.status.ok()) << TextOf(answer.status);
      return answer.responses.empty() ? "" : GetText(*answer.responses[0], "next_page_token");
    };
    const std::string own = first("a-reader"), foreign = first("b-reader");
    ASSERT_NE(own, "");
    ASSERT_NE(foreign, "");
    const auto next = [&](const std::string& value) {
      request->GetReflection()->SetString(request.get(), token, value);
      return Call(sample, *request, "a-reader");
    };
    EXPECT_TRUE(next(own).status.ok());
    const Answer swapped = next(foreign);
    EXPECT_EQ(swapped.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    const std::string garbled = Altered(foreign);
    EXPECT_EQ(TextOf(swapped, foreign), TextOf(next(garbled), garbled));
  }
  EXPECT_GE(lists, 8);
}

TEST_F(SwapTest, APlaybookCannotBePublishedOntoAChannelOfAnotherWorkspace) {
  std::vector<std::string> answers;
  for (const std::string channel : {"their-channel", "thire-channel"}) {
    const MessagePtr made = own_.Must("notification.v1.PlaybookService.CreatePlaybook",
                                      R"({"playbook": {"playbook_id": "$new", "title": "T"}})");
    const std::string id = GetText(GetPart(*made, "playbook"), "playbook_id");
    own_.Must("notification.v1.PlaybookService.CreateDraft",
              absl::StrReplaceAll(PlaybookDraft(kStageTrigger), {{"$-playbook", id}, {"$-channel", channel}}));
    const Sample publish = {"notification.v1.PlaybookService.PublishVersion", Needs::kAdmin,
                            absl::StrCat(R"({"playbook_id": ")", id, R"(", "number": 1})")};
    const Answer answer = Call(publish, *own_.Request(publish), own_.key());
    EXPECT_FALSE(answer.status.ok());
    answers.push_back(TextOf(answer, channel));
  }
  EXPECT_EQ(answers[0], answers[1]);
}

TEST_F(IsolationTest, AKeyReadsItsOwnEntriesOfEveryJournalAndAServiceReadsAll) {
  const MethodDescriptor& read = flows::MethodOf("waymark.journal.v1.JournalService.ReadJournal");
  int entries = 0;
  for (const char* journal : {"journey", "milestone", "health", "notification"}) {
    SCOPED_TRACE(journal);
    journal::v1::ReadJournalRequest request;
    request.set_journal(journal);
    for (int lane = 0; lane < 16; ++lane) request.add_after()->set_lane(lane);
    const auto told = [&](const std::string& key, const std::string& workspace) {
      const Answer answer = services_.Call(read, request, key, workspace);
      EXPECT_TRUE(answer.status.ok()) << TextOf(answer.status);
      std::multiset<std::string> workspaces;
      for (const MessagePtr& response : answer.responses) {
        journal::v1::ReadJournalResponse message;
        message.CopyFrom(*response);
        for (const journal::v1::JournalEntry& entry : message.entries()) {
          workspaces.insert(entry.workspace());
          // The other's names stand in no entry.
          const char* others = key == "a-reader" ? "their-" : key == "b-reader" ? "own-" : nullptr;
          if (others == nullptr) continue;
          EXPECT_FALSE(absl::StrContains(entry.SerializeAsString(), others)) << entry.ShortDebugString();
        }
      }
      return workspaces;
    };
    const std::multiset<std::string> a = told("a-reader", ""), b = told("b-reader", ""), all = told("service", "*");
    EXPECT_EQ(a.count("a"), a.size());
    EXPECT_EQ(b.count("b"), b.size());
    EXPECT_EQ(all.size(), a.size() + b.size());
    EXPECT_EQ(all.count("a"), a.size());
    EXPECT_EQ(told("service", "a"), a);
    entries += static_cast<int>(b.size());
    EXPECT_EQ(TextOf(services_.Call(read, request, "a-reader", "*")), TextOf(services_.Call(read, request, "", "")));
  }
  EXPECT_GT(entries, 10);
}

TEST_F(IsolationTest, AMergedCustomerIsOneInEveryFollowerAndTheOtherWorkspaceKeepsBoth) {
  const std::string one = R"({"customer_id": "$-customer"})", other = R"({"customer_id": "$-customer-two"})";
  const auto deliveries = [](Side& side, const std::string& customer) {
    const MessagePtr list = side.Must("notification.v1.NotificationService.ListDeliveries", customer);
    return list->GetReflection()->FieldSize(*list, list->GetDescriptor()->FindFieldByName("deliveries"));
  };
  const auto health = [&](Side& side, const char* customer, const char* key) {
    const Sample sample = {"health.v1.HealthService.GetHealth", Needs::kReader, customer};
    return Call(sample, *side.Request(sample), key);
  };
  const char* const of_one = R"({"customer_id": "$-customer", "scorecard_id": "$-scorecard"})";
  const char* const of_other = R"({"customer_id": "$-customer-two", "scorecard_id": "$-scorecard"})";
  const int of_both = deliveries(same_in_a_, one) + deliveries(same_in_a_, other);
  const int in_b = deliveries(same_in_b_, other);
  ASSERT_GT(in_b, 0);
  ASSERT_TRUE(health(same_in_a_, of_other, "a-reader").status.ok());
  same_in_a_.Must("milestone.v1.CustomerService.MergeCustomers",
                  R"({"customer_id": "$-customer-two", "into_customer_id": "$-customer"})");
  Run();
  // Nothing was sent for it, and nothing is forgotten.
  EXPECT_EQ(deliveries(same_in_a_, one), of_both);
  EXPECT_EQ(deliveries(same_in_a_, other), 0);
  EXPECT_EQ(health(same_in_a_, of_other, "a-reader").status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(health(same_in_a_, of_one, "a-reader").status.ok());
  EXPECT_EQ(deliveries(same_in_b_, other), in_b);
  EXPECT_TRUE(health(same_in_b_, of_other, "b-reader").status.ok());
}

TEST_F(IsolationTest, ADeletedCustomerIsErasedByEveryFollowerAndTheOtherWorkspaceKeepsItsOwn) {
  const std::string deliveries = "notification.v1.NotificationService.ListDeliveries";
  const std::string of_customer = R"({"customer_id": "$-customer"})";
  const std::string before = same_in_b_.Must(deliveries, of_customer)->DebugString();
  same_in_a_.Must("milestone.v1.CustomerService.DeleteCustomer", of_customer);
  Run();
  EXPECT_EQ(same_in_a_.Must(deliveries, of_customer)->DebugString(), "");
  EXPECT_TRUE(same_in_b_.Must(deliveries, of_customer)->DebugString() == before);
  const Sample health = {"health.v1.HealthService.GetHealth", Needs::kReader,
                         R"({"customer_id": "$-customer", "scorecard_id": "$-scorecard"})"};
  EXPECT_EQ(Call(health, *same_in_a_.Request(health), "a-reader").status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_TRUE(Call(health, *same_in_b_.Request(health), "b-reader").status.ok());
  const MethodDescriptor& read = flows::MethodOf("waymark.journal.v1.JournalService.ReadJournal");
  for (const char* journal : {"milestone", "health", "notification"}) {
    journal::v1::ReadJournalRequest request;
    request.set_journal(journal);
    for (int lane = 0; lane < 16; ++lane) request.add_after()->set_lane(lane);
    for (const MessagePtr& response : services_.Call(read, request, "a-reader", "").responses) {
      journal::v1::ReadJournalResponse message;
      message.CopyFrom(*response);
      for (const journal::v1::JournalEntry& entry : message.entries()) EXPECT_NE(entry.key(), "same-customer");
    }
  }
}

}  // namespace
}  // namespace waymark::flows
