#include "services/cli/progress_line.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/cli/table.h"

namespace waymark::cli {
namespace {

constexpr int kBarWidth = 24;

std::string InWords(absl::Duration duration) {
  const auto seconds = static_cast<int64_t>(std::ceil(absl::ToDoubleSeconds(duration)));
  if (seconds < 60) return absl::StrCat(seconds, " s");
  if (seconds < 3600) return absl::StrFormat("%d:%02d min", seconds / 60, seconds % 60);
  return absl::StrFormat("%d:%02d h", seconds / 3600, seconds % 3600 / 60);
}

}  // namespace

std::string ProgressText(double fraction, int64_t count, absl::Duration elapsed, absl::string_view noun) {
  std::string text;
  if (fraction >= 0) {
    const std::string bar = Bar(fraction, kBarWidth);
    // A character of the bar takes three bytes.
    absl::StrAppend(&text, bar, std::string(kBarWidth - bar.size() / 3, ' '),
                    absl::StrFormat(" %3d %%  ", static_cast<int>(fraction * 100)));
  }
  absl::StrAppend(&text, Grouped(count), " ", noun);
  const double seconds = absl::ToDoubleSeconds(elapsed);
  if (seconds > 0) absl::StrAppend(&text, "  ", Grouped(std::llround(static_cast<double>(count) / seconds)), "/s");
  // Before a second has passed, guesses of the end are wild.
  if (fraction > 0 && seconds >= 1)
    absl::StrAppend(&text, "  ", InWords(elapsed * ((1 - fraction) / fraction)), " left");
  return text;
}

ProgressLine::~ProgressLine() {
  absl::MutexLock lock(&mutex_);
  Clear();
}

void ProgressLine::Show(double fraction, int64_t count) {
  const absl::Duration now = elapsed();
  absl::MutexLock lock(&mutex_);
  if (now < next_show_) return;
  const bool first = next_show_ == absl::ZeroDuration();
  next_show_ = now + (is_terminal_ ? absl::Milliseconds(100) : absl::Seconds(10));
  if (is_terminal_) {
    Clear();
    out_ << ProgressText(fraction, count, now, noun_) << std::flush;
    drawn_ = true;
  } else if (!first) {
    out_ << ProgressText(fraction, count, now, noun_) << std::endl;
  }
}

void ProgressLine::Note(absl::string_view line) {
  const absl::Duration now = elapsed();
  absl::MutexLock lock(&mutex_);
  if (now < next_note_) return;
  next_note_ = now + absl::Seconds(1);
  Clear();
  out_ << line << std::endl;
}

absl::Duration ProgressLine::elapsed() const { return absl::FromChrono(std::chrono::steady_clock::now() - begun_); }

void ProgressLine::Clear() {
  if (drawn_) out_ << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace waymark::cli
