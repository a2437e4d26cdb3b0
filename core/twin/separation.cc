#include "core/twin/separation.h"

namespace parallax::twin {
namespace {

std::vector<Separation> OfNanotubes() {
  return {
      // Resistance of the substrate grows with its thickness, that of the contact does not.
      {{"k0", "nk"}, {"Rc"}, "runs on two substrate thicknesses"},
      // Films at the surface and gas in the contact follow conductivity in different powers.
      {{"h"}, {"Rc"}, "a switch of carrier gas"},
      // Ripening takes time, the size at the end of reduction does not.
      {{"dp0"}, {"Kr0"}, "a scan of anneal time"},
      // Water cleans what is covered, and not what is lost.
      {{"rw0"}, {"kenc0"}, "a step of water"},
      {{"bTC"}, {"dTax"}, "a second thermocouple or a profile of the zones"},
  };
}

std::vector<Separation> OfBoards() {
  return {
      // Without power a heater's gain acts on nothing, and what is lost still does.
      {{"U", "eps"}, {"alpha1", "alpha2"}, "a cooldown from hot with both heaters off"},
      {{"alpha1"}, {"alpha2"}, "each heater on alone"},
      // With one heater on, exchange shows in the difference of the sensors, loss in their sum.
      {{"Us"}, {"U", "eps"}, "each heater on alone"},
      // At the temperature of the air nothing is lost, by convection or by radiation.
      {{"Ta_offset"}, {"U", "eps"}, "readings at rest before the first heater is switched on"},
      // Over some tens of kelvin both losses are as good as linear: one of them must be changed.
      {{"U"}, {"eps"}, "runs with the heaters bare and under tape of a known emissivity"},
  };
}

std::vector<Separation> OfFurnaces() {
  const std::string contact =
      "a thermocouple in contact with the crucible, or a melting point seen by the pyrometer";
  return {
      // Another temperature under the same reading, or another power: no reading tells which.
      {{"pyrometer_bias"}, {"eta", "C", "G", "G_gas", "eps", "A"}, contact},
      // A common factor of power, capacity and losses changes no temperature.
      {{"eta"},
       {"C", "G", "G_gas", "eps", "A"},
       "the power drawn by the coil beside that of an empty one"},
      // Only their product radiates.
      {{"eps"}, {"A"}, "the crucible's outer dimensions"},
      {{"G"}, {"G_gas"}, "argon switched on and off at constant power"},
      // Conduction grows with the temperature, radiation with its fourth power.
      {{"G", "G_gas"}, {"eps", "A"}, "holds at a low and at a high temperature"},
  };
}

}  // namespace

std::vector<Separation> SeparationsIn(std::string_view twin) {
  if (twin == "swcnt_cvd") return OfNanotubes();
  if (twin == "two_heater") return OfBoards();
  if (twin == "furnace") return OfFurnaces();
  return {};
}

}  // namespace parallax::twin
