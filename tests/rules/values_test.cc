#include "services/rules/values.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::rules {
namespace {

using ::testing::Optional;

ValueCondition Is(std::string name, Comparison comparison, std::vector<Value> values = {}) {
  return {.name = std::move(name), .comparison = comparison, .values = std::move(values)};
}

Choice Choose(const std::vector<std::pair<ValueCondition, bool>>& wishes, bool date = false) {
  std::vector<Wish> all;
  for (const auto& [condition, fulfilled] : wishes) all.push_back({&condition, fulfilled});
  return ChooseValue(all, date);
}

TEST(ValuesTest, AValueIsChosenThatFulfilsEveryWish) {
  EXPECT_THAT(Choose({{Is("seats", Comparison::kAtLeast, {10.0}), true},
                      {Is("seats", Comparison::kLessThan, {12.0}), true},
                      {Is("seats", Comparison::kEquals, {10.0}), false}})
                  .value,
              Optional(Value(11.0)));
  const Choice text = Choose({{Is("plan", Comparison::kContains, {std::string("pro")}), true},
                              {Is("plan", Comparison::kContains, {std::string("annual")}), true},
                              {Is("plan", Comparison::kContains, {std::string("trial")}), false}});
  ASSERT_TRUE(text.value.has_value());
  EXPECT_FALSE(text.impossible);
}

TEST(ValuesTest, ThatThereIsNoneMayFulfilThem) {
  const Choice none = Choose(
      {{Is("plan", Comparison::kNotOneOf, {std::string("free")}), true}, {Is("plan", Comparison::kExists), false}});
  EXPECT_FALSE(none.impossible);
  EXPECT_THAT(none.value, Optional(Value()));
}

TEST(ValuesTest, WishesThatExcludeEachOtherAreImpossible) {
  const std::vector<std::vector<std::pair<ValueCondition, bool>>> impossible = {
      {{Is("x", Comparison::kExists), true}, {Is("x", Comparison::kNotExists), true}},
      {{Is("x", Comparison::kEquals, {1.0}), true}, {Is("x", Comparison::kEquals, {std::string("1")}), true}},
      {{Is("x", Comparison::kMoreThan, {5.0}), true}, {Is("x", Comparison::kAtMost, {5.0}), true}},
      {{Is("x", Comparison::kOneOf, {true, false}), true}, {Is("x", Comparison::kNotOneOf, {false, true}), true}},
      {{Is("x", Comparison::kContains, {std::string("gold")}), true},
       {Is("x", Comparison::kContains, {std::string("old")}), false}},
      {{Is("x", Comparison::kAtLeast, {1.0}), true}, {Is("x", Comparison::kContains, {std::string("a")}), true}},
      {{Is("x", Comparison::kEquals, {1.0}), true}, {Is("x", Comparison::kAtLeast, {0.5}), false}},
  };
  for (size_t i = 0; i < impossible.size(); ++i) EXPECT_TRUE(Choose(impossible[i]).impossible) << i;
}

TEST(ValuesTest, AListFulfilsWhatOnlyAsksThatThereIsSomething) {
  // Neither a truth value nor a number nor a text is left, but a list is.
  EXPECT_FALSE(Choose({{Is("x", Comparison::kExists), true},
                       {Is("x", Comparison::kOneOf, {true, false}), false},
                       {Is("x", Comparison::kContains, {std::string()}), false},
                       {Is("x", Comparison::kAtLeast, {0.0}), false},
                       {Is("x", Comparison::kAtMost, {0.0}), false}})
                   .impossible);
}

TEST(ValuesTest, ADateIsATextThatSaysADay) {
  EXPECT_THAT(Choose({}, /*date=*/true).value, Optional(Value(std::string("2026-03-02"))));
  EXPECT_TRUE(Choose({{Is("renewal_date", Comparison::kAtLeast, {1.0}), true}}, true).impossible);
  EXPECT_TRUE(Choose({{Is("renewal_date", Comparison::kExists), false}}, true).impossible);
  const Choice unknown = Choose({{Is("renewal_date", Comparison::kEquals, {std::string("soon")}), true}}, true);
  EXPECT_FALSE(unknown.value.has_value());
}

TEST(ValuesTest, ValuesAreCountedWhereTheyEnd) {
  const ValueCondition listed = Is("x", Comparison::kOneOf, {std::string("a"), std::string("b"), std::string("a")});
  const ValueCondition not_b = Is("x", Comparison::kNotOneOf, {std::string("b")});
  const std::vector<Wish> both = {{&listed}, {&not_b}};
  EXPECT_THAT(CountValues(both), Optional(size_t{1}));
  const std::vector<Wish> endless = {{&not_b}};
  EXPECT_EQ(CountValues(endless), std::nullopt);
}

TEST(ValuesTest, ANarrowPatternIsWithinAWideOne) {
  const EventPattern paid{{"paid"}, {Is("total", Comparison::kAtLeast, {100.0})}};
  EXPECT_TRUE(IsWithin(paid, {}));
  EXPECT_TRUE(IsWithin(paid, {{"paid", "refunded"}, {Is("total", Comparison::kMoreThan, {50.0})}}));
  EXPECT_FALSE(IsWithin(paid, {{"refunded"}, {}}));
  EXPECT_FALSE(IsWithin(paid, {{"paid"}, {Is("total", Comparison::kMoreThan, {100.0})}}));
  EXPECT_FALSE(IsWithin(paid, {{"paid"}, {Is("currency", Comparison::kExists)}}));
  EXPECT_FALSE(IsWithin({}, {{"paid"}, {}}));
  EXPECT_TRUE(IsPossible(paid));
  EXPECT_FALSE(
      IsPossible({{"paid"}, {Is("total", Comparison::kAtLeast, {1.0}), Is("total", Comparison::kLessThan, {1.0})}}));
}

}  // namespace
}  // namespace waymark::rules
