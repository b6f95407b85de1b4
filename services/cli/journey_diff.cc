#include "services/cli/journey_diff.h"

#include <google/protobuf/struct.pb.h>

#include "absl/strings/str_cat.h"
#include "common/document/document.h"
#include "services/cli/table.h"

namespace waymark::cli {
namespace {

using Kind = rules::Difference::Kind;

absl::string_view SignOf(Kind kind) {
  switch (kind) {
    case Kind::kAdded:
      return "+";
    case Kind::kRemoved:
      return "-";
    case Kind::kChanged:
      return "~";
    case Kind::kMoved:
      return "↕";
  }
  return "";
}

absl::string_view NameOf(Kind kind) {
  switch (kind) {
    case Kind::kAdded:
      return "ADDED";
    case Kind::kRemoved:
      return "REMOVED";
    case Kind::kChanged:
      return "CHANGED";
    case Kind::kMoved:
      return "MOVED";
  }
  return "";
}

google::protobuf::Struct ToObject(const JourneySource& before, const JourneySource& after,
                                  const std::vector<rules::Difference>& differences) {
  google::protobuf::Struct object;
  auto& fields = *object.mutable_fields();
  fields["before"].set_string_value(before.label);
  fields["after"].set_string_value(after.label);
  auto& list = *fields["differences"].mutable_list_value();
  for (const rules::Difference& difference : differences) {
    auto& line = *list.add_values()->mutable_struct_value()->mutable_fields();
    line["kind"].set_string_value(std::string(NameOf(difference.kind)));
    line["path"].set_string_value(difference.path);
    line["words"].set_string_value(difference.words);
  }
  return object;
}

}  // namespace

void WriteDifferences(const std::vector<rules::Difference>& differences, absl::string_view indent, std::ostream& out) {
  for (const rules::Difference& difference : differences) {
    out << indent << SignOf(difference.kind) << " " << Printable(difference.words) << "\n";
  }
}

void ShowDifferences(const JourneySource& before, const JourneySource& after, Format format, std::ostream& out) {
  const std::vector<rules::Difference> differences = rules::Diff(before.definition, after.definition);
  switch (format) {
    case Format::kJson:
      out << document::WriteJson(ToObject(before, after, differences), document::Fields::kSet);
      return;
    case Format::kYaml:
      out << document::WriteYaml(ToObject(before, after, differences), document::Fields::kSet);
      return;
    case Format::kTable:
      break;
  }
  if (differences.empty()) {
    out << Printable(before.label) << " and " << Printable(after.label) << " say the same\n";
    return;
  }
  out << Printable(before.label) << " → " << Printable(after.label) << ": "
      << Count(static_cast<int64_t>(differences.size()), "difference") << "\n\n";
  WriteDifferences(differences, "", out);
}

}  // namespace waymark::cli
