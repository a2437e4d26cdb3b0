#include "core/pipeline/model_average.h"

#include <algorithm>
#include <map>
#include <utility>

#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/pipeline/linear_fit.h"

namespace parallax::pipeline {
namespace {

constexpr uint64_t kAverageStream = 0x64726177;  // "draw"

/// Which model each draw takes: the one at its share, in the middle of its step, of all
/// probability.
std::vector<size_t> ModelOfDraws(const std::vector<double>& probability, int draws) {
  double total = 0.0;
  for (const double p : probability) total += p;
  std::vector<size_t> models;
  size_t model = 0;
  double upto = probability.front();
  for (int k = 0; k < draws; ++k) {
    while (upto < (k + 0.5) / draws * total && model + 1 < probability.size()) {
      upto += probability[++model];
    }
    models.push_back(model);
  }
  return models;
}

/// Puts a draw of what a model sets free into all coordinates.
/// @param chance  standard normal, one for every coordinate.
void Place(const ModelAverage& average, const FreePosterior& of, const Eigen::VectorXd& chance,
           Eigen::Ref<Eigen::VectorXd> z) {
  const Eigen::MatrixXd factor = of.covariance.llt().matrixL();
  const Eigen::VectorXd drawn = of.mean + factor * chance(of.coordinates);
  for (size_t i = 0; i < of.coordinates.size(); ++i) {
    const int c = of.coordinates[i];
    z(c) = std::clamp(drawn(static_cast<Eigen::Index>(i)), average.lower(c), average.upper(c));
  }
}

}  // namespace

absl::StatusOr<Eigen::MatrixXd> DrawAverage(const ModelAverage& average, int draws, uint64_t seed) {
  std::map<size_t, FreePosterior> asked;
  Eigen::MatrixXd drawn = average.assumed.replicate(1, draws);
  const std::vector<size_t> models = ModelOfDraws(average.probability, draws);
  for (int k = 0; k < draws; ++k) {
    const size_t model = models[static_cast<size_t>(k)];
    auto known = asked.find(model);
    if (known == asked.end()) {
      PARALLAX_ASSIGN_OR_RETURN(FreePosterior posterior, average.posterior(model));
      known = asked.emplace(model, std::move(posterior)).first;
    }
    if (known->second.coordinates.empty()) continue;
    base::Random random(seed, kAverageStream + static_cast<uint64_t>(k));
    Eigen::VectorXd chance(average.assumed.size());
    for (double& x : chance) x = random.Normal();
    Place(average, known->second, chance, drawn.col(k));
  }
  return drawn;
}

ModelAverage AverageOf(CampaignSearch* search, const CauseWeights& weights) {
  const CampaignModel& model = search->model();
  ModelAverage average{.probability = weights.inclusion().model_probability,
                       .posterior = {},
                       .assumed = model.base(),
                       .lower = Eigen::VectorXd(model.parameters()),
                       .upper = Eigen::VectorXd(model.parameters())};
  for (int p = 0; p < model.parameters(); ++p) {
    average.lower(p) = model.lower(p);
    average.upper(p) = model.upper(p);
  }
  average.posterior = [search,
                       &models = weights.models()](size_t m) -> absl::StatusOr<FreePosterior> {
    PARALLAX_ASSIGN_OR_RETURN(const CampaignFit* fit, search->Fit(models[m].terms));
    if (fit->parameters.empty()) return FreePosterior{};
    PARALLAX_ASSIGN_OR_RETURN(const LinearFit linear, LineariseFit(*search, *fit));
    PARALLAX_ASSIGN_OR_RETURN(calibration::Posterior posterior, MarginalPosterior(linear));
    return FreePosterior{fit->parameters, std::move(posterior.mean),
                         std::move(posterior.covariance)};
  };
  return average;
}

}  // namespace parallax::pipeline
