#include "services/notification/template.h"

#include <kainjow/mustache.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace waymark::notification {
namespace {

constexpr int kMostDepth = 8;  // Messages need two or three; rendering recurses once per level.

std::string WhatIsWrongWithTag(absl::string_view tag, const std::set<std::string>& known) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(tag);
  if (trimmed.empty()) return "has an empty tag {{}}: name a variable";
  const char sigil = trimmed[0];
  if (sigil == '!') return "";  // A comment.
  if (sigil == '>' || sigil == '=' || sigil == '&' || sigil == '{') {
    return absl::StrCat("has a tag {{", trimmed,
                        "}}: only {{name}}, {{#name}}, {{^name}}, {{/name}} and {{! …}} may be used");
  }
  const bool section = sigil == '#' || sigil == '^' || sigil == '/';
  const absl::string_view name = absl::StripAsciiWhitespace(section ? trimmed.substr(1) : trimmed);
  if (known.contains(std::string(name))) return "";
  return absl::StrCat("names the unknown variable ", name, ": there are ", absl::StrJoin(known, ", "));
}

}  // namespace

std::string WhatIsWrongWithTemplate(absl::string_view text, const std::set<std::string>& known) {
  // The tags are looked at here, because the library ignores unknown names; it is asked only about those templates that
  // hold nothing but plain tags, which this reads as it does.
  int depth = 0;
  for (size_t begin = text.find("{{"); begin != text.npos;) {
    const size_t end = text.find("}}", begin + 2);
    if (end == text.npos) return "has a tag that is not closed: end it with }}";
    const absl::string_view tag = text.substr(begin + 2, end - begin - 2);
    const std::string wrong = WhatIsWrongWithTag(tag, known);
    if (!wrong.empty()) return wrong;
    const char sigil = absl::StripAsciiWhitespace(tag)[0];
    if (sigil == '#' || sigil == '^') ++depth;
    if (sigil == '/') --depth;
    if (depth > kMostDepth) return absl::StrCat("has sections deeper than ", kMostDepth, ": simplify it");
    begin = text.find("{{", end + 2);
  }
  const kainjow::mustache::mustache parsed{std::string(text)};
  return parsed.is_valid() ? "" : absl::StrCat("is malformed: ", parsed.error_message());
}

std::string Render(absl::string_view text, const Variables& values) {
  kainjow::mustache::data data{kainjow::mustache::data::type::object};
  for (const auto& [name, value] : values) data.set(name, value);
  kainjow::mustache::mustache parsed{std::string(text)};
  parsed.set_custom_escape([](const std::string& value) { return value; });
  return parsed.render(data);
}

}  // namespace waymark::notification
