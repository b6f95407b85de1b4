#include "tests/layout.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "tests/support/temp_dir.h"

namespace waymark::layout {
namespace {

namespace fs = std::filesystem;

bool IsCpp(const File& file) { return absl::EndsWith(file.path, ".cc") || absl::EndsWith(file.path, ".h"); }

bool IsIn(absl::string_view path, absl::string_view folder) { return absl::StartsWith(path, folder); }

bool IsProduct(const File& file) { return IsCpp(file) && (IsIn(file.path, "common/") || IsIn(file.path, "services/")); }

// `services/milestone/event_service.cc` is `event_service`.
std::string Stem(const File& file) { return fs::path(file.path).stem().string(); }

// `services/milestone/event_service.cc` is of `milestone`; empty outside services/.
std::string ServiceOf(absl::string_view path) {
  if (!absl::ConsumePrefix(&path, "services/")) return "";
  return std::string(path.substr(0, path.find('/')));
}

bool StartsWithAny(absl::string_view text, std::initializer_list<absl::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](auto one) { return absl::StartsWith(text, one); });
}

bool EndsWithAny(absl::string_view text, std::initializer_list<absl::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(), [&](auto one) { return absl::EndsWith(text, one); });
}

// Calls `check` with the number and the text of each line; where it returns a rule, the line breaks it.
void CheckLines(const File& file, absl::string_view text, Violations& violations,
                const std::function<std::string(absl::string_view)>& check) {
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    if (const std::string rule = check(line); !rule.empty()) violations.push_back({file.path, number, rule});
  }
}

// The C++ text with its comments blanked out; lines stay where they are.
std::string WithoutComments(absl::string_view text) {
  enum class In { kCode, kString, kChar, kRawString, kLineComment, kComment };
  std::string code(text);
  std::string raw_end;
  In in = In::kCode;
  for (size_t i = 0; i < text.size(); ++i) {
    const absl::string_view rest = text.substr(i);
    switch (in) {
      case In::kCode:
        if (absl::StartsWith(rest, "//")) {
          in = In::kLineComment;
          code[i] = ' ';
        } else if (absl::StartsWith(rest, "/*")) {
          in = In::kComment;
          code[i] = ' ';
        } else if (absl::StartsWith(rest, "R\"")) {
          in = In::kRawString;
          raw_end = absl::StrCat(")", rest.substr(2, rest.find('(') - 2), "\"");
          ++i;
        } else if (rest[0] == '"') {
          in = In::kString;
        } else if (rest[0] == '\'' && (i == 0 || !absl::ascii_isalnum(text[i - 1]))) {  // Not 1'000.
          in = In::kChar;
        }
        break;
      case In::kString:
      case In::kChar:
        if (rest[0] == '\\') {
          ++i;
        } else if (rest[0] == (in == In::kString ? '"' : '\'')) {
          in = In::kCode;
        }
        break;
      case In::kRawString:
        if (absl::StartsWith(rest, raw_end)) {
          in = In::kCode;
          i += raw_end.size() - 1;
        }
        break;
      case In::kLineComment:
        if (rest[0] == '\n') {
          in = In::kCode;
        } else {
          code[i] = ' ';
        }
        break;
      case In::kComment:
        if (absl::StartsWith(rest, "*/")) {
          in = In::kCode;
          code[i] = code[i + 1] = ' ';
          ++i;
        } else if (rest[0] != '\n') {
          code[i] = ' ';
        }
        break;
    }
  }
  return code;
}

// What a line includes, with its quotes or brackets; empty where nothing.
absl::string_view Included(absl::string_view line) {
  line = absl::StripAsciiWhitespace(line);
  if (!absl::ConsumePrefix(&line, "#")) return "";
  line = absl::StripLeadingAsciiWhitespace(line);
  if (!absl::ConsumePrefix(&line, "include")) return "";
  line = absl::StripLeadingAsciiWhitespace(line);
  return line.substr(0, line.find_first_of("\">", 1) + 1);
}

// Calls `check` with what each include of the file names, without quotes or brackets.
void CheckIncludes(const File& file, Violations& violations,
                   const std::function<std::string(absl::string_view)>& check) {
  CheckLines(file, WithoutComments(file.text), violations, [&](absl::string_view line) -> std::string {
    const absl::string_view included = Included(line);
    return included.empty() ? "" : check(included.substr(1, included.size() - 2));
  });
}

// The words of a line's identifiers and texts, in lower case: `StageCache` and `stage_cache` are `stage` and `cache`.
std::set<std::string> Words(absl::string_view line) {
  std::set<std::string> words;
  std::string word;
  for (size_t i = 0; i <= line.size(); ++i) {
    const char c = i < line.size() ? line[i] : ' ';
    const bool begins = absl::ascii_isupper(c) && i > 0 && absl::ascii_islower(line[i - 1]);
    if ((!absl::ascii_isalpha(c) || begins) && !word.empty()) {
      words.insert(word);
      word.clear();
    }
    if (absl::ascii_isalpha(c)) word.push_back(absl::ascii_tolower(c));
  }
  return words;
}

bool IsProtobuf(absl::string_view include) {
  return EndsWithAny(include, {".pb.h"}) || StartsWithAny(include, {"google/protobuf/"});
}

bool IsGrpc(absl::string_view include) {
  return StartsWithAny(include, {"grpc/", "grpcpp/", "grpc++/"}) ? !absl::EndsWith(include, ".pb.h")
                                                                 : absl::EndsWith(include, ".grpc.pb.h");
}

// What journey makes of definitions alone, without its service.
bool IsOfPureJourney(absl::string_view path) {
  return StartsWithAny(path, {"services/journey/map/", "services/journey/templates/"});
}

bool IsOurs(absl::string_view include) {
  return StartsWithAny(include, {"common/", "services/", "tests/", "waymark/"});
}

}  // namespace

Tree ReadTree(const std::string& root) {
  static const std::set<std::string> kNotOurs = {".git", "build", "node_modules", "__pycache__"};
  Tree tree;
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator(); ++entry) {
    if (kNotOurs.contains(entry->path().filename().string())) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      File file{fs::relative(entry->path(), root).string(), support::ReadFile(entry->path().string())};
      if (!absl::StrContains(file.text, absl::string_view("\0", 1))) tree.push_back(std::move(file));
    }
  }
  std::sort(tree.begin(), tree.end(), [](const File& a, const File& b) { return a.path < b.path; });
  return tree;
}

Violations CheckTopLevel(const Tree& tree) {
  static const std::set<std::string> kAllowed = {"CMakeLists.txt", "protos", "services",  "common",
                                                 "deploy",         "tests",  "README.md", "CMakePresets.json",
                                                 "buf.yaml",       "LICENSE"};
  Violations violations;
  for (const File& file : tree) {
    const std::string top = file.path.substr(0, file.path.find('/'));
    if (top[0] != '.' && !kAllowed.contains(top)) {
      violations.push_back({file.path, 0, "the top level is fixed: this belongs below one of its folders"});
    }
  }
  return violations;
}

Violations CheckNames(const Tree& tree) {
  static const std::set<std::string> kEmptyNames = {"util", "utils", "helper", "helpers", "misc"};
  Violations violations;
  for (const File& file : tree) {
    for (const std::string& word : Words(file.path)) {
      if (kEmptyNames.contains(word)) violations.push_back({file.path, 0, "name it after what it is for"});
    }
  }
  return violations;
}

Violations CheckIncludesBeginAtTheRoot(const Tree& tree) {
  Violations violations;
  for (const File& file : tree) {
    if (!IsCpp(file)) continue;
    CheckLines(file, WithoutComments(file.text), violations, [](absl::string_view line) -> std::string {
      const absl::string_view included = Included(line);
      const bool at_the_root = absl::StrContains(included, "/") && !absl::StrContains(included, "..");
      if (!absl::StartsWith(included, "\"") || at_the_root) return "";
      return "includes begin at the root";
    });
  }
  return violations;
}

Violations CheckRulesArePure(const Tree& tree) {
  Violations violations;
  for (const File& file : tree) {
    if (!IsCpp(file) || !IsIn(file.path, "services/rules/")) continue;
    const bool convert = IsIn(file.path, "services/rules/convert/");
    CheckIncludes(file, violations, [&](absl::string_view include) -> std::string {
      if (IsIn(include, "services/rules/")) return "";
      // Pure, and a library of its own.
      if (include == "common/base/nearest.h") return "";
      if (convert && !IsGrpc(include) && IsProtobuf(include)) return "";
      if (convert && (IsIn(include, "common/base/") || IsIn(include, "common/reflection/"))) return "";
      if (IsOurs(include)) return "rules depend on nothing of ours but other rules";
      if (StartsWithAny(include, {"absl/time/clock.h", "absl/random/", "chrono", "random", "fstream", "iostream"})) {
        return "rules are pure: time and chance are arguments, and the disk is for others";
      }
      const bool standard = !absl::StrContains(include, "/") && !absl::StrContains(include, ".");
      if (!standard && !IsIn(include, "absl/")) return "rules know Abseil and the standard library alone";
      return "";
    });
  }
  return violations;
}

Violations CheckCommonKnowsNoBusiness(const Tree& tree) {
  static const std::set<std::string> kBusiness = {"journey", "journeys", "milestone", "milestones",   "stage",
                                                  "stages",  "score",    "scores",    "notification", "notifications"};
  Violations violations;
  for (const File& file : tree) {
    if (!IsCpp(file) || !IsIn(file.path, "common/")) continue;
    CheckLines(file, WithoutComments(file.text), violations, [](absl::string_view line) -> std::string {
      if (IsIn(Included(line), "\"services/")) return "common/ knows no service";
      // Abseil's class of that name is no notification of ours.
      if (absl::StrContains(line, "absl::Notification") || IsIn(Included(line), "\"absl/")) return "";
      for (const std::string& word : Words(line)) {
        if (kBusiness.contains(word)) return absl::StrCat("common/ knows no business word: ", word);
      }
      return "";
    });
  }
  return violations;
}

Violations CheckServicesAreApart(const Tree& tree) {
  Violations violations;
  for (const File& file : tree) {
    if (!IsProduct(file)) continue;
    const std::string service = ServiceOf(file.path);
    CheckIncludes(file, violations, [&](absl::string_view include) -> std::string {
      if (IsIn(include, "tests/")) return "the product knows nothing of its tests";
      const std::string other = ServiceOf(include);
      if (IsOfPureJourney(file.path) && IsIn(include, "services/journey/") && !IsOfPureJourney(include)) {
        return "map/ and templates/ know nothing of the service around them";
      }
      if (service.empty() || other.empty() || other == service || other == "rules") return "";
      if (service == "cli" && (IsOfPureJourney(include) || absl::EndsWith(include, "/parts.h"))) return "";
      return absl::StrCat("a service includes no other service: ", service, " knows ", other);
    });
  }
  return violations;
}

Violations CheckGrpcStaysAtTheEdge(const Tree& tree) {
  Violations violations;
  for (const File& file : tree) {
    if (!IsProduct(file)) continue;
    const bool edge = EndsWithAny(Stem(file), {"_service", "_client"}) || absl::EndsWith(file.path, "/main.cc") ||
                      StartsWithAny(file.path, {"common/rpc/", "common/journal/follower."});
    if (edge) continue;
    CheckIncludes(file, violations, [](absl::string_view include) -> std::string {
      return IsGrpc(include) ? "gRPC stays in *_service, *_client, main.cc and common/rpc" : "";
    });
  }
  return violations;
}

Violations CheckDriversAreWrapped(const Tree& tree) {
  Violations violations;
  for (const File& file : tree) {
    if (!IsProduct(file) || StartsWithAny(file.path, {"common/sql/", "common/redis/"})) continue;
    CheckIncludes(file, violations, [](absl::string_view include) -> std::string {
      if (!StartsWithAny(include, {"sqlite3", "libpq", "postgresql/", "hiredis"})) return "";
      return "drivers are known to common/sql and common/redis alone";
    });
  }
  return violations;
}

Violations CheckSqlStaysInStores(const Tree& tree) {
  Violations violations;
  for (const File& file : tree) {
    if (!IsProduct(file) || absl::EndsWith(file.path, "_store.cc")) continue;
    if (StartsWithAny(file.path, {"common/sql/", "common/journal/"})) continue;
    CheckLines(file, WithoutComments(file.text), violations, [](absl::string_view line) -> std::string {
      for (const absl::string_view beginning :
           {"SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE ", "ALTER TABLE "}) {
        if (absl::StrContains(line, beginning)) return "SQL text stands in *_store.cc";
      }
      const size_t update = line.find("UPDATE ");
      const bool updates = update != absl::string_view::npos && absl::StrContains(line.substr(update), " SET ");
      return updates ? "SQL text stands in *_store.cc" : "";
    });
  }
  return violations;
}

Violations CheckStoresKnowNoEdge(const Tree& tree) {
  Violations violations;
  for (const File& file : tree) {
    if (!IsProduct(file) || !absl::EndsWith(Stem(file), "_store")) continue;
    CheckIncludes(file, violations, [](absl::string_view include) -> std::string {
      if (!EndsWithAny(include, {"_service.h", "_client.h"}) && !IsIn(include, "common/rpc/")) return "";
      return "a store knows nothing of the edge";
    });
  }
  return violations;
}

Violations CheckTestsDoNotSleep(const Tree& tree) {
  Violations violations;
  for (const File& file : tree) {
    if (!IsIn(file.path, "tests/") || IsIn(file.path, "tests/support/")) continue;
    const bool program = IsCpp(file) || absl::EndsWith(file.path, ".py");
    if (!program) continue;
    CheckLines(file, IsCpp(file) ? WithoutComments(file.text) : file.text, violations,
               [](absl::string_view line) -> std::string {
                 for (const absl::string_view call : {"sle"
                                                      "ep(",
                                                      "Sleep"
                                                      "For(",
                                                      "sleep"
                                                      "_for(",
                                                      "sleep"
                                                      "_until("}) {
                   if (absl::StrContains(line, call)) return "a test waits for what happens; it never sleeps";
                 }
                 return "";
               });
  }
  return violations;
}

Violations CheckNothingIsLeftOver(const Tree& tree) {
  // Written in two parts, so that this file does not find itself.
  static const std::string kMarks[] = {
      "TO"
      "DO",
      "FIX"
      "ME",
      "X"
      "XX"};
  static const std::string kFolders[] = {
      "/ho"
      "me/",
      "/ro"
      "ot/",
      "/Use"
      "rs/",
      "/wo"
      "rk/"};
  Violations violations;
  for (const File& file : tree) {
    if (file.path == "LICENSE") continue;
    CheckLines(file, file.text, violations, [](absl::string_view line) -> std::string {
      for (const std::string& mark : kMarks) {
        const size_t at = line.find(mark);
        if (at == absl::string_view::npos) continue;
        const char before = at == 0 ? ' ' : line[at - 1];
        const char after = at + mark.size() < line.size() ? line[at + mark.size()] : ' ';
        if (!absl::ascii_isalnum(before) && !absl::ascii_isalnum(after)) return "finish it, or write an issue";
      }
      for (const std::string& folder : kFolders) {
        const size_t at = line.find(folder);
        // The folder must begin there: `users/work/` is something else.
        if (at == absl::string_view::npos || (at > 0 && absl::ascii_isalnum(line[at - 1]))) continue;
        return "a path of somebody's machine";
      }
      return "";
    });
  }
  return violations;
}

Violations CheckAll(const Tree& tree) {
  Violations all;
  for (const auto check :
       {CheckTopLevel, CheckNames, CheckIncludesBeginAtTheRoot, CheckRulesArePure, CheckCommonKnowsNoBusiness,
        CheckServicesAreApart, CheckGrpcStaysAtTheEdge, CheckDriversAreWrapped, CheckSqlStaysInStores,
        CheckStoresKnowNoEdge, CheckTestsDoNotSleep, CheckNothingIsLeftOver}) {
    const Violations found = check(tree);
    all.insert(all.end(), found.begin(), found.end());
  }
  return all;
}

}  // namespace waymark::layout
