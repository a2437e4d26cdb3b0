#include "core/surrogate/dataset.h"

#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/normal.h"

namespace parallax::surrogate {
namespace {

/// Values that differ by less than rounding of the largest are equal.
constexpr double kEqual = 1e-12;

bool Constant(const Eigen::Ref<const Eigen::VectorXd>& values) {
  return !(values.maxCoeff() - values.minCoeff() > kEqual * values.cwiseAbs().maxCoeff());
}

absl::Status CheckShape(const Dataset& dataset) {
  const Eigen::Index rows = dataset.features.rows(), columns = dataset.features.cols();
  if (columns != static_cast<Eigen::Index>(dataset.feature_names.size()) || columns == 0 ||
      dataset.outcomes.size() != rows) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d x %d features with %d names and %d outcomes do not belong together",
                        rows, columns, dataset.feature_names.size(), dataset.outcomes.size()));
  }
  std::set<std::string> seen;
  for (const std::string& name : dataset.feature_names) {
    if (!seen.insert(name).second) {
      return absl::InvalidArgumentError(absl::StrFormat("feature \"%s\" is there twice", name));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFinite(const Dataset& dataset) {
  for (Eigen::Index i = 0; i < dataset.features.rows(); ++i) {
    for (Eigen::Index j = 0; j < dataset.features.cols(); ++j) {
      if (!std::isfinite(dataset.features(i, j))) {
        return absl::InvalidArgumentError(
            absl::StrFormat("row %d: feature \"%s\" is not finite", i, dataset.feature_names[j]));
      }
    }
    if (!std::isfinite(dataset.outcomes(i))) {
      return absl::InvalidArgumentError(
          absl::StrFormat("row %d: outcome \"%s\" is not finite", i, dataset.outcome_name));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckDataset(const Dataset& dataset, Eigen::Index least_rows) {
  if (absl::Status status = CheckShape(dataset); !status.ok()) return status;
  if (absl::Status status = CheckFinite(dataset); !status.ok()) return status;
  if (dataset.outcomes.size() < least_rows) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%d runs with outcome \"%s\": at least %d are needed",
                        dataset.outcomes.size(), dataset.outcome_name, least_rows));
  }
  for (Eigen::Index j = 0; j < dataset.features.cols(); ++j) {
    if (Constant(dataset.features.col(j))) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "feature \"%s\" was never varied: it is %g in all %d runs", dataset.feature_names[j],
          dataset.features(0, j), dataset.features.rows()));
    }
  }
  if (Constant(dataset.outcomes)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("outcome \"%s\" is %g in all %d runs: there is nothing to learn",
                        dataset.outcome_name, dataset.outcomes(0), dataset.outcomes.size()));
  }
  return absl::OkStatus();
}

Dataset RowsOf(const Dataset& dataset, const std::vector<Eigen::Index>& rows) {
  const auto count = static_cast<Eigen::Index>(rows.size());
  Dataset part{.feature_names = dataset.feature_names,
               .features = Eigen::MatrixXd(count, dataset.features.cols()),
               .outcome_name = dataset.outcome_name,
               .outcomes = Eigen::VectorXd(count)};
  for (Eigen::Index k = 0; k < count; ++k) {
    PARALLAX_CHECK(rows[k] >= 0 && rows[k] < dataset.outcomes.size());
    part.features.row(k) = dataset.features.row(rows[k]);
    part.outcomes(k) = dataset.outcomes(rows[k]);
  }
  return part;
}

double Prediction::epistemic_share() const {
  return variance() > 0.0 ? epistemic_variance / variance() : 0.0;
}

double LogDensity(const Prediction& prediction, double outcome) {
  PARALLAX_CHECK(prediction.variance() > 0.0);
  const double off = outcome - prediction.mean;
  return -0.5 *
         (base::kLogTwoPi + std::log(prediction.variance()) + off * off / prediction.variance());
}

absl::StatusOr<Standardizer> Standardizer::Fit(const Eigen::Ref<const Eigen::MatrixXd>& values) {
  if (values.rows() < 2) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%d rows have no spread: at least 2 are needed", values.rows()));
  }
  Eigen::VectorXd center = values.colwise().mean().transpose();
  Eigen::VectorXd scale(values.cols());
  for (Eigen::Index j = 0; j < values.cols(); ++j) {
    if (Constant(values.col(j))) {
      return absl::FailedPreconditionError(
          absl::StrFormat("column %d is %g in all rows", j, values(0, j)));
    }
    scale(j) = std::sqrt((values.col(j).array() - center(j)).square().sum() /
                         static_cast<double>(values.rows() - 1));
  }
  return Standardizer(std::move(center), std::move(scale));
}

Standardizer::Standardizer(Eigen::VectorXd center, Eigen::VectorXd scale)
    : center_(std::move(center)), scale_(std::move(scale)) {
  PARALLAX_CHECK(center_.size() == scale_.size() && (scale_.array() > 0.0).all());
}

Eigen::MatrixXd Standardizer::Apply(const Eigen::Ref<const Eigen::MatrixXd>& values) const {
  PARALLAX_CHECK(values.cols() == center_.size());
  return (values.rowwise() - center_.transpose()) * scale_.cwiseInverse().asDiagonal();
}

}  // namespace parallax::surrogate
