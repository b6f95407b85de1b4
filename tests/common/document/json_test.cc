// What json.h promises.
#include "common/document/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "absl/strings/str_cat.h"

namespace waymark::document {
namespace {

using testing::HasSubstr;

std::string ProblemOf(absl::string_view json) {
  auto object = ReadJsonObject(json);
  const auto* problem = std::get_if<JsonProblem>(&object);
  return problem == nullptr ? "" : absl::StrCat(problem->offset, ": ", problem->message);
}

TEST(JsonTest, ReadsEveryKindOfValue) {
  auto object =
      ReadJsonObject(R"( {"a": [1, -2.5e2, true, false, null, "x", {}, []], "b\u00e4\ud83d\ude00\n": "\"\\\/"} )");
  const auto* fields = std::get_if<google::protobuf::Struct>(&object);
  ASSERT_NE(fields, nullptr);
  const auto& list = fields->fields().at("a").list_value();
  EXPECT_EQ(list.values(1).number_value(), -250);
  EXPECT_TRUE(list.values(2).bool_value());
  EXPECT_TRUE(list.values(4).has_null_value());
  EXPECT_TRUE(list.values(6).has_struct_value());
  EXPECT_EQ(fields->fields().at("bä😀\n").string_value(), "\"\\/");
}

TEST(JsonTest, TellsWhereItIsNoJson) {
  EXPECT_EQ(ProblemOf("[1]"), "0: expected a JSON object: {\"name\": value, …}");
  EXPECT_EQ(ProblemOf("{a: 1}"), "1: expected a name in double quotes");
  EXPECT_EQ(ProblemOf(R"({"a" 1})"), "5: expected ':'");
  EXPECT_EQ(ProblemOf(R"({"a": 1,})"), "8: expected a name in double quotes");
  EXPECT_EQ(ProblemOf(R"({"a": 1)"), "7: expected ',' or '}'");
  EXPECT_EQ(ProblemOf(R"({"a": 007})"), "7: expected ',' or '}'");
  EXPECT_EQ(ProblemOf(R"({"a": NaN})"), "6: expected a value");
  EXPECT_EQ(ProblemOf(R"({"a": 1e999})"), "11: the number is too large or too small");
  EXPECT_EQ(ProblemOf(R"({"a": "x)"), "8: ends inside a string");
  EXPECT_EQ(ProblemOf(R"({"a": "\x"})"), "8: not an escape; write \\\\ for a backslash");
  EXPECT_EQ(ProblemOf(R"({"a": "\ud800"})"), "13: half a surrogate pair");
  EXPECT_EQ(ProblemOf(R"({"a": 1, "a": 2})"), "9: the name \"a\" stands here twice");
  EXPECT_EQ(ProblemOf("{} x"), "3: nothing may follow the object");
  EXPECT_EQ(ProblemOf("{\"a\": \"\xFF\"}"), "0: not UTF-8: save the file as UTF-8");
  EXPECT_THAT(ProblemOf(absl::StrCat("{\"a\": ", std::string(100'000, '['))), HasSubstr("nested too deep"));
}

}  // namespace
}  // namespace waymark::document
