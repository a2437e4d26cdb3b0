#pragma once

#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/lib/figure/scene.h"
#include "client/lib/message_json.h"

namespace parallax::client::figure {

/// One step from the gap before to nothing. Figures are parts of the gap as assumed, 1 = all of it.
struct WaterfallBar {
  enum class Kind { kGap, kBlamed, kWeighed, kUnexplained, kMeasurement };

  Kind kind = Kind::kWeighed;
  std::string name;
  std::string detail;  ///< small print below the name; may be empty
  double share = 0.0;  ///< what it takes away; below 0 where it adds
  double low = std::numeric_limits<double>::quiet_NaN();  ///< 90 % interval of the share
  double high = std::numeric_limits<double>::quiet_NaN();
  double begin = 0.0;  ///< gap before this step; `begin` - `share` is left after it
};

struct Waterfall {
  std::vector<WaterfallBar> bars;  ///< the gap first, measurement last
  std::string caption;             ///< in its own figures what is divided
};

/// The gap as assumed (a campaign's mean square: its shares are parts of that), what each
/// assumption takes away (those that widen it first, then the largest first; those below half a
/// percent that nobody blames as one bar), what nothing explains, and what measurement alone may
/// leave: the gap under which 95 % of perfect twins stay, at most what is left. Errors: NotFound
/// where the report divides no gap.
absl::StatusOr<Waterfall> ReadWaterfall(const Json& report);

Scene DrawWaterfall(const Waterfall& waterfall, double width);

}  // namespace parallax::client::figure
