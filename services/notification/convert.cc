#include "services/notification/convert.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/hash.h"
#include "common/base/status.h"
#include "services/notification/signature.h"
#include "services/notification/webhook_url.h"
#include "waymark/health/v1/facts.pb.h"
#include "waymark/milestone/v1/facts.pb.h"
#include "waymark/milestone/v1/record.pb.h"

namespace waymark::notification {
namespace {

constexpr size_t kLongestTitle = 200;
constexpr size_t kLongestText = 4'000;
constexpr size_t kLongestNote = 2'000;
constexpr int kMostSteps = 20;

// The same message gives the same bytes, maps included.
std::string Serialise(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

template <typename Request>
Call ToCall(absl::string_view workspace, const Request& request) {
  return {.workspace = std::string(workspace), .request_id = request.request_id(), .body = Serialise(request)};
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t micros = absl::ToUnixMicros(time);
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(micros / 1'000'000);
  timestamp.set_nanos(static_cast<int32_t>(micros % 1'000'000) * 1'000);
  return timestamp;
}

absl::Time ToTime(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) + absl::Microseconds(timestamp.nanos() / 1'000);
}

absl::Status CheckTitle(absl::string_view field, absl::string_view title) {
  if (title.empty()) return InvalidField(field, "must be given: say what people call it");
  return CheckText(field, title, kLongestTitle);
}

absl::StatusOr<std::string> ToName(absl::string_view kind, absl::string_view id) {
  if (WhatIsWrongWithName(id).empty()) return std::string(id);
  return NotFound(absl::StrCat(kind, " \"", absl::CHexEscape(id.substr(0, 100)), "\""));
}

// The name of a band; empty where it is none.
std::string NameOf(health::v1::Band band) {
  switch (band) {
    case health::v1::BAND_RED:
      return "red";
    case health::v1::BAND_YELLOW:
      return "yellow";
    case health::v1::BAND_GREEN:
      return "green";
    case health::v1::BAND_INSUFFICIENT_DATA:
      return "insufficient_data";
    default:  // Unspecified, and numbers that a newer client knows.
      return "";
  }
}

Trigger ToTrigger(const v1::Trigger& trigger) {
  switch (trigger.what_case()) {
    case v1::Trigger::kStageEntered:
      return {TriggerKind::kStageEntered, trigger.stage_entered().journey_id(), trigger.stage_entered().stage_key()};
    case v1::Trigger::kBandChanged:
      return {TriggerKind::kBandChanged, trigger.band_changed().scorecard_id(), NameOf(trigger.band_changed().band())};
    case v1::Trigger::kMilestoneAchieved:
      return {TriggerKind::kMilestoneAchieved, trigger.milestone_achieved().journey_id(),
              trigger.milestone_achieved().milestone_key()};
    case v1::Trigger::WHAT_NOT_SET:
      break;
  }
  return {};
}

// Collects what is wrong with a definition's form.
class FormCheck {
 public:
  std::vector<FieldViolation> Run(const v1::PlaybookDefinition& definition) {
    CheckTrigger(definition.trigger());
    if (definition.steps().empty()) Add("steps", "must have at least one step");
    if (definition.steps_size() > kMostSteps) {
      Add("steps", absl::StrCat("must be at most ", kMostSteps, " steps, not ", definition.steps_size()));
      return violations_;
    }
    std::set<std::string> keys;
    for (int i = 0; i < definition.steps_size(); ++i) {
      const std::string path = absl::StrCat("steps[", i, "]");
      CheckStep(path, definition.steps(i));
      if (!keys.insert(definition.steps(i).key()).second) {
        Add(absl::StrCat(path, ".key"), "is that of another step: every step needs its own");
      }
    }
    return violations_;
  }

 private:
  void Add(absl::string_view path, absl::string_view wrong) {
    if (!wrong.empty()) violations_.push_back({absl::StrCat("definition.", path), std::string(wrong)});
  }

  void CheckTrigger(const v1::Trigger& trigger) {
    switch (trigger.what_case()) {
      case v1::Trigger::kStageEntered:
        Add("trigger.stage_entered.journey_id", WhatIsWrongWithName(trigger.stage_entered().journey_id()));
        Add("trigger.stage_entered.stage_key", WhatIsWrongWithKey(trigger.stage_entered().stage_key()));
        return;
      case v1::Trigger::kBandChanged:
        Add("trigger.band_changed.scorecard_id", WhatIsWrongWithName(trigger.band_changed().scorecard_id()));
        if (NameOf(trigger.band_changed().band()).empty()) Add("trigger.band_changed.band", "must be given");
        return;
      case v1::Trigger::kMilestoneAchieved:
        Add("trigger.milestone_achieved.journey_id", WhatIsWrongWithName(trigger.milestone_achieved().journey_id()));
        Add("trigger.milestone_achieved.milestone_key",
            WhatIsWrongWithKey(trigger.milestone_achieved().milestone_key()));
        return;
      case v1::Trigger::WHAT_NOT_SET:
        Add("trigger", "must be given: stage_entered, band_changed or milestone_achieved");
        return;
    }
  }

  void CheckStep(const std::string& path, const v1::Step& step) {
    Add(path + ".key", WhatIsWrongWithKey(step.key()));
    if (!step.has_send()) {
      Add(path, "must say what to do: send");
      return;
    }
    Add(path + ".send.channel_id", WhatIsWrongWithName(step.send().channel_id()));
    Add(path + ".send.title", WhatIsWrongWithText(step.send().title(), kLongestTitle, ""));
    if (step.send().text().empty()) Add(path + ".send.text", "must be given");
    Add(path + ".send.text", WhatIsWrongWithText(step.send().text(), kLongestText, "\n\t"));
  }

  static std::string WhatIsWrongWithText(absl::string_view text, size_t most, absl::string_view breaks) {
    if (text.size() > most) return absl::StrCat("must be at most ", most, " bytes, not ", text.size());
    if (!IsUtf8(text)) return "must be UTF-8";
    const bool control = std::any_of(text.begin(), text.end(),
                                     [&](char c) { return absl::ascii_iscntrl(c) && breaks.find(c) == breaks.npos; });
    return control ? "must not contain control characters" : "";
  }

  std::vector<FieldViolation> violations_;
};

absl::StatusOr<v1::PlaybookDefinition> ReadDefinition(const Version& version) {
  v1::PlaybookDefinition definition;
  if (definition.ParseFromString(version.definition)) return definition;
  return absl::InternalError(absl::StrCat("the stored definition of ", NameOf(version), " is unreadable"));
}

template <typename Request>
absl::StatusOr<Page> ToNamePage(absl::string_view workspace, absl::string_view method, const Request& request) {
  Page page = {.workspace = std::string(workspace), .after = "", .bound_to = absl::StrCat(workspace, "/", method)};
  ASSIGN_OR_RETURN(page.limit, ToPageSize(request.page_size()));
  ASSIGN_OR_RETURN(page.after, ReadPageToken(page.bound_to, request.page_token()));
  return page;
}

// Facts come from services of ours, but a malformed one must not end up in a log line or a header.
absl::StatusOr<std::optional<Happening>> Checked(Happening happening) {
  RETURN_IF_ERROR(CheckId("effect_key", happening.effect_key));
  for (auto variable = happening.variables.begin(); variable != happening.variables.end();) {
    if (variable->second.empty()) {
      variable = happening.variables.erase(variable);
      continue;
    }
    RETURN_IF_ERROR(CheckId(variable->first, variable->second));
    ++variable;
  }
  return happening;
}

template <typename Fact>
absl::StatusOr<Fact> Read(const journal::Entry& entry) {
  Fact fact;
  if (fact.ParseFromString(entry.payload)) return fact;
  return absl::FailedPreconditionError(absl::StrCat("an entry of type ", entry.type, " is unreadable"));
}

absl::StatusOr<std::optional<Happening>> OfStage(const journal::Entry& entry) {
  ASSIGN_OR_RETURN(const auto fact, Read<milestone::v1::StageEntered>(entry));
  return Checked({.workspace = entry.workspace,
                  .customer_id = fact.context().customer_id(),
                  .trigger = {TriggerKind::kStageEntered, fact.context().journey_id(), fact.stage_key()},
                  .variables = {{"customer_id", fact.context().customer_id()},
                                {"journey_id", fact.context().journey_id()},
                                {"stage_key", fact.stage_key()},
                                {"previous_stage_key", fact.previous_stage_key()}},
                  .effect_key = fact.context().effect_key(),
                  .historical = fact.context().historical(),
                  .time = ToTime(fact.enter_time())});
}

absl::StatusOr<std::optional<Happening>> OfMilestone(const journal::Entry& entry) {
  ASSIGN_OR_RETURN(const auto fact, Read<milestone::v1::MilestoneAchieved>(entry));
  return Checked({.workspace = entry.workspace,
                  .customer_id = fact.context().customer_id(),
                  .trigger = {TriggerKind::kMilestoneAchieved, fact.context().journey_id(), fact.milestone_key()},
                  .variables = {{"customer_id", fact.context().customer_id()},
                                {"journey_id", fact.context().journey_id()},
                                {"stage_key", fact.stage_key()},
                                {"milestone_key", fact.milestone_key()}},
                  .effect_key = fact.context().effect_key(),
                  .historical = fact.context().historical(),
                  .time = ToTime(fact.achieve_time())});
}

absl::StatusOr<std::optional<Happening>> OfBand(const journal::Entry& entry) {
  ASSIGN_OR_RETURN(const auto fact, Read<health::v1::BandChanged>(entry));
  return Checked({.workspace = entry.workspace,
                  .customer_id = fact.customer_id(),
                  .trigger = {TriggerKind::kBandChanged, fact.scorecard_id(), NameOf(fact.band())},
                  .variables = {{"customer_id", fact.customer_id()},
                                {"scorecard_id", fact.scorecard_id()},
                                {"band", NameOf(fact.band())},
                                {"previous_band", NameOf(fact.previous_band())},
                                {"health", absl::StrFormat("%.1f", fact.health_millipoints() / 1000.0)}},
                  .effect_key = fact.effect_key(),
                  .historical = fact.historical(),
                  .time = ToTime(fact.as_of())});
}

template <typename Fact>
bool Is(const journal::Entry& entry) {
  return entry.type == Fact::descriptor()->full_name();
}

}  // namespace

absl::StatusOr<std::string> ToPlaybookId(absl::string_view playbook_id) { return ToName("playbook", playbook_id); }
absl::StatusOr<std::string> ToChannelId(absl::string_view channel_id) { return ToName("channel", channel_id); }

absl::StatusOr<std::string> ToDeliveryId(absl::string_view delivery_id) {
  if (WhatIsWrongWithId(delivery_id).empty()) return std::string(delivery_id);
  return NotFound(absl::StrCat("delivery \"", absl::CHexEscape(delivery_id.substr(0, 100)), "\""));
}

absl::StatusOr<NewPlaybook> ToNewPlaybook(absl::string_view workspace, const v1::CreatePlaybookRequest& request) {
  const v1::Playbook& playbook = request.playbook();
  RETURN_IF_ERROR(CheckName("playbook.playbook_id", playbook.playbook_id()));
  RETURN_IF_ERROR(CheckTitle("playbook.title", playbook.title()));
  return NewPlaybook{
      .call = ToCall(workspace, request), .playbook_id = playbook.playbook_id(), .title = playbook.title()};
}

absl::StatusOr<NewDraft> ToNewDraft(absl::string_view workspace, const v1::CreateDraftRequest& request) {
  RETURN_IF_ERROR(CheckText("change_note", request.change_note(), kLongestNote));
  const std::vector<FieldViolation> violations = FormCheck().Run(request.definition());
  if (!violations.empty()) return InvalidFields(violations);
  ASSIGN_OR_RETURN(std::string playbook_id, ToPlaybookId(request.playbook_id()));
  v1::PlaybookDefinition definition = request.definition();
  definition.DiscardUnknownFields();
  std::string bytes = Serialise(definition);
  std::string hash = Sha256Hex(bytes);
  return NewDraft{.call = ToCall(workspace, request),
                  .playbook_id = std::move(playbook_id),
                  .definition = std::move(bytes),
                  .content_hash = std::move(hash),
                  .change_note = request.change_note()};
}

absl::StatusOr<PublishOrder> ToPublishOrder(absl::string_view workspace, const v1::PublishVersionRequest& request) {
  ASSIGN_OR_RETURN(std::string playbook_id, ToPlaybookId(request.playbook_id()));
  return PublishOrder{.call = ToCall(workspace, request),
                      .playbook_id = std::move(playbook_id),
                      .number = request.number(),
                      .etag = request.etag()};
}

absl::StatusOr<NewChannel> ToNewChannel(absl::string_view workspace, const v1::CreateChannelRequest& request) {
  const v1::Channel& channel = request.channel();
  RETURN_IF_ERROR(CheckName("channel.channel_id", channel.channel_id()));
  RETURN_IF_ERROR(CheckTitle("channel.title", channel.title()));
  v1::CreateChannelRequest remembered = request;
  if (!request.webhook_secret().empty()) remembered.set_webhook_secret(Sha256Hex(request.webhook_secret()));
  NewChannel wanted = {
      .call = ToCall(workspace, remembered),
      .channel = {.channel_id = channel.channel_id(), .title = channel.title(), .url = "", .create_time = {}},
      .secret = ""};
  switch (channel.kind_case()) {
    case v1::Channel::kLog:
      if (!request.webhook_secret().empty())
        return InvalidField("webhook_secret", "is only for webhooks: leave it out");
      wanted.channel.kind = ChannelKind::kLog;
      return wanted;
    case v1::Channel::kWebhook: {
      const std::string wrong = WhatIsWrongWithUrl(channel.webhook().url());
      if (!wrong.empty()) return InvalidField("channel.webhook.url", wrong);
      wanted.channel.kind = ChannelKind::kWebhook;
      wanted.channel.url = channel.webhook().url();
      if (request.webhook_secret().empty()) return wanted;
      const std::optional<std::string> secret = ReadSecret(request.webhook_secret());
      if (!secret.has_value()) {
        return InvalidField("webhook_secret", "must be whsec_ and the base64 of 24 to 64 bytes, or left out");
      }
      wanted.secret = *secret;
      return wanted;
    }
    case v1::Channel::KIND_NOT_SET:
      break;
  }
  return InvalidField("channel.kind", "must be given: log or webhook");
}

absl::StatusOr<Page> ToPage(absl::string_view workspace, const v1::ListPlaybooksRequest& request) {
  return ToNamePage(workspace, "ListPlaybooks", request);
}

absl::StatusOr<Page> ToPage(absl::string_view workspace, const v1::ListChannelsRequest& request) {
  return ToNamePage(workspace, "ListChannels", request);
}

absl::StatusOr<DeliveryPage> ToDeliveryPage(absl::string_view workspace, const v1::ListDeliveriesRequest& request) {
  DeliveryPage wanted;
  if (!request.customer_id().empty()) RETURN_IF_ERROR(CheckId("customer_id", request.customer_id()));
  wanted.filter.customer_id = request.customer_id();
  if (request.state() != v1::DELIVERY_STATE_UNSPECIFIED) {
    if (!v1::DeliveryState_IsValid(request.state())) return InvalidField("state", "is none that there is");
    wanted.filter.state = static_cast<State>(request.state());
  }
  const std::string filter =
      absl::StrCat("ListDeliveries/", static_cast<int>(request.state()), "/", request.customer_id());
  ASSIGN_OR_RETURN(wanted.page, ToNamePage(workspace, filter, request));
  ASSIGN_OR_RETURN(wanted.not_before,
                   journal::ParseToken(request.consistency().at_least_as_fresh(), "consistency.at_least_as_fresh"));
  return wanted;
}

absl::StatusOr<Definition> ToDefinition(const Version& version) {
  ASSIGN_OR_RETURN(const v1::PlaybookDefinition message, ReadDefinition(version));
  Definition definition{.trigger = ToTrigger(message.trigger()), .steps = {}};
  for (const v1::Step& step : message.steps()) {
    definition.steps.push_back({.key = step.key(),
                                .channel_id = step.send().channel_id(),
                                .title = step.send().title(),
                                .text = step.send().text()});
  }
  return definition;
}

v1::Playbook ToProto(const Playbook& playbook) {
  v1::Playbook message;
  message.set_playbook_id(playbook.playbook_id);
  message.set_title(playbook.title);
  message.set_latest_published_number(playbook.latest_published_number);
  *message.mutable_create_time() = ToTimestamp(playbook.create_time);
  return message;
}

absl::StatusOr<v1::PlaybookVersion> ToProto(const Version& version) {
  v1::PlaybookVersion message;
  message.set_playbook_id(version.playbook_id);
  message.set_number(version.number);
  message.set_state(version.state == VersionState::kDraft ? v1::VERSION_STATE_DRAFT : v1::VERSION_STATE_PUBLISHED);
  message.set_content_hash(version.content_hash);
  ASSIGN_OR_RETURN(*message.mutable_definition(), ReadDefinition(version));
  message.set_change_note(version.change_note);
  message.set_etag(EtagOf(version));
  *message.mutable_create_time() = ToTimestamp(version.create_time);
  if (version.publish_time.has_value()) *message.mutable_publish_time() = ToTimestamp(*version.publish_time);
  return message;
}

v1::Channel ToProto(const Channel& channel) {
  v1::Channel message;
  message.set_channel_id(channel.channel_id);
  message.set_title(channel.title);
  switch (channel.kind) {
    case ChannelKind::kLog:
      message.mutable_log();
      break;
    case ChannelKind::kWebhook:
      message.mutable_webhook()->set_url(channel.url);
      break;
  }
  message.set_state(channel.state == ChannelState::kActive ? v1::CHANNEL_STATE_ACTIVE : v1::CHANNEL_STATE_DISABLED);
  *message.mutable_create_time() = ToTimestamp(channel.create_time);
  return message;
}

v1::Delivery ToProto(const Delivery& delivery, const Notification& notification) {
  v1::Delivery message;
  message.set_delivery_id(delivery.delivery_id);
  v1::Notification& told = *message.mutable_notification();
  told.set_notification_id(notification.notification_id);
  told.set_playbook_id(notification.playbook_id);
  told.set_playbook_version(notification.playbook_version);
  told.set_step_key(notification.step_key);
  told.set_customer_id(notification.customer_id);
  told.set_effect_key(notification.effect_key);
  told.set_title(notification.title);
  told.set_text(notification.text);
  *told.mutable_occur_time() = ToTimestamp(notification.occur_time);
  *told.mutable_create_time() = ToTimestamp(notification.create_time);
  message.set_channel_id(delivery.channel_id);
  message.set_generation(delivery.generation);
  message.set_wire_id(delivery.wire_id);
  message.set_state(static_cast<v1::DeliveryState>(delivery.standing.state));
  message.set_skip_reason(delivery.standing.skip_reason);
  message.set_possible_duplicate(delivery.standing.possible_duplicate);
  if (delivery.standing.next_at.has_value()) *message.mutable_next_time() = ToTimestamp(*delivery.standing.next_at);
  *message.mutable_deadline() = ToTimestamp(delivery.standing.deadline);
  message.set_attempt_count(delivery.standing.attempts);
  *message.mutable_create_time() = ToTimestamp(delivery.create_time);
  *message.mutable_update_time() = ToTimestamp(delivery.update_time);
  return message;
}

v1::Attempt ToProto(const Attempt& attempt) {
  v1::Attempt message;
  message.set_number(attempt.number);
  *message.mutable_start_time() = ToTimestamp(attempt.start_time);
  if (attempt.end_time.has_value()) *message.mutable_end_time() = ToTimestamp(*attempt.end_time);
  message.set_outcome(attempt.verdict.has_value() ? static_cast<v1::AttemptOutcome>(*attempt.verdict)
                                                  : v1::ATTEMPT_OUTCOME_UNDER_WAY);
  message.set_response_code(attempt.response_code);
  message.set_detail(attempt.detail);
  message.set_response_excerpt(attempt.excerpt);
  return message;
}

std::optional<Deletion> ToDeletion(const journal::Entry& entry) {
  milestone::v1::CustomerDeleted fact;
  if (!Is<milestone::v1::CustomerDeleted>(entry) || !fact.ParseFromString(entry.payload)) return std::nullopt;
  return Deletion{.workspace = entry.workspace, .salt = fact.salt(), .customer_hash = fact.customer_hash()};
}

std::optional<Renaming> ToRenaming(const journal::Entry& entry) {
  milestone::v1::CustomerMerged fact;
  if (!Is<milestone::v1::CustomerMerged>(entry) || !fact.ParseFromString(entry.payload)) return std::nullopt;
  if (entry.key != fact.customer_id()) return std::nullopt;  // It is told twice.
  return Renaming{entry.workspace, fact.customer_id(), fact.into_customer_id()};
}

absl::StatusOr<std::optional<Happening>> ToHappening(const journal::Entry& entry) {
  if (Is<milestone::v1::StageEntered>(entry)) return OfStage(entry);
  if (Is<milestone::v1::MilestoneAchieved>(entry)) return OfMilestone(entry);
  if (Is<health::v1::BandChanged>(entry)) return OfBand(entry);
  // Known, and nothing that a playbook waits for. Revisions correct what was told before and send nothing.
  if (Is<milestone::v1::EventAccepted>(entry) || Is<milestone::v1::RecordAccepted>(entry) ||
      Is<milestone::v1::CustomerEnrolled>(entry) || Is<milestone::v1::MilestoneRevised>(entry) ||
      Is<milestone::v1::StageRevised>(entry) || Is<milestone::v1::JourneyCompleted>(entry) ||
      Is<milestone::v1::MilestoneRevoked>(entry) || Is<milestone::v1::CustomerExited>(entry) ||
      Is<milestone::v1::ConclusionRetracted>(entry) || Is<milestone::v1::CustomerMerged>(entry)) {
    return std::nullopt;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("entries of type ", entry.type, " are not known here: upgrade this service first"));
}

std::string ToWebhookJson(const Notification& notification, bool possible_duplicate) {
  v1::WebhookBody body;
  body.set_type(std::string(NameOf(notification.kind)));
  *body.mutable_timestamp() = ToTimestamp(notification.occur_time);
  v1::WebhookBody::Content& content = *body.mutable_data();
  content.set_notification_id(notification.notification_id);
  content.set_workspace(notification.workspace);
  content.set_playbook_id(notification.playbook_id);
  content.set_playbook_version(notification.playbook_version);
  content.set_step_key(notification.step_key);
  content.set_customer_id(notification.customer_id);
  content.set_title(notification.title);
  content.set_text(notification.text);
  content.mutable_variables()->insert(notification.variables.begin(), notification.variables.end());
  content.set_possible_duplicate(possible_duplicate);

  // From bytes, since printing the message itself would take the map's entries in any order.
  static const auto& resolver = *google::protobuf::util::NewTypeResolverForDescriptorPool(
      "type.googleapis.com", google::protobuf::DescriptorPool::generated_pool());
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  const auto printed = google::protobuf::util::BinaryToJsonString(
      const_cast<google::protobuf::util::TypeResolver*>(&resolver),
      absl::StrCat("type.googleapis.com/", body.GetTypeName()), Serialise(body), &json, options);
  GOOGLE_CHECK(printed.ok()) << "a WebhookBody cannot be printed";
  return json;
}

}  // namespace waymark::notification
