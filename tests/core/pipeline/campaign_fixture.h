#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/pipeline/campaign_search.h"
#include "core/pipeline/campaign_terms.h"
#include "tests/core/pipeline/planted_campaign.h"

namespace parallax::pipeline::testing {

/// A planted campaign on the way to its search: everything that AnalyzeCampaign makes of it first.
struct GatheredCampaign {
  Campaign campaign;
  std::vector<CampaignRun> runs;
  std::unique_ptr<CampaignModel> model;
  Eigen::VectorXd residuals;
  Eigen::MatrixXd jacobian;
  std::unique_ptr<CampaignNoise> noise;
  std::vector<Term> terms;

  CampaignSearch Search() const {
    return CampaignSearch(*model, *noise, terms, [](double) { return absl::OkStatus(); });
  }
  /// Position of the term of a parameter, or -1.
  int TermOf(const std::string& parameter) const {
    for (size_t t = 0; t < terms.size(); ++t) {
      if (NameOf(terms[t], model->description()) == parameter) return static_cast<int>(t);
    }
    return -1;
  }
};

/// Four short runs: enough to search, quick to make.
inline PlantedCampaign SmallCampaign(Bench bench, uint64_t seed) {
  return {.bench = bench, .seed = seed, .calibrate_runs = 4, .validate_runs = 0, .grow_s = 300.0};
}

/// Rows of each calibration run of a campaign. Fails the test where there are none.
inline std::vector<CampaignRun> RowsOfRuns(const Campaign& campaign,
                                           const twin::Twin& twin = Nanotubes()) {
  std::vector<CampaignRun> runs;
  for (const signal::RunRecord& record : campaign.calibrate) {
    absl::StatusOr<CampaignRun> run = GatherRows(campaign.rig, twin, record, campaign.assumed);
    EXPECT_TRUE(run.ok()) << run.status();
    if (run.ok()) runs.push_back(*std::move(run));
  }
  return runs;
}

/// What is made of a campaign by a twin that outlives it. Fails the test where something cannot be
/// made.
inline std::unique_ptr<GatheredCampaign> GatherOf(Campaign campaign,
                                                  const twin::Twin& twin = Nanotubes()) {
  auto out = std::make_unique<GatheredCampaign>();
  out->campaign = std::move(campaign);
  out->runs = RowsOfRuns(out->campaign, twin);
  if (out->runs.size() != out->campaign.calibrate.size()) return nullptr;
  out->model = std::make_unique<CampaignModel>(twin, out->runs, out->campaign.assumed);
  EXPECT_TRUE(
      out->model->DifferentiateAll(out->model->base(), &out->residuals, &out->jacobian).ok());
  const std::vector<twin::Trust> trust = twin::TrustIn("swcnt_cvd");
  absl::StatusOr<CampaignNoise> noise = CampaignNoise::Create(*out->model, trust, out->jacobian);
  EXPECT_TRUE(noise.ok()) << noise.status();
  if (!noise.ok()) return nullptr;
  out->noise = std::make_unique<CampaignNoise>(*std::move(noise));
  out->terms = MakeTerms(*out->model, trust, *out->noise, out->jacobian);
  return out;
}

/// The same of a campaign that is planted first.
inline std::unique_ptr<GatheredCampaign> Gather(const PlantedCampaign& what,
                                                const twin::Twin& twin) {
  absl::StatusOr<Campaign> campaign = Plant(what);
  EXPECT_TRUE(campaign.ok()) << campaign.status();
  return campaign.ok() ? GatherOf(*std::move(campaign), twin) : nullptr;
}

/// The same by the twin that planted it, made once in a process for all tests that ask for it.
inline std::shared_ptr<const GatheredCampaign> Gather(const PlantedCampaign& what) {
  using Made = std::pair<PlantedCampaign, std::shared_ptr<const GatheredCampaign>>;
  static auto* const all = new std::vector<Made>();
  for (const Made& made : *all) {
    if (made.first == what) return made.second;
  }
  std::shared_ptr<const GatheredCampaign> gathered = Gather(what, Nanotubes());
  if (gathered != nullptr) all->emplace_back(what, gathered);
  return gathered;
}

}  // namespace parallax::pipeline::testing
