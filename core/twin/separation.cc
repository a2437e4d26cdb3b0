#include "core/twin/separation.h"

namespace parallax::twin {

std::vector<Separation> SeparationsIn(std::string_view twin) {
  if (twin != "swcnt_cvd") return {};
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

}  // namespace parallax::twin
