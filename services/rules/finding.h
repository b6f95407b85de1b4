// What is wrong with a definition.
#ifndef WAYMARK_SERVICES_RULES_FINDING_H_
#define WAYMARK_SERVICES_RULES_FINDING_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace waymark::rules {

// A hostile definition could have millions of faults; nobody reads on after so many.
inline constexpr size_t kMostFindings = 100;

// A draft must have form; that everything it names exists and that it makes sense is asked when it is published.
enum class Layer { kForm, kReferences, kMeaning };

// A warning is told and refuses nothing.
enum class Severity { kError, kWarning };

struct Finding {
  std::string code;     // A stable name, such as KEY_REPEATED; services/journey/README.md lists them.
  std::string path;     // Where, such as `stages[2].milestones[0].criterion`.
  std::string message;  // What is wrong.
  std::string hint;     // What to do.
  Layer layer = Layer::kForm;
  Severity severity = Severity::kError;

  friend bool operator==(const Finding&, const Finding&) = default;
};

// Appends a finding while there are fewer than kMostFindings.
inline void Note(std::vector<Finding>& findings, Finding finding) {
  if (findings.size() < kMostFindings) findings.push_back(std::move(finding));
}

}  // namespace waymark::rules

#endif  // WAYMARK_SERVICES_RULES_FINDING_H_
