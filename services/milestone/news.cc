#include "services/milestone/news.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/functional/function_ref.h"
#include "common/base/status.h"
#include "services/milestone/alias_store.h"
#include "services/milestone/convert.h"
#include "services/milestone/customer_store.h"
#include "services/milestone/history_store.h"
#include "services/milestone/records.h"
#include "services/milestone/tombstone_store.h"

namespace waymark::milestone {
namespace {

absl::Status Unreadable() { return absl::InternalError("a stored item of history cannot be read"); }

// The items of a customer.
struct Group {
  CustomerName name;
  size_t begin = 0, end = 0;
  std::optional<Customer> customer;                // Absent where nothing is stored.
  std::optional<std::vector<HistoryItem>> sealed;  // Where they had to be loaded.
};

uint64_t LoadBigEndian(const char* bytes) {
  uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

// The first bytes of an id as numbers that compare as the bytes do.
std::array<uint64_t, 3> BeginningOf(absl::string_view id) {
  char bytes[24] = {};
  std::copy_n(id.begin(), std::min(id.size(), sizeof bytes), bytes);
  std::array<uint64_t, 3> beginning;
  for (size_t i = 0; i < beginning.size(); ++i) beginning[i] = LoadBigEndian(bytes + 8 * i);
  return beginning;
}

// What stands for `a` stands for `b`: they are of one customer's.
bool SameId(const Item& a, const Item& b) { return a.is_record() == b.is_record() && a.event().id == b.event().id; }

// A stored item with the fingerprint of an item, and so perhaps its id.
struct Candidate {
  size_t item;
  journal::Place place;
};

std::vector<Group> GroupByCustomer(absl::Span<const Item> items) {
  std::vector<Group> groups;
  for (size_t begin = 0; begin < items.size();) {
    const CustomerName name = items[begin].customer();
    size_t end = begin + 1;
    while (end < items.size() && items[end].customer() == name) ++end;
    groups.push_back({.name = name, .begin = begin, .end = end});
    begin = end;
  }
  return groups;
}

// From memory where it knows them, else from the database.
absl::Status LoadCustomersOf(sql::Transaction& tx, CustomerMemory& memory, const journal::Lanes& lanes,
                             std::vector<Group>& groups) {
  std::vector<CustomerName> names;
  names.reserve(groups.size());
  for (const Group& group : groups) names.push_back(group.name);
  std::vector<std::optional<CustomerMemory::Memory>> remembered = memory.Take(lanes, names);
  std::vector<CustomerName> unknown;
  std::vector<Group*> asking;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (!remembered[i].has_value()) {
      unknown.push_back(groups[i].name);
      asking.push_back(&groups[i]);
      continue;
    }
    ASSIGN_OR_RETURN(groups[i].customer, ToCustomer(groups[i].name.customer_id, remembered[i]->row));
    groups[i].customer->sealed_fingerprints = std::move(remembered[i]->sealed_fingerprints);
  }
  ASSIGN_OR_RETURN(std::vector<std::optional<Customer>> loaded, LoadCustomers(tx, unknown));
  for (size_t i = 0; i < loaded.size(); ++i) asking[i]->customer = std::move(loaded[i]);
  return absl::OkStatus();
}

// Leaves out those whose customer was deleted or merged, and answers their items. Only of who has no row that can be.
absl::Status RefuseGone(sql::Transaction& tx, absl::Span<const Item> items, std::vector<Group>& groups,
                        std::vector<Receipt>& receipts) {
  std::vector<CustomerName> unknown;
  for (const Group& group : groups) {
    if (!group.customer.has_value()) unknown.push_back(group.name);
  }
  ASSIGN_OR_RETURN(const std::vector<bool> buried, AreBuried(tx, unknown));
  ASSIGN_OR_RETURN(const std::vector<std::optional<std::string>> aliases, FindAliases(tx, unknown));
  std::vector<std::optional<Novelty>> gone(unknown.size());
  for (size_t i = 0; i < unknown.size(); ++i) {
    if (buried[i]) gone[i] = Novelty::kDeleted;
    if (aliases[i].has_value()) gone[i] = Novelty::kMerged;
  }
  if (std::none_of(gone.begin(), gone.end(), [](const auto& one) { return one.has_value(); })) return absl::OkStatus();
  std::vector<Group> kept;
  size_t next = 0;
  for (Group& group : groups) {
    const std::optional<Novelty> novelty = group.customer.has_value() ? std::nullopt : gone[next++];
    if (!novelty.has_value()) {
      kept.push_back(std::move(group));
      continue;
    }
    for (size_t k = group.begin; k < group.end; ++k) {
      receipts[items[k].batch].novelties[items[k].index] = *novelty;
    }
  }
  groups = std::move(kept);
  return absl::OkStatus();
}

// Loads the sealed items of these groups.
absl::Status LoadSealedOf(sql::Transaction& tx, absl::Span<Group* const> groups) {
  std::vector<FirstItem> wanted;
  wanted.reserve(groups.size());
  for (const Group* group : groups) wanted.push_back({group->name, 0});
  ASSIGN_OR_RETURN(std::vector<std::vector<HistoryItem>> loaded, LoadSealed(tx, wanted));
  for (size_t i = 0; i < loaded.size(); ++i) {
    if (static_cast<int64_t>(loaded[i].size()) != groups[i]->customer->sealed) {
      return absl::InternalError("a part of a customer's history is missing");
    }
    groups[i]->sealed = std::move(loaded[i]);
  }
  return absl::OkStatus();
}

// Makes sure that the fingerprints of what is sealed are known.
absl::Status LoadFingerprints(sql::Transaction& tx, std::vector<Group>& groups) {
  std::vector<Group*> wanting;
  for (Group& group : groups) {
    if (group.customer.has_value() && group.customer->sealed > 0 && !group.customer->sealed_fingerprints.has_value()) {
      wanting.push_back(&group);
    }
  }
  RETURN_IF_ERROR(LoadSealedOf(tx, wanting));
  for (Group* group : wanting) {
    std::vector<uint32_t>& known = group->customer->sealed_fingerprints.emplace();
    known.reserve(group->sealed->size());
    for (const HistoryItem& item : *group->sealed) {
      if (item.counts()) known.push_back(item.fingerprint);
    }
    std::sort(known.begin(), known.end());
  }
  return absl::OkStatus();
}

// The stored items that may have an item's id.
absl::StatusOr<std::vector<Candidate>> FindCandidates(sql::Transaction& tx, absl::Span<const Item> items,
                                                      std::vector<Group>& groups) {
  std::vector<Candidate> candidates;
  const auto add_among = [&](absl::Span<const HistoryItem> history, size_t k) {
    const IncomingItem& incoming = *items[k].incoming;
    const EntryKind kind = items[k].is_record() ? EntryKind::kRecord : EntryKind::kEvent;
    for (const HistoryItem& item : history) {
      if (item.kind == kind && item.fingerprint == incoming.fingerprint) {
        candidates.push_back({k, {incoming.lane, item.position}});
      }
    }
  };
  std::vector<Group*> wanting;
  std::vector<std::pair<Group*, size_t>> among_sealed;
  for (Group& group : groups) {
    if (!group.customer.has_value()) continue;  // Nothing of it is stored.
    const Customer& customer = *group.customer;
    for (size_t k = group.begin; k < group.end; ++k) {
      if (k > group.begin && SameId(items[k - 1], items[k])) continue;
      add_among(customer.open, k);
      if (customer.sealed == 0 ||
          !std::binary_search(customer.sealed_fingerprints->begin(), customer.sealed_fingerprints->end(),
                              items[k].incoming->fingerprint)) {
        continue;
      }
      among_sealed.push_back({&group, k});
      if (!group.sealed.has_value() && (wanting.empty() || wanting.back() != &group)) wanting.push_back(&group);
    }
  }
  RETURN_IF_ERROR(LoadSealedOf(tx, wanting));
  for (const auto& [group, k] : among_sealed) add_among(*group->sealed, k);
  return candidates;
}

// The content hash of the stored item that has an item's id, by the item's number; for the first of equal ids alone.
absl::StatusOr<std::vector<std::optional<uint64_t>>> FindStored(sql::Transaction& tx, journal::Journal& journal,
                                                                absl::Span<const Item> items,
                                                                std::vector<Group>& groups) {
  std::vector<std::optional<uint64_t>> stored(items.size());
  ASSIGN_OR_RETURN(const std::vector<Candidate> candidates, FindCandidates(tx, items, groups));
  std::vector<journal::Place> places;
  places.reserve(candidates.size());
  for (const Candidate& candidate : candidates) places.push_back(candidate.place);
  ASSIGN_OR_RETURN(const std::vector<journal::Entry> entries, journal.ReadPlaces(tx, places));
  for (size_t i = 0; i < candidates.size(); ++i) {
    const std::optional<StoredIdentity> identity = ReadIdentity(entries[i]);
    if (!identity.has_value()) return Unreadable();
    const size_t item = candidates[i].item;
    if (identity->id != items[item].event().id) continue;  // Another id of the same fingerprint.
    stored[item] = identity->content_hash;
  }
  return stored;
}

// Where items of customers' histories are in the journal, each with the customer's number.
struct Places {
  std::vector<journal::Place> places;
  std::vector<size_t> owners;
};

absl::StatusOr<Places> FindPlaces(sql::Transaction& tx, absl::Span<const CustomerName> names,
                                  absl::Span<const Customer* const> customers,
                                  absl::FunctionRef<bool(size_t customer, const HistoryItem&)> wanted) {
  std::vector<FirstItem> sealed;
  for (size_t i = 0; i < names.size(); ++i) {
    if (customers[i]->sealed > 0) sealed.push_back({names[i], 0});
  }
  ASSIGN_OR_RETURN(const std::vector<std::vector<HistoryItem>> loaded, LoadSealed(tx, sealed));
  Places places;
  size_t next = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    const int lane = journal::LaneOf(names[i].workspace, names[i].customer_id);
    const auto add = [&](absl::Span<const HistoryItem> items) {
      for (const HistoryItem& item : items) {
        if (!wanted(i, item)) continue;
        places.places.push_back({lane, item.position});
        places.owners.push_back(i);
      }
    };
    if (customers[i]->sealed > 0) {
      const std::vector<HistoryItem>& items = loaded[next++];
      if (static_cast<int64_t>(items.size()) != customers[i]->sealed) {
        return absl::InternalError("a part of a customer's history is missing");
      }
      add(items);
    }
    add(customers[i]->open);
  }
  return places;
}

}  // namespace

std::vector<Item> ToItems(absl::Span<const Batch* const> batches, absl::FunctionRef<bool(int lane)> wanted) {
  size_t count = 0;
  for (const Batch* batch : batches) count += batch->events.size();
  std::vector<Item> items;
  items.reserve(count);
  for (size_t batch = 0; batch < batches.size(); ++batch) {
    for (size_t index = 0; index < batches[batch]->events.size(); ++index) {
      const IncomingItem& event = batches[batch]->events[index];
      if (!event.wrong_field.empty() || !wanted(event.lane)) continue;
      items.push_back({.batch = batch,
                       .index = index,
                       .of = batches[batch],
                       .incoming = &event,
                       .beginning = BeginningOf(event.customer_id)});
    }
  }
  std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    if (a.of != b.of && a.of->workspace != b.of->workspace) return a.of->workspace < b.of->workspace;
    if (a.beginning != b.beginning) return a.beginning < b.beginning;
    if (a.incoming->customer_id != b.incoming->customer_id) return a.incoming->customer_id < b.incoming->customer_id;
    if (a.is_record() != b.is_record()) return b.is_record();
    return std::tie(a.incoming->event.id, a.batch, a.index) < std::tie(b.incoming->event.id, b.batch, b.index);
  });
  return items;
}

absl::StatusOr<std::vector<News>> FindNews(sql::Transaction& tx, journal::Journal& journal, CustomerMemory& memory,
                                           const journal::Lanes& lanes, absl::Span<Item> items,
                                           std::vector<Receipt>& receipts) {
  std::vector<Group> groups = GroupByCustomer(items);
  RETURN_IF_ERROR(LoadCustomersOf(tx, memory, lanes, groups));
  RETURN_IF_ERROR(RefuseGone(tx, items, groups, receipts));
  RETURN_IF_ERROR(LoadFingerprints(tx, groups));
  ASSIGN_OR_RETURN(const std::vector<std::optional<uint64_t>> stored, FindStored(tx, journal, items, groups));

  std::vector<News> all;
  all.reserve(groups.size());
  for (Group& group : groups) {
    News news{.name = group.name, .known = group.customer.has_value()};
    std::optional<uint64_t> hash;  // Of the stored event with the id that the items at hand share.
    for (size_t k = group.begin; k < group.end; ++k) {
      Item& item = items[k];
      if (k == group.begin || !SameId(items[k - 1], item)) hash = stored[k];
      Novelty& novelty = receipts[item.batch].novelties[item.index];
      if (!hash.has_value()) {
        novelty = Novelty::kAccepted;
        hash = item.incoming->content_hash;
        news.items.push_back(&item);
      } else {
        novelty = *hash == item.incoming->content_hash ? Novelty::kDuplicate : Novelty::kConflict;
      }
    }
    if (news.items.empty()) continue;
    std::sort(news.items.begin(), news.items.end(),
              [](const Item* a, const Item* b) { return rules::Before(a->event(), b->event()); });
    news.customer =
        news.known ? *std::move(group.customer) : Customer{.customer_id = std::string(group.name.customer_id)};
    all.push_back(std::move(news));
  }
  return all;
}

absl::StatusOr<rules::Item> ReadItem(absl::string_view payload, absl::Time record_time, bool is_record,
                                     bool with_properties, ItemPool& pool) {
  if (is_record) {
    const rules::Item* record = pool.AddRecord(payload);
    if (record == nullptr) return Unreadable();
    return *record;
  }
  std::optional<rules::Event> event = ReadEvent(payload, record_time, with_properties ? &pool : nullptr);
  if (!event.has_value()) return Unreadable();
  return *event;
}

absl::StatusOr<Histories> LoadHistories(sql::Transaction& tx, journal::Journal& journal,
                                        absl::Span<const CustomerName> names,
                                        absl::Span<const Customer* const> customers, bool with_properties) {
  return LoadHistoriesAfter(tx, journal, names, customers, std::vector<const Checkpoint*>(names.size()),
                            with_properties);
}

absl::StatusOr<Histories> LoadHistoriesAfter(sql::Transaction& tx, journal::Journal& journal,
                                             absl::Span<const CustomerName> names,
                                             absl::Span<const Customer* const> customers,
                                             absl::Span<const Checkpoint* const> checkpoints, bool with_properties) {
  ASSIGN_OR_RETURN(const Places places, FindPlaces(tx, names, customers, [&](size_t i, const HistoryItem& item) {
                     return item.counts() && (checkpoints[i] == nullptr || checkpoints[i]->Lacks(item.position));
                   }));
  Histories histories{.items = std::vector<std::vector<rules::Item>>(names.size())};
  ASSIGN_OR_RETURN(histories.entries, journal.ReadPlaces(tx, places.places));
  for (size_t i = 0; i < places.owners.size(); ++i) {
    const journal::Entry& entry = histories.entries[i];
    ASSIGN_OR_RETURN(rules::Item item,
                     ReadItem(entry.payload, entry.record_time, IsRecord(entry), with_properties, histories.pool));
    item.number = entry.position;
    histories.items[places.owners[i]].push_back(item);
  }
  return histories;
}

absl::StatusOr<std::vector<journal::Entry>> LoadItems(sql::Transaction& tx, journal::Journal& journal,
                                                      CustomerName name, const Customer& customer) {
  ASSIGN_OR_RETURN(const Places places,
                   FindPlaces(tx, {name}, {&customer}, [](size_t, const HistoryItem& item) { return item.counts(); }));
  return journal.ReadPlaces(tx, places.places);
}

absl::StatusOr<std::vector<journal::Entry>> LoadConclusions(sql::Transaction& tx, journal::Journal& journal,
                                                            CustomerName name, const Customer& customer) {
  ASSIGN_OR_RETURN(const Places places, FindPlaces(tx, {name}, {&customer}, [](size_t, const HistoryItem& item) {
                     return item.kind == EntryKind::kConclusion;
                   }));
  return journal.ReadPlaces(tx, places.places);
}

absl::StatusOr<std::vector<v1::Record>> LoadRecords(sql::Transaction& tx, journal::Journal& journal, CustomerName name,
                                                    const Customer& customer) {
  ASSIGN_OR_RETURN(const Places places, FindPlaces(tx, {name}, {&customer}, [](size_t, const HistoryItem& item) {
                     return item.kind == EntryKind::kRecord;
                   }));
  ASSIGN_OR_RETURN(const std::vector<journal::Entry> entries, journal.ReadPlaces(tx, places.places));
  std::vector<v1::RecordAccepted> accepted(entries.size());
  std::vector<std::pair<rules::Item, size_t>> order;
  ItemPool pool;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!accepted[i].ParseFromString(entries[i].payload)) return Unreadable();
    order.emplace_back(ToItem(accepted[i].record(), pool), i);
  }
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return rules::Before(a.first, b.first); });
  std::vector<v1::Record> records;
  records.reserve(order.size());
  for (const auto& [item, i] : order) records.push_back(accepted[i].record());
  return records;
}

}  // namespace waymark::milestone
