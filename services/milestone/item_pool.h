// Owns what items of history view.
#ifndef WAYMARK_SERVICES_MILESTONE_ITEM_POOL_H_
#define WAYMARK_SERVICES_MILESTONE_ITEM_POOL_H_

#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "services/rules/history.h"
#include "services/rules/scenario.h"
#include "waymark/milestone/v1/record.pb.h"

namespace waymark::milestone {

// What it hands out is valid as long as the pool.
class ItemPool {
 public:
  // The properties in a google.protobuf.Struct, flattened.
  absl::Span<const rules::Property> Add(const google::protobuf::Struct& object);
  // The same of a serialised one. None where it is none.
  absl::Span<const rules::Property> Add(absl::string_view serialised);

  // Properties of which it is known only that they are there. The paths must live as long as the pool.
  absl::Span<const rules::Property> AddPaths(const google::protobuf::RepeatedPtrField<std::string>& paths);

  // The item that a RecordAccepted payload holds. Nullptr where it is none.
  const rules::Item* AddRecord(absl::string_view payload);

 private:
  // Where they lie they stay, whatever comes after them.
  std::vector<std::unique_ptr<const std::vector<rules::StepProperty>>> owned_;
  std::vector<std::unique_ptr<const std::vector<rules::Property>>> views_;
  struct Record {
    v1::RecordAccepted accepted;
    rules::Item item;
  };
  std::vector<std::unique_ptr<const Record>> records_;
};

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_ITEM_POOL_H_
