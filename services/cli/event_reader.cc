#include "services/cli/event_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/base/checks.h"
#include "common/base/nearest.h"
#include "common/base/status.h"
#include "common/document/json.h"
#include "services/cli/usage.h"

namespace waymark::cli {
namespace {

enum Part { kEventId, kCustomer, kUser, kType, kTime, kSequence, kProperties };
constexpr size_t kParts = kProperties + 1;

// A part of an event: its name in --columns, and the columns it is looked for in where --columns does not say.
struct PartName {
  const char* name;
  std::vector<std::string> usual;
  bool required;
};

const std::array<PartName, kParts>& PartNames() {
  static const auto* names = new std::array<PartName, kParts>{{
      {"event_id", {"event_id", "eventId"}, true},
      {"customer", {"customer_id", "customerId", "customer"}, true},
      {"user", {"user_id", "userId", "user"}, false},
      {"type", {"type"}, true},
      {"time", {"event_time", "eventTime", "time"}, true},
      {"sequence", {"source_sequence", "sourceSequence", "sequence"}, false},
      {"properties", {"properties"}, false},
  }};
  return *names;
}

// What a line says of each part, as text.
using Texts = std::array<std::string, kParts>;

// A name from a file, fit to be shown on a terminal.
std::string Shown(absl::string_view name) {
  std::string shown;
  for (const char c : name.substr(0, 60)) shown.push_back(absl::ascii_iscntrl(static_cast<unsigned char>(c)) ? '?' : c);
  return shown;
}

// The columns a part may stand in, the first one that exists counts.
std::vector<std::string> Candidates(const Columns& columns, size_t part) {
  const auto chosen = columns.by_part.find(PartNames()[part].name);
  if (chosen != columns.by_part.end()) return {chosen->second};
  return PartNames()[part].usual;
}

absl::Status MissingColumn(const Columns& columns, size_t part, const std::vector<std::string>& there) {
  const PartName& name = PartNames()[part];
  const std::string wanted = Candidates(columns, part).front();
  std::set<std::string> taken;  // By other parts; they are not meant.
  for (size_t other = 0; other < kParts; ++other) {
    for (std::string& column : Candidates(columns, other)) taken.insert(std::move(column));
  }
  std::vector<std::string> shown, free;
  for (const std::string& column : there) {
    shown.push_back(Shown(column));
    if (taken.count(column) == 0) free.push_back(column);
  }
  const std::optional<std::string> nearest = Nearest(wanted, free);
  std::string message = absl::StrCat("no column \"", Shown(wanted), "\" for the event's ", name.name);
  absl::StrAppend(&message, nearest.has_value() ? absl::StrCat("; did you mean \"", Shown(*nearest), "\"?") : ".");
  absl::StrAppend(&message, " The columns are: ", absl::StrJoin(shown, ", "), ". Say which is which by --columns ",
                  name.name, "=…");
  return UsageError(message);
}

// Reads RFC 3339. Nothing where it is something else, or no year from 1 to 9999.
std::optional<absl::Time> ReadTime(absl::string_view text) {
  absl::Time time;
  // ParseTime also takes leading spaces and `infinite-future`.
  if (text.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(text[0])) ||
      !absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) {
    return std::nullopt;
  }
  const int64_t year = absl::ToCivilYear(time, absl::UTCTimeZone()).year();
  if (year < 1 || year > 9999) return std::nullopt;
  return time;
}

// Fills everything but the properties. What an event must have is checked by the server, which names the field.
void Fill(Texts texts, const ReadOptions& options, SourceEvent* source) {
  for (size_t part = 0; part < kProperties; ++part) {
    if (IsUtf8(texts[part])) continue;
    source->problem = absl::StrCat(PartNames()[part].name, ": not UTF-8; save the file as UTF-8");
    return;
  }
  if (options.workspace_before.has_value()) {
    const size_t end = texts[kCustomer].find(*options.workspace_before);
    if (end == std::string::npos) {
      source->problem =
          absl::StrCat("customer: no \"", *options.workspace_before, "\" stands in it (--workspace-before)");
      return;
    }
    source->workspace = texts[kCustomer].substr(0, end);
    texts[kCustomer].erase(0, end + options.workspace_before->size());
  }
  if (!texts[kTime].empty()) {
    const std::optional<absl::Time> time = ReadTime(texts[kTime]);
    if (!time.has_value()) {
      source->problem = absl::StrCat("time: \"", Shown(texts[kTime]),
                                     "\" is not a time; write RFC 3339, such as 2026-05-04T09:00:00Z");
      return;
    }
    const absl::Duration since = *time - absl::UnixEpoch();
    int64_t seconds = absl::ToInt64Seconds(absl::Floor(since, absl::Seconds(1)));
    source->event.mutable_event_time()->set_seconds(seconds);
    source->event.mutable_event_time()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(since - absl::Seconds(seconds))));
  }
  if (int64_t sequence = 0; !texts[kSequence].empty()) {
    if (!absl::SimpleAtoi(texts[kSequence], &sequence)) {
      source->problem = absl::StrCat("sequence: \"", Shown(texts[kSequence]), "\" is not a whole number");
      return;
    }
    source->event.set_source_sequence(sequence);
  }
  source->event.set_event_id(std::move(texts[kEventId]));
  source->event.set_customer_id(std::move(texts[kCustomer]));
  source->event.set_user_id(std::move(texts[kUser]));
  source->event.set_type(std::move(texts[kType]));
}

class CsvEventReader final : public EventReader {
 public:
  CsvEventReader(CsvReader records, ReadOptions options) : records_(std::move(records)), options_(std::move(options)) {}

  absl::Status ReadHeader() {
    ASSIGN_OR_RETURN(std::optional<Record> header, records_.Next());
    if (!header.has_value()) return absl::InvalidArgumentError("the file is empty");
    if (!header->problem.empty()) return absl::InvalidArgumentError(absl::StrCat("line 1: ", header->problem));
    header_ = std::move(header->cells);
    for (std::string& name : header_) name = std::string(absl::StripAsciiWhitespace(name));
    if (!IsUtf8(absl::StrJoin(header_, ","))) {
      return absl::InvalidArgumentError("line 1: not UTF-8 text; give CSV or JSON lines in UTF-8, gzipped or not");
    }
    for (size_t part = 0; part < kParts; ++part) {
      for (const std::string& candidate : Candidates(options_.columns, part)) {
        if (places_[part] < 0) places_[part] = PlaceOf(candidate);
      }
      const bool wanted = PartNames()[part].required || options_.columns.by_part.contains(PartNames()[part].name);
      if (places_[part] < 0 && wanted) return MissingColumn(options_.columns, part, header_);
    }
    for (const auto& [column, value] : options_.only) {
      if (PlaceOf(column) >= 0) continue;
      return UsageError(absl::StrCat("no column \"", Shown(column),
                                     "\" for --only; the columns are: ", absl::StrJoin(header_, ", ")));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<SourceEvent>> Next() override {
    while (true) {
      ASSIGN_OR_RETURN(std::optional<Record> record, records_.Next());
      if (!record.has_value()) return std::nullopt;
      if (IsWanted(*record)) return ToEvent(*std::move(record));
    }
  }

 private:
  int PlaceOf(const std::string& column) const {
    const auto found = std::find(header_.begin(), header_.end(), column);
    return found == header_.end() ? -1 : static_cast<int>(found - header_.begin());
  }

  bool IsWanted(const Record& record) const {
    if (!record.problem.empty() || record.cells.size() != header_.size()) return true;  // It is to be reported.
    return std::all_of(options_.only.begin(), options_.only.end(),
                       [&](const auto& only) { return record.cells[PlaceOf(only.first)] == only.second; });
  }

  SourceEvent ToEvent(Record record) const {
    SourceEvent source{.line = record.line, .problem = std::move(record.problem)};
    if (!source.problem.empty()) return source;
    if (record.cells.size() != header_.size()) {
      source.problem = absl::StrCat(record.cells.size(), " cells where the header has ", header_.size(),
                                    "; is the file cut, or a quote missing?");
      return source;
    }
    Texts texts;
    for (size_t part = 0; part < kParts; ++part) {
      if (places_[part] >= 0) texts[part] = std::move(record.cells[places_[part]]);
    }
    if (!texts[kProperties].empty()) {
      auto properties = document::ReadJsonObject(texts[kProperties]);
      if (const auto* problem = std::get_if<document::JsonProblem>(&properties)) {
        source.problem =
            absl::StrCat("properties: character ", problem->offset + 1, " of the cell: ", problem->message);
        return source;
      }
      *source.event.mutable_properties() = std::move(std::get<google::protobuf::Struct>(properties));
    }
    Fill(std::move(texts), options_, &source);
    return source;
  }

  CsvReader records_;
  const ReadOptions options_;
  std::vector<std::string> header_;
  std::array<int, kParts> places_ = {-1, -1, -1, -1, -1, -1, -1};
};

class JsonEventReader final : public EventReader {
 public:
  JsonEventReader(LineReader lines, ReadOptions options) : lines_(std::move(lines)), options_(std::move(options)) {}

  // Names chosen by --columns must stand in the first object, so that a misspelled one is noticed before anything is
  // sent; a first line that is no object is reported as any other.
  absl::Status CheckNames(absl::string_view first) const {
    auto object = document::ReadJsonObject(first);
    if (!std::holds_alternative<google::protobuf::Struct>(object)) return absl::OkStatus();
    const google::protobuf::Struct& fields = std::get<google::protobuf::Struct>(object);
    std::vector<std::string> there;
    for (const auto& [name, value] : fields.fields()) there.push_back(name);
    std::sort(there.begin(), there.end());
    for (size_t part = 0; part < kParts; ++part) {
      const bool wanted = PartNames()[part].required;
      if (wanted && Find(fields, part) == nullptr) return MissingColumn(options_.columns, part, there);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<SourceEvent>> Next() override {
    while (true) {
      ASSIGN_OR_RETURN(std::optional<LineReader::Line> line, lines_.Next());
      if (!line.has_value()) return std::nullopt;
      if (absl::StripAsciiWhitespace(line->text).empty()) continue;
      SourceEvent source{.line = line->number};
      if (line->cut) {
        source.problem = "longer than 1 MiB; an event has at most 64 kB";
        return source;
      }
      auto object = document::ReadJsonObject(line->text);
      if (const auto* problem = std::get_if<document::JsonProblem>(&object)) {
        source.problem = absl::StrCat("column ", problem->offset + 1, ": ", problem->message,
                                      line->ended ? "" : "; is the file cut?");
        return source;
      }
      google::protobuf::Struct& fields = std::get<google::protobuf::Struct>(object);
      if (!IsWanted(fields)) continue;
      ToEvent(fields, &source);
      return source;
    }
  }

 private:
  const google::protobuf::Value* Find(const google::protobuf::Struct& fields, size_t part) const {
    for (const std::string& name : Candidates(options_.columns, part)) {
      const auto found = fields.fields().find(name);
      if (found != fields.fields().end()) return &found->second;
    }
    return nullptr;
  }

  // The text of a string or whole number; nothing where it is something else.
  static std::optional<std::string> TextOf(const google::protobuf::Value& value) {
    switch (value.kind_case()) {
      case google::protobuf::Value::kStringValue:
        return value.string_value();
      case google::protobuf::Value::kNullValue:
        return std::string();
      case google::protobuf::Value::kNumberValue:
        // Beyond 2^53 a JSON number no longer names one whole number.
        if (std::abs(value.number_value()) > 9007199254740992.0 ||
            std::trunc(value.number_value()) != value.number_value()) {
          return std::nullopt;
        }
        return absl::StrCat(static_cast<int64_t>(value.number_value()));
      case google::protobuf::Value::kBoolValue:
      case google::protobuf::Value::kStructValue:
      case google::protobuf::Value::kListValue:
      case google::protobuf::Value::KIND_NOT_SET:
        return std::nullopt;
    }
    return std::nullopt;
  }

  bool IsWanted(const google::protobuf::Struct& fields) const {
    return std::all_of(options_.only.begin(), options_.only.end(), [&](const auto& only) {
      const auto found = fields.fields().find(only.first);
      return found != fields.fields().end() && TextOf(found->second) == only.second;
    });
  }

  void ToEvent(const google::protobuf::Struct& fields, SourceEvent* source) const {
    Texts texts;
    for (size_t part = 0; part < kProperties; ++part) {
      const google::protobuf::Value* value = Find(fields, part);
      if (value == nullptr) continue;
      std::optional<std::string> text = TextOf(*value);
      if (!text.has_value()) {
        source->problem = absl::StrCat(PartNames()[part].name, ": must be text or a whole number");
        return;
      }
      texts[part] = *std::move(text);
    }
    if (const google::protobuf::Value* properties = Find(fields, kProperties);
        properties != nullptr && !properties->has_null_value()) {
      if (!properties->has_struct_value()) {
        source->problem = "properties: must be an object";
        return;
      }
      *source->event.mutable_properties() = properties->struct_value();
    }
    Fill(std::move(texts), options_, source);
  }

  LineReader lines_;
  const ReadOptions options_;
};

}  // namespace

absl::StatusOr<Columns> Columns::Parse(absl::string_view text) {
  std::vector<std::string> parts;
  for (const PartName& part : PartNames()) parts.push_back(part.name);
  Columns columns;
  for (const absl::string_view pair : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::vector<std::string> sides = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    if (sides.size() != 2 || sides[1].empty()) {
      return UsageError(absl::StrCat("--columns: \"", pair, "\" is not of the form part=column"));
    }
    if (std::find(parts.begin(), parts.end(), sides[0]) == parts.end()) {
      const std::optional<std::string> nearest = Nearest(sides[0], parts);
      return UsageError(absl::StrCat("--columns: an event has no part \"", sides[0], "\"",
                                     nearest.has_value() ? absl::StrCat("; did you mean \"", *nearest, "\"?") : ".",
                                     " The parts are: ", absl::StrJoin(parts, ", ")));
    }
    if (!columns.by_part.emplace(sides[0], sides[1]).second) {
      return UsageError(absl::StrCat("--columns: ", sides[0], " is given twice"));
    }
  }
  return columns;
}

absl::StatusOr<std::unique_ptr<EventReader>> EventReader::Open(Input& input, ReadOptions options) {
  LineReader lines(input);
  std::optional<LineReader::Line> first;
  do {
    ASSIGN_OR_RETURN(first, lines.Next());
    if (!first.has_value()) return absl::InvalidArgumentError("there is nothing in the file");
  } while (absl::StripAsciiWhitespace(first->text).empty());
  const std::string text = first->text;
  lines.PutBack(*std::move(first));
  if (absl::StartsWith(text, "\xFF\xFE") || absl::StartsWith(text, "\xFE\xFF")) {
    return absl::InvalidArgumentError("the file is UTF-16; save it as UTF-8");
  }
  if (absl::StartsWith(text, "[")) {
    return absl::InvalidArgumentError("the file is one JSON array; give one object per line (jq -c '.[]' makes them)");
  }
  if (absl::StartsWith(absl::StripLeadingAsciiWhitespace(text), "{")) {
    auto reader = std::make_unique<JsonEventReader>(std::move(lines), std::move(options));
    RETURN_IF_ERROR(reader->CheckNames(text));
    return reader;
  }
  const char separator = options.separator;
  auto reader = std::make_unique<CsvEventReader>(CsvReader(std::move(lines), separator), std::move(options));
  RETURN_IF_ERROR(reader->ReadHeader());
  return reader;
}

}  // namespace waymark::cli
