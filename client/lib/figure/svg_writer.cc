#include "client/lib/figure/svg_writer.h"

#include "absl/strings/str_format.h"
#include "client/lib/figure/style.h"

namespace parallax::client::figure {
namespace {

/// Text of XML 1.0, which has no control characters.
std::string Escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return escaped;
}

std::string Hex(const Colour& colour) {
  return absl::StrFormat("#%02x%02x%02x", colour.red, colour.green, colour.blue);
}

/// At most two decimals.
std::string Number(double value) {
  std::string text = absl::StrFormat("%.2f", value);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string Element(const Shape& shape) {
  std::string path;
  for (const Point& point : shape.points) {
    path += (path.empty() ? "M" : "L") + Number(point.x) + " " + Number(point.y);
  }
  if (shape.outline == Shape::Outline::kClosed) path += "Z";
  std::string element = absl::StrFormat(R"(<path class="%s" d="%s" fill="%s")", Escape(shape.role),
                                        path, shape.fill ? Hex(*shape.fill) : "none");
  if (shape.stroke) {
    element += absl::StrFormat(R"( stroke="%s" stroke-width="%s")", Hex(*shape.stroke),
                               Number(shape.width));
  }
  return element + "/>\n";
}

std::string Element(const Label& label) {
  std::string element =
      absl::StrFormat(R"(<text x="%s" y="%s" font-size="%s" fill="%s")", Number(label.at.x),
                      Number(label.at.y), Number(label.size), Hex(label.colour));
  if (label.anchor == Label::Anchor::kMiddle) element += R"( text-anchor="middle")";
  if (label.anchor == Label::Anchor::kEnd) element += R"( text-anchor="end")";
  if (label.weight == Label::Weight::kBold) element += R"( font-weight="bold")";
  return element + ">" + Escape(label.text) + "</text>\n";
}

}  // namespace

std::string ToSvg(const Scene& scene) {
  const std::string width = Number(scene.width);
  const std::string height = Number(scene.height);
  std::string svg = absl::StrFormat(
      R"(<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" )"
      R"(role="img" font-family="DejaVu Sans,Verdana,Helvetica,Arial,sans-serif">)"
      "\n<title>%s</title>\n"
      R"(<rect width="%s" height="%s" fill="%s"/>)"
      "\n",
      width, height, width, height, Escape(scene.title), width, height, Hex(kPaper));
  for (const auto& item : scene.items) {
    svg += std::visit([](const auto& drawn) { return Element(drawn); }, item);
  }
  return svg + "</svg>\n";
}

}  // namespace parallax::client::figure
