#pragma once

#include "core/attribution/verdict.h"

namespace parallax::attribution {

/// One sound cause among three parameters; every gate passes.
inline Evidence Sound() {
  Evidence evidence;
  evidence.gap = 6.1;
  evidence.floor = 0.3;
  evidence.gap_p_value = 0.0005;
  evidence.smallest_p_value = 0.0005;
  evidence.parameters = {{.name = "alpha1",
                          .pip = 0.99,
                          .loss_without = 40.0,
                          .gain_alone = 60.0,
                          .shapley = 0.8,
                          .shapley_low = 0.7,
                          .shapley_high = 0.9,
                          .contraction = 0.9,
                          .shift_sd = 1.2,
                          .replay_removed = 0.75,
                          .stability = 1.0,
                          .local_step = 1.2,
                          .channels = {"board/T1"}},
                         {.name = "U", .pip = 0.10, .loss_without = -2.0, .gain_alone = 1.0},
                         {.name = "tau", .pip = 0.05, .loss_without = -3.0, .gain_alone = 0.0}};
  evidence.sensors = {{"board/T1", "drift", 0.02, 0.1}};
  evidence.channels = {{"board/T1", 1.1, 1.2}, {"board/T2", 0.9, 1.0}};
  evidence.large_discrepancy_probability = 0.01;
  return evidence;
}

}  // namespace parallax::attribution
