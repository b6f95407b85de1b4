#include "services/cli/journey_templates.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/nearest.h"
#include "services/cli/usage.h"
#include "services/journey/templates/templates.h"

namespace waymark::cli {

namespace fs = std::filesystem;

void ListTemplates(std::ostream& out) {
  size_t width = 0;
  for (const journey::Template& one : journey::Templates()) width = std::max(width, one.id.size());
  for (const journey::Template& one : journey::Templates()) {
    out << one.id << std::string(width - one.id.size() + 2, ' ') << one.title << "\n"
        << std::string(width + 2, ' ') << one.summary << "\n";
  }
  out << "\nwaymark journey init --template " << journey::Templates().front().id << " writes one as a file to edit\n";
}

absl::Status WriteTemplate(const std::string& id, const std::string& folder, std::ostream& out) {
  const journey::Template* found = journey::FindTemplate(id);
  if (found == nullptr) {
    std::vector<std::string> ids;
    for (const journey::Template& one : journey::Templates()) ids.emplace_back(one.id);
    const std::optional<std::string> meant = Nearest(id, ids);
    return UsageError(absl::StrCat("there is no template ", id,
                                   meant.has_value() ? absl::StrCat("; did you mean ", *meant, "?")
                                                     : absl::StrCat("; there are ", absl::StrJoin(ids, ", "))));
  }
  const fs::path file = fs::path(folder) / absl::StrCat(id, ".yaml");
  std::error_code error;
  fs::create_directories(fs::path(folder), error);  // What is in the way is told by opening the file.
  if (fs::exists(file, error)) {
    return absl::AlreadyExistsError(absl::StrCat(file.string(), " exists; remove it, or name another folder"));
  }
  std::ofstream stream(file, std::ios::binary);
  stream << found->yaml;
  stream.close();
  if (!stream) return absl::UnavailableError(absl::StrCat("cannot write ", file.string(), ": ", std::strerror(errno)));
  const std::string name = file.lexically_normal().string();
  out << "wrote " << name << ": " << found->title << "\n\n"
      << "Change what it says, and look whether it holds together:\n"
      << "  waymark validate -f " << name << "\n"
      << "  waymark test " << name << "\n"
      << "  waymark journey render -f " << name << " > " << id << ".svg\n"
      << "Then put it into force:\n"
      << "  waymark apply -f " << name << " --publish\n";
  return absl::OkStatus();
}

}  // namespace waymark::cli
