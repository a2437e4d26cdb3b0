#pragma once

#include <string>
#include <vector>

#include "client/lib/figure/scene.h"

namespace parallax::client::figure {

/// About how wide a text is, from the widths of DejaVu Sans, which is wider than most: a viewer's
/// font needs less. No font is read, so that a page has the same layout on every machine.
double EstimatedWidth(const std::string& text, double size, Label::Weight weight);

/// The text in lines of at most `width`, broken at spaces; at least one line. A word that is wider
/// has a line of its own and is shortened.
std::vector<std::string> BreakLines(const std::string& text, double size, Label::Weight weight,
                                    double width);

/// The text, or as much of it as fits before an ellipsis.
std::string Shorten(const std::string& text, double size, Label::Weight weight, double width);

}  // namespace parallax::client::figure
