#include "services/milestone/item_pool.h"

#include <utility>

#include "services/milestone/records.h"
#include "services/rules/convert/scenario.h"

namespace waymark::milestone {

absl::Span<const rules::Property> ItemPool::Add(const google::protobuf::Struct& object) {
  if (object.fields().empty()) return {};
  auto owned = std::make_unique<const std::vector<rules::StepProperty>>(rules::Flatten(object));
  auto views = std::make_unique<std::vector<rules::Property>>();
  for (const rules::StepProperty& property : *owned) {
    views->push_back({.path = property.path, .value = property.value, .composite = property.composite});
  }
  owned_.push_back(std::move(owned));
  views_.push_back(std::move(views));
  return *views_.back();
}

absl::Span<const rules::Property> ItemPool::Add(absl::string_view serialised) {
  google::protobuf::Struct properties;
  if (!properties.ParseFromArray(serialised.data(), static_cast<int>(serialised.size()))) return {};
  return Add(properties);
}

absl::Span<const rules::Property> ItemPool::AddPaths(const google::protobuf::RepeatedPtrField<std::string>& paths) {
  if (paths.empty()) return {};
  auto views = std::make_unique<std::vector<rules::Property>>();
  for (const std::string& path : paths) views->push_back({.path = path, .composite = true});
  views_.push_back(std::move(views));
  return *views_.back();
}

const rules::Item* ItemPool::AddRecord(absl::string_view payload) {
  auto record = std::make_unique<Record>();
  if (!record->accepted.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return nullptr;
  record->item = ToItem(record->accepted.record(), *this);
  records_.push_back(std::move(record));
  return &records_.back()->item;
}

}  // namespace waymark::milestone
