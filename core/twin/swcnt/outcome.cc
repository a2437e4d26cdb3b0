#include "core/twin/swcnt/outcome.h"

#include "absl/strings/str_format.h"

namespace parallax::twin::swcnt {

std::vector<Signal> OutcomeDescriptors() {
  const SpeciesTable& table = Species();
  std::vector<Signal> list = {
      {"height", "m", "Height of the forest, or length of the tubes."},
      {"d_over_g", "1", "Ratio of the D to the G band of the Raman spectrum."},
      {"mean_diameter", "m", "Mean diameter of all tubes."}};
  for (int species : table.semiconductors) {
    list.push_back({"share_" + SpeciesName(species), "1", "Share among the semiconducting tubes."});
  }
  for (int species : table.semiconductors) {
    const double shift = RbmShift(table.diameter_nm[static_cast<size_t>(species)], RbmLaw::kAraujo);
    list.push_back({.channel_id = "rbm_" + SpeciesName(species),
                    .unit = "1",
                    .description = absl::StrFormat("Share of the radial breathing intensity of the "
                                                   "semiconducting tubes, at %.1f 1/cm.",
                                                   shift),
                    .line_per_cm = shift});
  }
  return list;
}

}  // namespace parallax::twin::swcnt
