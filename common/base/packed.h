// Numbers and texts packed into bytes, and taken out again. Numbers are varints (LEB128, as in protobuf), signed ones
// are folded first (0, -1, 1, -2 … become 0, 1, 2, 3 …, as protobuf's sint64), texts have their length in front.
#ifndef WAYMARK_COMMON_BASE_PACKED_H_
#define WAYMARK_COMMON_BASE_PACKED_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace waymark {

inline void PutNumber(uint64_t number, std::string& out) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(number | 0x80));
  out.push_back(static_cast<char>(number));
}

inline void PutSigned(int64_t number, std::string& out) {
  PutNumber(static_cast<uint64_t>(number) << 1 ^ static_cast<uint64_t>(number >> 63), out);
}

inline void PutText(absl::string_view text, std::string& out) {
  PutNumber(text.size(), out);
  out.append(text.data(), text.size());
}

// Takes from the front of `bytes`, which must outlive what it returns. Once the bytes ended too soon or were no number,
// ok() is false and every call answers 0 or nothing: a reader asks once, at the end.
class Unpacker {
 public:
  explicit Unpacker(absl::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  uint64_t Number() {
    uint64_t number = 0;
    for (int shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto byte = static_cast<unsigned char>(*at_++);
      if (shift == 63 && byte > 1) break;
      number |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return number;
    }
    return Fail();
  }

  int64_t Signed() {
    const uint64_t number = Number();
    return static_cast<int64_t>(number >> 1 ^ (~(number & 1) + 1));
  }

  // The next `size` bytes.
  absl::string_view Bytes(uint64_t size) {
    if (size > static_cast<uint64_t>(end_ - at_)) {
      Fail();
      return {};
    }
    const absl::string_view bytes(at_, size);
    at_ += size;
    return bytes;
  }

  absl::string_view Text() { return Bytes(Number()); }

  size_t left() const { return end_ - at_; }
  bool AtEnd() const { return at_ == end_; }
  bool ok() const { return ok_; }

 private:
  uint64_t Fail() {
    ok_ = false;
    at_ = end_;
    return 0;
  }

  const char* at_;
  const char* const end_;
  bool ok_ = true;
};

}  // namespace waymark

#endif  // WAYMARK_COMMON_BASE_PACKED_H_
