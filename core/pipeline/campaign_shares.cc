#include "core/pipeline/campaign_shares.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/attribution/asymmetric_shapley.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"

namespace parallax::pipeline {
namespace {

constexpr int kBootstraps = 200;
constexpr size_t kBootstrapModels = 40;  ///< by weight; the others count as never winning
constexpr uint64_t kWinnerStream = 0x626f6f74;
constexpr uint64_t kShareStream = 0x64726177;

}  // namespace

Eigen::MatrixXd DrawFree(const CampaignFit& fit, int draws, uint64_t seed) {
  const auto d = static_cast<Eigen::Index>(fit.parameters.size());
  const Eigen::MatrixXd factor = fit.covariance.llt().matrixL();
  Eigen::MatrixXd values(d, draws);
  for (int k = 0; k < draws; ++k) {
    base::Random random(seed, kShareStream + static_cast<uint64_t>(k));
    Eigen::VectorXd normal(d);
    for (double& x : normal) x = random.Normal();
    for (Eigen::Index i = 0; i < d; ++i) {
      values(i, k) = fit.z(fit.parameters[static_cast<size_t>(i)]);
    }
    values.col(k) += factor * normal;
  }
  return values;
}

absl::StatusOr<Eigen::MatrixXd> CoalitionGaps(
    const CampaignModel& model, int players, int draws,
    const std::function<Eigen::VectorXd(int draw, uint32_t coalition)>& coordinates,
    const std::function<double(const Eigen::VectorXd&)>& gap) {
  Eigen::VectorXd residuals;
  PARALLAX_RETURN_IF_ERROR(model.Residuals(model.base(), &residuals));
  const double nobody = gap(residuals);  // the same in every draw
  const uint32_t coalitions = 1u << static_cast<uint32_t>(players);
  Eigen::MatrixXd worth(coalitions, draws);
  Eigen::Index kept = 0;
  for (int k = 0; k < draws; ++k) {
    worth(0, kept) = nobody;
    uint32_t mask = 1;
    for (; mask < coalitions; ++mask) {
      if (!model.Residuals(coordinates(k, mask), &residuals).ok()) break;
      worth(mask, kept) = gap(residuals);
    }
    if (mask == coalitions) ++kept;
  }
  return worth.leftCols(kept).eval();
}

attribution::GapShares UnknownShares(int players) {
  const double none = std::nan("");
  const Eigen::VectorXd unknown = Eigen::VectorXd::Constant(players, none);
  return {.share = unknown,
          .low = unknown,
          .high = unknown,
          .gap = none,
          .unexplained = none,
          .unexplained_low = none,
          .unexplained_high = none};
}

absl::StatusOr<CampaignShares> ShareCampaignGap(
    const CampaignModel& model, const CampaignFit& fit, const std::vector<int>& suspects,
    const causal::Graph& graph, const std::function<double(const Eigen::VectorXd&)>& gap,
    uint64_t seed) {
  const int d = static_cast<int>(suspects.size());
  const int drawn = d <= 2 ? 16 : d <= 4 ? 8 : 4;
  const Eigen::MatrixXd values = DrawFree(fit, drawn, seed);
  const auto coordinates = [&](int draw, uint32_t coalition) {
    Eigen::VectorXd z = model.base();
    for (int i = 0; i < d; ++i) {
      if (coalition >> static_cast<uint32_t>(i) & 1u) {
        z(suspects[static_cast<size_t>(i)]) = values(i, draw);
      }
    }
    return z;
  };
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::MatrixXd worth,
                            CoalitionGaps(model, d, drawn, coordinates, gap));
  const int draws = static_cast<int>(worth.cols());
  CampaignShares out{.shapley = UnknownShares(d),
                     .upstream = Eigen::VectorXd::Constant(d, std::nan("")),
                     .draws = {.drawn = drawn, .failed = drawn - draws}};
  if (draws == 0) return out;
  PARALLAX_ASSIGN_OR_RETURN(out.shapley, attribution::ShareGap(d, draws, [&](int k, uint32_t mask) {
                              return worth(mask, k);
                            }));
  std::vector<std::string> names;
  for (const int p : suspects) {
    names.push_back(model.description().parameters[static_cast<size_t>(p)].name);
  }
  const std::vector<uint32_t> causes = causal::CauseMasks(graph, names);
  out.upstream = Eigen::VectorXd::Zero(d);
  for (int k = 0; k < draws; ++k) {
    const std::vector<double> worths(worth.col(k).begin(), worth.col(k).end());
    PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd phi,
                              attribution::AsymmetricShapley(worths, causes));
    out.upstream -= phi / (worths.front() * draws);
  }
  return out;
}

absl::StatusOr<std::vector<std::vector<int>>> BootstrapWinners(
    CampaignSearch* search, const std::vector<attribution::TermModel>& models,
    const std::vector<double>& weight, uint64_t seed) {
  std::vector<size_t> order(models.size());
  for (size_t m = 0; m < order.size(); ++m) order[m] = m;
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return weight[a] > weight[b]; });
  order.resize(std::min(order.size(), kBootstrapModels));
  const auto runs = static_cast<Eigen::Index>(search->model().runs().size());
  const auto rows = static_cast<Eigen::Index>(order.size());
  Eigen::MatrixXd of_run(rows, runs);
  Eigen::VectorXd constant(rows);
  for (Eigen::Index row = 0; row < rows; ++row) {
    const size_t m = order[static_cast<size_t>(row)];
    PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd costs, search->CostOfRuns(models[m].terms));
    of_run.row(row) = -costs.transpose();
    constant(row) = weight[m] + costs.sum();
  }
  base::Random random(seed, kWinnerStream);
  std::vector<std::vector<int>> winners;
  for (int b = 0; b < kBootstraps; ++b) {
    Eigen::VectorXd drawn = Eigen::VectorXd::Zero(runs);
    for (Eigen::Index r = 0; r < runs; ++r) {
      drawn(static_cast<Eigen::Index>(random.Below(static_cast<uint64_t>(runs)))) += 1.0;
    }
    Eigen::Index best = 0;
    (of_run * drawn + constant).maxCoeff(&best);
    winners.push_back(models[order[static_cast<size_t>(best)]].terms);
  }
  return winners;
}

}  // namespace parallax::pipeline
