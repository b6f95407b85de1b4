// A hash of everything that a customer's history comes to.
#ifndef WAYMARK_SERVICES_MILESTONE_STATE_HASH_H_
#define WAYMARK_SERVICES_MILESTONE_STATE_HASH_H_

#include <string>

#include "services/milestone/history.h"

namespace waymark::milestone {

// The XXH64 of the dossier as checkpoint.h encodes it, in 16 hexadecimal digits, but for the numbers by which progress
// names items, which are places in the journal and so tell in what order the items came, and for ids, which are whatever
// their sender chose. What was proven by which item is in it all the same, by when it came true.
std::string StateHashOf(Dossier dossier);

}  // namespace waymark::milestone

#endif  // WAYMARK_SERVICES_MILESTONE_STATE_HASH_H_
