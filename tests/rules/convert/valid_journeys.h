// Random journeys that could be published as they are: everything they name exists, and they make sense.
#ifndef WAYMARK_TESTS_RULES_CONVERT_VALID_JOURNEYS_H_
#define WAYMARK_TESTS_RULES_CONVERT_VALID_JOURNEYS_H_

#include <cstdint>

#include "services/rules/surroundings.h"
#include "tests/rules/convert/random_message.h"
#include "waymark/journey/v1/definition.pb.h"

namespace waymark::rules {

// Journeys over the whole language, in the workspace of the corpus. The same seed gives the same journeys everywhere.
class ValidJourneys {
 public:
  explicit ValidJourneys(uint64_t seed);

  // The next one in which Check finds no error, also if customers were to travel what is only a map. What is drawn has
  // form and names what exists; what makes no sense nevertheless is drawn anew.
  journey::v1::JourneyDefinition Next();

  const Surroundings& workspace() const { return workspace_; }
  int64_t drawn() const { return drawn_; }

 private:
  const Surroundings workspace_;
  RandomMessages random_;
  int64_t drawn_ = 0;
};

}  // namespace waymark::rules

#endif  // WAYMARK_TESTS_RULES_CONVERT_VALID_JOURNEYS_H_
