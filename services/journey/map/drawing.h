// A drawing: boxes, lines and texts at places, and how it is written as SVG (w3.org/TR/SVG11). What is drawn is plain
// data, so that tests can measure it.
#ifndef WAYMARK_SERVICES_JOURNEY_MAP_DRAWING_H_
#define WAYMARK_SERVICES_JOURNEY_MAP_DRAWING_H_

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "services/journey/map/typesetting.h"

namespace waymark::journey {

struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

// Colours such as `#16202a`, or `none`.
struct Ink {
  std::string fill = "none";
  std::string stroke = "none";
  double stroke_width = 1;
  bool dashed = false;
};

struct Rectangle {
  Box box;
  double radius = 0;
  Ink ink;
};

// `data` is SVG's path data, drawn `scale` times as large from the point (x, y) on.
struct Path {
  std::string data;
  Ink ink;
  double x = 0;
  double y = 0;
  double scale = 1;
};

enum class Align { kStart, kMiddle };

// Lines of text below each other, all inside the box.
struct Text {
  Box box;
  std::vector<std::string> lines;
  Font font;
  std::string colour;
  Align align = Align::kStart;
  bool right_to_left = false;
  std::string whole;  // Where the lines are cut.
};

using Shape = std::variant<Rectangle, Path, Text>;

struct Drawing {
  std::string title;
  double width = 0;
  double height = 0;
  std::vector<Shape> ground;  // Below everything.
  std::vector<Shape> cards;   // On it.
  std::vector<Shape> ink;     // On these.
};

// How a kind of text looks.
struct Style {
  Font font;
  std::string colour;
  int most_lines = 1;
  Align align = Align::kStart;
};

// The height of one line.
double LineHeight(const Font& font);

// Writes and draws from above to below inside a column.
class Flow {
 public:
  Flow(Drawing& drawing, double x, double y, double width) : drawing_(drawing), x_(x), y_(y), width_(width) {}

  double x() const { return x_; }
  double y() const { return y_; }
  double width() const { return width_; }
  Drawing& drawing() { return drawing_; }

  // Writes a text, cleaned, broken into lines and cut where it is too long; goes below it. An empty text is nothing.
  void Write(absl::string_view text, const Style& style);
  void Skip(double height) { y_ += height; }
  // Draws what `inside` does into a column narrower by `indent`, and goes below it.
  void Indented(double indent, const std::function<void(Flow&)>& inside);
  // The same inside a frame.
  void Card(const Ink& frame, double padding, const std::function<void(Flow&)>& inside);

 private:
  Drawing& drawing_;
  double x_;
  double y_;
  double width_;
};

// The drawing as an SVG document. Texts are escaped.
std::string ToSvg(const Drawing& drawing);

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICES_JOURNEY_MAP_DRAWING_H_
