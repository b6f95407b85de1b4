#include "services/cli/json.h"

#include <optional>
#include <utility>

#include "absl/strings/charconv.h"
#include "absl/strings/str_cat.h"
#include "common/base/checks.h"

namespace waymark::cli {
namespace {

// The server takes properties 8 levels deep; what is deeper is refused there, by name. This bounds our own stack.
constexpr int kDeepest = 64;

void AppendUtf8(uint32_t code, std::string* text) {
  if (code < 0x80) {
    text->push_back(static_cast<char>(code));
    return;
  }
  if (code < 0x800) {
    text->push_back(static_cast<char>(0xC0 | code >> 6));
  } else {
    if (code < 0x10000) {
      text->push_back(static_cast<char>(0xE0 | code >> 12));
    } else {
      text->push_back(static_cast<char>(0xF0 | code >> 18));
      text->push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    }
    text->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
  }
  text->push_back(static_cast<char>(0x80 | (code & 0x3F)));
}

// A recursive descent; every function returns false at the first problem.
class JsonReader {
 public:
  explicit JsonReader(absl::string_view text) : text_(text) {}

  bool ReadDocument(google::protobuf::Struct* object) {
    SkipSpace();
    if (!At('{')) return Fail("expected a JSON object: {\"name\": value, …}");
    if (!ReadObject(object, 1)) return false;
    SkipSpace();
    return place_ == text_.size() || Fail("nothing may follow the object");
  }

  JsonProblem problem() && { return std::move(problem_); }

 private:
  bool Fail(absl::string_view message) {
    problem_ = {.offset = place_, .message = std::string(message)};
    return false;
  }
  bool At(char wanted) const { return place_ < text_.size() && text_[place_] == wanted; }
  bool AtDigit() const { return place_ < text_.size() && text_[place_] >= '0' && text_[place_] <= '9'; }
  bool Take(char wanted) {
    if (!At(wanted)) return false;
    ++place_;
    return true;
  }
  void SkipSpace() {
    while (At(' ') || At('\t') || At('\n') || At('\r')) ++place_;
  }

  bool ReadObject(google::protobuf::Struct* object, int depth) {
    if (depth > kDeepest) return Fail("nested too deep");
    ++place_;
    SkipSpace();
    if (Take('}')) return true;
    do {
      SkipSpace();
      if (!At('"')) return Fail("expected a name in double quotes");
      const size_t name_place = place_;
      std::string name;
      if (!ReadString(&name)) return false;
      SkipSpace();
      if (!Take(':')) return Fail("expected ':'");
      auto [entry, is_new] = object->mutable_fields()->insert({name, {}});
      if (!is_new) {
        place_ = name_place;
        return Fail(absl::StrCat("the name \"", name, "\" stands here twice"));
      }
      if (!ReadValue(&entry->second, depth)) return false;
      SkipSpace();
    } while (Take(','));
    return Take('}') || Fail("expected ',' or '}'");
  }

  bool ReadArray(google::protobuf::ListValue* list, int depth) {
    if (depth > kDeepest) return Fail("nested too deep");
    ++place_;
    SkipSpace();
    if (Take(']')) return true;
    do {
      if (!ReadValue(list->add_values(), depth)) return false;
      SkipSpace();
    } while (Take(','));
    return Take(']') || Fail("expected ',' or ']'");
  }

  bool ReadValue(google::protobuf::Value* value, int depth) {
    SkipSpace();
    if (place_ == text_.size()) return Fail("ends too early");
    switch (text_[place_]) {
      case '{':
        return ReadObject(value->mutable_struct_value(), depth + 1);
      case '[':
        return ReadArray(value->mutable_list_value(), depth + 1);
      case '"':
        return ReadString(value->mutable_string_value());
      case 't':
        value->set_bool_value(true);
        return ReadWord("true");
      case 'f':
        value->set_bool_value(false);
        return ReadWord("false");
      case 'n':
        value->set_null_value(google::protobuf::NULL_VALUE);
        return ReadWord("null");
    }
    return ReadNumber(value);
  }

  bool ReadWord(absl::string_view word) {
    if (text_.substr(place_, word.size()) != word) return Fail("expected a value");
    place_ += word.size();
    return true;
  }

  bool ReadDigits() {
    if (!AtDigit()) return Fail("expected a value");
    while (AtDigit()) ++place_;
    return true;
  }

  bool ReadNumber(google::protobuf::Value* value) {
    const size_t start = place_;
    Take('-');
    if (!Take('0') && !ReadDigits()) return false;
    if (Take('.') && !ReadDigits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      if (!ReadDigits()) return false;
    }
    double number = 0;
    const auto end = absl::from_chars(text_.data() + start, text_.data() + place_, number);
    if (end.ec != std::errc()) return Fail("the number is too large or too small");
    value->set_number_value(number);
    return true;
  }

  bool ReadString(std::string* text) {
    ++place_;
    while (true) {
      const size_t run = place_;
      while (place_ < text_.size() && text_[place_] != '"' && text_[place_] != '\\' &&
             static_cast<unsigned char>(text_[place_]) >= 0x20) {
        ++place_;
      }
      text->append(text_.data() + run, place_ - run);
      if (place_ == text_.size()) return Fail("ends inside a string");
      if (Take('"')) return true;
      if (!Take('\\')) return Fail("a control character stands in a string; write \\n, \\t or \\u00…");
      if (!ReadEscape(text)) return false;
    }
  }

  bool ReadEscape(std::string* text) {
    static constexpr absl::string_view kLetters = "\"\\/bfnrt";
    static constexpr absl::string_view kMeanings = "\"\\/\b\f\n\r\t";
    if (place_ == text_.size()) return Fail("ends inside a string");
    if (const size_t letter = kLetters.find(text_[place_]); letter != absl::string_view::npos) {
      text->push_back(kMeanings[letter]);
      ++place_;
      return true;
    }
    const std::optional<uint32_t> first = ReadUnit();
    if (!first.has_value()) return Fail("not an escape; write \\\\ for a backslash");
    if (*first < 0xD800 || *first > 0xDFFF) {
      AppendUtf8(*first, text);
      return true;
    }
    const bool has_pair = *first < 0xDC00 && Take('\\');
    const std::optional<uint32_t> second = has_pair ? ReadUnit() : std::nullopt;
    if (!second.has_value() || *second < 0xDC00 || *second > 0xDFFF) return Fail("half a surrogate pair");
    AppendUtf8(0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00), text);
    return true;
  }

  // The `uXXXX` after a backslash.
  std::optional<uint32_t> ReadUnit() {
    if (!Take('u')) return std::nullopt;
    uint32_t unit = 0;
    for (int i = 0; i < 4; ++i, ++place_) {
      const char c = place_ < text_.size() ? text_[place_] : ' ';
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return std::nullopt;
      unit = unit << 4 | static_cast<uint32_t>(digit);
    }
    return unit;
  }

  const absl::string_view text_;
  size_t place_ = 0;
  JsonProblem problem_;
};

}  // namespace

std::variant<google::protobuf::Struct, JsonProblem> ReadJsonObject(absl::string_view text) {
  if (!IsUtf8(text)) return JsonProblem{.message = "not UTF-8: save the file as UTF-8"};
  google::protobuf::Struct object;
  JsonReader reader(text);
  if (!reader.ReadDocument(&object)) return std::move(reader).problem();
  return object;
}

}  // namespace waymark::cli
