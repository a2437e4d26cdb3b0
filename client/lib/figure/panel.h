#pragma once

#include <string>

#include "client/lib/figure/scene.h"
#include "client/lib/message_json.h"

/// What the panels of a page share. A panel is read from the report into a model of plain figures,
/// then drawn; where the report does not hold its figures, reading it is NotFound with the reason.
namespace parallax::client::figure {

/// A number of a report; NaN for all else.
double NumberOf(const Json& value);

/// Writes texts into a scene.
void AddText(Scene* scene, Point at, const std::string& text, double size, Colour colour,
             Label::Anchor anchor = Label::Anchor::kStart,
             Label::Weight weight = Label::Weight::kNormal);

/// A paragraph from `top` on, as wide as the scene. @return the y below it.
double AddParagraph(Scene* scene, double top, const std::string& text, double size, Colour colour,
                    Label::Weight weight = Label::Weight::kNormal);

/// Title and caption of a panel. @return the y below them.
double AddHeading(Scene* scene, const std::string& title, const std::string& caption);

/// One entry of a legend: a square of its colour and a word. @return the x after it.
double AddKey(Scene* scene, Point at, Colour colour, const std::string& text);

}  // namespace parallax::client::figure
