#include "services/milestone/merging.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/base/errors.h"
#include "common/base/status.h"
#include "services/milestone/alias_store.h"
#include "services/milestone/convert.h"
#include "services/milestone/history_store.h"
#include "services/milestone/migration_store.h"
#include "services/milestone/news.h"
#include "services/milestone/records.h"
#include "services/milestone/tombstone_store.h"
#include "waymark/milestone/v1/facts.pb.h"
#include "waymark/milestone/v1/record.pb.h"

namespace waymark::milestone {
namespace {

absl::Status WasMerged(absl::string_view field, absl::string_view name, absl::string_view into) {
  return WrongState(absl::StrCat(field, " \"", name, "\" was merged into \"", into, "\": name that one"));
}

// An item of either history.
struct Piece {
  absl::Time received;
  bool moves = false;  // It is of the customer that becomes another name.
  bool is_record = false;
  std::string id;
  journal::Entry entry;
};

absl::Time ReceivedAt(const google::protobuf::Timestamp& first, bool given, absl::Time record_time) {
  return given ? absl::FromUnixMicros(first.seconds() * 1'000'000 + first.nanos() / 1'000) : record_time;
}

absl::Status Damaged() { return absl::InternalError("a stored item of history cannot be read"); }

// Puts an item under the other name, with when it was received; notes that.
template <typename Accepted, typename Of>
absl::Status Rewrite(const std::string& into, Piece& piece, Of of) {
  Accepted accepted;
  if (!accepted.ParseFromString(piece.entry.payload)) return Damaged();
  piece.received = ReceivedAt(accepted.receive_time(), accepted.has_receive_time(), piece.entry.record_time);
  of(accepted)->set_customer_id(into);
  SetTime(piece.received, accepted.mutable_receive_time());
  piece.entry.payload = accepted.SerializeAsString();
  return absl::OkStatus();
}

// The items of both, in the order in which they were received; those that came again are left out.
absl::StatusOr<std::vector<Piece>> MergeItems(sql::Transaction& tx, journal::Journal& journal,
                                              absl::Span<const std::optional<Customer>> customers,
                                              absl::string_view workspace, const std::string& into) {
  std::vector<Piece> pieces;
  for (size_t i = 0; i < customers.size(); ++i) {
    if (!customers[i].has_value()) continue;
    ASSIGN_OR_RETURN(std::vector<journal::Entry> entries,
                     LoadItems(tx, journal, {workspace, customers[i]->customer_id}, *customers[i]));
    for (journal::Entry& entry : entries) {
      const std::optional<StoredIdentity> identity = ReadIdentity(entry);
      if (!identity.has_value()) return Damaged();
      Piece& piece = pieces.emplace_back();
      piece.moves = i == 0;
      piece.is_record = IsRecord(entry);
      piece.id = identity->id;
      piece.entry = std::move(entry);
      if (piece.is_record) {
        RETURN_IF_ERROR(
            Rewrite<v1::RecordAccepted>(into, piece, [](auto& accepted) { return accepted.mutable_record(); }));
      } else {
        RETURN_IF_ERROR(
            Rewrite<v1::EventAccepted>(into, piece, [](auto& accepted) { return accepted.mutable_event(); }));
      }
    }
  }
  std::sort(pieces.begin(), pieces.end(), [](const Piece& a, const Piece& b) {
    return std::tie(a.received, a.moves, a.entry.position) < std::tie(b.received, b.moves, b.entry.position);
  });
  std::set<std::pair<bool, absl::string_view>> known;
  std::vector<Piece> kept;
  kept.reserve(pieces.size());  // `known` views them.
  for (Piece& piece : pieces) {
    if (known.contains({piece.is_record, piece.id})) continue;
    kept.push_back(std::move(piece));
    known.emplace(kept.back().is_record, kept.back().id);
  }
  return kept;
}

absl::Status EraseEverything(sql::Transaction& tx, journal::Journal& journal, journal::Lanes& lanes,
                             absl::string_view workspace, const Customer& customer) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> positions,
                   ListTimelinePositions(tx, workspace, customer, 0, std::numeric_limits<int>::max()));
  std::vector<journal::Place> places;
  for (const int64_t position : positions) {
    places.push_back({journal::LaneOf(workspace, customer.customer_id), position});
  }
  RETURN_IF_ERROR(journal.Erase(tx, lanes, std::move(places)));
  return EraseRows(tx, {workspace, customer.customer_id});
}

}  // namespace

absl::StatusOr<std::optional<Merged>> Merge(sql::Transaction& tx, journal::Journal& journal, journal::Lanes& lanes,
                                            absl::string_view workspace, const std::string& customer_id,
                                            const std::string& into) {
  const CustomerName names[] = {{workspace, customer_id}, {workspace, into}};
  ASSIGN_OR_RETURN(const std::vector<std::optional<std::string>> aliases, FindAliases(tx, names));
  if (aliases[0] == into) return std::optional<Merged>();
  if (aliases[0].has_value()) return WasMerged("customer_id", customer_id, *aliases[0]);
  if (aliases[1].has_value()) return WasMerged("into_customer_id", into, *aliases[1]);
  ASSIGN_OR_RETURN(const std::vector<bool> buried, AreBuried(tx, names));
  if (buried[0]) return InvalidField("customer_id", kWasDeleted);
  if (buried[1]) return InvalidField("into_customer_id", kWasDeleted);
  ASSIGN_OR_RETURN(const std::vector<std::optional<Customer>> customers, LoadCustomers(tx, names));
  if (!customers[0].has_value()) return NotFound(absl::StrCat("customer \"", customer_id, "\""));

  ASSIGN_OR_RETURN(std::vector<Piece> pieces, MergeItems(tx, journal, customers, workspace, into));
  Merged merged{.pool = std::make_unique<ItemPool>()};
  Task& task = merged.task;
  task.anew = true;
  task.sweeping = true;  // Nothing of it is sent.
  task.customer.customer_id = into;
  for (const std::optional<Customer>& customer : customers) {
    if (!customer.has_value()) continue;
    RETURN_IF_ERROR(EraseEverything(tx, journal, lanes, workspace, *customer));
    for (const Enrollment& enrollment : customer->dossier.enrollments) {
      if (!enrollment.progress.enrolled()) continue;
      const auto [pin, first] = task.pins.try_emplace(enrollment.journey_id, enrollment.version);
      if (!first) pin->second = std::min(pin->second, enrollment.version);
    }
  }
  RETURN_IF_ERROR(ForgetCustomer(tx, workspace, customer_id));
  RETURN_IF_ERROR(AddAlias(tx, names[0], into));

  v1::CustomerMerged fact;
  fact.set_customer_id(customer_id);
  fact.set_into_customer_id(into);
  std::vector<journal::NewEntry> entries;
  for (const CustomerName& name : names) {
    entries.push_back({.workspace = std::string(workspace),
                       .key = std::string(name.customer_id),
                       .type = fact.GetDescriptor()->full_name(),
                       .payload = fact.SerializeAsString()});
  }
  merged.payloads.reserve(pieces.size());
  for (Piece& piece : pieces) {
    merged.payloads.push_back(piece.entry.payload);
    entries.push_back({.workspace = std::string(workspace),
                       .key = into,
                       .type = std::move(piece.entry.type),
                       .payload = std::move(piece.entry.payload),
                       .depth = piece.entry.depth});
  }
  const std::vector<journal::Place> places = lanes.Append(std::move(entries));
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Piece& piece = pieces[i];
    const int64_t position = places[i + 2].position;
    ASSIGN_OR_RETURN(rules::Item item, ReadItem(merged.payloads[i], piece.received, piece.is_record,
                                                /*with_properties=*/true, *merged.pool));
    item.number = position;
    task.items.push_back(item);
    task.customer.open.push_back({.position = position,
                                  .kind = piece.is_record ? EntryKind::kRecord : EntryKind::kEvent,
                                  .fingerprint = FingerprintOf(piece.id)});
    task.customer.dossier.event_count += !piece.is_record;
    task.customer.version_position = position;
  }
  return merged;
}

std::shared_ptr<const Batch> Redirect(const Batch& batch, const Aliases& aliases) {
  const auto find = [&](const IncomingItem& item) {
    return item.wrong_field.empty() ? aliases.find({batch.workspace, std::string(item.customer_id)}) : aliases.end();
  };
  if (std::none_of(batch.events.begin(), batch.events.end(),
                   [&](const IncomingItem& item) { return find(item) != aliases.end(); })) {
    return nullptr;
  }
  if (batch.events[0].event.kind != rules::ItemKind::kEvent) {
    v1::RecordAccepted accepted;
    if (!accepted.ParseFromString(batch.request)) return nullptr;
    accepted.mutable_record()->set_customer_id(find(batch.events[0])->second);
    std::shared_ptr<Batch> redirected = ToBatch(batch.workspace, accepted);
    redirected->depth = batch.depth;
    return redirected;
  }
  // The other views stay: `batch` outlives it.
  auto redirected = std::make_shared<Batch>();
  redirected->workspace = batch.workspace;
  redirected->backfill = batch.backfill;
  redirected->depth = batch.depth;
  redirected->events = batch.events;
  auto texts = std::make_shared<std::deque<std::string>>();
  for (IncomingItem& item : redirected->events) {
    const auto alias = find(item);
    if (alias == aliases.end()) continue;
    v1::Event event;
    if (!event.ParseFromArray(item.message.data(), static_cast<int>(item.message.size()))) continue;
    event.set_customer_id(alias->second);
    item.message = texts->emplace_back(event.SerializeAsString());
    item.customer_id = texts->emplace_back(alias->second);
    item.lane = journal::LaneOf(batch.workspace, alias->second);
  }
  redirected->views = std::move(texts);
  return redirected;
}

}  // namespace waymark::milestone
