#include "services/milestone/checkpoint.h"

#include <bit>
#include <optional>
#include <variant>
#include <vector>

#include "common/base/packed.h"

namespace waymark::milestone {
namespace {

constexpr char kFormat = 1;

// Flags of a progress.
constexpr uint64_t kMore = 1, kBegun = 2;

// Flags of a run.
constexpr uint64_t kKey = 1, kCompleted = 2, kExited = 4, kRevoked = 8, kLeaves = 16, kSince = 32;

absl::Status Damaged() { return absl::InternalError("a stored checkpoint cannot be read"); }

// Differences wrap around, so that they are exact whatever the times are.
int64_t Minus(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

// Whether there is more to a progress than its runs.
bool HasMore(const rules::Progress& progress) {
  return !progress.leaves.empty() || !progress.attributes.empty() || !progress.bands.empty() ||
         progress.first_event.has_value() || progress.triggered != 0 || progress.timer != absl::InfinitePast() ||
         progress.next != absl::InfiniteFuture();
}

class Writer {
 public:
  std::string Write(const Dossier& dossier) {
    body_.push_back(kFormat);
    PutSigned(dossier.last.time, body_);
    last_time_ = dossier.last.time;
    PutSigned(dossier.last.sequence, body_);
    PutNumber(static_cast<uint64_t>(dossier.last.kind), body_);
    PutText(dossier.last.id, body_);
    PutNumber(static_cast<uint64_t>(dossier.event_count), body_);
    PutNumber(dossier.enrollments.size(), body_);
    for (const Enrollment& enrollment : dossier.enrollments) {
      PutText(enrollment.journey_id, body_);
      PutNumber(enrollment.version, body_);
      Put(enrollment.progress);
    }
    return std::move(body_);
  }

 private:
  void Time(absl::Time time) {
    if (time == absl::InfinitePast()) return PutSigned(INT64_MAX, body_);
    if (time == absl::InfiniteFuture()) return PutSigned(INT64_MIN, body_);
    PutSigned(Minus(last_time_, absl::ToUnixMicros(time)), body_);
  }

  // One event tends to achieve a milestone, complete a stage and enter the next.
  void Put(const rules::Moment& moment) {
    Time(moment.time);
    PutSigned(Minus(last_item_, moment.item), body_);
    last_item_ = moment.item;
  }

  void Put(const rules::Passage& passage) {
    Put(passage.moment());
    PutNumber(passage.stage << 1 | (passage.completed.has_value() ? 1 : 0), body_);
    if (!passage.completed.has_value()) return;
    PutSigned(Minus(absl::ToUnixMicros(*passage.completed), absl::ToUnixMicros(passage.time)), body_);
  }

  void Put(const rules::MilestoneProgress& milestone) {
    PutNumber(
        uint64_t{milestone.counted} << 2 | (milestone.earlier != 0 ? 2 : 0) | (milestone.achieved.has_value() ? 1 : 0),
        body_);
    if (milestone.earlier != 0) PutNumber(milestone.earlier, body_);
    if (milestone.achieved.has_value()) Put(*milestone.achieved);
  }

  void Put(const rules::Revocation& revocation) {
    PutNumber(revocation.milestone, body_);
    Put(revocation.moment);
  }

  void Put(const rules::LeafState& leaf) {
    PutNumber(leaf.count, body_);
    PutNumber(leaf.times.size(), body_);
    for (const absl::Time time : leaf.times) Time(time);
    PutNumber(leaf.values.size(), body_);
    for (const std::string& value : leaf.values) PutText(value, body_);
  }

  void Put(const rules::Known& known) {
    PutNumber(known.value.index() << 1 | (known.composite ? 1 : 0), body_);
    if (const bool* truth = std::get_if<bool>(&known.value)) {
      PutNumber(*truth ? 1 : 0, body_);
    } else if (const double* number = std::get_if<double>(&known.value)) {
      const uint64_t bits = std::bit_cast<uint64_t>(*number);
      for (int shift = 0; shift < 64; shift += 8) body_.push_back(static_cast<char>(bits >> shift));
    } else if (const std::string* text = std::get_if<std::string>(&known.value)) {
      PutText(*text, body_);
    }
  }

  template <typename T>
  void PutAll(const std::vector<T>& all) {
    PutNumber(all.size(), body_);
    for (const T& one : all) Put(one);
  }

  void Put(const rules::Run& run) {
    PutNumber((run.key.empty() ? 0 : kKey) | (run.completed.has_value() ? kCompleted : 0) |
                  (run.exited.has_value() ? kExited : 0) | (run.revoked.empty() ? 0 : kRevoked) |
                  (run.leaves.empty() ? 0 : kLeaves) | (run.since_item == 0 ? 0 : kSince),
              body_);
    if (!run.key.empty()) PutText(run.key, body_);
    PutAll(run.entered);
    if (run.completed.has_value()) Put(*run.completed);
    if (run.exited.has_value()) {
      Put(run.exited->moment);
      PutNumber(run.exited->exit.has_value() ? *run.exited->exit + 1 : 0, body_);
    }
    PutAll(run.milestones);
    if (!run.revoked.empty()) PutAll(run.revoked);
    if (!run.leaves.empty()) PutAll(run.leaves);
    if (run.since_item != 0) PutNumber(run.since_item, body_);
  }

  void Put(const rules::Progress& progress) {
    PutNumber((HasMore(progress) ? kMore : 0) | (progress.begun ? kBegun : 0), body_);
    PutAll(progress.runs);
    if (!HasMore(progress)) return;
    PutAll(progress.leaves);
    PutAll(progress.attributes);
    PutNumber(progress.bands.size(), body_);
    for (const std::string& band : progress.bands) PutText(band, body_);
    PutNumber(progress.first_event.has_value() ? 1 : 0, body_);
    if (progress.first_event.has_value()) Time(*progress.first_event);
    PutNumber(progress.triggered, body_);
    Time(progress.timer);
    Time(progress.next);
  }

  int64_t last_time_ = 0;
  int64_t last_item_ = 0;
  std::string body_;
};

// Reads what Writer has written.
class Parser {
 public:
  explicit Parser(absl::string_view bytes) : in_(bytes) {}

  std::optional<Dossier> Read() {
    Dossier dossier;
    last_time_ = dossier.last.time = in_.Signed();
    dossier.last.sequence = in_.Signed();
    const uint64_t kind = in_.Number();
    sound_ = sound_ && kind <= static_cast<uint64_t>(rules::ItemKind::kOverride);
    dossier.last.kind = static_cast<rules::ItemKind>(kind);
    dossier.last.id = Text();
    dossier.event_count = static_cast<int64_t>(in_.Number());
    dossier.enrollments.resize(Count());
    for (Enrollment& enrollment : dossier.enrollments) {
      enrollment.journey_id = Text();
      enrollment.version = Number32();
      Get(enrollment.progress);
    }
    if (!sound_ || !in_.ok() || !in_.AtEnd()) return std::nullopt;
    return dossier;
  }

 private:
  // How many of something follow: never more than there are bytes.
  uint64_t Count() {
    const uint64_t count = in_.Number();
    sound_ = sound_ && count <= in_.left();
    return sound_ ? count : 0;
  }

  uint32_t Number32() { return static_cast<uint32_t>(in_.Number()); }
  std::string Text() { return std::string(in_.Text()); }

  absl::Time Time() {
    const int64_t before = in_.Signed();
    if (before == INT64_MAX) return absl::InfinitePast();
    if (before == INT64_MIN) return absl::InfiniteFuture();
    return absl::FromUnixMicros(Minus(last_time_, before));
  }

  void Get(rules::Moment& moment) {
    moment.time = Time();
    moment.item = last_item_ = Minus(last_item_, in_.Signed());
  }

  void Get(rules::Passage& passage) {
    rules::Moment entered;
    Get(entered);
    passage.time = entered.time;
    passage.item = entered.item;
    const uint64_t stage = in_.Number();
    passage.stage = stage >> 1;
    if (stage % 2 == 0) return;
    const auto after = static_cast<uint64_t>(in_.Signed());
    passage.completed =
        absl::FromUnixMicros(static_cast<int64_t>(static_cast<uint64_t>(absl::ToUnixMicros(passage.time)) + after));
  }

  void Get(rules::MilestoneProgress& milestone) {
    const uint64_t number = in_.Number();
    milestone.counted = static_cast<uint32_t>(number >> 2);
    if ((number & 2) != 0) milestone.earlier = Number32();
    if ((number & 1) != 0) Get(milestone.achieved.emplace());
  }

  void Get(rules::Revocation& revocation) {
    revocation.milestone = in_.Number();
    Get(revocation.moment);
  }

  void Get(rules::LeafState& leaf) {
    leaf.count = Number32();
    leaf.times.resize(Count());
    for (absl::Time& time : leaf.times) time = Time();
    leaf.values.resize(Count());
    for (std::string& value : leaf.values) value = Text();
  }

  void Get(rules::Known& known) {
    const uint64_t kind = in_.Number();
    known.composite = kind % 2 == 1;
    switch (kind >> 1) {
      case 0:
        break;
      case 1:
        known.value = in_.Number() != 0;
        break;
      case 2: {
        uint64_t bits = 0;
        const absl::string_view bytes = in_.Bytes(8);
        for (size_t i = 0; i < bytes.size(); ++i) bits |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
        known.value = std::bit_cast<double>(bits);
        break;
      }
      case 3:
        known.value = Text();
        break;
      default:
        sound_ = false;
    }
  }

  template <typename T>
  void GetAll(std::vector<T>& all) {
    all.resize(Count());
    for (T& one : all) Get(one);
  }

  void Get(rules::Run& run) {
    const uint64_t flags = in_.Number();
    if ((flags & kKey) != 0) run.key = Text();
    GetAll(run.entered);
    if ((flags & kCompleted) != 0) Get(run.completed.emplace());
    if ((flags & kExited) != 0) {
      Get(run.exited.emplace().moment);
      if (const uint64_t exit = in_.Number(); exit > 0) run.exited->exit = exit - 1;
    }
    GetAll(run.milestones);
    if ((flags & kRevoked) != 0) GetAll(run.revoked);
    if ((flags & kLeaves) != 0) GetAll(run.leaves);
    if ((flags & kSince) != 0) run.since_item = in_.Number();
  }

  void Get(rules::Progress& progress) {
    const uint64_t flags = in_.Number();
    progress.begun = (flags & kBegun) != 0;
    GetAll(progress.runs);
    if ((flags & kMore) == 0) return;
    GetAll(progress.leaves);
    GetAll(progress.attributes);
    progress.bands.resize(Count());
    for (std::string& band : progress.bands) band = Text();
    if (in_.Number() != 0) progress.first_event = Time();
    progress.triggered = Number32();
    progress.timer = Time();
    progress.next = Time();
  }

  Unpacker in_;
  bool sound_ = true;
  int64_t last_time_ = 0;
  int64_t last_item_ = 0;
};

}  // namespace

std::string EncodeDossier(const Dossier& dossier) { return Writer().Write(dossier); }

absl::StatusOr<Dossier> DecodeDossier(absl::string_view bytes) {
  if (bytes.empty() || bytes[0] != kFormat) return Damaged();
  std::optional<Dossier> dossier = Parser(bytes.substr(1)).Read();
  if (!dossier.has_value()) return Damaged();
  return *std::move(dossier);
}

}  // namespace waymark::milestone
