// A folder of a test's own, removed with everything in it when the object goes.
//
//   const support::TempDir dir;
//   WriteTo(dir.path() + "/events.csv");
#ifndef WAYMARK_TESTS_SUPPORT_TEMP_DIR_H_
#define WAYMARK_TESTS_SUPPORT_TEMP_DIR_H_

#include <string>

namespace waymark::support {

class TempDir {
 public:
  // Creates `waymark-XXXXXX` below $TMPDIR, else below /tmp; aborts where that is impossible.
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  // Absolute, without a slash at the end. Short enough for a unix socket in it.
  const std::string& path() const { return path_; }
  // `path()/name`.
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// Writes a file, and reads one; both abort where that fails.
void WriteFile(const std::string& path, const std::string& content);
std::string ReadFile(const std::string& path);

}  // namespace waymark::support

#endif  // WAYMARK_TESTS_SUPPORT_TEMP_DIR_H_
