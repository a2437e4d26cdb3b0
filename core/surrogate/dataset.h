#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace parallax::surrogate {

/// What a model of one outcome learns from: a row a run.
struct Dataset {
  std::vector<std::string> feature_names;  ///< d, unique
  Eigen::MatrixXd features;                ///< n × d, each feature in its own unit
  std::string outcome_name;
  Eigen::VectorXd outcomes;  ///< n, in the outcome's unit
};

/// Whether anything can be learnt from it.
/// Errors: InvalidArgument on shapes that do not match, a name twice, or a value that is not finite
/// (naming row and feature); FailedPrecondition naming what is missing: fewer than `least_rows`
/// rows, a feature that was never varied, an outcome that is the same in all rows.
absl::Status CheckDataset(const Dataset& dataset, Eigen::Index least_rows);

/// The same columns, these rows in this order. REQUIRES: indices within the data set.
Dataset RowsOf(const Dataset& dataset, const std::vector<Eigen::Index>& rows);

/// What a model says of one outcome where it was asked. The sum of both variances is that of the
/// next measurement there.
struct Prediction {
  double mean = 0.0;                ///< [outcome]
  double epistemic_variance = 0.0;  ///< [outcome²], of not knowing: more runs would lessen it
  double aleatoric_variance = 0.0;  ///< [outcome²], of the outcome itself: more runs would not

  double variance() const { return epistemic_variance + aleatoric_variance; }
  /// Share of the variance that more runs would lessen, in [0, 1]; 0 where there is none.
  double epistemic_share() const;
};

/// Log density of an outcome under a normal prediction, nats. REQUIRES: variance() > 0.
double LogDensity(const Prediction& prediction, double outcome);

/// Moves every column to mean 0 and standard deviation 1, and back. Immutable.
class Standardizer {
 public:
  /// Of the columns of n × d values. Errors: FailedPrecondition with the number of a column whose
  /// values are all equal, or of fewer than 2 rows.
  static absl::StatusOr<Standardizer> Fit(const Eigen::Ref<const Eigen::MatrixXd>& values);
  /// With known parts. REQUIRES: equal sizes, every scale > 0.
  Standardizer(Eigen::VectorXd center, Eigen::VectorXd scale);

  /// m × d in the values' units → m × d, standardised. REQUIRES: d columns.
  Eigen::MatrixXd Apply(const Eigen::Ref<const Eigen::MatrixXd>& values) const;

  const Eigen::VectorXd& center() const { return center_; }  ///< d
  const Eigen::VectorXd& scale() const { return scale_; }    ///< d, sample standard deviations

 private:
  Eigen::VectorXd center_;
  Eigen::VectorXd scale_;
};

}  // namespace parallax::surrogate
