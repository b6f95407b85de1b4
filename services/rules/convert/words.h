// Criteria in the words of those who look after customers: for maps, diffs and what is missing.
#ifndef WAYMARK_SERVICES_RULES_CONVERT_WORDS_H_
#define WAYMARK_SERVICES_RULES_CONVERT_WORDS_H_

#include <google/protobuf/duration.pb.h>

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "waymark/journey/v1/criterion.pb.h"
#include "waymark/journey/v1/definition.pb.h"

namespace waymark::rules {

// What people call the things that a criterion names by key or id. What is not here is called by its key.
struct Titles {
  std::map<std::string, std::string> milestones;
  std::map<std::string, std::string> segments;
};

// The titles that a journey gives: of its milestones.
Titles TitlesIn(const journey::v1::JourneyDefinition& definition);

// A criterion in one line, such as `report_run on 3 different days within 14 days`; `nothing` where none is chosen.
// Names are given as they are, so the text is as safe to show as they are.
std::string DescribeCriterion(const journey::v1::Criterion& criterion, const Titles& titles = {});

// What opens an enrollment: `the first signed_up`.
std::string DescribeTrigger(const journey::v1::Trigger& trigger, const Titles& titles = {});

// A duration by its two largest units, such as `14 days` or `1 day 12 hours`; what is below a second is left out.
std::string DescribeDuration(const google::protobuf::Duration& duration);

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_CONVERT_WORDS_H_
