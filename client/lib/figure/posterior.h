#pragma once

#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/lib/figure/scene.h"
#include "client/lib/message_json.h"

namespace parallax::client::figure {

/// What was thought of a parameter before the runs were read and after, in its own unit. Intervals
/// hold 90 %; NaN where the report has none.
struct Belief {
  std::string parameter;
  std::string run;  ///< of which it is the value; empty: of the rig
  std::string unit;
  double assumed = 0.0;  ///< the prior's median
  double prior_low = std::numeric_limits<double>::quiet_NaN();
  double prior_high = std::numeric_limits<double>::quiet_NaN();
  double value = 0.0;  ///< calibrated
  double low = std::numeric_limits<double>::quiet_NaN();
  double high = std::numeric_limits<double>::quiet_NaN();
};

struct Beliefs {
  enum class Offer { kCalibration, kBestFitOnly };

  Offer offer = Offer::kCalibration;
  std::vector<Belief> shown;  ///< of the rig before those of single runs
  size_t left_out = 0;        ///< values of single runs for which there is no room
};

/// Every calibrated parameter; its posterior as sampled with all assumptions free where the report
/// has that, else value ± 1.645 sd. Errors: NotFound where nothing was calibrated.
absl::StatusOr<Beliefs> ReadBeliefs(const Json& report);

/// Prior and posterior intervals, each parameter on a scale of its own.
Scene DrawBeliefs(const Beliefs& beliefs, double width);

}  // namespace parallax::client::figure
