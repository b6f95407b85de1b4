#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <sstream>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/document/node.h"

namespace waymark::document {
namespace {

Position ToPosition(const YAML::Mark& mark) { return {.line = mark.line + 1, .column = mark.column + 1}; }

// Makes nodes of what yaml-cpp's parser tells. It stops the parser by an exception, as the parser stops itself.
class NodeMaker final : public YAML::EventHandler {
 public:
  NodeMaker(const Limits& limits, Nodes* nodes) : limits_(limits), nodes_(*nodes) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    // At a bracket that closes nothing yaml-cpp finds one empty document after the other, for ever.
    if (mark.pos <= last_start_) throw YAML::ParserException(mark, "what stands here belongs to nothing");
    last_start_ = mark.pos;
    anchors_.clear();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { Add(Node::Kind::kNull, mark, anchor); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw YAML::ParserException(mark, "the alias names nothing");
    for (const Node* open : open_) {
      if (open == found->second) throw YAML::ParserException(mark, "the alias stands inside of what it names");
    }
    Put(found->second);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node& node = Add(Node::Kind::kScalar, mark, anchor);
    node.text = value;
    node.quoted = tag == "!" || IsTag(tag, "str", mark);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Node::Kind::kList, mark, tag, anchor);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Node::Kind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  // Whether the tag is YAML's own of this name. One that is nobody's means something that is not understood here.
  static bool IsTag(absl::string_view tag, absl::string_view name, const YAML::Mark& mark) {
    if (tag.empty() || tag == "?" || tag == "!") return false;
    if (absl::ConsumePrefix(&tag, "tag:yaml.org,2002:")) return tag == name;
    throw YAML::ParserException(mark, absl::StrCat("the tag ", tag, " is not known; take it out"));
  }

  Node& Add(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (nodes_.all.size() >= static_cast<size_t>(limits_.values)) {
      throw YAML::ParserException(mark, absl::StrCat("there are more than ", limits_.values, " values"));
    }
    Node& node = nodes_.all.emplace_back();
    node.kind = kind;
    node.position = ToPosition(mark);
    if (anchor != YAML::NullAnchor) anchors_[anchor] = &node;
    Put(&node);
    return node;
  }

  void Open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (open_.size() >= static_cast<size_t>(limits_.depth)) {
      throw YAML::ParserException(mark, absl::StrCat("it is nested more than ", limits_.depth, " deep"));
    }
    static_cast<void>(IsTag(tag, "", mark));
    open_.push_back(&Add(kind, mark, anchor));
  }

  void Put(const Node* node) {
    if (open_.empty()) {
      nodes_.documents.push_back(node);
    } else {
      open_.back()->parts.push_back(node);
    }
  }

  const Limits& limits_;
  Nodes& nodes_;
  int last_start_ = -1;  // Of the document before, in bytes.
  std::vector<Node*> open_;
  absl::flat_hash_map<YAML::anchor_t, const Node*> anchors_;
};

}  // namespace

Nodes ReadYamlNodes(absl::string_view text, const Limits& limits) {
  Nodes nodes;
  NodeMaker maker(limits, &nodes);
  std::istringstream stream{std::string(text)};
  try {
    // yaml-cpp says by exceptions alone what is malformed.
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(maker)) {
    }
  } catch (const YAML::Exception& malformed) {
    nodes.problem =
        Problem{.position = ToPosition(malformed.mark), .message = absl::StrCat("malformed YAML: ", malformed.msg)};
  }
  return nodes;
}

}  // namespace waymark::document
