// Any bytes as a file that `apply` or ImportJourney reads: it is read or refused; and what has form is written and read
// back as the same, in YAML and in JSON.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/strings/string_view.h"
#include "common/document/document.h"
#include "services/rules/convert/canonical.h"
#include "services/rules/convert/diff.h"
#include "services/rules/convert/form.h"
#include "waymark/manifest/v1/manifest.pb.h"

namespace {

using waymark::document::Fields;
using waymark::document::Reading;
using waymark::document::ReadJson;
using waymark::document::ReadYaml;
using waymark::manifest::v1::Manifest;

void Require(bool holds, absl::string_view what, absl::string_view text) {
  if (holds) return;
  std::fprintf(stderr, "%s:\n%s\n", std::string(what).c_str(), std::string(text).c_str());
  std::abort();
}

void RequireSame(const Reading& reading, const google::protobuf::Message& message, const std::string& text) {
  Require(reading.problems.empty(), "what was written is not read", text);
  Require(reading.documents.size() == 1, "what was written is not one document", text);
  const auto& read = *reading.documents[0].message;
  Require(waymark::rules::ContentHash(read) == waymark::rules::ContentHash(message), "what was read is not the same",
          text);
  Require(waymark::rules::Diff(message, read).empty(), "what is the same has a difference", text);
}

void Check(const Reading& reading) {
  Require(reading.problems.size() <= waymark::document::kMostProblems, "too many problems", "");
  for (const waymark::document::Problem& problem : reading.problems) {
    Require(problem.position.line >= 1 && problem.position.column >= 1, "a problem without a place", problem.message);
  }
  for (const waymark::document::Document& document : reading.documents) {
    if (!waymark::rules::CheckForm(*document.message).empty()) continue;
    const std::string yaml = WriteYaml(*document.message, Fields::kSet);
    RequireSame(ReadYaml(yaml, Manifest::default_instance()), *document.message, yaml);
    const std::string json = WriteJson(*document.message, Fields::kSet);
    RequireSame(ReadJson(json, Manifest::default_instance()), *document.message, json);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  Check(ReadYaml(text, Manifest::default_instance()));
  Check(ReadJson(text, Manifest::default_instance()));
  return 0;
}
