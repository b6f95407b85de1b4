#include "services/cli/findings.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "services/cli/table.h"
#include "services/rules/convert/definition.h"
#include "services/rules/convert/form.h"

namespace waymark::cli {
namespace {

using manifest::v1::Manifest;

// `2 errors and 1 warning`.
std::string InWords(const Tally& tally) {
  std::string words;
  if (tally.errors > 0) words = Count(tally.errors, "error");
  if (tally.warnings > 0) absl::StrAppend(&words, words.empty() ? "" : " and ", Count(tally.warnings, "warning"));
  return words;
}

// What is wrong with a manifest around its definition: ids, titles.
template <typename Message>
std::vector<rules::Finding> FormAround(Message manifest) {
  manifest.clear_definition();
  std::vector<rules::Finding> findings = rules::CheckForm(manifest);
  findings.erase(std::remove_if(findings.begin(), findings.end(),
                                [](const rules::Finding& finding) { return finding.path == "definition"; }),
                 findings.end());
  return findings;
}

// What is wrong with a definition, by its own paths. What scorecards and playbooks say is checked by their services.
std::vector<rules::Finding> CheckInside(const Manifest& manifest, const std::vector<SourcedManifest>& all) {
  // Of the workspace nothing is known but what is applied with it.
  if (manifest.has_journey()) {
    return rules::Check(manifest.journey().definition(), {.segment_rules = SegmentRulesIn(all)});
  }
  if (manifest.has_persona()) return rules::CheckForm(manifest.persona().definition());
  if (manifest.has_segment()) return rules::Check(manifest.segment().definition());
  return {};
}

}  // namespace

std::string PathInDefinition(absl::string_view path) {
  return absl::StrCat("definition", path.empty() ? "" : ".", path);
}

absl::StatusOr<std::vector<SourcedManifest>> ReadSound(const std::vector<std::string>& paths, std::ostream& err) {
  ASSIGN_OR_RETURN(ManifestReading reading, ReadManifests(paths));
  for (const std::string& problem : reading.problems) err << Printable(problem) << "\n";
  if (reading.problems.empty()) return std::move(reading.manifests);
  return absl::FailedPreconditionError(absl::StrCat(Count(static_cast<int64_t>(reading.problems.size()), "problem"),
                                                    " found, see above; nothing was changed"));
}

std::string Locate(const SourcedManifest& source, absl::string_view path, absl::string_view message) {
  const std::vector<std::string> words = absl::StrSplit(NameOf(source.manifest), ' ');
  const std::string& kind = words.front();
  const std::string full =
      absl::StartsWith(path, absl::StrCat(kind, ".")) ? std::string(path) : absl::StrCat(kind, ".", path);
  return document::ToString(source.file, {source.document.PositionOf(full), full, Printable(message)});
}

void Tell(const SourcedManifest& source, const std::vector<rules::Finding>& findings, std::ostream& err, Tally* tally) {
  for (const rules::Finding& finding : findings) {
    const bool is_error = finding.severity == rules::Severity::kError;
    ++(is_error ? tally->errors : tally->warnings);
    err << Locate(source, finding.path,
                  absl::StrCat(is_error ? "" : "warning: ", finding.message, finding.hint.empty() ? "" : "; ",
                               finding.hint, " [", finding.code, "]"))
        << "\n";
  }
}

std::vector<rules::SegmentRule> SegmentRulesIn(const std::vector<SourcedManifest>& manifests) {
  std::vector<rules::SegmentRule> segments;
  for (const SourcedManifest& source : manifests) {
    if (!source.manifest.has_segment()) continue;
    segments.push_back({.segment_id = source.manifest.segment().segment_id(),
                        .criterion = rules::FromProto(source.manifest.segment().definition().criterion())});
  }
  return segments;
}

std::vector<rules::Finding> CheckAround(const SourcedManifest& source) {
  switch (source.manifest.kind_case()) {
    case Manifest::kJourney:
      return FormAround(source.manifest.journey());
    case Manifest::kPersona:
      return FormAround(source.manifest.persona());
    case Manifest::kSegment:
      return FormAround(source.manifest.segment());
    case Manifest::kScorecard:
      return FormAround(source.manifest.scorecard());
    case Manifest::kPlaybook:
      return FormAround(source.manifest.playbook());
    case Manifest::kChannel:
      return rules::CheckForm(source.manifest.channel());
    case Manifest::KIND_NOT_SET:
      return {};  // Refused when it was read.
  }
  return {};
}

std::vector<rules::Finding> CheckOffline(const SourcedManifest& source, const std::vector<SourcedManifest>& all) {
  std::vector<rules::Finding> findings = CheckAround(source);
  for (rules::Finding& finding : CheckInside(source.manifest, all)) {
    finding.path = PathInDefinition(finding.path);
    findings.push_back(std::move(finding));
  }
  return findings;
}

absl::Status Validate(const std::vector<std::string>& paths, std::ostream& out, std::ostream& err) {
  ASSIGN_OR_RETURN(const std::vector<SourcedManifest> sources, ReadSound(paths, err));
  Tally all;
  std::vector<std::string> sound;
  for (const SourcedManifest& source : sources) {
    Tally tally;
    Tell(source, CheckOffline(source, sources), err, &tally);
    if (tally.errors == 0) {
      sound.push_back(absl::StrCat(source.file, ": ", NameOf(source.manifest), " is sound",
                                   tally.warnings == 0 ? "" : absl::StrCat(", with ", InWords(tally))));
    }
    all.errors += tally.errors;
    all.warnings += tally.warnings;
  }
  if (all.errors > 0) {
    return absl::FailedPreconditionError(absl::StrCat(InWords(all), " found, see above; nothing was changed"));
  }
  for (const std::string& line : sound) out << Printable(line) << "\n";
  return absl::OkStatus();
}

}  // namespace waymark::cli
