#include "core/pipeline/run_departure.h"

#include <cmath>
#include <utility>

#include "core/base/status_macros.h"
#include "core/pipeline/campaign_model.h"
#include "core/pipeline/campaign_noise.h"
#include "core/twin/trust.h"

namespace parallax::pipeline {
namespace {

/// Figures of a run: m × rows.
Eigen::MatrixXd Reduction(const CampaignModel& model, std::vector<std::string>* channels) {
  std::vector<Eigen::RowVectorXd> figures;
  for (const EvidenceBlock& block : model.blocks()) {
    const Eigen::Index count = block.OfSampleAlone() ? block.rows() : 1;
    for (Eigen::Index i = 0; i < count; ++i) {
      Eigen::RowVectorXd figure = Eigen::RowVectorXd::Zero(model.rows());
      if (block.OfSampleAlone()) {
        figure(block.begin + i) = 1.0;
      } else {
        figure.segment(block.begin, block.rows())
            .setConstant(1.0 / static_cast<double>(block.rows()));
      }
      figures.push_back(std::move(figure));
      channels->push_back(block.channel);
    }
  }
  Eigen::MatrixXd reduction(static_cast<Eigen::Index>(figures.size()), model.rows());
  for (size_t i = 0; i < figures.size(); ++i) {
    reduction.row(static_cast<Eigen::Index>(i)) = figures[i];
  }
  return reduction;
}

/// L of the errors' covariance L Lᵀ, rows × rows.
Eigen::MatrixXd Root(const CampaignNoise& noise, Eigen::Index rows) {
  Eigen::MatrixXd root(rows, rows);
  for (Eigen::Index i = 0; i < rows; ++i) {
    root.col(i) = noise.Colour(Eigen::VectorXd::Unit(rows, i));
  }
  return root;
}

}  // namespace

double DepartureScore(const Eigen::Ref<const Eigen::VectorXd>& gap,
                      const Eigen::Ref<const Eigen::MatrixXd>& covariance) {
  // In units of each figure's own sd: shares and kelvins differ by orders of magnitude.
  const Eigen::VectorXd scale = covariance.diagonal().cwiseSqrt();
  const Eigen::MatrixXd correlation =
      scale.cwiseInverse().asDiagonal() * covariance * scale.cwiseInverse().asDiagonal();
  const Eigen::VectorXd scaled = gap.cwiseQuotient(scale);
  const double squared = scaled.dot(correlation.llt().solve(scaled));
  const auto m = static_cast<double>(gap.size());
  const double spread = 2.0 / (9.0 * m);
  return (std::cbrt(squared / m) - (1.0 - spread)) / std::sqrt(spread);
}

absl::StatusOr<RunDeparture> MeasureDeparture(const twin::Twin& twin, const CampaignRun& run,
                                              const Eigen::VectorXd& assumed) {
  const std::vector<CampaignRun> alone = {run};
  const CampaignModel model(twin, alone, assumed);
  Eigen::VectorXd residuals;
  Eigen::MatrixXd jacobian;
  PARALLAX_RETURN_IF_ERROR(model.DifferentiateAll(model.base(), &residuals, &jacobian));
  PARALLAX_ASSIGN_OR_RETURN(
      const CampaignNoise noise,
      CampaignNoise::Create(model, twin::TrustIn(model.description().name), jacobian));
  RunDeparture departure;
  const Eigen::MatrixXd reduction = Reduction(model, &departure.channels);
  const Eigen::MatrixXd root = reduction * Root(noise, model.rows());
  departure.gap = reduction * residuals;
  departure.covariance = root * root.transpose();
  departure.score = DepartureScore(departure.gap, departure.covariance);
  return departure;
}

}  // namespace parallax::pipeline
