// The grammar of JSON (RFC 8259), strictly: whatever is made of what it finds.
#ifndef WAYMARK_COMMON_DOCUMENT_JSON_PARSER_H_
#define WAYMARK_COMMON_DOCUMENT_JSON_PARSER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/document/json.h"

namespace waymark::document {

// A recursive descent; every function returns false at the first problem. `Builder` makes what the text says:
//   Value, Object, List      what is built
//   Object* MakeObject(Value*, size_t place), List* MakeList(Value*, size_t place)
//   Value* AddMember(Object*, std::string name, size_t place)  null where there is one of that name
//   Value* AddElement(List*)
//   std::string* MakeText(Value*, size_t place)
//   bool SetNumber(Value*, absl::string_view digits, size_t place)  false where it is too large
//   void SetBool(Value*, bool, size_t place), void SetNull(Value*, size_t place)
//   bool IsFull()            whether nothing more may be built
template <typename Builder>
class JsonParser {
 public:
  using Value = typename Builder::Value;
  using Object = typename Builder::Object;
  using List = typename Builder::List;

  JsonParser(absl::string_view text, int depth, Builder& builder) : text_(text), deepest_(depth), builder_(builder) {}

  bool ReadObjectAlone(Object* object) {
    SkipSpace();
    if (!At('{')) return Fail("expected a JSON object: {\"name\": value, …}");
    return ReadMembers(object, 1) && ReadEnd("nothing may follow the object");
  }

  bool ReadValueAlone(Value* value) { return ReadValue(value, 0) && ReadEnd("nothing may follow the value"); }

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
  bool ReadEnd(absl::string_view otherwise) {
    SkipSpace();
    return place_ == text_.size() || Fail(otherwise);
  }

  bool ReadMembers(Object* object, int depth) {
    if (depth > deepest_) return Fail("nested too deep");
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
      Value* value = builder_.AddMember(object, name, name_place);
      if (value == nullptr) {
        place_ = name_place;
        return Fail(absl::StrCat("the name \"", name, "\" stands here twice"));
      }
      if (!ReadValue(value, depth)) return false;
      SkipSpace();
    } while (Take(','));
    return Take('}') || Fail("expected ',' or '}'");
  }

  bool ReadElements(List* list, int depth) {
    if (depth > deepest_) return Fail("nested too deep");
    ++place_;
    SkipSpace();
    if (Take(']')) return true;
    do {
      if (!ReadValue(builder_.AddElement(list), depth)) return false;
      SkipSpace();
    } while (Take(','));
    return Take(']') || Fail("expected ',' or ']'");
  }

  bool ReadValue(Value* value, int depth) {
    SkipSpace();
    if (place_ == text_.size()) return Fail("ends too early");
    if (builder_.IsFull()) return Fail("there are too many values");
    switch (text_[place_]) {
      case '{':
        return ReadMembers(builder_.MakeObject(value, place_), depth + 1);
      case '[':
        return ReadElements(builder_.MakeList(value, place_), depth + 1);
      case '"':
        return ReadString(builder_.MakeText(value, place_));
      case 't':
        builder_.SetBool(value, true, place_);
        return ReadWord("true");
      case 'f':
        builder_.SetBool(value, false, place_);
        return ReadWord("false");
      case 'n':
        builder_.SetNull(value, place_);
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

  bool ReadNumber(Value* value) {
    const size_t start = place_;
    Take('-');
    if (!Take('0') && !ReadDigits()) return false;
    if (Take('.') && !ReadDigits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      if (!ReadDigits()) return false;
    }
    return builder_.SetNumber(value, text_.substr(start, place_ - start), start) ||
           Fail("the number is too large or too small");
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

  static void AppendUtf8(uint32_t code, std::string* text) {
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

  const absl::string_view text_;
  const int deepest_;
  Builder& builder_;
  size_t place_ = 0;
  JsonProblem problem_;
};

}  // namespace waymark::document

#endif  // WAYMARK_COMMON_DOCUMENT_JSON_PARSER_H_
