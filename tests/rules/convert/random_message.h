// Random messages whose form is right, made from what the protos say of each field.
#ifndef WAYMARK_TESTS_RULES_CONVERT_RANDOM_MESSAGE_H_
#define WAYMARK_TESTS_RULES_CONVERT_RANDOM_MESSAGE_H_

#include <cstdint>
#include <random>
#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "waymark/type/v1/form.pb.h"

namespace waymark::rules {

// The same seed gives the same messages everywhere. Texts are of the kind that files get wrong: like numbers, of
// several lines, with control characters, in every script.
class RandomMessages {
 public:
  explicit RandomMessages(uint64_t seed) : random_(seed) {}

  // Fills an empty message so that CheckForm finds nothing in it.
  void Fill(google::protobuf::Message& message) { Fill(message, 0); }

  // Changes something anywhere in the message: its form may be wrong then.
  void Mutate(google::protobuf::Message& message);

  // From 0 to below `bound`.
  uint64_t Below(uint64_t bound) { return random_() % bound; }
  bool OneIn(uint64_t n) { return Below(n) == 0; }

 private:
  void Fill(google::protobuf::Message& message, int depth);
  void FillField(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field, int depth);
  void FillOne(google::protobuf::Message& message, const google::protobuf::FieldDescriptor& field, int depth);
  const google::protobuf::FieldDescriptor& Choose(const google::protobuf::OneofDescriptor& choice, int depth);
  bool FillWellKnown(google::protobuf::Message& message, const type::v1::Form& form, int depth);
  std::string Text(const type::v1::Form& form);
  std::string FreeText();
  double Number();

  std::mt19937_64 random_;
  uint64_t names_ = 0;  // Makes every key another one.
};

}  // namespace waymark::rules

#endif  // WAYMARK_TESTS_RULES_CONVERT_RANDOM_MESSAGE_H_
