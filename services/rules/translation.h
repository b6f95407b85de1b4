// What was told of a customer under one version, said in the words of another: for who moves from the one to the other.
#ifndef WAYMARK_SERVICES_RULES_TRANSLATION_H_
#define WAYMARK_SERVICES_RULES_TRANSLATION_H_

#include <vector>

#include "services/rules/journey.h"
#include "services/rules/progress.h"

namespace waymark::rules {

struct Translation {
  // What the other version has no words for: stages, and all that came after them, milestones and exits whose keys it
  // does not have. To be told under the version moved from, before anything else.
  std::vector<Conclusion> retractions;
  // The rest, as the other version would say it; for Compare alone, not to be folded on.
  Progress told;
};

// Whoever moves from `from`, where they had come to `progress`, to `to`, where their history leads to `after`, is told
// the retractions, and then Compare(to, told, after).
Translation Translate(const Journey& from, const Progress& progress, const Journey& to);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_TRANSLATION_H_
