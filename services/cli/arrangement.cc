#include "services/cli/arrangement.h"

#include <map>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/status.h"
#include "services/cli/usage.h"

namespace waymark::cli {
namespace {

// How far behind its event a repeat may come in the file's order: several batches, so that both cases are met, a repeat
// in the same batch and one in a later one.
constexpr uint64_t kFarthestRepeat = 5000;

// std::uniform_int_distribution and std::shuffle differ between standard libraries; the generator itself does not. The
// remainder's bias is far below what a test order could show.
uint64_t Below(std::mt19937_64& random, uint64_t limit) { return random() % limit; }

class FileOrder final : public Arrangement {
 public:
  FileOrder(EventReader& reader, const ArrangementOptions& options)
      : reader_(reader), most_(options.most_repeats), random_(options.repeat_seed) {}

  absl::StatusOr<std::optional<SourceEvent>> Next() override {
    if (!repeats_.empty() && (ended_ || repeats_.begin()->first <= given_)) {
      SourceEvent event = std::move(repeats_.begin()->second);
      repeats_.erase(repeats_.begin());
      return event;
    }
    if (ended_) {
      RETURN_IF_ERROR(end_);
      return std::nullopt;
    }
    absl::StatusOr<std::optional<SourceEvent>> next = reader_.Next();
    if (!next.ok() || !next->has_value()) {
      ended_ = true;
      end_ = next.status();
      return Next();
    }
    ++given_;
    if ((*next)->problem.empty() && most_ > 1) {
      for (uint64_t more = Below(random_, most_); more > 0; --more) {
        repeats_.emplace(given_ + 1 + Below(random_, kFarthestRepeat), **next);
      }
    }
    return next;
  }

 private:
  EventReader& reader_;
  const uint64_t most_;
  std::mt19937_64 random_;
  uint64_t given_ = 0;
  std::multimap<uint64_t, SourceEvent> repeats_;  // By the number of events given before.
  bool ended_ = false;
  absl::Status end_;
};

class ShuffledOrder final : public Arrangement {
 public:
  ShuffledOrder(EventReader& reader, ArrangementOptions options) : reader_(reader), options_(options) {}

  absl::StatusOr<std::optional<SourceEvent>> Next() override {
    if (!loaded_) Load();
    if (place_ < order_.size()) return Unpack(packed_[order_[place_++]]);
    RETURN_IF_ERROR(end_);
    return std::nullopt;
  }

  double fraction() const override {
    return order_.empty() ? 0 : static_cast<double>(place_) / static_cast<double>(order_.size());
  }

 private:
  // An event in a fifth of the memory that the message takes.
  struct Packed {
    int64_t line;
    std::string workspace;
    std::string event;
    std::string problem;
  };

  static SourceEvent Unpack(const Packed& packed) {
    SourceEvent source{.line = packed.line, .workspace = packed.workspace, .problem = packed.problem};
    source.event.ParseFromString(packed.event);
    return source;
  }

  void Load() {
    loaded_ = true;
    std::mt19937_64 repeat(options_.repeat_seed);
    while (true) {
      absl::StatusOr<std::optional<SourceEvent>> next = reader_.Next();
      end_ = next.status();
      if (!next.ok() || !next->has_value()) break;
      SourceEvent& source = **next;
      const bool once = !source.problem.empty() || options_.most_repeats < 2;
      const uint64_t times = once ? 1 : 1 + Below(repeat, options_.most_repeats);
      order_.insert(order_.end(), times, packed_.size());
      packed_.push_back(
          {source.line, std::move(source.workspace), source.event.SerializeAsString(), std::move(source.problem)});
    }
    // Fisher and Yates, as Knuth's Algorithm P (The Art of Computer Programming, 3.4.2).
    std::mt19937_64 random(*options_.shuffle_seed);
    for (size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[Below(random, i)]);
  }

  EventReader& reader_;
  const ArrangementOptions options_;
  bool loaded_ = false;
  absl::Status end_;
  std::vector<Packed> packed_;
  std::vector<size_t> order_;
  size_t place_ = 0;
};

}  // namespace

absl::Status ArrangementOptions::SetOrder(absl::string_view text) {
  if (text == "file") {
    shuffle_seed = std::nullopt;
    return absl::OkStatus();
  }
  uint64_t seed = 0;
  if (!absl::ConsumePrefix(&text, "shuffle:") || !absl::SimpleAtoi(text, &seed)) {
    return UsageError("--order: write `file` or `shuffle:SEED`, such as shuffle:7");
  }
  shuffle_seed = seed;
  return absl::OkStatus();
}

absl::Status ArrangementOptions::SetRepeat(absl::string_view text) {
  const std::vector<absl::string_view> sides = absl::StrSplit(text, ':');
  if (sides.size() != 2 || !absl::SimpleAtoi(sides[0], &most_repeats) || most_repeats < 1 || most_repeats > 100 ||
      !absl::SimpleAtoi(sides[1], &repeat_seed)) {
    return UsageError("--repeat: write MAX:SEED with MAX from 1 to 100, such as 3:7");
  }
  return absl::OkStatus();
}

std::unique_ptr<Arrangement> Arrangement::Create(EventReader& reader, const ArrangementOptions& options) {
  if (options.shuffle_seed.has_value()) return std::make_unique<ShuffledOrder>(reader, options);
  return std::make_unique<FileOrder>(reader, options);
}

}  // namespace waymark::cli
