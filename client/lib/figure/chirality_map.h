#pragma once

#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/lib/figure/scene.h"
#include "client/lib/message_json.h"

namespace parallax::client::figure {

/// Share of one species in one run, as measured and in two predictions.
struct SpeciesShare {
  int n = 0, m = 0;
  double measured = std::numeric_limits<double>::quiet_NaN();  ///< NaN: not measured
  double as_assumed = 0.0;
  double as_calibrated = 0.0;
};

struct ChiralityMap {
  std::string run;
  std::vector<SpeciesShare> species;  ///< at least one
  std::string calls;  ///< how many held-out runs are predicted right; empty where not counted
};

/// The held-out run named, or, without a name, the one whose predicted shares calibration moves
/// most, whether for better or worse. Errors: NotFound where no held-out run has shares, or not the
/// one named.
absl::StatusOr<ChiralityMap> ReadChiralityMap(const Json& report, const std::string& run);

/// Three maps of the (n,m) lattice: measured, as assumed, calibrated; darker is more, the dominant
/// species outlined.
Scene DrawChiralityMap(const ChiralityMap& map, double width);

}  // namespace parallax::client::figure
