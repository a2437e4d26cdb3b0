#pragma once

#include <Eigen/Dense>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/random.h"
#include "core/pipeline/campaign_model.h"
#include "core/twin/trust.h"

namespace parallax::pipeline {

/// Errors that do not come from an assumption: the sensors' noise and the discrepancy that a right
/// twin is allowed (methods.md §3). In each run and observable an Ornstein-Uhlenbeck term and an
/// offset; over the campaign an offset of each observable, a wobble of all parameters by 0.02 prior
/// sd and 5 % of the gap that the assumptions leave, since what closes a gap seldom closes it all.
/// Each of these offsets is independent of the share of the reading stated beside it.
/// Constant after construction, so thread-safe.
class CampaignNoise {
 public:
  /// @param jacobian  of the model as assumed.
  /// Errors: InvalidArgument naming an observable for which no trust is stated.
  static absl::StatusOr<CampaignNoise> Create(const CampaignModel& model,
                                              const std::vector<twin::Trust>& trust,
                                              const Eigen::MatrixXd& jacobian);

  /// W rows, with Wᵀ W the inverse of the errors' covariance. Serves residuals and columns alike.
  Eigen::MatrixXd Whiten(const Eigen::Ref<const Eigen::MatrixXd>& rows) const;

  /// Undoes Whiten for one column.
  Eigen::VectorXd Colour(Eigen::VectorXd whitened) const;

  /// One campaign's errors [SI]: what a right twin would still leave.
  Eigen::VectorXd Draw(base::Random* random) const;

  /// sd of each row's error on its own, all terms but the 5 % of the gap together.
  const Eigen::VectorXd& row_sd() const { return row_sd_; }
  /// The same with the 5 % of the gap: what is left after a fit is held against it.
  const Eigen::VectorXd& fitted_sd() const { return fitted_sd_; }

 private:
  struct Factor {
    Eigen::Index begin = 0;
    Eigen::MatrixXd lower;  ///< Cholesky factor of a block's covariance
  };

  std::vector<Factor> factors_;
  Eigen::MatrixXd shared_;  ///< orthonormal directions of the whitened campaign-wide terms
  Eigen::VectorXd shrink_;  ///< 1 - 1/√(1 + s²) along each
  Eigen::VectorXd row_sd_, fitted_sd_;
};

/// Rows spanned by independent standard normal terms, taken out of whitened rows: multiplies by the
/// symmetric (I + C Cᵀ)^(-1/2).
class LowRankWhitener {
 public:
  /// @param columns  C, rows × m, whitened by everything else; m may be 0.
  explicit LowRankWhitener(const Eigen::Ref<const Eigen::MatrixXd>& columns);
  Eigen::MatrixXd Whiten(const Eigen::Ref<const Eigen::MatrixXd>& rows) const;
  double log_determinant() const { return log_determinant_; }  ///< log |I + Cᵀ C|
  const Eigen::MatrixXd& directions() const { return directions_; }
  const Eigen::VectorXd& shrink() const { return shrink_; }

 private:
  Eigen::MatrixXd directions_;
  Eigen::VectorXd shrink_;
  double log_determinant_ = 0.0;
};

/// d residual / d coordinate by every parameter of a campaign's twin, whitened by its noise, rows ×
/// parameters. Errors: those of the twin.
absl::StatusOr<Eigen::MatrixXd> WhitenedSlope(const CampaignModel& model,
                                              const CampaignNoise& noise, const Eigen::VectorXd& z);

/// Rows that share a campaign-wide offset: an observable and, of families, its first outcome; -1.
using RowKind = std::pair<std::string, int>;
RowKind RowKindOf(const EvidenceBlock& block, Eigen::Index row);

/// Covariance [SI²] of the errors that one run's rows of one observable have for themselves: its
/// own noise, the run's offset and what wanders within it.
Eigen::MatrixXd EvidenceCovariance(const EvidenceBlock& block, const twin::Trust& trust);

/// What is trusted of an observable; nullptr where nothing is stated.
const twin::Trust* FindTrust(const std::vector<twin::Trust>& trust, const std::string& observable);

/// An sd and a share of the signal's level, combined row by row [SI].
Eigen::VectorXd Scale(const EvidenceBlock& block, double sd, double share);

}  // namespace parallax::pipeline
