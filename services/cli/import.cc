#include "services/cli/import.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status.h"
#include "services/cli/progress_line.h"
#include "services/cli/table.h"
#include "services/cli/usage.h"
#include "waymark/milestone/v1/customer.pb.h"

namespace waymark::cli {
namespace {

// A call holds at most 4 MiB; an event that does not fit beside the others opens the next batch.
constexpr size_t kMostBytes = 3 << 20;
// Larger than any event may be, and small enough for a call; refused here, so that it spoils no call.
constexpr size_t kLargestEvent = 1 << 20;
// Open batches of several workspaces hold at most so many events together.
constexpr size_t kMostOpen = 20'000;

// Gathers events into batches, one per workspace, and hands the full ones over.
class Batcher {
 public:
  Batcher(Sender& sender, const ImportOptions& options) : sender_(sender), options_(options) {}

  absl::Status Add(SourceEvent source) {
    Open& open = open_[source.workspace];
    const size_t bytes = source.event.ByteSizeLong();
    if (open.bytes + bytes > kMostBytes) RETURN_IF_ERROR(Flush(source.workspace, open));
    open.bytes += bytes;
    open.batch.lines.push_back(source.line);
    *open.batch.request.add_events() = std::move(source.event);
    ++held_;
    if (open.batch.lines.size() >= static_cast<size_t>(options_.batch)) return Flush(source.workspace, open);
    return held_ < kMostOpen ? absl::OkStatus() : FlushAll();
  }

  absl::Status FlushAll() {
    for (auto& [workspace, open] : open_) RETURN_IF_ERROR(Flush(workspace, open));
    open_.clear();
    return absl::OkStatus();
  }

  int64_t sent() const { return sent_; }

 private:
  struct Open {
    Batch batch;
    size_t bytes = 0;
  };

  absl::Status Flush(const std::string& workspace, Open& open) {
    if (open.batch.lines.empty()) return absl::OkStatus();
    const size_t count = open.batch.lines.size();
    open.batch.workspace = workspace;
    open.batch.request.set_backfill(!options_.live);
    held_ -= count;
    const absl::Status sent = sender_.Send(std::exchange(open, Open()).batch);
    if (sent.ok()) sent_ += static_cast<int64_t>(count);
    return sent;
  }

  Sender& sender_;
  const ImportOptions& options_;
  std::map<std::string, Open> open_;
  size_t held_ = 0;
  int64_t sent_ = 0;
};

google::protobuf::Struct ToStruct(const Tally& tally, absl::Duration took) {
  google::protobuf::Struct summary;
  auto& fields = *summary.mutable_fields();
  fields["accepted"].set_number_value(static_cast<double>(tally.accepted));
  fields["duplicate"].set_number_value(static_cast<double>(tally.duplicate));
  fields["conflict"].set_number_value(static_cast<double>(tally.conflict));
  fields["invalid"].set_number_value(static_cast<double>(tally.invalid));
  fields["unreadable"].set_number_value(static_cast<double>(tally.unreadable));
  fields["seconds"].set_number_value(absl::ToDoubleSeconds(took));
  auto& problems = *fields["problems"].mutable_list_value();
  for (const auto& [line, reason] : tally.reasons) {
    auto& problem = *problems.add_values()->mutable_struct_value()->mutable_fields();
    problem["line"].set_number_value(static_cast<double>(line));
    problem["reason"].set_string_value(reason);
  }
  return summary;
}

void WriteSummary(const Session& session, const Tally& tally, absl::Duration took) {
  if (session.format != Format::kTable) {
    Session as_json = session;
    as_json.format = Format::kJson;  // Which is YAML too.
    WriteStructured(as_json, ToStruct(tally, took));
    return;
  }
  const double seconds = std::max(absl::ToDoubleSeconds(took), 0.001);
  session.out << Count(tally.answered(), "event") << " sent in " << absl::StrFormat("%.1f s (", seconds)
              << Grouped(static_cast<int64_t>(static_cast<double>(tally.answered()) / seconds)) << "/s)\n";
  const auto line = [&](const char* name, int64_t count, const char* meaning) {
    session.out << absl::StrFormat("  %-10s %11s  %s\n", name, Grouped(count), meaning);
  };
  line("accepted", tally.accepted, "stored now");
  line("duplicate", tally.duplicate, "stored before, nothing changed");
  if (tally.conflict > 0) line("conflict", tally.conflict, "another event of the customer has the id; not stored");
  if (tally.invalid > 0) line("invalid", tally.invalid, "refused by the server");
  if (tally.unreadable > 0) line("unreadable", tally.unreadable, "no event could be read; not sent");
  for (const auto& [number, reason] : tally.reasons) session.out << "  line " << number << ": " << reason << "\n";
  const int64_t bad = tally.conflict + tally.invalid + tally.unreadable;
  if (bad > static_cast<int64_t>(tally.reasons.size())) session.out << "  …\n";
}

// Reads, arranges and hands over everything. `unreadable` receives the lines that are no event.
absl::Status SendAll(Arrangement& events, const Input& input, Batcher& batcher, Tally& unreadable,
                     ProgressLine& progress) {
  while (true) {
    absl::StatusOr<std::optional<SourceEvent>> next = events.Next();
    if (!next.ok() || !next->has_value()) {
      RETURN_IF_ERROR(batcher.FlushAll());
      return next.status();
    }
    SourceEvent& source = **next;
    if (source.event.ByteSizeLong() > kLargestEvent) source.problem = "larger than 1 MiB; an event has at most 64 kB";
    if (!source.problem.empty()) {
      ++unreadable.unreadable;
      unreadable.AddReason(source.line, absl::StrCat("unreadable: ", Printable(source.problem)));
      continue;
    }
    const int64_t before = batcher.sent();
    RETURN_IF_ERROR(batcher.Add(std::move(source)));
    if (batcher.sent() == before) continue;
    const double arranged = events.fraction();
    progress.Show(arranged < 0 ? input.fraction() : arranged, batcher.sent());
  }
}

absl::StatusOr<std::vector<std::unique_ptr<WaymarkClient>>> Connect(const Session& session, int more) {
  std::vector<std::unique_ptr<WaymarkClient>> clients;
  for (int i = 0; i < more; ++i) {
    ASSIGN_OR_RETURN(clients.emplace_back(), WaymarkClient::Create(session.client.server()));
  }
  return clients;
}

}  // namespace

absl::Status ImportEvents(const Session& session, const ImportOptions& options) {
  if (options.batch < 1 || options.batch > 1000) return UsageError("--batch: from 1 to 1000");
  if (options.connections < 1 || options.connections > 64) return UsageError("--connections: from 1 to 64");
  ASSIGN_OR_RETURN(const std::unique_ptr<Input> input, Input::Open(options.path));
  ASSIGN_OR_RETURN(const std::unique_ptr<EventReader> reader, EventReader::Open(*input, options.read));
  const std::unique_ptr<Arrangement> events = Arrangement::Create(*reader, options.arrangement);

  // Tells at once that the server is not there, or the key wrong, instead of trying again for a while.
  milestone::v1::ListCustomersRequest anything;
  anything.set_page_size(1);
  RETURN_IF_ERROR(session.client.Get<milestone::v1::ListCustomersResponse>(anything).status());

  ASSIGN_OR_RETURN(const auto more_clients, Connect(session, options.connections - 1));
  std::vector<const WaymarkClient*> clients = {&session.client};
  for (const auto& client : more_clients) clients.push_back(client.get());

  absl::Status ended;
  Tally tally;
  absl::Duration took;
  {
    ProgressLine progress(session.err, session.is_terminal);
    Sender::Options sender_options = options.sender;
    sender_options.on_retry = [&](const absl::Status& why) {
      progress.Note(absl::StrCat("waymark: trying again: ", Printable(why.message())));
    };
    Sender sender(clients, sender_options);
    Batcher batcher(sender, options);
    ended = SendAll(*events, *input, batcher, tally, progress);
    // A server's refusal comes before a trouble with the file.
    if (const absl::Status finished = sender.Finish(); !finished.ok()) ended = finished;
    took = progress.elapsed();
    Tally answered = sender.tally();
    answered.unreadable = tally.unreadable;
    for (auto& [line, reason] : tally.reasons) answered.AddReason(line, reason);
    tally = std::move(answered);
  }
  WriteSummary(session, tally, took);
  RETURN_IF_ERROR(ended);
  const int64_t bad = tally.conflict + tally.invalid + tally.unreadable;
  if (bad == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      Count(bad, "event"), " not stored; correct the lines and import again: what is stored stays as it is"));
}

}  // namespace waymark::cli
