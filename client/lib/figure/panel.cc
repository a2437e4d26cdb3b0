#include "client/lib/figure/panel.h"

#include <limits>

#include "client/lib/figure/style.h"
#include "client/lib/figure/text_fit.h"

namespace parallax::client::figure {

double NumberOf(const Json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

void AddText(Scene* scene, Point at, const std::string& text, double size, Colour colour,
             Label::Anchor anchor, Label::Weight weight) {
  scene->items.emplace_back(Label{
      .at = at, .text = text, .size = size, .colour = colour, .anchor = anchor, .weight = weight});
}

double AddParagraph(Scene* scene, double top, const std::string& text, double size, Colour colour,
                    Label::Weight weight) {
  for (const std::string& line : BreakLines(text, size, weight, scene->width)) {
    AddText(scene, {0.0, top + size}, line, size, colour, Label::Anchor::kStart, weight);
    top += size * kLineHeight;
  }
  return top;
}

double AddHeading(Scene* scene, const std::string& title, const std::string& caption) {
  const double below =
      AddParagraph(scene, 0.0, title, kHeadingSize, kInk, Label::Weight::kBold) + 2.0;
  return AddParagraph(scene, below, caption, kSmallSize, kMuted) + 8.0;
}

double AddKey(Scene* scene, Point at, Colour colour, const std::string& text) {
  constexpr double kSquare = 9.0;
  scene->AddRectangle("key", {at.x, at.y - kSquare}, kSquare, kSquare, colour);
  AddText(scene, {at.x + kSquare + 5.0, at.y}, text, kSmallSize, kMuted);
  return at.x + kSquare + 5.0 + EstimatedWidth(text, kSmallSize, Label::Weight::kNormal) + 14.0;
}

}  // namespace parallax::client::figure
