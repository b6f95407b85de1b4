#include "tests/journey/documented_errors.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/base/thread_annotations.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "gtest/gtest.h"

namespace waymark::journey {
namespace {

struct Noted {
  absl::Mutex mutex;
  std::set<RpcError> errors ABSL_GUARDED_BY(mutex);
};

Noted& TheNoted() {
  static Noted& noted = *new Noted;
  return noted;
}

std::string TextOf(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

// The word up to the first space or bracket.
std::string FirstWord(absl::string_view text) { return std::string(text.substr(0, text.find_first_of(" (<{"))); }

class AtTheEnd final : public ::testing::Environment {
 public:
  void TearDown() override {
    const ::testing::UnitTest& run = *::testing::UnitTest::GetInstance();
    if (run.test_to_run_count() != run.total_test_count() || run.failed_test_count() > 0 ||
        run.skipped_test_count() > 0) {
      return;
    }
    std::set<RpcError> documented;
    const std::filesystem::path folder = std::filesystem::path(WAYMARK_SOURCE_DIR) / "protos/waymark/journey/v1";
    for (const auto& file : std::filesystem::directory_iterator(folder))
      documented.merge(DocumentedErrors(TextOf(file)));
    ASSERT_GT(documented.size(), 50u);
    Noted& noted = TheNoted();
    absl::MutexLock lock(&noted.mutex);
    for (const auto& [rpc, code] : documented) {
      EXPECT_TRUE(noted.errors.contains({rpc, code})) << "no test makes " << rpc << " answer " << code;
    }
    for (const auto& [rpc, code] : noted.errors) {
      EXPECT_TRUE(documented.contains({rpc, code})) << "say at " << rpc << " when it answers " << code;
    }
  }
};

}  // namespace

std::set<RpcError> DocumentedErrors(absl::string_view proto) {
  std::set<RpcError> errors;
  std::set<std::string> codes;  // Of the comment that is being read.
  std::string service;
  bool reading = false;
  for (absl::string_view line : absl::StrSplit(proto, '\n')) {
    const absl::string_view text = absl::StripAsciiWhitespace(line);
    absl::string_view words = text;
    if (absl::ConsumePrefix(&words, "service ")) {
      service = FirstWord(words);
      codes.clear();
    } else if (absl::ConsumePrefix(&words, "rpc ")) {
      for (const std::string& code : codes) errors.insert({absl::StrCat(service, ".", FirstWord(words)), code});
      codes.clear();
      reading = false;
    } else if (text == "// Errors:") {
      reading = true;
    } else if (!absl::StartsWith(text, "//")) {
      reading = false;
    } else if (reading && absl::ConsumePrefix(&words, "//   ") && !words.empty() && absl::ascii_isupper(words[0])) {
      const std::string code = FirstWord(words);
      // A line that goes on is indented further, so what begins here is a code.
      if (code.size() > 2 && code == absl::AsciiStrToUpper(code)) codes.insert(code);
    }
  }
  return errors;
}

void NoteAnswer(const std::string& rpc, absl::StatusCode code) {
  if (code == absl::StatusCode::kOk || code == absl::StatusCode::kUnauthenticated ||
      code == absl::StatusCode::kPermissionDenied) {
    return;
  }
  Noted& noted = TheNoted();
  absl::MutexLock lock(&noted.mutex);
  noted.errors.insert({rpc, absl::StatusCodeToString(code)});
}

void CheckDocumentedErrorsAtTheEnd() { ::testing::AddGlobalTestEnvironment(new AtTheEnd); }

}  // namespace waymark::journey
