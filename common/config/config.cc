#include "common/config/config.h"

#include <yaml-cpp/yaml.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/files.h"
#include "common/base/nearest.h"
#include "common/base/status.h"
#include "common/base/version.h"

namespace waymark::config {

struct Settings::Given {
  const Setting* setting;
  std::string value;
  std::string place;
};

namespace {

template <typename... Kinds>
struct Overloaded : Kinds... {
  using Kinds::operator()...;
};
template <typename... Kinds>
Overloaded(Kinds...) -> Overloaded<Kinds...>;

std::string VariableOf(absl::string_view name) {
  return absl::StrCat("WAYMARK_", absl::AsciiStrToUpper(absl::StrReplaceAll(name, {{"-", "_"}})));
}

bool ParseValue(absl::string_view value, std::string* target) {
  *target = std::string(value);
  return true;
}
bool ParseValue(absl::string_view value, int* target) { return absl::SimpleAtoi(value, target); }
bool ParseValue(absl::string_view value, bool* target) { return absl::SimpleAtob(value, target); }
bool ParseValue(absl::string_view value, absl::Duration* target) {
  return absl::ParseDuration(value, target) && *target >= absl::ZeroDuration();
}
bool ParseValue(absl::string_view value, std::vector<std::string>* target) {
  target->clear();
  for (const absl::string_view item : absl::StrSplit(value, ',')) {
    const absl::string_view stripped = absl::StripAsciiWhitespace(item);
    if (!stripped.empty()) target->emplace_back(stripped);
  }
  return true;
}

template <typename Target>
absl::string_view WhatFits(const Target& target) {
  return std::visit(Overloaded{
                        [](std::string*) { return "a text"; },
                        [](int*) { return "a whole number"; },
                        [](bool*) { return "true or false"; },
                        [](absl::Duration*) { return "a duration such as 250ms, 5s or 2h"; },
                        [](std::vector<std::string>*) { return "a list, separated by commas"; },
                    },
                    target);
}

template <typename Target>
std::string TextOf(const Target& target) {
  return std::visit(Overloaded{
                        [](std::string* text) { return *text; },
                        [](int* number) { return absl::StrCat(*number); },
                        [](bool* yes) { return std::string(*yes ? "true" : "false"); },
                        [](absl::Duration* duration) { return absl::FormatDuration(*duration); },
                        [](std::vector<std::string>* list) { return absl::StrJoin(*list, ","); },
                    },
                    target);
}

bool IsSwitch(const std::variant<std::string*, int*, bool*, absl::Duration*, std::vector<std::string>*>& target) {
  return std::holds_alternative<bool*>(target);
}

}  // namespace

Settings::Settings(std::string program, std::string summary)
    : program_(std::move(program)), summary_(std::move(summary)) {
  Add("config", &config_file_, "YAML file of settings, by the same names.");
}

void Settings::Declare(absl::string_view name, Target target, absl::string_view help) {
  settings_.push_back(
      {.name = std::string(name), .target = target, .help = std::string(help), .default_text = TextOf(target)});
}

void Settings::Add(absl::string_view name, std::string* target, absl::string_view help) { Declare(name, target, help); }
void Settings::Add(absl::string_view name, int* target, absl::string_view help) { Declare(name, target, help); }
void Settings::Add(absl::string_view name, bool* target, absl::string_view help) { Declare(name, target, help); }
void Settings::Add(absl::string_view name, absl::Duration* target, absl::string_view help) {
  Declare(name, target, help);
}
void Settings::Add(absl::string_view name, std::vector<std::string>* target, absl::string_view help) {
  Declare(name, target, help);
}

absl::StatusOr<bool> Settings::Parse(int argc, const char* const* argv) {
  const std::vector<absl::string_view> arguments(argv + 1, argv + argc);
  for (const absl::string_view argument : arguments) {
    if (argument == "--help" || argument == "-h") {
      std::fputs(Help().c_str(), stdout);
      return false;
    }
    if (argument == "--version") {
      std::printf("%s %s\n", program_.c_str(), std::string(Version()).c_str());
      return false;
    }
  }
  ASSIGN_OR_RETURN(const std::vector<Given> flags, FromFlags(arguments));
  const std::vector<Given> environment = FromEnvironment();
  std::string path;
  for (const auto* source : {&environment, &flags}) {
    for (const Given& given : *source) {
      if (given.setting->name == "config") path = given.value;
    }
  }
  std::vector<Given> file;
  if (!path.empty()) {
    ASSIGN_OR_RETURN(file, FromFile(path));
  }
  for (const std::vector<Given>* source : {&std::as_const(file), &environment, &flags}) {  // The later one stands.
    for (const Given& given : *source) {
      const bool fits =
          std::visit([&](auto* target) { return ParseValue(given.value, target); }, given.setting->target);
      if (!fits) {
        return absl::InvalidArgumentError(
            absl::StrCat(given.place, ": \"", given.value, "\" is not ", WhatFits(given.setting->target)));
      }
    }
  }
  return true;
}

absl::StatusOr<const Settings::Setting*> Settings::Find(absl::string_view name, absl::string_view place) const {
  std::vector<std::string> names;
  for (const Setting& setting : settings_) {
    if (setting.name == name) return &setting;
    names.push_back(setting.name);
  }
  const std::optional<std::string> nearest = Nearest(name, names);
  return absl::InvalidArgumentError(
      absl::StrCat(place, ": there is no such setting; ",
                   nearest.has_value() ? absl::StrCat("did you mean ", *nearest, "?") : "--help lists them"));
}

absl::StatusOr<std::vector<Settings::Given>> Settings::FromFlags(
    const std::vector<absl::string_view>& arguments) const {
  std::vector<Given> flags;
  for (size_t i = 0; i < arguments.size(); ++i) {
    absl::string_view flag = arguments[i];
    if (!absl::ConsumePrefix(&flag, "--")) {
      return absl::InvalidArgumentError(absl::StrCat(flag, ": settings are given as --name value; --help lists them"));
    }
    const size_t equals = flag.find('=');
    const absl::string_view name = flag.substr(0, equals);
    const std::string place = absl::StrCat("--", name);
    const absl::string_view negated = absl::StartsWith(name, "no-") ? name.substr(3) : "";
    if (equals == flag.npos && !negated.empty()) {
      const absl::StatusOr<const Setting*> setting = Find(negated, place);
      if (setting.ok() && IsSwitch((*setting)->target)) {
        flags.push_back({*setting, "false", place});
        continue;
      }
    }
    ASSIGN_OR_RETURN(const Setting* const setting, Find(name, place));
    if (equals != flag.npos) {
      flags.push_back({setting, std::string(flag.substr(equals + 1)), place});
    } else if (IsSwitch(setting->target)) {
      flags.push_back({setting, "true", place});
    } else if (i + 1 < arguments.size()) {
      flags.push_back({setting, std::string(arguments[++i]), place});
    } else {
      return absl::InvalidArgumentError(absl::StrCat(place, ": needs ", WhatFits(setting->target), " behind it"));
    }
  }
  return flags;
}

std::vector<Settings::Given> Settings::FromEnvironment() const {
  std::vector<Given> environment;
  for (const Setting& setting : settings_) {
    const std::string variable = VariableOf(setting.name);
    if (const char* value = std::getenv(variable.c_str()); value != nullptr) {
      environment.push_back({&setting, value, variable});
    }
  }
  return environment;
}

absl::StatusOr<std::vector<Settings::Given>> Settings::FromFile(const std::string& path) const {
  YAML::Node root;
  try {
    root = YAML::LoadFile(path);
  } catch (const YAML::BadFile&) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": cannot be read"));
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ":", error.mark.line + 1, ":", error.mark.column + 1, ": ", error.msg));
  }
  if (root.IsNull()) return std::vector<Given>();  // An empty file.
  if (!root.IsMap()) return absl::InvalidArgumentError(absl::StrCat(path, ": must be lines of `name: value`"));
  std::vector<Given> file;
  for (const auto& entry : root) {
    const std::string place =
        absl::StrCat(path, ":", entry.first.Mark().line + 1, ": ", entry.first.IsScalar() ? entry.first.Scalar() : "");
    if (!entry.first.IsScalar()) return absl::InvalidArgumentError(absl::StrCat(place, "a name must be a text"));
    ASSIGN_OR_RETURN(const Setting* const setting, Find(entry.first.Scalar(), place));
    std::vector<std::string> values;
    if (entry.second.IsSequence()) {
      for (const YAML::Node& item : entry.second) values.push_back(item.IsScalar() ? item.Scalar() : "");
    } else if (entry.second.IsScalar()) {
      values.push_back(entry.second.Scalar());
    }
    const bool one = std::holds_alternative<std::vector<std::string>*>(setting->target) || entry.second.IsScalar();
    if (!one) return absl::InvalidArgumentError(absl::StrCat(place, ": must be ", WhatFits(setting->target)));
    file.push_back({setting, absl::StrJoin(values, ","), place});
  }
  return file;
}

std::string Settings::Help() const {
  std::string help = absl::StrCat(program_, ": ", summary_, explanation_.empty() ? "" : "\n\n", explanation_,
                                  "\n\nEvery setting is a flag, an environment variable, or a line of the YAML file "
                                  "that --config names; the first of these that gives it stands.\n");
  for (const Setting& setting : settings_) {
    absl::StrAppend(&help, "\n  --", setting.name, "   (", VariableOf(setting.name), ")\n      ", setting.help);
    if (!setting.default_text.empty()) absl::StrAppend(&help, " Default: ", setting.default_text, ".");
    help += "\n";
  }
  return help + "\n  --help, --version\n";
}

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  ASSIGN_OR_RETURN(std::string content, ReadFile(path));
  if (absl::EndsWith(content, "\n")) content.pop_back();
  return content;
}

}  // namespace waymark::config
