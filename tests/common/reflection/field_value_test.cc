#include "common/reflection/field_value.h"

#include <google/protobuf/type.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <concepts>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace waymark::reflection {
namespace {

// The kind of what it is given, and what it is.
struct Kind {
  std::string operator()(const google::protobuf::Message& message) const { return message.GetTypeName(); }
  std::string operator()(const std::string& text) const { return absl::StrCat("text ", text); }
  std::string operator()(const google::protobuf::EnumValueDescriptor& value) const { return value.name(); }
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
  std::string operator()(double number) const { return absl::StrCat("double ", number); }
  std::string operator()(float number) const { return absl::StrCat("float ", number); }
  template <std::integral Integer>
  std::string operator()(Integer number) const {
    return absl::StrCat(std::signed_integral<Integer> ? "int" : "uint", 8 * sizeof(number), " ", number);
  }
};

template <typename Wrapper, typename Value>
std::string KindIn(Value value) {
  Wrapper wrapper;
  wrapper.set_value(value);
  return VisitValue(wrapper, *Wrapper::descriptor()->field(0), -1, Kind());
}

std::string KindOf(const google::protobuf::Message& message, const std::string& field, int index) {
  return VisitValue(message, *message.GetDescriptor()->FindFieldByName(field), index, Kind());
}

TEST(FieldValueTest, EveryTypeIsVisitedAsWhatItIs) {
  EXPECT_EQ(KindIn<google::protobuf::Int32Value>(-1), "int32 -1");
  EXPECT_EQ(KindIn<google::protobuf::Int64Value>(-2), "int64 -2");
  EXPECT_EQ(KindIn<google::protobuf::UInt32Value>(1), "uint32 1");
  EXPECT_EQ(KindIn<google::protobuf::UInt64Value>(2), "uint64 2");
  EXPECT_EQ(KindIn<google::protobuf::DoubleValue>(0.5), "double 0.5");
  EXPECT_EQ(KindIn<google::protobuf::FloatValue>(1.5f), "float 1.5");
  EXPECT_EQ(KindIn<google::protobuf::BoolValue>(true), "true");
  EXPECT_EQ(KindIn<google::protobuf::StringValue>("acme"), "text acme");
  EXPECT_EQ(KindIn<google::protobuf::BytesValue>("acme"), "text acme");
}

TEST(FieldValueTest, ElementsAreVisitedByTheirPlace) {
  google::protobuf::Type type;
  type.set_syntax(google::protobuf::SYNTAX_PROTO3);
  type.add_oneofs("first");
  type.add_oneofs("second");
  type.add_fields();
  EXPECT_EQ(KindOf(type, "syntax", -1), "SYNTAX_PROTO3");
  EXPECT_EQ(KindOf(type, "oneofs", 0), "text first");
  EXPECT_EQ(KindOf(type, "oneofs", 1), "text second");
  EXPECT_EQ(KindOf(type, "fields", 0), "google.protobuf.Field");
  EXPECT_EQ(KindOf(type, "source_context", -1), "google.protobuf.SourceContext");
}

}  // namespace
}  // namespace waymark::reflection
