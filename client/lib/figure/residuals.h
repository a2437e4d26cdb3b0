#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/lib/figure/scene.h"
#include "client/lib/message_json.h"

namespace parallax::client::figure {

/// Root-mean-square residual of one channel in its own unit.
struct ChannelResidual {
  std::string channel;
  std::string unit;
  double before = 0.0;  ///< as assumed
  double after = 0.0;   ///< calibrated; NaN where nothing was
  double coverage_90 =
      0.0;  ///< part of the samples inside the calibrated 90 % band; NaN: not known
};

struct Residuals {
  enum class Runs { kHeldOut, kCalibrate };

  Runs runs = Runs::kHeldOut;
  std::vector<ChannelResidual> channels;
};

/// Of the held-out runs where there are any, else of the runs calibrated on.
/// Errors: NotFound where the report has no residual of any channel.
absl::StatusOr<Residuals> ReadResiduals(const Json& report);

/// Two bars a channel as parts of its residual as assumed, figures with units beside them; figures
/// alone where nothing was calibrated.
Scene DrawResiduals(const Residuals& residuals, double width);

}  // namespace parallax::client::figure
