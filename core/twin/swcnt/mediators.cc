#include "core/twin/swcnt/mediators.h"

#include "core/base/check.h"

namespace parallax::twin::swcnt {

const std::vector<Mediator>& MediatorDescriptors() {
  static const std::vector<Mediator> list = {
      {"heater_t@substrate", "heater temperature under the substrate", "K"},
      {"heater_t@pyrolysis", "heater temperature where the feed dwells", "K"},
      {"heat_flux@heater", "heat flux drawn from the heater", "W/m2"},
      {"height@emissivity", "forest height as it blackens the surface", "m"},
      {"height@pyrometer", "forest height as the pyrometer sees it", "m"},
      {"surface_t@activation", "surface temperature during reduction", "K"},
      {"surface_t@ripening", "surface temperature while particles ripen", "K"},
      {"surface_t@nucleation", "surface temperature at nucleation", "K"},
      {"surface_t@growth", "surface temperature during growth", "K"},
      {"surface_t@pyrometer", "surface temperature as the pyrometer sees it", "K"},
      {"feed_p", "partial pressure of feed", "Pa"},
      {"h2_p", "partial pressure of hydrogen", "Pa"},
      {"water_p", "partial pressure of water", "Pa"},
      {"supply_factor", "carbon supplied per feed", "1"},
      {"pyrolysed_share", "pyrolysis of the feed", "1"},
      {"growth_rate", "growth rate of a clean catalyst", "m/s"},
      {"overcoat@growth", "carbon overcoat as growth sees it", "1"},
      {"overcoat@activity", "carbon overcoat as encapsulation sees it", "1"},
      {"overcoat@nucleation", "carbon overcoat at nucleation", "1"},
      {"activity", "active share of the catalyst", "1"},
      {"activation", "reduced share of the catalyst", "1"},
      {"particle_d", "particle diameter at nucleation", "nm"},
  };
  PARALLAX_CHECK(list.size() == kMediators);
  return list;
}

}  // namespace parallax::twin::swcnt
