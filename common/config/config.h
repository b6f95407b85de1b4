// Settings of a program: flag over environment variable over file over default.
//
// `--grpc-address` is also WAYMARK_GRPC_ADDRESS and `grpc-address: …` in the YAML file that `--config` (WAYMARK_CONFIG)
// names. Secrets are never flags, since `ps` shows those: they are given as files.
#ifndef WAYMARK_COMMON_CONFIG_CONFIG_H_
#define WAYMARK_COMMON_CONFIG_CONFIG_H_

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace waymark::config {

// The settings of one program. Filled in main.cc, which declares every setting with a default and a help text, then
// calls Parse.
class Settings {
 public:
  // `summary` is what --help says first.
  Settings(std::string program, std::string summary);
  Settings(const Settings&) = delete;
  Settings& operator=(const Settings&) = delete;

  // Declares a setting; `*target` holds the default and receives the value.
  void Add(absl::string_view name, std::string* target, absl::string_view help);
  void Add(absl::string_view name, int* target, absl::string_view help);
  void Add(absl::string_view name, bool* target, absl::string_view help);            // `--x`, `--no-x`, `--x=false`.
  void Add(absl::string_view name, absl::Duration* target, absl::string_view help);  // `250ms`, `5s`, `2h`.
  void Add(absl::string_view name, std::vector<std::string>* target, absl::string_view help);  // Comma-separated.

  // Says something more, between the summary and the settings, where --help is asked for.
  void Explain(std::string text) { explanation_ = std::move(text); }

  // Reads flags, environment and file. False where --help or --version was asked for, and has been printed: exit 0.
  // Errors: INVALID_ARGUMENT  an unknown setting (the nearest one is named), or a value that does not fit.
  //         What is wrong and where it stands is told in one line. Environment variables that no setting has are left
  //         alone, since all programs of Waymark share them.
  absl::StatusOr<bool> Parse(int argc, const char* const* argv);

 private:
  using Target = std::variant<std::string*, int*, bool*, absl::Duration*, std::vector<std::string>*>;
  struct Setting {
    std::string name;
    Target target;
    std::string help;
    std::string default_text;
  };

  struct Given;  // A value for a setting, and where it stands.

  void Declare(absl::string_view name, Target target, absl::string_view help);
  absl::StatusOr<const Setting*> Find(absl::string_view name, absl::string_view place) const;
  absl::StatusOr<std::vector<Given>> FromFlags(const std::vector<absl::string_view>& arguments) const;
  std::vector<Given> FromEnvironment() const;
  absl::StatusOr<std::vector<Given>> FromFile(const std::string& path) const;
  std::string Help() const;

  const std::string program_, summary_;
  std::string explanation_;
  std::string config_file_;
  std::vector<Setting> settings_;
};

// The contents of a file that holds a secret, without a last newline. Errors: INVALID_ARGUMENT  it cannot be read.
absl::StatusOr<std::string> ReadSecretFile(const std::string& path);

}  // namespace waymark::config

#endif  // WAYMARK_COMMON_CONFIG_CONFIG_H_
