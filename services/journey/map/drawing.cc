#include "services/journey/map/drawing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace waymark::journey {
namespace {

constexpr char kFonts[] =
    "'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'Noto Sans', 'DejaVu Sans', sans-serif";

// Titles and goals are shorter; only a criterion can have more words, and then nobody reads on.
constexpr size_t kLongestWhole = 8'000;

// With at most one decimal: a tenth of a pixel is below what can be seen.
std::string Number(double number) {
  std::string text = absl::StrFormat("%.1f", number);
  if (absl::EndsWith(text, ".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

// Inert in text and in attributes. What XML 1.0 forbids is gone already (Clean).
std::string Escaped(absl::string_view text) {
  return absl::StrReplaceAll(Clean(text),
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

// The text; of a very long one its beginning, cut between characters.
std::string Whole(std::string text) {
  if (text.size() <= kLongestWhole) return text;
  size_t end = kLongestWhole;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text + "…";
}

std::string Attributes(const Ink& ink) {
  std::string text = absl::StrCat(" fill=\"", ink.fill, "\"");
  if (ink.stroke == "none") return text;
  absl::StrAppend(&text, " stroke=\"", ink.stroke, "\" stroke-width=\"", Number(ink.stroke_width), "\"");
  if (ink.dashed) absl::StrAppend(&text, " stroke-dasharray=\"4 3\"");
  return text;
}

std::string Written(const Rectangle& rectangle) {
  const Box& box = rectangle.box;
  std::string text = absl::StrCat("<rect x=\"", Number(box.x), "\" y=\"", Number(box.y), "\" width=\"",
                                  Number(box.width), "\" height=\"", Number(box.height), "\"");
  if (rectangle.radius > 0) absl::StrAppend(&text, " rx=\"", Number(rectangle.radius), "\"");
  return absl::StrCat(text, Attributes(rectangle.ink), "/>\n");
}

std::string Written(const Path& path) {
  std::string text = absl::StrCat("<path d=\"", path.data, "\"");
  const bool moved = path.x != 0 || path.y != 0 || path.scale != 1;
  if (moved) absl::StrAppend(&text, " transform=\"translate(", Number(path.x), " ", Number(path.y), ")");
  if (path.scale != 1) absl::StrAppend(&text, " scale(", absl::StrFormat("%.3f", path.scale), ")");
  if (moved) absl::StrAppend(&text, "\"");
  return absl::StrCat(text, Attributes(path.ink), " stroke-linecap=\"round\" stroke-linejoin=\"round\"/>\n");
}

std::string Written(const Text& text) {
  const double x = text.align == Align::kMiddle ? text.box.x + text.box.width / 2
                   : text.right_to_left         ? text.box.x + text.box.width
                                                : text.box.x;
  // The baseline lies where the ascenders of the usual fonts fit above it.
  const double baseline = text.box.y + LineHeight(text.font) * 0.77;
  std::string written = absl::StrCat("<text x=\"", Number(x), "\" y=\"", Number(baseline), "\" font-size=\"",
                                     Number(text.font.size), "\" fill=\"", text.colour, "\"");
  if (text.font.bold) absl::StrAppend(&written, " font-weight=\"bold\"");
  if (text.font.italic) absl::StrAppend(&written, " font-style=\"italic\"");
  if (text.font.spacing > 0) absl::StrAppend(&written, " letter-spacing=\"", Number(text.font.spacing), "\"");
  if (text.align == Align::kMiddle) absl::StrAppend(&written, " text-anchor=\"middle\"");
  // With this direction the start of the text, which x names, is its right end.
  if (text.right_to_left) absl::StrAppend(&written, " direction=\"rtl\" unicode-bidi=\"embed\"");
  absl::StrAppend(&written, ">");
  if (!text.whole.empty()) absl::StrAppend(&written, "<title>", Escaped(text.whole), "</title>");
  if (text.lines.size() == 1) {
    absl::StrAppend(&written, Escaped(text.lines[0]));
  } else {
    for (size_t i = 0; i < text.lines.size(); ++i) {
      absl::StrAppend(&written, i == 0 ? "" : "\n", "<tspan x=\"", Number(x), "\" y=\"",
                      Number(baseline + static_cast<double>(i) * LineHeight(text.font)), "\">", Escaped(text.lines[i]),
                      "</tspan>");
    }
  }
  return absl::StrCat(written, "</text>\n");
}

}  // namespace

double LineHeight(const Font& font) { return font.size * 1.3; }

void Flow::Write(absl::string_view text, const Style& style) {
  const std::string clean = Clean(text);
  Lines wrapped = Wrap(clean, style.font, width_, style.most_lines);
  if (wrapped.lines.empty()) return;
  const double height = LineHeight(style.font) * static_cast<double>(wrapped.lines.size());
  drawing_.ink.push_back(Text{.box = {x_, y_, width_, height},
                              .lines = std::move(wrapped.lines),
                              .font = style.font,
                              .colour = style.colour,
                              .align = style.align,
                              .right_to_left = IsRightToLeft(clean),
                              .whole = wrapped.cut ? Whole(clean) : ""});
  y_ += height;
}

void Flow::Indented(double indent, const std::function<void(Flow&)>& inside) {
  Flow inner(drawing_, x_ + indent, y_, width_ - indent);
  inside(inner);
  y_ = std::max(y_, inner.y());
}

void Flow::Card(const Ink& frame, double padding, const std::function<void(Flow&)>& inside) {
  const size_t place = drawing_.cards.size();  // Cards inside of this one lie above it.
  Flow inner(drawing_, x_ + padding, y_ + padding, width_ - 2 * padding);
  inside(inner);
  const double height = inner.y() + padding - y_;
  drawing_.cards.insert(drawing_.cards.begin() + static_cast<std::ptrdiff_t>(place),
                        Rectangle{.box = {x_, y_, width_, height}, .radius = 5, .ink = frame});
  y_ += height;
}

std::string ToSvg(const Drawing& drawing) {
  const std::string width = Number(drawing.width);
  const std::string height = Number(drawing.height);
  std::string svg =
      absl::StrCat("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"",
                   width, "\" height=\"", height, "\" viewBox=\"0 0 ", width, " ", height,
                   "\" role=\"img\" font-family=\"", kFonts, "\">\n<title>", Escaped(drawing.title), "</title>\n");
  for (const auto* layer : {&drawing.ground, &drawing.cards, &drawing.ink}) {
    for (const Shape& shape : *layer) svg += std::visit([](const auto& one) { return Written(one); }, shape);
  }
  return absl::StrCat(svg, "</svg>\n");
}

}  // namespace waymark::journey
