#include "services/milestone/convert.h"

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>
#include <xxhash.h>

#include <algorithm>

#include "absl/container/inlined_vector.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/checks.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/milestone/state_hash.h"
#include "services/rules/convert/definition.h"
#include "services/rules/explanation.h"
#include "waymark/journey/v1/facts.pb.h"

namespace waymark::milestone {
namespace {

// Of a customer, with its current stages.
constexpr int kMostEnrollmentsTold = 32;

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// The parts of a serialised Event, as views. Read by hand because it is the hottest path there is: the properties, most
// of its bytes, are looked at once, when it comes in, and never again when a history is folded.
struct EventParts {
  absl::string_view event_id, customer_id, user_id, type, properties;
  bool has_time = false;
  int64_t seconds = 0;
  int32_t nanos = 0;
  int64_t sequence = 0;
};

// A length-delimited field's bytes, as a view into what `in` reads (a flat array).
bool ReadView(CodedInputStream& in, absl::string_view& view) {
  uint32_t size = 0;
  const void* data = nullptr;
  int available = 0;
  if (!in.ReadVarint32(&size)) return false;
  if (size == 0) {
    view = {};
    return true;
  }
  if (!in.GetDirectBufferPointer(&data, &available) || static_cast<uint32_t>(available) < size) return false;
  view = absl::string_view(static_cast<const char*>(data), size);
  return in.Skip(static_cast<int>(size));
}

CodedInputStream OverBytes(absl::string_view bytes) {
  return CodedInputStream(reinterpret_cast<const uint8_t*>(bytes.data()), static_cast<int>(bytes.size()));
}

uint32_t LengthTag(int field) { return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED); }
uint32_t VarintTag(int field) { return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_VARINT); }

bool ReadTime(absl::string_view bytes, EventParts& parts) {
  parts.has_time = true;
  CodedInputStream in = OverBytes(bytes);
  while (const uint32_t tag = in.ReadTag()) {
    uint64_t value = 0;
    if (tag == VarintTag(1)) {
      if (!in.ReadVarint64(&value)) return false;
      parts.seconds = static_cast<int64_t>(value);
    } else if (tag == VarintTag(2)) {
      if (!in.ReadVarint64(&value)) return false;
      parts.nanos = static_cast<int32_t>(value);
    } else if (!WireFormatLite::SkipField(&in, tag)) {
      return false;
    }
  }
  return in.ConsumedEntireMessage();
}

bool ReadParts(absl::string_view message, EventParts& parts) {
  CodedInputStream in = OverBytes(message);
  while (const uint32_t tag = in.ReadTag()) {
    bool good = true;
    absl::string_view time;
    uint64_t value = 0;
    if (tag == LengthTag(1)) {
      good = ReadView(in, parts.event_id);
    } else if (tag == LengthTag(2)) {
      good = ReadView(in, parts.customer_id);
    } else if (tag == LengthTag(3)) {
      good = ReadView(in, parts.user_id);
    } else if (tag == LengthTag(4)) {
      good = ReadView(in, parts.type);
    } else if (tag == LengthTag(5)) {
      good = ReadView(in, time) && ReadTime(time, parts);
    } else if (tag == VarintTag(6)) {
      good = in.ReadVarint64(&value);
      parts.sequence = static_cast<int64_t>(value);
    } else if (tag == LengthTag(7)) {
      good = ReadView(in, parts.properties);
    } else {
      good = WireFormatLite::SkipField(&in, tag);
    }
    if (!good) return false;
  }
  return in.ConsumedEntireMessage();
}

absl::Time ToTime(const EventParts& parts) {
  return absl::FromUnixMicros(parts.seconds * 1'000'000 + parts.nanos / 1'000);
}

// Appends a canonical form of a value: equal values give equal bytes, whatever the order their keys were sent in. False
// where it is too deep.
bool AppendCanonical(const google::protobuf::Value& value, int levels, std::string& out);

bool AppendCanonical(const google::protobuf::Struct& object, int levels, std::string& out) {
  if (levels == 0) return false;
  std::vector<absl::string_view> keys;
  for (const auto& [key, value] : object.fields()) keys.push_back(key);
  std::sort(keys.begin(), keys.end());
  out.push_back('{');
  for (const absl::string_view key : keys) {
    absl::StrAppend(&out, key.size(), ":", key);
    if (!AppendCanonical(object.fields().at(std::string(key)), levels, out)) return false;
  }
  out.push_back('}');
  return true;
}

bool AppendCanonical(const google::protobuf::Value& value, int levels, std::string& out) {
  switch (value.kind_case()) {
    case google::protobuf::Value::KIND_NOT_SET:
    case google::protobuf::Value::kNullValue:
      out.push_back('n');
      return true;
    case google::protobuf::Value::kBoolValue:
      out.push_back(value.bool_value() ? 't' : 'f');
      return true;
    case google::protobuf::Value::kNumberValue: {
      const double number = value.number_value();
      out.push_back('#');
      out.append(reinterpret_cast<const char*>(&number), sizeof number);
      return true;
    }
    case google::protobuf::Value::kStringValue:
      absl::StrAppend(&out, "s", value.string_value().size(), ":", value.string_value());
      return true;
    case google::protobuf::Value::kStructValue:
      return AppendCanonical(value.struct_value(), levels - 1, out);
    case google::protobuf::Value::kListValue:
      if (levels == 1) return false;
      out.push_back('[');
      for (const google::protobuf::Value& element : value.list_value().values()) {
        if (!AppendCanonical(element, levels - 1, out)) return false;
      }
      out.push_back(']');
      return true;
  }
  return false;
}

// A field of properties without structure.
struct PlainField {
  absl::string_view key;
  char kind = 'n';  // As in AppendCanonical.
  absl::string_view value;
};

// Reads google.protobuf.Value; false where it is a structure, or not written as every library writes it.
bool ReadPlainValue(absl::string_view bytes, PlainField& field) {
  CodedInputStream in = OverBytes(bytes);
  const uint32_t tag = in.ReadTag();
  uint64_t value = 0;
  if (tag == 0) return bytes.empty();
  if (tag == VarintTag(1)) {
    if (!in.ReadVarint64(&value)) return false;
  } else if (tag == VarintTag(4)) {
    if (!in.ReadVarint64(&value)) return false;
    field.kind = value != 0 ? 't' : 'f';
  } else if (tag == WireFormatLite::MakeTag(2, WireFormatLite::WIRETYPE_FIXED64)) {
    if (bytes.size() != 1 + sizeof(double)) return false;
    field.kind = '#';
    field.value = bytes.substr(1);
    return true;
  } else if (tag == LengthTag(3)) {
    if (!ReadView(in, field.value) || !IsUtf8(field.value)) return false;
    field.kind = 's';
  } else {
    return false;
  }
  return static_cast<size_t>(in.CurrentPosition()) == bytes.size();
}

// Appends what AppendCanonical would for a serialised google.protobuf.Struct, without making a message of it; false,
// with nothing appended, where it holds structures or is in any way unusual. Most properties are plain.
bool AppendPlain(absl::string_view bytes, std::string& out) {
  absl::InlinedVector<PlainField, 16> fields;
  CodedInputStream in = OverBytes(bytes);
  while (const uint32_t tag = in.ReadTag()) {
    absl::string_view entry, value;
    if (tag != LengthTag(1) || !ReadView(in, entry)) return false;
    CodedInputStream inside = OverBytes(entry);
    PlainField& field = fields.emplace_back();
    if (inside.ReadTag() != LengthTag(1) || !ReadView(inside, field.key) || !IsUtf8(field.key) ||
        inside.ReadTag() != LengthTag(2) || !ReadView(inside, value) ||
        static_cast<size_t>(inside.CurrentPosition()) != entry.size() || !ReadPlainValue(value, field)) {
      return false;
    }
  }
  if (!in.ConsumedEntireMessage()) return false;
  std::sort(fields.begin(), fields.end(), [](const PlainField& a, const PlainField& b) { return a.key < b.key; });
  for (size_t i = 1; i < fields.size(); ++i) {
    if (fields[i - 1].key == fields[i].key) return false;
  }
  out.push_back('{');
  for (const PlainField& field : fields) {
    absl::StrAppend(&out, field.key.size(), ":", field.key);
    out.push_back(field.kind);
    if (field.kind == 's') absl::StrAppend(&out, field.value.size(), ":");
    out.append(field.value.data(), field.value.size());
  }
  out.push_back('}');
  return true;
}

// What makes an event the same event.
struct Identity {
  uint64_t hash = 0;
  std::string wrong;  // What is wrong with the properties, or empty.
};

Identity ToIdentity(const EventParts& parts, google::protobuf::Arena& arena) {
  std::string canonical = absl::StrCat(parts.type.size(), ":", parts.type, parts.user_id.size(), ":", parts.user_id,
                                       absl::ToUnixMicros(ToTime(parts)), ",", parts.sequence, ",");
  if (!parts.properties.empty() && !AppendPlain(parts.properties, canonical)) {
    auto* properties = google::protobuf::Arena::CreateMessage<google::protobuf::Struct>(&arena);
    if (!properties->ParseFromArray(parts.properties.data(), static_cast<int>(parts.properties.size()))) {
      return {.wrong = "must be a well-formed google.protobuf.Struct whose text is UTF-8"};
    }
    if (!properties->fields().empty() && !AppendCanonical(*properties, kMostPropertyLevels, canonical)) {
      return {.wrong = absl::StrCat("must be at most ", kMostPropertyLevels, " levels deep")};
    }
  }
  return {.hash = XXH3_64bits(canonical.data(), canonical.size())};
}

rules::Event ToEvent(const EventParts& parts) {
  return {.time = ToTime(parts),
          .sequence = parts.sequence,
          .id = parts.event_id,
          .type = parts.type,
          .user = parts.user_id};
}

IncomingItem ToIncomingItem(absl::string_view message, absl::Time now, google::protobuf::Arena& arena) {
  IncomingItem incoming{.message = message};
  const auto wrong = [&](absl::string_view field, std::string what) {
    incoming.wrong_field = std::string(field);
    incoming.wrong = std::move(what);
    return incoming;
  };
  if (message.size() > kMostEventBytes) {
    return wrong("event", absl::StrCat("must be at most ", kMostEventBytes, " bytes, not ", message.size(),
                                       ": send fewer properties"));
  }
  EventParts parts;
  if (!ReadParts(message, parts)) return wrong("event", "is not a well-formed waymark.milestone.v1.Event");
  if (std::string what = WhatIsWrongWithItemId(parts.event_id); !what.empty()) return wrong("event_id", what);
  if (std::string what = WhatIsWrongWithId(parts.customer_id); !what.empty()) return wrong("customer_id", what);
  if (!parts.user_id.empty()) {
    if (std::string what = WhatIsWrongWithId(parts.user_id); !what.empty()) return wrong("user_id", what);
  }
  if (std::string what = WhatIsWrongWithId(parts.type); !what.empty()) return wrong("type", what);
  if (!parts.has_time) return wrong("event_time", "must be given: when it happened");
  if (parts.nanos < 0 || parts.nanos > 999'999'999) return wrong("event_time", "has nanos outside 0 to 999,999,999");
  if (parts.seconds < kFirstSecond || parts.seconds >= kLastSecond) {
    return wrong("event_time", "must be from the year 2000 to 2099");
  }
  if (ToTime(parts) > now + kMostAhead) {
    return wrong("event_time",
                 absl::StrCat("is more than 5 minutes in the future (", absl::FormatTime(now, absl::UTCTimeZone()),
                              " here): check the sender's clock"));
  }
  Identity identity = ToIdentity(parts, arena);
  if (!identity.wrong.empty()) return wrong("properties", identity.wrong);
  incoming.customer_id = parts.customer_id;
  incoming.event = ToEvent(parts);
  incoming.content_hash = identity.hash;
  incoming.fingerprint = FingerprintOf(parts.event_id);
  return incoming;
}

absl::string_view TitleOr(absl::string_view title, absl::string_view key) { return title.empty() ? key : title; }

}  // namespace

void SetTime(absl::Time time, google::protobuf::Timestamp* to) {
  const int64_t micros = absl::ToUnixMicros(time);
  int64_t seconds = micros / 1'000'000;
  int64_t rest = micros % 1'000'000;
  if (rest < 0) {
    rest += 1'000'000;
    --seconds;
  }
  to->set_seconds(seconds);
  to->set_nanos(static_cast<int32_t>(rest * 1'000));
}

absl::Time ToTime(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::string WhatIsWrongWithItemId(absl::string_view id) {
  if (absl::StartsWith(id, kOwnIds)) {
    return absl::StrCat("must not begin with ", kOwnIds, ": such ids are those of records that Waymark makes itself");
  }
  return WhatIsWrongWithId(id);
}

absl::StatusOr<std::unique_ptr<Batch>> ToBatch(std::string workspace, std::string request, absl::Time now) {
  if (request.size() > kMostRequestBytes) {
    return InvalidField("events", "must be at most 4 MiB in all: send fewer in a call");
  }
  auto batch = std::make_unique<Batch>();
  batch->workspace = std::move(workspace);
  batch->request = std::move(request);
  std::vector<absl::string_view> messages;
  CodedInputStream in = OverBytes(batch->request);
  bool good = true;
  while (const uint32_t tag = in.ReadTag()) {
    uint64_t value = 0;
    absl::string_view view;
    if (tag == LengthTag(1)) {
      good = ReadView(in, messages.emplace_back());
    } else if (tag == VarintTag(2)) {
      good = in.ReadVarint64(&value);
      batch->backfill = value != 0;
    } else if (tag == LengthTag(3)) {
      good = ReadView(in, view);
      batch->consistency_token = std::string(view);
    } else if (tag == VarintTag(4)) {
      good = in.ReadVarint64(&value);
      batch->sequence = static_cast<int64_t>(value);
    } else {
      good = WireFormatLite::SkipField(&in, tag);
    }
    if (!good) break;
  }
  if (!good || !in.ConsumedEntireMessage()) {
    return InvalidField("request", "is not a well-formed message of events");
  }
  if (messages.empty()) return InvalidField("events", "must be given: 1 to 1,000 of them");
  if (messages.size() > kMostEvents) {
    return InvalidField("events",
                        absl::StrCat("must be at most 1,000, not ", messages.size(), ": send them in several calls"));
  }
  google::protobuf::Arena arena;
  batch->events.reserve(messages.size());
  for (const absl::string_view message : messages) {
    IncomingItem& incoming = batch->events.emplace_back(ToIncomingItem(message, now, arena));
    incoming.lane = journal::LaneOf(batch->workspace, incoming.customer_id);
  }
  return batch;
}

v1::IngestEventsResponse ToProto(const Batch& batch, const Receipt& receipt) {
  v1::IngestEventsResponse response;
  response.set_consistency_token(receipt.consistency_token);
  response.mutable_results()->Reserve(static_cast<int>(batch.events.size()));
  for (size_t i = 0; i < batch.events.size(); ++i) {
    v1::EventResult* result = response.add_results();
    switch (receipt.novelties[i]) {
      case Novelty::kAccepted:
        result->set_outcome(v1::EVENT_OUTCOME_ACCEPTED);
        if (const auto late = receipt.late_for.find(i); late != receipt.late_for.end()) {
          for (const std::string& journey_id : late->second) result->add_late_for(journey_id);
        }
        break;
      case Novelty::kDuplicate:
        result->set_outcome(v1::EVENT_OUTCOME_DUPLICATE);
        break;
      case Novelty::kConflict:
        result->set_outcome(v1::EVENT_OUTCOME_CONFLICT);
        result->set_field("event_id");
        result->set_message("was used before for another event of this customer: give each event an id of its own");
        break;
      case Novelty::kDeleted:
        result->set_outcome(v1::EVENT_OUTCOME_INVALID);
        result->set_field("customer_id");
        result->set_message(kWasDeleted);
        break;
      case Novelty::kInvalid:
      case Novelty::kMerged:
      case Novelty::kRefused:
        result->set_outcome(v1::EVENT_OUTCOME_INVALID);
        result->set_field(batch.events[i].wrong_field);
        result->set_message(batch.events[i].wrong);
        break;
    }
  }
  return response;
}

std::string ToPayload(const IncomingItem& event, bool backfill) {
  // EventAccepted{event, backfill}, around the event's bytes as they came.
  std::string payload;
  payload.reserve(event.message.size() + 8);
  payload.push_back(static_cast<char>(LengthTag(1)));
  uint8_t size[5];
  const uint8_t* end =
      google::protobuf::io::CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(event.message.size()), size);
  payload.append(reinterpret_cast<const char*>(size), end - size);
  payload.append(event.message.data(), event.message.size());
  if (backfill) {
    payload.push_back(static_cast<char>(VarintTag(2)));
    payload.push_back(1);
  }
  return payload;
}

rules::Event WithProperties(const IncomingItem& event, ItemPool& pool) {
  rules::Event with = event.event;
  EventParts parts;
  if (ReadParts(event.message, parts)) with.properties = pool.Add(parts.properties);
  return with;
}

std::optional<rules::Event> ReadEvent(absl::string_view payload, absl::Time received, ItemPool* pool) {
  CodedInputStream in = OverBytes(payload);
  absl::string_view message;
  EventParts parts;
  if (in.ReadTag() != LengthTag(1) || !ReadView(in, message) || !ReadParts(message, parts)) return std::nullopt;
  rules::Event event = ToEvent(parts);
  uint64_t backfill = 0;
  uint32_t tag = in.ReadTag();
  if (tag == VarintTag(2)) {
    if (!in.ReadVarint64(&backfill)) return std::nullopt;
    tag = in.ReadTag();
  }
  if (tag == LengthTag(3)) {
    absl::string_view time;
    google::protobuf::Timestamp first;
    if (!ReadView(in, time) || !first.ParseFromArray(time.data(), static_cast<int>(time.size()))) return std::nullopt;
    received = absl::FromUnixMicros(first.seconds() * 1'000'000 + first.nanos() / 1'000);
  }
  if (backfill == 0) event.received = received;
  if (pool != nullptr) event.properties = pool->Add(parts.properties);
  return event;
}

std::optional<uint64_t> ReadContentHash(absl::string_view payload) {
  CodedInputStream in = OverBytes(payload);
  absl::string_view message;
  EventParts parts;
  if (in.ReadTag() != LengthTag(1) || !ReadView(in, message) || !ReadParts(message, parts)) return std::nullopt;
  google::protobuf::Arena arena;
  const Identity identity = ToIdentity(parts, arena);
  return identity.wrong.empty() ? std::optional<uint64_t>(identity.hash) : std::nullopt;
}

absl::StatusOr<rules::JourneyVersion> ToJourneyVersion(const PublishedVersion& version) {
  journey::v1::JourneyDefinition definition;
  if (!definition.ParseFromString(version.definition)) {
    return absl::InternalError(absl::StrCat("the definition of journey ", version.journey_id, " cannot be read"));
  }
  rules::JourneyVersion made{.journey_id = version.journey_id,
                             .number = version.number,
                             .content_hash = version.content_hash,
                             .definition = rules::FromProto(definition)};
  journey::v1::VersionPublished pinned;
  if (!pinned.ParseFromString(version.segments)) {
    return absl::InternalError(absl::StrCat("the segments of journey ", version.journey_id, " cannot be read"));
  }
  for (const journey::v1::PinnedSegment& segment : pinned.segments()) {
    made.segments.push_back({segment.segment_id(), rules::FromProto(segment.criterion())});
  }
  return made;
}

absl::StatusOr<JourneyFact> ToJourneyFact(const journal::Entry& entry) {
  const auto is = [&](google::protobuf::Message& fact) {
    return entry.type == fact.GetDescriptor()->full_name() && fact.ParseFromString(entry.payload);
  };
  if (journey::v1::VersionPublished fact; is(fact)) {
    journey::v1::VersionPublished pinned;
    *pinned.mutable_segments() = fact.segments();
    return PublishedVersion{.journey_id = fact.journey_id(),
                            .number = fact.number(),
                            .content_hash = fact.content_hash(),
                            .definition = fact.definition().SerializeAsString(),
                            .segments = pinned.SerializeAsString(),
                            .plan = fact.has_plan() ? fact.plan().SerializeAsString() : std::string()};
  }
  if (journey::v1::VersionRetired fact; is(fact)) {
    return ClosedVersions{.journey_id = fact.journey_id(), .number = fact.number()};
  }
  if (journey::v1::JourneyArchived fact; is(fact)) {
    return ClosedVersions{.journey_id = fact.journey_id(), .number = std::nullopt};
  }
  return absl::InternalError(absl::StrCat("cannot apply a ", entry.type, ": this release does not know it"));
}

v1::CurrentStage ToCurrentStage(const rules::Journey& journey, const Enrollment& enrollment, const rules::Run& run) {
  v1::CurrentStage stage;
  stage.set_journey_id(enrollment.journey_id);
  stage.set_version(enrollment.version);
  stage.set_stage_key(journey.stages()[run.stage()].key);
  SetTime(run.entered.back().time, stage.mutable_enter_time());
  stage.set_state(v1::ENROLLMENT_STATE_ACTIVE);
  stage.set_entry_key(run.key);
  if (run.completed.has_value()) stage.set_state(v1::ENROLLMENT_STATE_COMPLETED);
  if (run.exited.has_value()) {
    stage.set_state(v1::ENROLLMENT_STATE_EXITED);
    if (run.exited->exit.has_value()) {
      stage.set_exit_key(journey.version().definition.exits[*run.exited->exit].key);
    }
  }
  return stage;
}

v1::Pace ToPace(const rules::Journey& journey, const rules::Run& run, absl::Time now) {
  if (run.ended()) return v1::PACE_UNSPECIFIED;
  switch (rules::PaceOf(journey, run, now)) {
    case rules::Pace::kOnTrack:
      return v1::PACE_ON_TRACK;
    case rules::Pace::kLate:
      return v1::PACE_LATE;
    case rules::Pace::kBehind:
      return v1::PACE_BEHIND;
    case rules::Pace::kStuck:
      return v1::PACE_STUCK;
  }
  return v1::PACE_UNSPECIFIED;
}

v1::CustomerStages AnotherName(absl::string_view workspace, absl::string_view customer_id, int64_t epoch,
                               int64_t position) {
  v1::CustomerStages stages;
  stages.set_workspace(std::string(workspace));
  stages.set_customer_id(std::string(customer_id));
  stages.set_version_epoch(epoch);
  stages.set_version_position(position);
  stages.set_more(true);
  return stages;
}

void Shorten(v1::CustomerStages& stages) {
  const int beyond = stages.enrollments_size() - kMostEnrollmentsTold;
  if (beyond <= 0) return;
  stages.mutable_enrollments()->DeleteSubrange(kMostEnrollmentsTold, beyond);
  stages.set_more(true);
}

v1::CustomerStages ToStages(const Customer& customer, absl::Span<const rules::Journey* const> journeys, int64_t epoch) {
  v1::CustomerStages stages;
  stages.set_customer_id(customer.customer_id);
  for (size_t i = 0; i < customer.dossier.enrollments.size(); ++i) {
    const Enrollment& enrollment = customer.dossier.enrollments[i];
    const absl::Span<const rules::Run> runs = enrollment.progress.enrollments();
    for (size_t k = runs.size(); k-- > 0;) {
      *stages.add_enrollments() = ToCurrentStage(*journeys[i], enrollment, runs[k]);
    }
  }
  if (customer.dossier.event_count > 0) {
    SetTime(absl::FromUnixMicros(customer.dossier.last.time), stages.mutable_watermark_time());
  }
  stages.set_version_epoch(epoch);
  stages.set_version_position(customer.version_position);
  stages.set_state_hash(StateHashOf(customer.dossier));
  absl::Time holds_until = absl::InfiniteFuture();
  for (const Enrollment& enrollment : customer.dossier.enrollments) {
    holds_until = std::min(holds_until, enrollment.progress.next);
  }
  if (holds_until != absl::InfiniteFuture()) SetTime(holds_until, stages.mutable_holds_until_time());
  return stages;
}

namespace {

v1::EnrollmentProgress ToProgress(const rules::Journey& journey, const Enrollment& enrollment, size_t run_index,
                                  absl::Span<const rules::Event> history, absl::Time now) {
  const rules::Progress& progress = enrollment.progress;
  const rules::Run& run = progress.runs[run_index];
  // Up to when everything is known: time has brought nothing since.
  const absl::Time at = std::max(progress.timer, history.empty() ? absl::InfinitePast() : history.back().time);
  const auto witnesses = rules::FindWitnesses(journey, history, progress.timer, run_index);
  v1::EnrollmentProgress answer;
  *answer.mutable_current() = ToCurrentStage(journey, enrollment, run);
  answer.set_pace(ToPace(journey, run, now));
  SetTime(run.entered[0].time, answer.mutable_enroll_time());
  const auto witness = std::find_if(history.begin(), history.end(),
                                    [&](const rules::Event& event) { return event.number == run.entered[0].item; });
  if (witness != history.end()) answer.set_enroll_witness_event_id(std::string(witness->id));
  size_t rule = 0;
  for (size_t i = 0; i < journey.stages().size(); ++i) {
    const rules::Stage& stage = journey.stages()[i];
    v1::StageProgress* to = answer.add_stages();
    to->set_stage_key(stage.key);
    to->set_title(std::string(TitleOr(stage.title, stage.key)));
    const auto stay = std::find_if(run.entered.rbegin(), run.entered.rend(),
                                   [&](const rules::Passage& passage) { return passage.stage == i; });
    if (stay != run.entered.rend()) {
      SetTime(stay->time, to->mutable_enter_time());
      if (stay->completed.has_value()) SetTime(*stay->completed, to->mutable_complete_time());
    }
    for (const rules::Milestone& milestone : stage.milestones) {
      const rules::MilestoneProgress& state = run.milestones[rule];
      v1::MilestoneProgress* shown = to->add_milestones();
      shown->set_milestone_key(milestone.key);
      shown->set_title(std::string(TitleOr(milestone.title, milestone.key)));
      shown->set_counted(rules::Counted(journey, progress, run, rule, at));
      shown->set_needed(journey.rules()[rule].needed);
      constexpr size_t kMostWitnesses = 1000;
      const auto& ids = witnesses[rule];
      for (size_t k = ids.size() > kMostWitnesses ? ids.size() - kMostWitnesses : 0; k < ids.size(); ++k) {
        shown->add_witness_event_ids(std::string(ids[k]));
      }
      if (state.achieved.has_value()) {
        SetTime(state.achieved->time, shown->mutable_achieve_time());
      } else {
        shown->set_missing(rules::Missing(journey, progress, run, rule, at));
      }
      ++rule;
    }
  }
  return answer;
}

}  // namespace

std::vector<v1::EnrollmentProgress> ToProgress(const rules::Journey& journey, const Enrollment& enrollment,
                                               absl::Span<const rules::Event> history, absl::Time now) {
  std::vector<v1::EnrollmentProgress> all;
  for (size_t run = enrollment.progress.enrollments().size(); run-- > 0;) {
    all.push_back(ToProgress(journey, enrollment, run, history, now));
  }
  return all;
}

absl::StatusOr<absl::Time> ToInstant(const char* field, const google::protobuf::Timestamp& time) {
  if (time.seconds() < kFirstSecond || time.seconds() >= kLastSecond) {
    return InvalidField(field, "must be from the year 2000 to 2099");
  }
  if (time.nanos() < 0 || time.nanos() > 999'999'999) return InvalidField(field, "has nanos beyond 0 to 999,999,999");
  return ToTime(time);
}

}  // namespace waymark::milestone
