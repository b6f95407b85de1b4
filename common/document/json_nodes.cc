#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/document/json_parser.h"
#include "common/document/node.h"
#include "common/document/text.h"

namespace waymark::document {
namespace {

// Counts line breaks once, since places come in their order.
class Places {
 public:
  explicit Places(absl::string_view text) : text_(text) {}

  Position At(size_t offset) {
    for (; done_ < offset; ++done_) {
      if (text_[done_] != '\n') continue;
      ++line_;
      line_start_ = done_ + 1;
    }
    return {.line = line_, .column = 1 + static_cast<int>(offset - line_start_)};
  }

 private:
  const absl::string_view text_;
  size_t done_ = 0;
  size_t line_start_ = 0;
  int line_ = 1;
};

// Names that stand twice are left to the reader of messages, which tells them all.
struct NodeBuilder {
  using Value = Node;
  using Object = Node;
  using List = Node;

  Node* Make(Node* node, Node::Kind kind, size_t place) {
    node->kind = kind;
    node->position = places.At(place);
    return node;
  }
  Node* Add(Node* parent) {
    parent->parts.push_back(&all.emplace_back());
    return &all.back();
  }

  Node* MakeObject(Node* node, size_t place) { return Make(node, Node::Kind::kMap, place); }
  Node* MakeList(Node* node, size_t place) { return Make(node, Node::Kind::kList, place); }
  Node* AddMember(Node* object, std::string name, size_t place) {
    *MakeText(Add(object), place) = std::move(name);
    return Add(object);
  }
  Node* AddElement(Node* list) { return Add(list); }
  std::string* MakeText(Node* node, size_t place) {
    Make(node, Node::Kind::kScalar, place)->quoted = true;
    return &node->text;
  }
  bool SetNumber(Node* node, absl::string_view digits, size_t place) {
    Make(node, Node::Kind::kScalar, place)->text = std::string(digits);
    return true;
  }
  void SetBool(Node* node, bool is_true, size_t place) {
    Make(node, Node::Kind::kScalar, place)->text = is_true ? "true" : "false";
  }
  void SetNull(Node* node, size_t place) { Make(node, Node::Kind::kNull, place); }

  bool IsFull() const { return all.size() > most; }

  std::deque<Node>& all;
  Places places;
  size_t most;
};

}  // namespace

Nodes ReadJsonNodes(absl::string_view text, const Limits& limits) {
  Nodes nodes;
  NodeBuilder builder{.all = nodes.all, .places = Places(text), .most = static_cast<size_t>(limits.values)};
  Node* const root = &nodes.all.emplace_back();
  JsonParser<NodeBuilder> parser(text, limits.depth, builder);
  if (!parser.ReadValueAlone(root)) {
    const JsonProblem problem = std::move(parser).problem();
    nodes.problem = Problem{.position = PositionAt(text, problem.offset),
                            .message = absl::StrCat("malformed JSON: ", problem.message)};
  } else {
    nodes.documents.push_back(root);
  }
  return nodes;
}

}  // namespace waymark::document
