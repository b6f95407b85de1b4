#include "services/cli/csv.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/status.h"

namespace waymark::cli {
namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Takes a record's lines one by one.
class RecordParser {
 public:
  explicit RecordParser(char separator) : separator_(separator) {}

  // Takes a line; true where the record is complete, false where a quoted cell goes on in the next line.
  bool Take(absl::string_view line) {
    if (in_quotes_) cell_.push_back('\n');
    for (size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      if (in_quotes_ && c != '"') {
        cell_.push_back(c);
      } else if (in_quotes_ && i + 1 < line.size() && line[i + 1] == '"') {
        cell_.push_back('"');
        ++i;
      } else if (in_quotes_) {
        in_quotes_ = false;
        after_quotes_ = true;
      } else if (c == separator_) {
        EndCell();
      } else if (c == '\r' && i + 1 == line.size()) {
        break;  // The line ends with CR LF.
      } else if (after_quotes_) {
        if (problem_.empty())
          problem_ = absl::StrCat("column ", i + 1, ": after a closing quote only a separator may follow");
      } else if (c == '"' && cell_.empty()) {
        in_quotes_ = true;
      } else {
        cell_.push_back(c);
      }
    }
    if (in_quotes_) return false;
    EndCell();
    return true;
  }

  Record Finish(int64_t line) && { return {.line = line, .cells = std::move(cells_), .problem = std::move(problem_)}; }

 private:
  void EndCell() {
    cells_.push_back(std::exchange(cell_, {}));
    after_quotes_ = false;
  }

  const char separator_;
  std::vector<std::string> cells_;
  std::string cell_;
  bool in_quotes_ = false;
  bool after_quotes_ = false;
  std::string problem_;
};

}  // namespace

absl::StatusOr<std::optional<LineReader::Line>> LineReader::Next() {
  if (!put_back_.empty()) {
    Line line = std::move(put_back_.back());
    put_back_.pop_back();
    return line;
  }
  Line line{.number = number_ + 1};
  while (!line.ended) {
    if (fresh_.empty()) {
      ASSIGN_OR_RETURN(fresh_, input_->Read());
      if (fresh_.empty()) break;
    }
    const size_t end = fresh_.find('\n');
    line.ended = end != absl::string_view::npos;
    const absl::string_view piece = fresh_.substr(0, end);
    fresh_.remove_prefix(piece.size() + (line.ended ? 1 : 0));
    const absl::string_view room = piece.substr(0, kLongest - line.text.size());
    line.cut = line.cut || room.size() < piece.size();
    line.text.append(room.data(), room.size());
  }
  if (!line.ended && line.text.empty()) return std::nullopt;
  if (line.number == 1 && absl::StartsWith(line.text, kByteOrderMark)) line.text.erase(0, kByteOrderMark.size());
  ++number_;
  return line;
}

absl::StatusOr<std::optional<Record>> CsvReader::Next() {
  RecordParser parser(separator_);
  std::vector<LineReader::Line> taken;
  size_t size = 0;
  while (true) {
    ASSIGN_OR_RETURN(std::optional<LineReader::Line> line, lines_.Next());
    if (line.has_value() && taken.empty() && (line->text.empty() || line->text == "\r")) continue;
    if (!line.has_value() && taken.empty()) return std::nullopt;
    const bool is_over = !line.has_value();
    if (!is_over) {
      size += line->text.size();
      taken.push_back(*std::move(line));
      if (!taken.back().cut && parser.Take(taken.back().text)) return std::move(parser).Finish(taken.front().number);
    }
    if (is_over || taken.back().cut || size > LineReader::kLongest) break;
  }
  Record bad{.line = taken.front().number};
  if (taken.front().cut) {
    bad.problem = "longer than 1 MiB; an event has at most 64 kB";
  } else {
    bad.problem = "a quote that opens here is never closed; is the file cut?";
  }
  while (taken.size() > 1) {
    lines_.PutBack(std::move(taken.back()));
    taken.pop_back();
  }
  return bad;
}

}  // namespace waymark::cli
