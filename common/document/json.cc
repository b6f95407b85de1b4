#include "common/document/json.h"

#include <utility>

#include "absl/strings/charconv.h"
#include "common/base/checks.h"
#include "common/document/json_parser.h"

namespace waymark::document {
namespace {

// The server takes properties 8 levels deep; what is deeper is refused there, by name. This bounds our own stack.
constexpr int kDeepest = 64;

struct StructBuilder {
  using Value = google::protobuf::Value;
  using Object = google::protobuf::Struct;
  using List = google::protobuf::ListValue;

  Object* MakeObject(Value* value, size_t) { return value->mutable_struct_value(); }
  List* MakeList(Value* value, size_t) { return value->mutable_list_value(); }
  Value* AddMember(Object* object, const std::string& name, size_t) {
    auto [entry, is_new] = object->mutable_fields()->insert({name, {}});
    return is_new ? &entry->second : nullptr;
  }
  Value* AddElement(List* list) { return list->add_values(); }
  std::string* MakeText(Value* value, size_t) { return value->mutable_string_value(); }
  bool SetNumber(Value* value, absl::string_view digits, size_t) {
    double number = 0;
    if (absl::from_chars(digits.data(), digits.data() + digits.size(), number).ec != std::errc()) return false;
    value->set_number_value(number);
    return true;
  }
  void SetBool(Value* value, bool is_true, size_t) { value->set_bool_value(is_true); }
  void SetNull(Value* value, size_t) { value->set_null_value(google::protobuf::NULL_VALUE); }
  bool IsFull() const { return false; }  // Who reads lines bounds their length.
};

}  // namespace

std::variant<google::protobuf::Struct, JsonProblem> ReadJsonObject(absl::string_view text) {
  if (!IsUtf8(text)) return JsonProblem{.message = "not UTF-8: save the file as UTF-8"};
  google::protobuf::Struct object;
  StructBuilder builder;
  JsonParser<StructBuilder> parser(text, kDeepest, builder);
  if (!parser.ReadObjectAlone(&object)) return std::move(parser).problem();
  return object;
}

}  // namespace waymark::document
