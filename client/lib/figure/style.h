#pragma once

#include "client/lib/figure/scene.h"

/// How all panels look. Colours are told apart by the colour-blind too (Okabe and Ito's blue and
/// vermilion, and greys of different lightness).
namespace parallax::client::figure {

inline constexpr Colour kPaper = {255, 255, 255};
inline constexpr Colour kInk = {32, 33, 36};
inline constexpr Colour kMuted = {95, 99, 104};  ///< captions; 6:1 on paper
inline constexpr Colour kGrid = {222, 224, 227};
inline constexpr Colour kBefore = {213, 94, 0};      ///< as assumed, and what is blamed
inline constexpr Colour kSuspect = {245, 190, 145};  ///< weighed and not blamed
inline constexpr Colour kAfter = {0, 114, 178};      ///< calibrated
inline constexpr Colour kNeutral = {128, 132, 138};  ///< nobody's: gap, unexplained
inline constexpr Colour kPale = {198, 201, 206};     ///< measurement, prior
inline constexpr Colour kLowest = {238, 244, 249};   ///< of a scale that ends in kAfter

inline constexpr double kTitleSize = 19.0;
inline constexpr double kHeadingSize = 15.0;
inline constexpr double kTextSize = 12.5;
inline constexpr double kSmallSize = 11.0;
inline constexpr double kLineHeight = 1.35;  ///< of the font size

}  // namespace parallax::client::figure
