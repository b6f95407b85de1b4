// Validation on whole journeys: every seeded defect is found with its code and path, and nothing else is; on good
// journeys nothing is.
#include "tests/rules/corpus.h"

#include <algorithm>
#include <regex>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/rules/convert/definition.h"

namespace waymark::rules {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;

std::string Told(const std::vector<Finding>& findings) {
  std::string told;
  for (const Finding& finding : findings) {
    absl::StrAppend(&told, finding.severity == Severity::kError ? "  finds: " : "  warns: ", finding.code, " ",
                    finding.path, "   ", finding.message, " (", finding.hint, ")\n");
  }
  return told;
}

void ExpectExactly(const Sample& sample) {
  const std::vector<Finding> findings = Check(sample.journey.definition(), sample.surroundings);
  EXPECT_THAT(CodesAndPaths(findings, Severity::kError), UnorderedElementsAreArray(sample.finds)) << sample.file << "\n"
                                                                                                  << Told(findings);
  EXPECT_THAT(CodesAndPaths(findings, Severity::kWarning), UnorderedElementsAreArray(sample.warns))
      << sample.file << "\n"
      << Told(findings);
  for (const Finding& finding : findings) {
    EXPECT_THAT(finding.message, Not(IsEmpty())) << sample.file << " " << finding.code;
    EXPECT_THAT(finding.hint, Not(IsEmpty())) << sample.file << " " << finding.code;
  }
}

TEST(CorpusTest, EveryDefectIsFoundWhereItIsAndNothingElse) {
  const std::vector<Sample> samples = ReadCorpus("defects");
  EXPECT_GE(samples.size(), 60u);
  for (const Sample& sample : samples) {
    EXPECT_FALSE(sample.finds.empty() && sample.warns.empty()) << sample.file << " says nothing that is to be found";
    ExpectExactly(sample);
  }
}

TEST(CorpusTest, NothingIsFoundInGoodJourneys) {
  const std::vector<Sample> samples = ReadCorpus("good");
  EXPECT_GE(samples.size(), 25u);
  for (const Sample& sample : samples) {
    EXPECT_THAT(sample.finds, IsEmpty()) << sample.file << " is no good journey";
    ExpectExactly(sample);
  }
}

// The findings that services/journey/README.md documents: code, and the corpus file and the line of the example.
struct Documented {
  std::string code;
  std::string line;
  std::string file;
};

std::vector<Documented> ReadDocumentation() {
  const absl::StatusOr<std::string> text = ReadFile(absl::StrCat(WAYMARK_SOURCE_DIR, "/services/journey/README.md"));
  EXPECT_TRUE(text.ok());
  const std::regex row(
      R"(\| ([A-Z_]+)(?: \(warning\))? \| .* \| (?:\[`(.*)`\]\(../../tests/rules/corpus/(.*)\)|.*) \|)");
  std::vector<Documented> documented;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    std::smatch match;
    const std::string copy(line);
    if (std::regex_match(copy, match, row)) documented.push_back({match[1], match[2], match[3]});
  }
  return documented;
}

// Every code that the sources can find: words in capitals that stand as a text.
std::set<std::string> CodesInSources() {
  // What people choose, named in messages.
  std::set<std::string> codes;
  const std::set<std::string> others = {"DISTINCT_PROPERTY", "SCOPE_WINDOW", "LATCHING_RECURRING"};
  const std::regex code("\"([A-Z]+(?:_[A-Z]+)*)\"");
  for (const char* file :
       {"convert/form", "contradiction", "cycles", "flow", "references", "scenario_check", "shape", "timing"}) {
    const absl::StatusOr<std::string> text =
        ReadFile(absl::StrCat(WAYMARK_SOURCE_DIR, "/services/rules/", file, ".cc"));
    EXPECT_TRUE(text.ok()) << file;
    for (auto found = std::sregex_iterator(text->begin(), text->end(), code); found != std::sregex_iterator();
         ++found) {
      if (!others.contains((*found)[1])) codes.insert((*found)[1]);
    }
  }
  return codes;
}

TEST(CorpusTest, EveryCodeIsDocumentedWithAnExampleThatTriggersIt) {
  std::set<std::string> codes;
  const std::vector<Sample> samples = ReadCorpus("defects");
  for (const Documented& documented : ReadDocumentation()) {
    codes.insert(documented.code);
    // No YAML says what is not UTF-8, or a value that has no name.
    if (documented.code == "TEXT_MALFORMED" || documented.code == "ENUM_UNKNOWN") continue;
    const auto sample = std::find_if(samples.begin(), samples.end(),
                                     [&](const Sample& sample) { return sample.file == documented.file; });
    ASSERT_NE(sample, samples.end()) << documented.code << " has no example";
    EXPECT_THAT(sample->text, HasSubstr(documented.line)) << documented.code;
    const std::vector<Finding> findings = Check(sample->journey.definition(), sample->surroundings);
    EXPECT_THAT(findings, Contains(Field(&Finding::code, documented.code))) << documented.file;
  }
  EXPECT_EQ(codes, CodesInSources());
}

}  // namespace
}  // namespace waymark::rules
