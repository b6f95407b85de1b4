// What is different between two definitions, in words for those who decide about it.
#ifndef WAYMARK_SERVICES_RULES_CONVERT_DIFF_H_
#define WAYMARK_SERVICES_RULES_CONVERT_DIFF_H_

#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace waymark::rules {

struct Difference {
  enum class Kind { kAdded, kRemoved, kChanged, kMoved };

  Kind kind = Kind::kChanged;
  std::string path;   // The field, in the later message; of what was removed, in the earlier one.
  std::string words;  // Such as `milestone first_report: at least 1 → 3` or `stage renewal moved before expansion`.

  friend bool operator==(const Difference&, const Difference&) = default;
};

// Every difference between two messages of one type, a line each, in the order of the later one; none exactly where
// their content hashes are equal. Elements of lists are matched by what names them (key, persona_id, segment_id,
// attribute, name), else by what they say, so that one that was inserted or moved is one line whatever follows it.
std::vector<Difference> Diff(const google::protobuf::Message& before, const google::protobuf::Message& after);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_CONVERT_DIFF_H_
