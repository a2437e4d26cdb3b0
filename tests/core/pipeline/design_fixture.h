#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/pipeline/campaign_belief.h"
#include "core/pipeline/design_candidates.h"
#include "core/pipeline/design_setup.h"
#include "core/pipeline/recipe_box.h"
#include "tests/core/pipeline/campaign_fixture.h"

namespace parallax::pipeline::testing {

/// Three short Co-Mo runs on one substrate thickness, the conductivity not what is assumed: its
/// size and the contact's resistance pass for one another.
inline PlantedCampaign OneThickness() {
  PlantedCampaign what = SmallCampaign(Bench::kChirality, 11);
  what.shifts = {{"k0", -2.5}};
  what.calibrate_runs = 3;
  what.thickness_m = 1e-3;
  return what;
}

inline std::vector<const signal::Run*> RunsOf(const Campaign& campaign) {
  std::vector<const signal::Run*> runs;
  for (const signal::RunRecord& record : campaign.calibrate) runs.push_back(&record.run);
  return runs;
}

/// A belief between some single parameters without a search, made once in a process.
struct MadeBelief {
  std::shared_ptr<const GatheredCampaign> gathered;
  std::unique_ptr<CampaignSearch> search;
  DesignSetup setup;  ///< without a campaign
  std::optional<CampaignBelief>& belief = setup.belief;
  std::optional<RecipeBox> box;

  DesignBench Bench() const {
    return {gathered->campaign.rig, Nanotubes(), *belief, *box, setup.instruments};
  }
};

inline const MadeBelief& ConductivityOrContact() {
  static const MadeBelief* const made = [] {
    auto* out = new MadeBelief();
    out->gathered = Gather(OneThickness());
    out->search = std::make_unique<CampaignSearch>(out->gathered->Search());
    std::vector<std::vector<int>> terms;
    std::vector<double> weights;
    for (const char* name : {"k0", "Rc"}) {
      terms.push_back({out->gathered->TermOf(name)});
      weights.push_back(out->search->Fit(terms.back()).value()->log_evidence);
    }
    out->belief =
        CampaignBelief::Create(out->search.get(), terms, weights, twin::TrustIn("swcnt_cvd"))
            .value();
    out->box = RecipeBox::Create(out->gathered->campaign.rig, Nanotubes(),
                                 RunsOf(out->gathered->campaign), {})
                   .value();
    out->setup.instruments = InstrumentsOf(Nanotubes().description(), out->gathered->runs);
    return out;
  }();
  return *made;
}

}  // namespace parallax::pipeline::testing
