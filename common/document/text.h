// Texts as scalars of YAML.
#ifndef WAYMARK_COMMON_DOCUMENT_TEXT_H_
#define WAYMARK_COMMON_DOCUMENT_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"
#include "common/document/problem.h"

namespace waymark::document {

// Whether the text is a number in JSON, such as `-1.5e3`.
bool IsJsonNumber(absl::string_view text);

// The text as it may stand on one line, also in a list or mapping on that line: as it is where every reader of YAML
// takes it for this text, else in double quotes. `text` must be UTF-8.
std::string InlineScalar(absl::string_view text);

// Whether the text is better read over several lines, and says the same there: it has line breaks and nothing that
// could not be seen.
bool IsBlock(absl::string_view text);

// Such a text as a literal block, `|` and all, its lines after `indent`; ends with a line break.
std::string BlockScalar(absl::string_view text, absl::string_view indent);

// The number so that it is read back as the same one.
std::string NumberText(double number);
std::string NumberText(float number);

// Where the byte at `offset` stands.
Position PositionAt(absl::string_view text, size_t offset);

// How many bytes at the beginning are well-formed UTF-8.
size_t Utf8Prefix(absl::string_view text);

}  // namespace waymark::document

#endif  // WAYMARK_COMMON_DOCUMENT_TEXT_H_
