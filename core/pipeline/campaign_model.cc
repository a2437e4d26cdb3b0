#include "core/pipeline/campaign_model.h"

#include <algorithm>
#include <utility>

#include "core/base/parallel.h"
#include "core/base/status_macros.h"

namespace parallax::pipeline {
namespace {

/// Of forward differences, in prior sds: far above the twin's rounding, far below its curvature.
constexpr double kStep = 1e-3;

double Centre(const twin::Parameter& p) { return twin::ToCoordinate(p, p.nominal); }

absl::Status FirstError(const std::vector<absl::Status>& statuses) {
  for (const absl::Status& status : statuses) PARALLAX_RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

}  // namespace

CampaignModel::CampaignModel(const twin::Twin& twin, const std::vector<CampaignRun>& runs,
                             const Eigen::VectorXd& assumed)
    : twin_(&twin), runs_(&runs), base_(assumed.size()) {
  const std::vector<twin::Parameter>& parameters = twin.description().parameters;
  for (Eigen::Index p = 0; p < base_.size(); ++p) {
    const twin::Parameter& parameter = parameters[static_cast<size_t>(p)];
    base_(p) = (twin::ToCoordinate(parameter, assumed(p)) - Centre(parameter)) / parameter.prior_sd;
  }
  for (size_t r = 0; r < runs.size(); ++r) {
    first_block_.push_back(blocks_.size());
    first_row_.push_back(rows_);
    for (EvidenceBlock block : runs[r].blocks) {
      block.run = static_cast<int>(r);
      block.begin = rows_;
      rows_ += block.rows();
      blocks_.push_back(std::move(block));
    }
  }
  first_block_.push_back(blocks_.size());
  first_row_.push_back(rows_);
}

Eigen::VectorXd CampaignModel::Natural(const Eigen::VectorXd& z) const {
  Eigen::VectorXd natural(z.size());
  for (Eigen::Index p = 0; p < z.size(); ++p) {
    const twin::Parameter& parameter = description().parameters[static_cast<size_t>(p)];
    natural(p) =
        std::clamp(twin::FromCoordinate(parameter, Centre(parameter) + z(p) * parameter.prior_sd),
                   parameter.lower, parameter.upper);
  }
  return natural;
}

double CampaignModel::NaturalSlope(const Eigen::VectorXd& z, int parameter) const {
  const twin::Parameter& p = description().parameters[static_cast<size_t>(parameter)];
  return twin::FromCoordinateDerivative(p, Centre(p) + z(parameter) * p.prior_sd) * p.prior_sd;
}

double CampaignModel::lower(int parameter) const {
  const twin::Parameter& p = description().parameters[static_cast<size_t>(parameter)];
  return std::max(-kWidestCoordinate, (twin::ToCoordinate(p, p.lower) - Centre(p)) / p.prior_sd);
}

double CampaignModel::upper(int parameter) const {
  const twin::Parameter& p = description().parameters[static_cast<size_t>(parameter)];
  return std::min(kWidestCoordinate, (twin::ToCoordinate(p, p.upper) - Centre(p)) / p.prior_sd);
}

absl::Status CampaignModel::FillResiduals(const Eigen::VectorXd& natural, int run,
                                          Eigen::Ref<Eigen::VectorXd> residuals) const {
  const auto r = static_cast<size_t>(run);
  twin::Prediction prediction;
  PARALLAX_RETURN_IF_ERROR(twin_->Predict(natural, (*runs_)[r].drive, &prediction, nullptr));
  for (size_t b = first_block_[r]; b < first_block_[r + 1]; ++b) {
    const EvidenceBlock& block = blocks_[b];
    for (Eigen::Index i = 0; i < block.rows(); ++i) {
      residuals(block.begin - first_row_[r] + i) =
          block.value(i) - block.source[static_cast<size_t>(i)].In(prediction);
    }
  }
  return absl::OkStatus();
}

Eigen::VectorXd CampaignModel::Moved(Eigen::VectorXd z, const std::vector<int>& which,
                                     const Eigen::VectorXd& coordinates) const {
  for (size_t i = 0; i < which.size(); ++i) {
    const int p = which[i];
    z(p) = std::clamp(coordinates(static_cast<Eigen::Index>(i)), lower(p), upper(p));
  }
  return z;
}

absl::Status CampaignModel::Residuals(const Eigen::VectorXd& z, Eigen::VectorXd* residuals) const {
  return Differentiate(z, {}, residuals, nullptr);
}

absl::Status CampaignModel::Differentiate(const Eigen::VectorXd& z, const std::vector<int>& which,
                                          Eigen::VectorXd* residuals,
                                          Eigen::MatrixXd* jacobian) const {
  const size_t sides = which.size() + 1;
  Eigen::MatrixXd columns(rows_, static_cast<Eigen::Index>(sides));
  std::vector<absl::Status> statuses(runs_->size() * sides);
  std::vector<double> steps(statuses.size(), kStep);
  base::ParallelFor(statuses.size(), [&](size_t task) {
    const size_t run = task / sides;
    const size_t side = task % sides;
    const auto fill = [&](double step) {
      Eigen::VectorXd shifted = z;
      if (side > 0) shifted(which[side - 1]) += step;
      return FillResiduals(
          Natural(shifted), static_cast<int>(run),
          columns.col(static_cast<Eigen::Index>(side)).segment(first_row_[run], RowsOf(run)));
    };
    statuses[task] = fill(kStep);
    if (side == 0 || statuses[task].ok()) return;
    // Just before where the twin begins to fail it still has a slope on the other side.
    steps[task] = -kStep;
    statuses[task] = fill(-kStep);
  });
  PARALLAX_RETURN_IF_ERROR(FirstError(statuses));
  *residuals = columns.col(0);
  if (jacobian == nullptr) return absl::OkStatus();
  jacobian->resize(rows_, static_cast<Eigen::Index>(which.size()));
  for (size_t task = 0; task < statuses.size(); ++task) {
    const size_t run = task / sides;
    const auto side = static_cast<Eigen::Index>(task % sides);
    if (side == 0) continue;
    jacobian->col(side - 1).segment(first_row_[run], RowsOf(run)) =
        (columns.col(side) - columns.col(0)).segment(first_row_[run], RowsOf(run)) / steps[task];
  }
  return absl::OkStatus();
}

absl::Status CampaignModel::DifferentiateAll(const Eigen::VectorXd& z, Eigen::VectorXd* residuals,
                                             Eigen::MatrixXd* jacobian) const {
  const Eigen::VectorXd natural = Natural(z);
  residuals->resize(rows_);
  jacobian->resize(rows_, z.size());
  std::vector<absl::Status> statuses(runs_->size());
  base::ParallelFor(runs_->size(), [&](size_t r) {
    twin::Prediction prediction;
    twin::Jacobian derivative;
    statuses[r] = twin_->Predict(natural, (*runs_)[r].drive, &prediction, &derivative);
    if (!statuses[r].ok()) return;
    for (size_t b = first_block_[r]; b < first_block_[r + 1]; ++b) {
      const EvidenceBlock& block = blocks_[b];
      for (Eigen::Index i = 0; i < block.rows(); ++i) {
        const RowSource& source = block.source[static_cast<size_t>(i)];
        (*residuals)(block.begin + i) = block.value(i) - source.In(prediction);
        for (Eigen::Index p = 0; p < z.size(); ++p) {
          (*jacobian)(block.begin + i, p) =
              -source.Slope(prediction, derivative, p) * NaturalSlope(z, static_cast<int>(p));
        }
      }
    }
  });
  return FirstError(statuses);
}

}  // namespace parallax::pipeline
