#include "services/milestone/state_hash.h"

#include "absl/strings/str_cat.h"
#include "common/base/hash.h"
#include "services/milestone/checkpoint.h"

namespace waymark::milestone {

std::string StateHashOf(Dossier dossier) {
  dossier.last.id.clear();
  for (Enrollment& enrollment : dossier.enrollments) {
    for (rules::Run& run : enrollment.progress.runs) {
      for (rules::Passage& passage : run.entered) passage.item = 0;
      if (run.completed.has_value()) run.completed->item = 0;
      if (run.exited.has_value()) run.exited->moment.item = 0;
      for (rules::MilestoneProgress& milestone : run.milestones) {
        if (milestone.achieved.has_value()) milestone.achieved->item = 0;
      }
      for (rules::Revocation& revoked : run.revoked) revoked.moment.item = 0;
    }
  }
  return absl::StrCat(absl::Hex(XxHash64(EncodeDossier(dossier)), absl::kZeroPad16));
}

}  // namespace waymark::milestone
