// What a YAML or JSON text says before any message is known: mappings, lists and scalars with their places.
#ifndef WAYMARK_COMMON_DOCUMENT_NODE_H_
#define WAYMARK_COMMON_DOCUMENT_NODE_H_

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/document/document.h"

namespace waymark::document {

struct Node {
  enum class Kind { kNull, kScalar, kMap, kList };

  Kind kind = Kind::kNull;
  Position position;
  std::string text;                // Of a scalar.
  bool quoted = false;             // A scalar that is text, whatever it looks like.
  std::vector<const Node*> parts;  // A list's elements, or a map's keys and values in turns.
};

// The documents of a text, or why there are none. Parts are shared where YAML's aliases share them, never in a circle.
struct Nodes {
  std::deque<Node> all;
  std::vector<const Node*> documents;
  std::optional<Problem> problem;
};

Nodes ReadYamlNodes(absl::string_view text, const Limits& limits);
Nodes ReadJsonNodes(absl::string_view text, const Limits& limits);

}  // namespace waymark::document

#endif  // WAYMARK_COMMON_DOCUMENT_NODE_H_
