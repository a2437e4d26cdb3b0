#pragma once

#include <limits>
#include <memory>

#include "core/twin/swcnt/chirality.h"
#include "core/twin/twin.h"

namespace parallax::twin {

namespace swcnt {

enum class MassTransfer { kOff, kDiffusion };

/// Which of the alternatives of the specification a twin uses.
struct SwcntOptions {
  ChiralityForm chirality = ChiralityForm::kKink;
  MassTransfer mass_transfer = MassTransfer::kOff;  ///< matters at low feed pressure only
  /// Growth stops for good this long after feed arrives [s] (Meshot and Hart 2009).
  double termination_s = std::numeric_limits<double>::infinity();
};

}  // namespace swcnt

/// Twin "swcnt_cvd": growth of single-walled nanotubes by CVD, on a heated stage ("stage") or in a
/// three-zone tube furnace ("hot_wall").
///
/// Chain: heater → contact and slab → surface temperature; flows → partial pressures, residence,
/// pyrolysis; both → growth rate, overcoat, loss of catalyst → height; anneal → particle size; the
/// first seconds of feed → chirality (core/twin/swcnt/, one header a link; docs/twin-swcnt.md).
///
/// kRecipe simulates controller and heater from the set-points. kMeasured takes the heater's
/// temperature from its thermocouples (smoothed, lag undone, minus bTC), and flows, pressure,
/// preheat, wall and gas temperatures and mains voltage where recorded; what a run did not record
/// is the recipe's or the geometry's. A heater's thermocouple must have been recorded.
/// Rows are every 2 s; the internal step is 0.5 s, an eighth of a second where gas is switched and
/// in the first 20 s of growth, a sixteenth in the first 8 s. Parameters, inputs, outputs and
/// outcomes: description(). Outcomes: height, D/G, mean diameter, share of each semiconducting tube
/// among the semiconducting, and its share of the Raman intensity.
///
/// Kinks: predictions are smooth in the parameters; limits (duty, Boudouard equilibrium) are made
/// smooth. Growth is cut below 1e-6 Pa of feed, a jump of 1e-8 of the rate.
std::unique_ptr<Twin> MakeSwcnt(const swcnt::SwcntOptions& options = {});

}  // namespace parallax::twin
