#include "services/cli/input.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace waymark::cli {
namespace {

constexpr size_t kChunk = 64 * 1024;

// A file as it is.
class FileInput final : public Input {
 public:
  FileInput(std::FILE* file, std::string name, int64_t size)
      : file_(file, &std::fclose), name_(std::move(name)), size_(size), chunk_(kChunk, '\0') {}

  absl::StatusOr<absl::string_view> Read() override {
    const size_t count = std::fread(chunk_.data(), 1, chunk_.size(), file_.get());
    if (count == 0 && std::ferror(file_.get()) != 0) {
      return absl::DataLossError(absl::StrCat(name_, " cannot be read on: ", std::strerror(errno)));
    }
    taken_ += static_cast<int64_t>(count);
    return absl::string_view(chunk_.data(), count);
  }

  double fraction() const override {
    if (size_ <= 0) return -1;
    return std::min(1.0, static_cast<double>(taken_) / static_cast<double>(size_));
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
  const std::string name_;
  const int64_t size_;  // 0 where nobody knows.
  std::atomic<int64_t> taken_ = 0;
  std::string chunk_;
};

// The same, unpacked where its first bytes say that it is gzipped.
class UnpackedInput final : public Input {
 public:
  UnpackedInput(std::unique_ptr<Input> packed, std::string name)
      : packed_(std::move(packed)), name_(std::move(name)), chunk_(kChunk, '\0') {}
  ~UnpackedInput() override {
    if (is_gzip_) inflateEnd(&stream_);
  }

  absl::StatusOr<absl::string_view> Read() override {
    if (!begun_) {
      begun_ = true;
      ASSIGN_OR_RETURN(fresh_, packed_->Read());
      // A file of more than a few bytes comes with both magic bytes in its first chunk.
      is_gzip_ = fresh_.size() >= 2 && fresh_[0] == '\x1f' && fresh_[1] == '\x8b';
      if (is_gzip_) inflateInit2(&stream_, 16 + MAX_WBITS);
      if (!is_gzip_) return fresh_;
    }
    return is_gzip_ ? Unpack() : packed_->Read();
  }

  double fraction() const override { return packed_->fraction(); }

 private:
  absl::StatusOr<absl::string_view> Unpack() {
    while (true) {
      if (fresh_.empty()) {
        ASSIGN_OR_RETURN(fresh_, packed_->Read());
        if (fresh_.empty() && member_ended_) return absl::string_view();
        if (fresh_.empty()) {
          return absl::DataLossError(
              absl::StrCat(name_, " is cut: the gzipped data ends too early; get the whole file"));
        }
      }
      // Several gzip files one after the other are one.
      if (member_ended_) inflateReset(&stream_);
      member_ended_ = false;
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(fresh_.data()));
      stream_.avail_in = static_cast<uInt>(fresh_.size());
      stream_.next_out = reinterpret_cast<Bytef*>(chunk_.data());
      stream_.avail_out = static_cast<uInt>(chunk_.size());
      const int result = inflate(&stream_, Z_NO_FLUSH);
      fresh_.remove_prefix(fresh_.size() - stream_.avail_in);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
        return absl::DataLossError(absl::StrCat(name_, " is damaged: the gzipped data is not right (",
                                                stream_.msg == nullptr ? "zlib" : stream_.msg,
                                                "); get the file again"));
      }
      member_ended_ = result == Z_STREAM_END;
      const size_t count = chunk_.size() - stream_.avail_out;
      if (count > 0) return absl::string_view(chunk_.data(), count);
    }
  }

  std::unique_ptr<Input> packed_;
  const std::string name_;
  bool begun_ = false;
  bool is_gzip_ = false;
  bool member_ended_ = false;
  absl::string_view fresh_;  // Packed bytes not yet unpacked.
  z_stream stream_ = {};
  std::string chunk_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Input>> Input::Open(const std::string& path) {
  if (path == "-") {
    // Standard input is closed with the process; closing a duplicate leaves it alone.
    return std::make_unique<UnpackedInput>(std::make_unique<FileInput>(fdopen(dup(STDIN_FILENO), "rb"), "the input", 0),
                                           "the input");
  }
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) return absl::NotFoundError(absl::StrCat("cannot open ", path, ": ", std::strerror(errno)));
  struct stat about = {};
  fstat(fileno(file), &about);
  auto input = std::make_unique<FileInput>(file, path, S_ISREG(about.st_mode) ? about.st_size : 0);
  if (S_ISDIR(about.st_mode)) return absl::NotFoundError(absl::StrCat(path, " is a folder; name a file"));
  return std::make_unique<UnpackedInput>(std::move(input), path);
}

}  // namespace waymark::cli
