#pragma once

#include <nlohmann/json.hpp>

#include "core/pipeline/divergences.h"

namespace parallax::pipeline {

/// The section "divergences" of a report:
///
///     {"unit": "run", "missing": null, "signals": [
///       {"signal": "pyro/pyro_t", "observable": "pyro_t", "kind": "CHANNEL", "runs": 8,
///        "dimensions": 2, "missing": null, "transport": "SLICED_W2", "smallest_p_sign_flip":
///        .0078, "as_assumed": {"energy": {"value": 2.1, "floor": .3, "low": 1.4, "high": 2.9},
///                       "mmd2": {"value", "floor"}, "transport": {…}, "kl": {…}, "js": {…},
///                       "p_value": .004, "p_sign_flip": .0625,
///                       "opens": {"phase": "grow", "from_s": 45, "until_s": 90,
///                                 "mean_score": -4.2, "p_value": .008, "p_sign_flip": .03},
///                       "opens_missing": null},
///        "at_fit": {…}}],
///      "map": {"moved_by": ["k0", "dp0"], "runs": ["r01", …], "as_assumed": [[4.1, -.3], …],
///              "at_fit": [[.2, .1], …]}}
///
/// kind: CHANNEL, OUTCOME, SHARES, RAMAN or LATENT. A figure that does not exist is null, and
/// `missing` or `opens_missing` says why; "at_fit" is null where nothing was calibrated.
/// "map" (LatentMap) is null where signals are not compared together.
nlohmann::json EncodeDivergences(const Divergences& divergences);

}  // namespace parallax::pipeline
