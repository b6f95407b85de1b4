#include "services/cli/manifests.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/cli/input.h"
#include "services/cli/table.h"

namespace waymark::cli {
namespace {

namespace fs = std::filesystem;
using manifest::v1::Manifest;

constexpr size_t kMostBytes = 4 << 20;
constexpr char kBeginnings[] = "begin with journey:, persona:, segment:, scorecard:, playbook: or channel:";

// The files that the paths stand for.
absl::StatusOr<std::vector<std::string>> FilesOf(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code ignored;  // What is no folder is opened as a file, which tells what is wrong with it.
    if (!fs::is_directory(path, ignored)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    for (const auto& entry :
         fs::recursive_directory_iterator(path, fs::directory_options::skip_permission_denied, ignored)) {
      const std::string extension = entry.path().extension().string();
      const bool is_ours = extension == ".yaml" || extension == ".yml" || extension == ".json";
      if (is_ours && entry.is_regular_file(ignored)) found.push_back(entry.path().string());
    }
    if (found.empty()) return absl::NotFoundError(absl::StrCat("no .yaml, .yml or .json file lies in ", path));
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

bool IsJson(const std::string& file) { return fs::path(file).extension() == ".json"; }

absl::StatusOr<std::string> ReadText(const std::string& file) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Input> input, Input::Open(file));
  std::string text;
  while (true) {
    ASSIGN_OR_RETURN(const absl::string_view chunk, input->Read());
    if (chunk.empty()) return text;
    text.append(chunk.data(), chunk.size());
    if (text.size() > kMostBytes) return absl::InvalidArgumentError(absl::StrCat(file, " is larger than 4 MiB"));
  }
}

int RankOf(const Manifest& manifest) {
  switch (manifest.kind_case()) {
    case Manifest::kChannel:
      return 0;
    case Manifest::kPersona:
      return 1;
    case Manifest::kSegment:
      return 2;
    case Manifest::kJourney:
      return 3;
    case Manifest::kScorecard:
      return 4;
    case Manifest::kPlaybook:
      return 5;
    case Manifest::KIND_NOT_SET:
      return 6;
  }
  return 6;
}

}  // namespace

std::string NameOf(const Manifest& manifest) {
  switch (manifest.kind_case()) {
    case Manifest::kJourney:
      return absl::StrCat("journey ", Printable(manifest.journey().journey_id()));
    case Manifest::kScorecard:
      return absl::StrCat("scorecard ", Printable(manifest.scorecard().scorecard_id()));
    case Manifest::kPlaybook:
      return absl::StrCat("playbook ", Printable(manifest.playbook().playbook_id()));
    case Manifest::kChannel:
      return absl::StrCat("channel ", Printable(manifest.channel().channel_id()));
    case Manifest::kPersona:
      return absl::StrCat("persona ", Printable(manifest.persona().persona_id()));
    case Manifest::kSegment:
      return absl::StrCat("segment ", Printable(manifest.segment().segment_id()));
    case Manifest::KIND_NOT_SET:
      return "nothing";
  }
  return "nothing";
}

absl::StatusOr<ManifestReading> ReadManifests(const std::vector<std::string>& paths) {
  ASSIGN_OR_RETURN(const std::vector<std::string> files, FilesOf(paths));
  ManifestReading reading{.files = static_cast<int>(files.size())};
  std::map<std::string, std::string> places;  // Of each thing described.
  for (const std::string& file : files) {
    ASSIGN_OR_RETURN(const std::string text, ReadText(file));
    document::Reading yaml = IsJson(file) ? document::ReadJson(text, Manifest::default_instance())
                                          : document::ReadYaml(text, Manifest::default_instance());
    for (document::Document& document : yaml.documents) {
      const auto& manifest = static_cast<const Manifest&>(*document.message);
      const document::Position start = document.PositionOf("");
      if (manifest.kind_case() == Manifest::KIND_NOT_SET) {
        yaml.problems.push_back({start, "", absl::StrCat("describes nothing; ", kBeginnings)});
        continue;
      }
      const auto [place, is_new] = places.emplace(NameOf(manifest), absl::StrCat(file, ":", start.line));
      if (!is_new) {
        yaml.problems.push_back(
            {start, "", absl::StrCat(NameOf(manifest), " is described in ", place->second, " too")});
        continue;
      }
      reading.manifests.push_back({.file = file, .manifest = manifest, .document = std::move(document)});
    }
    if (yaml.documents.empty() && yaml.problems.empty()) {
      yaml.problems.push_back({{1, 1}, "", absl::StrCat("is empty; ", kBeginnings)});
    }
    for (const document::Problem& problem : yaml.problems) {
      reading.problems.push_back(document::ToString(file, problem));
    }
  }
  std::stable_sort(reading.manifests.begin(), reading.manifests.end(),
                   [](const auto& a, const auto& b) { return RankOf(a.manifest) < RankOf(b.manifest); });
  return reading;
}

}  // namespace waymark::cli
