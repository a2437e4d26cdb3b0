#include "core/pipeline/campaign_noise.h"

#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/attribution/verdict_thresholds.h"
#include "core/base/status_macros.h"
#include "core/base/symmetric_eigen.h"

namespace parallax::pipeline {
namespace {

constexpr double kLeastEigenvalue = 1e-10;

/// Two errors of one cause: an offset and a share of the level are independent, or a zero that is
/// right would forbid a gain that is wrong.
double Shared(const EvidenceBlock& block, Eigen::Index i, Eigen::Index j, double sd, double share) {
  return sd * sd + share * share * block.level(i) * block.level(j);
}

/// The gap of each observable, a column each. Its level and not its readings: a column that holds
/// the readings' noise would explain that noise. What only the sample shows has none.
Eigen::MatrixXd Gaps(const CampaignModel& model) {
  std::set<std::string> names;
  for (const EvidenceBlock& block : model.blocks()) names.insert(block.observable);
  Eigen::MatrixXd columns =
      Eigen::MatrixXd::Zero(model.rows(), static_cast<Eigen::Index>(names.size()));
  for (const EvidenceBlock& block : model.blocks()) {
    if (block.OfSampleAlone()) continue;
    const auto place = std::distance(names.begin(), names.find(block.observable));
    columns.col(place).segment(block.begin, block.rows()) = block.level - block.assumed;
  }
  return columns;
}

/// A species that the twin has too much of in one run it has too much of in all, and one of its
/// neighbours too little: each kind of row has a campaign offset and a share of its own.
Eigen::MatrixXd CampaignOffsets(const CampaignModel& model, const std::vector<twin::Trust>& trust) {
  std::set<RowKind> kinds;
  for (const EvidenceBlock& block : model.blocks()) {
    for (Eigen::Index i = 0; i < block.rows(); ++i) kinds.insert(RowKindOf(block, i));
  }
  Eigen::MatrixXd columns =
      Eigen::MatrixXd::Zero(model.rows(), 2 * static_cast<Eigen::Index>(kinds.size()));
  for (const EvidenceBlock& block : model.blocks()) {
    const twin::Trust& stated = *FindTrust(trust, block.observable);
    for (Eigen::Index i = 0; i < block.rows(); ++i) {
      const auto place = 2 * std::distance(kinds.begin(), kinds.find(RowKindOf(block, i)));
      columns(block.begin + i, place) = stated.campaign_sd;
      columns(block.begin + i, place + 1) = stated.campaign_share * block.level(i);
    }
  }
  return columns;
}

}  // namespace

RowKind RowKindOf(const EvidenceBlock& block, Eigen::Index row) {
  const std::vector<int>& outcomes = block.source[static_cast<size_t>(row)].outcomes;
  return {block.observable, outcomes.empty() ? -1 : outcomes.front()};
}

Eigen::MatrixXd EvidenceCovariance(const EvidenceBlock& block, const twin::Trust& trust) {
  const Eigen::VectorXd own = Scale(block, trust.row_sd, trust.row_share);
  Eigen::MatrixXd covariance(block.rows(), block.rows());
  for (Eigen::Index i = 0; i < block.rows(); ++i) {
    for (Eigen::Index j = 0; j < block.rows(); ++j) {
      const double lag_s = std::abs(block.time_s(i) - block.time_s(j));
      covariance(i, j) = Shared(block, i, j, trust.run_sd, trust.run_share) +
                         Shared(block, i, j, trust.wander_sd, trust.wander_share) *
                             std::exp(-lag_s / trust.wander_s);
    }
    covariance(i, i) += own(i) * own(i) + block.white_sd(i) * block.white_sd(i);
  }
  return covariance;
}

const twin::Trust* FindTrust(const std::vector<twin::Trust>& trust, const std::string& observable) {
  for (const twin::Trust& one : trust) {
    if (one.observable == observable) return &one;
  }
  return nullptr;
}

Eigen::VectorXd Scale(const EvidenceBlock& block, double sd, double share) {
  return (sd * sd + (share * block.level.array()).square()).sqrt();
}

LowRankWhitener::LowRankWhitener(const Eigen::Ref<const Eigen::MatrixXd>& columns) {
  directions_.resize(columns.rows(), 0);
  if (columns.cols() == 0) return;
  const base::SymmetricEigen eigen = base::DecomposeSymmetric(columns.transpose() * columns);
  const Eigen::VectorXd& values = eigen.values;
  Eigen::Index first = 0;
  while (first < values.size() && values(first) < kLeastEigenvalue) ++first;
  const Eigen::Index kept = values.size() - first;
  const Eigen::VectorXd strong = values.tail(kept);
  directions_ =
      columns * eigen.vectors.rightCols(kept) * strong.cwiseSqrt().cwiseInverse().asDiagonal();
  shrink_ = 1.0 - (1.0 + strong.array()).rsqrt();
  log_determinant_ = strong.array().log1p().sum();
}

Eigen::MatrixXd LowRankWhitener::Whiten(const Eigen::Ref<const Eigen::MatrixXd>& rows) const {
  if (directions_.cols() == 0) return rows;
  return rows - directions_ * (shrink_.asDiagonal() * (directions_.transpose() * rows));
}

absl::StatusOr<CampaignNoise> CampaignNoise::Create(const CampaignModel& model,
                                                    const std::vector<twin::Trust>& trust,
                                                    const Eigen::MatrixXd& jacobian) {
  CampaignNoise noise;
  noise.row_sd_.resize(model.rows());
  for (const EvidenceBlock& block : model.blocks()) {
    const twin::Trust* stated = FindTrust(trust, block.observable);
    if (stated == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrFormat("observable \"%s\" of twin %s: nothing states how far it is trusted",
                          block.observable, model.description().name));
    }
    const Eigen::MatrixXd covariance = EvidenceCovariance(block, *stated);
    noise.row_sd_.segment(block.begin, block.rows()) = covariance.diagonal().cwiseSqrt();
    noise.factors_.push_back({block.begin, covariance.llt().matrixL()});
  }
  const Eigen::MatrixXd offsets = CampaignOffsets(model, trust);
  const Eigen::MatrixXd wobble = attribution::kForgivenErrors.wobble_sd * jacobian;
  noise.row_sd_ = (noise.row_sd_.array().square() + offsets.rowwise().squaredNorm().array() +
                   wobble.rowwise().squaredNorm().array())
                      .sqrt();
  const Eigen::MatrixXd gap = attribution::kForgivenErrors.gap_share * Gaps(model);
  noise.fitted_sd_ = (noise.row_sd_.array().square() + gap.rowwise().squaredNorm().array()).sqrt();
  Eigen::MatrixXd shared(model.rows(), offsets.cols() + wobble.cols() + gap.cols());
  shared << offsets, wobble, gap;
  const LowRankWhitener low_rank(noise.Whiten(shared));
  noise.shared_ = low_rank.directions();
  noise.shrink_ = low_rank.shrink();
  return noise;
}

Eigen::MatrixXd CampaignNoise::Whiten(const Eigen::Ref<const Eigen::MatrixXd>& rows) const {
  Eigen::MatrixXd out = rows;
  for (const Factor& factor : factors_) {
    auto block = out.middleRows(factor.begin, factor.lower.rows());
    factor.lower.triangularView<Eigen::Lower>().solveInPlace(block);
  }
  if (shared_.cols() == 0) return out;
  return out - shared_ * (shrink_.asDiagonal() * (shared_.transpose() * out));
}

absl::StatusOr<Eigen::MatrixXd> WhitenedSlope(const CampaignModel& model,
                                              const CampaignNoise& noise,
                                              const Eigen::VectorXd& z) {
  Eigen::VectorXd residuals;
  Eigen::MatrixXd jacobian;
  PARALLAX_RETURN_IF_ERROR(model.DifferentiateAll(z, &residuals, &jacobian));
  return noise.Whiten(jacobian);
}

Eigen::VectorXd CampaignNoise::Colour(Eigen::VectorXd whitened) const {
  // √(1 + s²) along the shared directions, from 1 − 1/√(1 + s²).
  const Eigen::VectorXd stretch = shrink_.array() / (1.0 - shrink_.array());
  whitened += shared_ * (stretch.asDiagonal() * (shared_.transpose() * whitened));
  for (const Factor& factor : factors_) {
    auto block = whitened.segment(factor.begin, factor.lower.rows());
    block = factor.lower.triangularView<Eigen::Lower>() * block.eval();
  }
  return whitened;
}

Eigen::VectorXd CampaignNoise::Draw(base::Random* random) const {
  Eigen::VectorXd draw(row_sd_.size());
  for (double& value : draw) value = random->Normal();
  return Colour(std::move(draw));
}

}  // namespace parallax::pipeline
