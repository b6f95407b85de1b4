#include "services/milestone/records.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <xxhash.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/ids.h"
#include "common/base/status.h"
#include "common/journal/journal.h"
#include "services/milestone/convert.h"

namespace waymark::milestone {
namespace {

constexpr size_t kMostAuthorBytes = 255;
constexpr size_t kMostReasonBytes = 2'000;
constexpr size_t kMostRequestIdBytes = 100;
constexpr int kMostUsersTold = 1'000;
constexpr size_t kMostEntryKeyBytes = 1'000;

absl::string_view RecordType() { return v1::RecordAccepted::descriptor()->full_name(); }

uint64_t HashOf(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&out);
  }
  return XXH3_64bits(bytes.data(), bytes.size());
}

bool IsAtMostSoDeep(const google::protobuf::Struct& object, int levels);

bool IsAtMostSoDeep(const google::protobuf::Value& value, int levels) {
  if (value.has_struct_value()) return levels > 0 && IsAtMostSoDeep(value.struct_value(), levels - 1);
  if (!value.has_list_value()) return true;
  const auto& values = value.list_value().values();
  return levels > 0 && std::all_of(values.begin(), values.end(),
                                   [&](const auto& inner) { return IsAtMostSoDeep(inner, levels - 1); });
}

bool IsAtMostSoDeep(const google::protobuf::Struct& object, int levels) {
  return std::all_of(object.fields().begin(), object.fields().end(),
                     [&](const auto& field) { return IsAtMostSoDeep(field.second, levels); });
}

absl::Status CheckObject(absl::string_view field, const google::protobuf::Struct& object) {
  if (object.fields().size() > kMostAttributes) {
    return InvalidField(field, absl::StrCat("must be at most ", kMostAttributes, ", not ", object.fields().size()));
  }
  if (object.ByteSizeLong() > kMostAttributeBytes) {
    return InvalidField(field, absl::StrCat("must be at most ", kMostAttributeBytes, " bytes in all"));
  }
  for (const auto& [name, value] : object.fields()) {
    RETURN_IF_ERROR(CheckId(absl::StrCat(field, ".", name.substr(0, 60)), name));
  }
  if (!IsAtMostSoDeep(object, kMostPropertyLevels - 1)) {
    return InvalidField(field, absl::StrCat("must be at most ", kMostPropertyLevels, " levels deep"));
  }
  return absl::OkStatus();
}

absl::Status CheckTime(const google::protobuf::Timestamp& time, absl::Time now) {
  if (time.nanos() < 0 || time.nanos() > 999'999'999) {
    return InvalidField("time", "has nanos outside 0 to 999,999,999");
  }
  if (time.seconds() < kFirstSecond || time.seconds() >= kLastSecond) {
    return InvalidField("time", "must be from the year 2000 to 2099");
  }
  if (absl::FromUnixSeconds(time.seconds()) > now + kMostAhead) {
    return InvalidField(
        "time", absl::StrCat("is more than 5 minutes in the future (", absl::FormatTime(now, absl::UTCTimeZone()),
                             " here): check the sender's clock"));
  }
  return absl::OkStatus();
}

// What all requests have in common.
template <typename Request>
absl::StatusOr<v1::RecordAccepted> Begin(const Request& request) {
  RETURN_IF_ERROR(CheckId("customer_id", request.customer_id()));
  RETURN_IF_ERROR(CheckText("author", request.author(), kMostAuthorBytes));
  if (!request.request_id().empty()) {
    RETURN_IF_ERROR(CheckText("request_id", request.request_id(), kMostRequestIdBytes));
    if (const std::string wrong = WhatIsWrongWithItemId(request.request_id()); !wrong.empty()) {
      return InvalidField("request_id", wrong);
    }
  }
  v1::RecordAccepted accepted;
  v1::Record& record = *accepted.mutable_record();
  record.set_customer_id(request.customer_id());
  record.set_author(request.author());
  record.set_record_id(request.request_id());
  return accepted;
}

// Gives a whole record its hash, and what a request may leave open. What was left open is not part of what was asked:
// a repeat of the request is the same whenever it comes. Nor is whose it is: a customer may have other names.
v1::RecordAccepted Finish(v1::RecordAccepted accepted, absl::Time now) {
  v1::Record& record = *accepted.mutable_record();
  std::string customer_id;
  customer_id.swap(*record.mutable_customer_id());
  accepted.set_content_hash(HashOf(record));
  record.set_customer_id(std::move(customer_id));
  accepted.set_time_left_open(!record.has_time());
  if (!record.has_time()) SetTime(now, record.mutable_time());
  if (record.record_id().empty()) record.set_record_id(NewId(now));
  return accepted;
}

// A request about a journey.
template <typename Request>
absl::StatusOr<v1::RecordAccepted> BeginInJourney(const Request& request) {
  ASSIGN_OR_RETURN(v1::RecordAccepted accepted, Begin(request));
  RETURN_IF_ERROR(CheckName("journey_id", request.journey_id()));
  RETURN_IF_ERROR(CheckText("reason", request.reason(), kMostReasonBytes));
  accepted.mutable_record()->set_reason(request.reason());
  return accepted;
}

absl::Status CheckEntryKey(absl::string_view key) {
  return key.empty() ? absl::OkStatus() : CheckText("entry_key", key, kMostEntryKeyBytes);
}

}  // namespace

absl::StatusOr<v1::RecordAccepted> ToRecord(const v1::IdentifyRequest& request, absl::Time now) {
  ASSIGN_OR_RETURN(v1::RecordAccepted accepted, Begin(request));
  if (!request.user_id().empty()) RETURN_IF_ERROR(CheckId("user_id", request.user_id()));
  if (request.attributes().fields().empty()) return InvalidField("attributes", "must be given: at least one");
  RETURN_IF_ERROR(CheckObject("attributes", request.attributes()));
  v1::Record& record = *accepted.mutable_record();
  if (request.has_time()) {
    RETURN_IF_ERROR(CheckTime(request.time(), now));
    *record.mutable_time() = request.time();
  }
  record.mutable_attributes()->set_user_id(request.user_id());
  *record.mutable_attributes()->mutable_attributes() = request.attributes();
  accepted.set_backfill(request.backfill());
  return Finish(std::move(accepted), now);
}

absl::StatusOr<v1::RecordAccepted> ToRecord(const v1::AttestMilestoneRequest& request, absl::Time now) {
  ASSIGN_OR_RETURN(v1::RecordAccepted accepted, BeginInJourney(request));
  RETURN_IF_ERROR(CheckKey("milestone_key", request.milestone_key()));
  if (!request.role().empty()) RETURN_IF_ERROR(CheckKey("role", request.role()));
  v1::Record& record = *accepted.mutable_record();
  if (request.has_time()) {
    RETURN_IF_ERROR(CheckTime(request.time(), now));
    *record.mutable_time() = request.time();
  }
  record.mutable_attestation()->set_journey_id(request.journey_id());
  record.mutable_attestation()->set_milestone_key(request.milestone_key());
  record.mutable_attestation()->set_role(request.role());
  return Finish(std::move(accepted), now);
}

absl::StatusOr<v1::RecordAccepted> ToRecord(const v1::EnrollRequest& request, absl::Time now) {
  ASSIGN_OR_RETURN(v1::RecordAccepted accepted, BeginInJourney(request));
  RETURN_IF_ERROR(CheckObject("properties", request.properties()));
  v1::Record& record = *accepted.mutable_record();
  if (request.has_time()) {
    RETURN_IF_ERROR(CheckTime(request.time(), now));
    *record.mutable_time() = request.time();
  }
  record.mutable_enrollment()->set_journey_id(request.journey_id());
  *record.mutable_enrollment()->mutable_properties() = request.properties();
  return Finish(std::move(accepted), now);
}

absl::StatusOr<v1::RecordAccepted> ToRecord(const v1::ExitEnrollmentRequest& request, absl::Time now) {
  ASSIGN_OR_RETURN(v1::RecordAccepted accepted, BeginInJourney(request));
  RETURN_IF_ERROR(CheckEntryKey(request.entry_key()));
  accepted.mutable_record()->mutable_exit()->set_journey_id(request.journey_id());
  accepted.mutable_record()->mutable_exit()->set_entry_key(request.entry_key());
  return Finish(std::move(accepted), now);
}

absl::StatusOr<v1::RecordAccepted> ToRecord(const v1::OverrideStageRequest& request, absl::Time now) {
  ASSIGN_OR_RETURN(v1::RecordAccepted accepted, BeginInJourney(request));
  RETURN_IF_ERROR(CheckKey("stage_key", request.stage_key()));
  RETURN_IF_ERROR(CheckEntryKey(request.entry_key()));
  if (request.reason().empty()) return InvalidField("reason", "must be given: why the customer is put there");
  v1::StageOverridden& stage = *accepted.mutable_record()->mutable_stage_override();
  stage.set_journey_id(request.journey_id());
  stage.set_stage_key(request.stage_key());
  stage.set_entry_key(request.entry_key());
  return Finish(std::move(accepted), now);
}

std::unique_ptr<Batch> ToBatch(absl::string_view workspace, const v1::RecordAccepted& accepted) {
  auto batch = std::make_unique<Batch>();
  batch->workspace = std::string(workspace);
  batch->request = accepted.SerializeAsString();
  batch->backfill = accepted.backfill();
  auto pool = std::make_shared<ItemPool>();
  IncomingItem& incoming = batch->events.emplace_back();
  incoming.message = batch->request;
  incoming.event = *pool->AddRecord(batch->request);
  auto customer_id = std::make_shared<const std::string>(accepted.record().customer_id());
  incoming.customer_id = *customer_id;
  incoming.content_hash = accepted.content_hash();
  incoming.fingerprint = FingerprintOf(accepted.record().record_id());
  incoming.lane = journal::LaneOf(batch->workspace, incoming.customer_id);
  batch->views = std::make_shared<std::pair<std::shared_ptr<ItemPool>, std::shared_ptr<const std::string>>>(
      std::move(pool), std::move(customer_id));
  return batch;
}

std::unique_ptr<Batch> AfterAll(const Batch& batch, const Dossier& dossier) {
  const absl::Time last = absl::FromUnixMicros(dossier.last.time);
  v1::RecordAccepted accepted;
  if (batch.events.at(0).event.time > last || dossier.last.time == INT64_MIN ||
      !accepted.ParseFromString(batch.request) || !accepted.time_left_open()) {
    return nullptr;
  }
  SetTime(last + absl::Microseconds(1), accepted.mutable_record()->mutable_time());
  std::unique_ptr<Batch> later = ToBatch(batch.workspace, accepted);
  later->depth = batch.depth;
  return later;
}

rules::Item ToItem(const v1::Record& record, ItemPool& pool) {
  rules::Item item{.time = absl::FromUnixMicros(record.time().seconds() * 1'000'000 + record.time().nanos() / 1'000),
                   .id = record.record_id()};
  switch (record.kind_case()) {
    case v1::Record::kAttributes:
      item.kind = rules::ItemKind::kAttributes;
      item.user = record.attributes().user_id();
      item.properties = pool.Add(record.attributes().attributes());
      break;
    case v1::Record::kAttestation:
      item.kind = rules::ItemKind::kAttestation;
      item.type = record.attestation().journey_id();
      item.key = record.attestation().milestone_key();
      item.role = record.attestation().role();
      break;
    case v1::Record::kEnrollment:
      item.kind = rules::ItemKind::kEnrollCall;
      item.type = record.enrollment().journey_id();
      item.properties = pool.Add(record.enrollment().properties());
      break;
    case v1::Record::kExit:
      item.kind = rules::ItemKind::kExitCall;
      item.type = record.exit().journey_id();
      item.entry_key = record.exit().entry_key();
      break;
    case v1::Record::kStageOverride:
      item.kind = rules::ItemKind::kOverride;
      item.type = record.stage_override().journey_id();
      item.key = record.stage_override().stage_key();
      item.entry_key = record.stage_override().entry_key();
      item.properties = pool.AddPaths(record.stage_override().milestone_keys());
      break;
    case v1::Record::kBand:
      item.kind = rules::ItemKind::kBand;
      item.type = record.band().scorecard_id();
      item.key = record.band().band();
      break;
    case v1::Record::KIND_NOT_SET:
      break;
  }
  return item;
}

bool IsRecord(const journal::Entry& entry) { return entry.type == RecordType(); }

std::optional<StoredIdentity> ReadIdentity(const journal::Entry& entry) {
  if (IsRecord(entry)) {
    v1::RecordAccepted accepted;
    if (!accepted.ParseFromString(entry.payload)) return std::nullopt;
    return StoredIdentity{accepted.record().record_id(), accepted.content_hash()};
  }
  const std::optional<rules::Event> event = ReadEvent(entry.payload, entry.record_time);
  const std::optional<uint64_t> hash = ReadContentHash(entry.payload);
  if (!event.has_value() || !hash.has_value()) return std::nullopt;
  return StoredIdentity{std::string(event->id), *hash};
}

namespace {

absl::Status NoJourney(absl::string_view journey_id) {
  return NotFound(absl::StrCat("published journey \"", journey_id, "\""));
}

absl::Status CheckAttestation(const rules::Item& record, const rules::Journey& journey) {
  const auto& stages = journey.stages();
  const bool known = std::any_of(stages.begin(), stages.end(), [&](const rules::Stage& stage) {
    return std::any_of(stage.milestones.begin(), stage.milestones.end(),
                       [&](const rules::Milestone& milestone) { return milestone.key == record.key; });
  });
  if (!known) return NotFound(absl::StrCat("milestone \"", record.key, "\" of journey \"", record.type, "\""));
  const std::vector<size_t>* leaves = journey.AttestationsOf(record.key);
  if (leaves == nullptr) {
    return WrongState(
        absl::StrCat("milestone ", record.key, " asks for no attestation: it is achieved by its criterion"));
  }
  std::string wanted;
  for (const size_t leaf : *leaves) {
    const std::string& role = journey.leaves()[leaf].role;
    if (role.empty() || role == record.role) return absl::OkStatus();
    absl::StrAppend(&wanted, wanted.empty() ? "" : " or ", role);
  }
  return WrongState(
      absl::StrCat("milestone ", record.key, " is to be attested as ", wanted,
                   record.role.empty() ? std::string(": name the role") : absl::StrCat(", not as ", record.role)));
}

absl::Status CheckEnrollment(const rules::Item& record, const rules::Journey& journey, bool closed) {
  if (closed) {
    return WrongState(absl::StrCat("journey ", record.type, " is retired or archived: nobody new gets in"));
  }
  const std::vector<rules::Trigger>& triggers = journey.version().definition.entry.triggers;
  const bool by_call = std::any_of(triggers.begin(), triggers.end(), [](const rules::Trigger& trigger) {
    return std::holds_alternative<rules::ByCall>(trigger);
  });
  if (by_call) return absl::OkStatus();
  return WrongState(absl::StrCat("journey ", record.type, " is not entered by call: give its entry a trigger by_call"));
}

// The open enrollments that an exit or override is about.
std::vector<const rules::Run*> OpenRuns(const rules::Item& record, const Dossier& dossier) {
  std::vector<const rules::Run*> open;
  for (const Enrollment& enrollment : dossier.enrollments) {
    if (enrollment.journey_id != record.type) continue;
    for (const rules::Run& run : enrollment.progress.enrollments()) {
      if (!run.ended() && (record.entry_key.empty() || run.key == record.entry_key)) open.push_back(&run);
    }
  }
  return open;
}

absl::Status CheckOpen(const rules::Item& record, const std::vector<const rules::Run*>& open) {
  if (!open.empty()) return absl::OkStatus();
  return WrongState(absl::StrCat("the customer has no open enrollment ",
                                 record.entry_key.empty() ? "" : absl::StrCat("\"", record.entry_key, "\" "),
                                 "in journey ", record.type));
}

absl::Status CheckOverride(const rules::Item& record, const Dossier& dossier, const rules::Journey& journey) {
  const std::vector<const rules::Run*> open = OpenRuns(record, dossier);
  RETURN_IF_ERROR(CheckOpen(record, open));
  const std::optional<size_t> stage = journey.FindStage(record.key);
  if (!stage.has_value()) {
    return NotFound(absl::StrCat("stage \"", record.key, "\" in version ", journey.version().number, " of journey \"",
                                 record.type, "\", which the customer travels"));
  }
  if (std::any_of(open.begin(), open.end(), [&](const rules::Run* run) { return run->stage() != *stage; })) {
    return absl::OkStatus();
  }
  return WrongState(absl::StrCat("the customer stands in stage ", record.key, " already"));
}

}  // namespace

absl::Status CheckRecord(const rules::Item& record, const Dossier& dossier, const rules::Journey* journey,
                         bool closed) {
  switch (record.kind) {
    case rules::ItemKind::kAttestation:
      return journey == nullptr ? NoJourney(record.type) : CheckAttestation(record, *journey);
    case rules::ItemKind::kEnrollCall:
      return journey == nullptr ? NoJourney(record.type) : CheckEnrollment(record, *journey, closed);
    case rules::ItemKind::kExitCall:
      return CheckOpen(record, OpenRuns(record, dossier));
    case rules::ItemKind::kOverride:
      return journey == nullptr ? CheckOpen(record, {}) : CheckOverride(record, dossier, *journey);
    case rules::ItemKind::kEvent:
    case rules::ItemKind::kAttributes:
    case rules::ItemKind::kBand:
    case rules::ItemKind::kCompletion:
      break;
  }
  return absl::OkStatus();
}

void FillAttributes(absl::Span<const v1::Record> records, v1::Customer& customer) {
  const auto first_name = [](absl::string_view path) { return path.substr(0, path.find('.')); };
  for (const v1::Record& record : records) {
    if (!record.has_attributes()) continue;
    const std::string& user_id = record.attributes().user_id();
    if (!user_id.empty() && customer.users_size() >= kMostUsersTold && !customer.users().contains(user_id)) continue;
    google::protobuf::Struct& known =
        user_id.empty() ? *customer.mutable_attributes() : (*customer.mutable_users())[user_id];
    const auto& news = record.attributes().attributes().fields();
    std::vector<std::string> replaced;
    for (const auto& [name, value] : known.fields()) {
      if (std::any_of(news.begin(), news.end(),
                      [&](const auto& other) { return first_name(other.first) == first_name(name); })) {
        replaced.push_back(name);
      }
    }
    for (const std::string& name : replaced) known.mutable_fields()->erase(name);
    for (const auto& [name, value] : news) {
      if (!value.has_null_value()) (*known.mutable_fields())[name] = value;
    }
  }
}

absl::Status OutcomeOf(const Receipt& receipt) {
  switch (receipt.novelties.at(0)) {
    case Novelty::kRefused:
      return receipt.refusal;
    case Novelty::kConflict:
      return Error(absl::StatusCode::kAlreadyExists, "REQUEST_ID_REUSED",
                   "request_id was used before for another request about this customer: give every request its own");
    case Novelty::kDeleted:
      return InvalidField("customer_id", kWasDeleted);
    case Novelty::kAccepted:
    case Novelty::kDuplicate:
    case Novelty::kInvalid:
    case Novelty::kMerged:
      break;
  }
  return absl::OkStatus();
}

}  // namespace waymark::milestone
