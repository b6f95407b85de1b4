// The value of a field that is known only by its descriptor.
#ifndef WAYMARK_COMMON_REFLECTION_FIELD_VALUE_H_
#define WAYMARK_COMMON_REFLECTION_FIELD_VALUE_H_

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdlib>

namespace waymark::reflection {

// What `visit` makes of a field's value, or of its `index`-th element; `index` is -1 where the field is not repeated.
// It is given an int32_t, int64_t, uint32_t, uint64_t, double, float, bool, a std::string, an EnumValueDescriptor or a
// Message, and answers the same type for all of them.
template <typename Visit>
auto VisitValue(const google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field, int index,
                const Visit& visit) {
  using google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const bool one = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return visit(one ? reflection.GetInt32(message, &field) : reflection.GetRepeatedInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_INT64:
      return visit(one ? reflection.GetInt64(message, &field) : reflection.GetRepeatedInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT32:
      return visit(one ? reflection.GetUInt32(message, &field) : reflection.GetRepeatedUInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_UINT64:
      return visit(one ? reflection.GetUInt64(message, &field) : reflection.GetRepeatedUInt64(message, &field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return visit(one ? reflection.GetDouble(message, &field) : reflection.GetRepeatedDouble(message, &field, index));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return visit(one ? reflection.GetFloat(message, &field) : reflection.GetRepeatedFloat(message, &field, index));
    case FieldDescriptor::CPPTYPE_BOOL:
      return visit(one ? reflection.GetBool(message, &field) : reflection.GetRepeatedBool(message, &field, index));
    case FieldDescriptor::CPPTYPE_STRING:
      return visit(one ? reflection.GetString(message, &field) : reflection.GetRepeatedString(message, &field, index));
    case FieldDescriptor::CPPTYPE_ENUM:
      return visit(one ? *reflection.GetEnum(message, &field) : *reflection.GetRepeatedEnum(message, &field, index));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return visit(one ? reflection.GetMessage(message, &field)
                       : reflection.GetRepeatedMessage(message, &field, index));
  }
  std::abort();  // There are no other types.
}

}  // namespace waymark::reflection

#endif  // WAYMARK_COMMON_REFLECTION_FIELD_VALUE_H_
