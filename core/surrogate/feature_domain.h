#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace parallax::surrogate {

/// A feature as people read it: "growth temperature", "K".
struct FeatureLabel {
  std::string name;
  std::string unit;  ///< as printed behind a value; empty: none
};

struct FeatureDomainOptions {
  /// Share of rows drawn like those of the training that are called outside, in (0, 0.5]. With n
  /// rows no less than 1/(n + 1) can be had; FeatureDomain::false_alarm_rate says what was had.
  double false_alarm_rate = 0.02;
  /// Rows kept to tell how far away the next one is; more rows than that are thinned evenly.
  int most_kept_rows = 1000;
};

/// A feature that leaves the range seen in training.
struct RangeExcess {
  Eigen::Index feature = 0;
  double value = 0.0;   ///< [feature]
  double beyond = 0.0;  ///< > 0, how far past the nearer end [feature]
};

/// What a domain says of one row.
struct DomainCheck {
  /// Largest of the three measures, each over its own scale; outside means score > quantile.
  double score = 0.0;
  double quantile = 0.0;
  bool outside = false;
  double distance = 0.0;              ///< Mahalanobis distance to the middle of the training
  double neighbour = 0.0;             ///< distance to the nearest kept row, same metric
  double overshoot = 0.0;             ///< largest way past a range over that range's width
  std::vector<RangeExcess> excesses;  ///< features that leave their range, the worst first
  /// For people where outside: "growth temperature 1,190 K is outside of 1,050 to 1,150 K seen in
  /// training", or which measure it is that is large. Empty where inside.
  std::string because;
};

/// Where a model may be asked: the set its training rows came from. Plain data, so that a model
/// file can hold it. Three measures, since each misses what another sees: the Mahalanobis distance
/// under a shrunk covariance of standardised features (an unusual combination), the distance to the
/// nearest training row in the same metric (a hole in the set), and the way past a feature's range
/// (one feature of many, lost in the sum of a distance). Each is divided by its upper quartile over
/// the training rows, every row measured against a domain fitted without it (left out one by one up
/// to 50 rows, in 50 folds beyond); the largest of the three is the score, and its quantile over
/// the same rows is the limit: so that the three together have the one stated rate of false alarms.
/// Constant once fitted, thread-safe.
/// Source: Lee et al., NeurIPS 31 (2018) 7167 (Mahalanobis); Sun et al., ICML 162 (2022) 20827
/// (nearest neighbours); Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World (2005),
/// ch. 2 (rank of a left-out score).
struct FeatureDomain {
  std::vector<FeatureLabel> labels;  ///< d
  Eigen::VectorXd low;               ///< d, least value in training [feature]
  Eigen::VectorXd high;              ///< d, largest [feature]
  Eigen::VectorXd center;            ///< d, mean [feature]
  /// d × d, lower triangular: distance(x, y) = |whitening (x − y)| [1/feature]
  Eigen::MatrixXd whitening;
  double shrinkage = 0.0;       ///< of the covariance, in [0, 1]
  Eigen::MatrixXd kept_rows;    ///< k × d, whitened about the center
  Eigen::Index rows = 0;        ///< n, of the training
  double distance_scale = 0.0;  ///< > 0, of DomainCheck::distance
  double neighbour_scale = 0.0;
  double overshoot_scale = 0.0;
  double quantile = 0.0;          ///< limit of the score
  double false_alarm_rate = 0.0;  ///< that of the quantile: (rows above it + 1)/(n + 1)

  /// @param features  n × d, a row a run.   @param labels  d.
  /// Errors: InvalidArgument on shapes, values that are not finite (naming row and feature),
  /// options; FailedPrecondition naming a feature that was never varied, or of fewer than 8 rows.
  static absl::StatusOr<FeatureDomain> Fit(const Eigen::Ref<const Eigen::MatrixXd>& features,
                                           std::vector<FeatureLabel> labels,
                                           const FeatureDomainOptions& options = {});

  /// Judges one row of d features. Errors: InvalidArgument on another number of features or a value
  /// that is not finite, naming it.
  absl::StatusOr<DomainCheck> Check(const Eigen::Ref<const Eigen::VectorXd>& row) const;

  /// Whether the parts belong together, for one read from a file. Errors: InvalidArgument.
  absl::Status Validate() const;
};

}  // namespace parallax::surrogate
