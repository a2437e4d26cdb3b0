#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "core/pipeline/story.h"

namespace parallax::pipeline {

/// [7, 6].
nlohmann::json EncodeSpecies(const Chirality& species);

/// The section "effects" of a report:
///
///     [{"run": "r2", "mechanism": "substrate_conductivity", "observable": "mean tube diameter",
///       "unit": "nm", "before": 0.8542, "after": 0.8395, "effect": -0.0148, "mediators": [
///        {"name": "particle_d", "label": "particle diameter at nucleation", "through": 0.997,
///         "left_when_held": 0.0028}]}]
///
/// through and left_when_held are shares of the effect (causal::MediatorShare).
nlohmann::json EncodeEffects(const std::vector<MechanismEffect>& effects);

/// The section "counterfactuals" of a report:
///
///     [{"run": "v1", "measured": "(7,5)", "as_assumed": "(7,6)", "as_calibrated": "(7,5)",
///       "imagined": "(7,6)", "sentence": "With this …", "shares": [{"species": [7, 6],
///       "measured": null, "as_assumed": 0.31, "as_calibrated": 0.22}],
///       "draws": {"as_calibrated": [{"call": "(7,5)", "draws": 97}, …],
///                 "imagined": [{"call": "(7,6)", "draws": 93}, …]}}]
///
/// "draws" is null where calibrating does not change the call.
nlohmann::json EncodeCounterfactuals(const std::vector<CounterfactualCall>& calls);

}  // namespace parallax::pipeline
