#include "core/pipeline/campaign_shares.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/attribution/asymmetric_shapley.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/pipeline/campaign_unions.h"
#include "core/pipeline/model_average.h"

namespace parallax::pipeline {
namespace {

constexpr int kBootstraps = 200;
constexpr size_t kBootstrapModels = 40;  ///< by weight; the others count as never winning
constexpr uint64_t kWinnerStream = 0x626f6f74;

}  // namespace

absl::StatusOr<ShareGame> GameOfCampaign(CampaignSearch* search, const CauseWeights& weights,
                                         const std::vector<int>& parameters,
                                         const Eigen::MatrixXd& slope, const GapOfResiduals& gap,
                                         uint64_t seed) {
  const CampaignModel& model = search->model();
  ShareGame game{.players = MovedTogether(model.description(), parameters),
                 .union_of = UnionOfEach(model.description(), parameters, slope),
                 .assumed = model.base(),
                 .informed = {},
                 .gap = [&model, gap](const Eigen::VectorXd& z) -> absl::StatusOr<double> {
                   Eigen::VectorXd residuals;
                   PARALLAX_RETURN_IF_ERROR(model.Residuals(z, &residuals));
                   return gap(residuals);
                 }};
  PARALLAX_ASSIGN_OR_RETURN(game.informed,
                            DrawAverage(AverageOf(search, weights), kShareDraws, seed));
  return game;
}

absl::StatusOr<CampaignShares> ShareCampaignGap(CampaignSearch* search, const CauseWeights& weights,
                                                const std::vector<int>& suspects,
                                                const Eigen::MatrixXd& slope,
                                                const causal::Graph& graph,
                                                const GapOfResiduals& gap, uint64_t seed) {
  PARALLAX_ASSIGN_OR_RETURN(const ShareGame game,
                            GameOfCampaign(search, weights, suspects, slope, gap, seed));
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::MatrixXd worth, WorthsOf(game));
  CampaignShares out;
  PARALLAX_ASSIGN_OR_RETURN(out.shapley, ShareWorths(game, worth));
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> named;
  for (const int p : suspects) {
    names.push_back(search->model().description().parameters[static_cast<size_t>(p)].name);
    named.push_back({names.back()});
  }
  out.unions = UnionsIn(game.union_of, out.shapley, named);
  const std::vector<uint32_t> causes = causal::CauseMasks(graph, names);
  out.draws = DrawsOf(game, worth);
  out.upstream = Eigen::VectorXd::Constant(static_cast<Eigen::Index>(suspects.size()),
                                           out.draws.AllFailed() ? std::nan("") : 0.0);
  for (Eigen::Index k = 0; k < worth.cols(); ++k) {
    const std::vector<double> worths(worth.col(k).begin(), worth.col(k).end());
    PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd phi,
                              attribution::AsymmetricShapley(worths, causes));
    out.upstream -= phi / (worths.front() * static_cast<double>(worth.cols()));
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
