#pragma once

#include <memory>

#include "core/twin/twin.h"

namespace parallax::twin {

/// Twin "two_heater": a board with two transistor heaters and a sensor on each.
///
///   m cp dH1/dt = U A (Ta - H1) + eps sigma A (Ta^4 - H1^4)
///               + Us As (H2 - H1) + eps sigma As (H2^4 - H1^4) + alpha1 Q1,   H2 mirrored
///   tau dT/dt = H - T for each sensor,   Ta = ambient + Ta_offset
///
/// Parameters: U, Us [W/m2/K], alpha1, alpha2 [W/%], tau [s], eps [1], Ta_offset [K].
/// Inputs: Q1, Q2 as fractions of full power (SI of "%"), held from row to row. Outputs: T1, T2
/// [K]. Geometry keys: heater_mass_kg, heat_capacity_j_per_kg_k, heater_area_m2, shared_area_m2,
/// ambient_k.
///
/// Rows are the recording's own sample times (at most 100,000), or 1 s in kRecipe mode. A heater
/// that the run did not record is driven by the recipe. Sensors start at the run's first good
/// readings and heaters at the same temperature: the board is taken to start at rest. Where there
/// are none, all start at ambient. Drive::constants: kBoard* below.
/// Source: Hedengren, Temperature Control Lab, energy balance (apmonitor.com/heat.htm).
std::unique_ptr<Twin> MakeTwoHeater();

/// Order of Drive::constants.
enum BoardConstant {
  kBoardHeatCapacity = 0,  ///< of one heater [J/K]
  kBoardHeaterArea = 1,    ///< [m2]
  kBoardSharedArea = 2,    ///< [m2]
  kBoardAmbient = 3,       ///< before Ta_offset [K]
  kBoardConstants = 4,
};

}  // namespace parallax::twin
