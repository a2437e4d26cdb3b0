#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace parallax::twin {

/// How far off an observable may be while the twin is right and its instrument sound, and by how
/// much an instrument at fault misreports. Shares are of the reading. All are sds.
struct Trust {
  std::string observable;    ///< id of an output, or a family of outcomes: "share"
  double campaign_sd = 0.0;  ///< the same in every run [SI]
  double campaign_share = 0.0;
  double run_sd = 0.0;  ///< constant in a run, another in the next [SI]
  double run_share = 0.0;
  double wander_sd = 0.0;  ///< within a run, correlated over wander_s [SI]
  double wander_share = 0.0;
  double wander_s = 300.0;
  double row_sd = 0.0;  ///< independent from row to row, beside the reading's own noise [SI]
  double row_share = 0.0;
  double fault_sd = 0.0;  ///< of an instrument that lies [SI]; 0 with fault_share 0: cannot be told
  double fault_share = 0.0;
  double free_sd = 0.0;  ///< of a missing mechanism that shows here [SI]
  double free_share = 0.0;
  /// Share that a missing mechanism may take of the most that accumulates here in a campaign; 0:
  /// nothing accumulates.
  double slowing_share = 0.0;
};

/// What is trusted of a twin, by observable; empty where it was never settled. What is not listed
/// is not compared from run to run.
std::vector<Trust> TrustIn(std::string_view twin);

/// Parameters of one mechanism that are one cause under two names (a conductivity's size and its
/// slope): whichever fits best stands for the set.
std::vector<std::vector<std::string>> InterchangeableIn(std::string_view twin);

}  // namespace parallax::twin
