// A dossier as bytes: what a customer's row keeps between events.
//
// No API, but a contract all the same: the previous release and this one read each other's during a rolling upgrade.
// One byte for the format (1), then, packed as common/base/packed.h tells:
//
//   ids            how many, then each as text: the events named below; most of them once
//   last           time (signed microseconds since 1970), sequence (signed), number of the event in `ids`
//   event count
//   enrollments    how many, then each: journey id as text, version, progress
//
//   progress       flags (1: what stands after the runs does, 2: begun); how many runs, then each; leaves; attributes:
//   how many,
//                  then of each twice its kind (rules::Value's alternative) plus 1 if composite, and the value (a truth
//                  as 0 or 1, a number in 8 bytes as IEEE 754, the lowest first, a text); bands: how many, then each as
//                  text; 0, or 1 and the first event's time; triggered; timer; next
//   run            flags (1: key, 2: completed, 4: exited, 8: revoked, 16: leaves, 32: since_item stand there); key as
//   text; passages:
//                  how many, then each; completed: moment; exited: moment, and 0 or 1 more than the exit; milestones:
//                  how many, then each; revoked: how many, then milestone and moment of each; leaves; since_item
//   passage        moment; twice the stage, plus 1 and followed by when it was completed: signed microseconds after it
//                  was entered
//   milestone      4 times what is counted, plus 2 if `earlier` follows, plus 1 if it is achieved; earlier; the moment
//   leaves         how many, then of each its count, how many times and each, how many values and each as text
//   a moment       time, number of the event in `ids`
//   a time         how many microseconds before `last` (signed); the largest and the smallest number of 64 bits mean
//   the
//                  infinite past and future
#ifndef WAYMARK_SERVICES_MILESTONE_CHECKPOINT_H_
#define WAYMARK_SERVICES_MILESTONE_CHECKPOINT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/milestone/history.h"

namespace waymark::milestone {

std::string EncodeDossier(const Dossier& dossier);

// Errors: INTERNAL  the bytes are no dossier.
absl::StatusOr<Dossier> DecodeDossier(absl::string_view bytes);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_CHECKPOINT_H_
