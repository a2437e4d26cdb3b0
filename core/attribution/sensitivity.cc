#include "core/attribution/sensitivity.h"

#include <bit>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/attribution/scrambling.h"
#include "core/base/parallel.h"
#include "core/base/sobol_points.h"
#include "core/base/status_macros.h"

namespace parallax::attribution {
namespace {

constexpr int kMostSobolInputs = 64;
constexpr int kMaxPoints = 1 << 20;
constexpr double kConstantSpread = 1e-12;  // relative spread of a response that is constant

/// What one scrambling says.
struct Replicate {
  Eigen::VectorXd first, total;
  double mean = 0.0, variance = 0.0;
};

/// Columns: f(A), f(B), then f of A with each input taken from B.
Eigen::MatrixXd Responses(int inputs, const Response& response, const Eigen::MatrixXd& points) {
  Eigen::MatrixXd y(points.rows(), inputs + 2);
  for (Eigen::Index k = 0; k < points.rows(); ++k) {
    Eigen::VectorXd x = points.row(k).head(inputs);
    const Eigen::VectorXd other = points.row(k).tail(inputs);
    y(k, 0) = response(x);
    y(k, 1) = response(other);
    for (int i = 0; i < inputs; ++i) {
      const double own = x(i);
      x(i) = other(i);
      y(k, i + 2) = response(x);
      x(i) = own;
    }
  }
  return y;
}

absl::StatusOr<Replicate> OneScrambling(int inputs, const Response& response,
                                        const SensitivityOptions& options, int index) {
  // A and B are halves of one sequence of twice the dimensions.
  PARALLAX_ASSIGN_OR_RETURN(
      const Eigen::MatrixXd points,
      base::SobolPoints(2 * inputs, options.points, options.seed, options.stream + index));
  const Eigen::MatrixXd responses = Responses(inputs, response, points);
  if (!responses.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the response is not finite everywhere (scrambling %d)", index));
  }
  const auto n = static_cast<double>(responses.rows());
  Replicate result;
  result.mean = responses.leftCols(2).mean();
  const Eigen::MatrixXd y = responses.array() - result.mean;
  result.variance = y.leftCols(2).squaredNorm() / (2.0 * n);
  if (result.variance <= std::pow(kConstantSpread * result.mean, 2)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the response is %g everywhere: it has no variance to divide", result.mean));
  }
  const Eigen::MatrixXd change = y.rightCols(inputs).colwise() - y.col(0);
  result.first = change.transpose() * y.col(1) / (n * result.variance);
  result.total = change.colwise().squaredNorm().transpose() / (2.0 * n * result.variance);
  return result;
}

SensitivityIndices Combine(int inputs, const std::vector<Replicate>& replicates,
                           double confidence) {
  Eigen::MatrixXd first(inputs, replicates.size()), total(inputs, replicates.size());
  SensitivityIndices result;
  for (Eigen::Index k = 0; k < first.cols(); ++k) {
    first.col(k) = replicates[k].first;
    total.col(k) = replicates[k].total;
    result.mean += replicates[k].mean / static_cast<double>(first.cols());
    result.variance += replicates[k].variance / static_cast<double>(first.cols());
  }
  result.first = AverageScramblings(first, confidence);
  result.total = AverageScramblings(total, confidence);
  for (int i = 0; i < inputs; ++i) {
    if (result.first.value(i) < 0.0 || result.total.value(i) < 0.0) result.negative.push_back(i);
  }
  return result;
}

}  // namespace

absl::Status CheckSensitivity(int inputs, int most, const SensitivityOptions& options) {
  if (inputs < 1 || inputs > most) {
    return absl::InvalidArgumentError(
        absl::StrFormat("inputs = %d, must be 1 to %d", inputs, most));
  }
  if (options.points < 64 || options.points > kMaxPoints ||
      !std::has_single_bit(static_cast<unsigned>(options.points))) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "points = %d, must be a power of two, 64 to %d", options.points, kMaxPoints));
  }
  if (options.scramblings < 16) {
    return absl::InvalidArgumentError(
        absl::StrFormat("scramblings = %d, must be >= 16", options.scramblings));
  }
  if (!(options.confidence > 0.0 && options.confidence < 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("confidence = %g, must be in (0, 1)", options.confidence));
  }
  return absl::OkStatus();
}

IndexEstimate AverageScramblings(const Eigen::Ref<const Eigen::MatrixXd>& indices,
                                 double confidence) {
  const auto count = static_cast<double>(indices.cols());
  IndexEstimate estimate;
  estimate.value = indices.rowwise().mean();
  const Eigen::MatrixXd centered = indices.colwise() - estimate.value;
  estimate.standard_error =
      (centered.rowwise().squaredNorm() / (count * (count - 1.0))).cwiseSqrt();
  const boost::math::students_t student(count - 1.0);
  const double t = boost::math::quantile(student, 0.5 + 0.5 * confidence);
  estimate.low = estimate.value - t * estimate.standard_error;
  estimate.high = estimate.value + t * estimate.standard_error;
  return estimate;
}

absl::StatusOr<SensitivityIndices> SobolIndices(int inputs, const Response& response,
                                                const SensitivityOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckSensitivity(inputs, kMostSobolInputs, options));
  std::vector<absl::StatusOr<Replicate>> scramblings(options.scramblings);
  base::ParallelFor(scramblings.size(), [&](size_t k) {
    scramblings[k] = OneScrambling(inputs, response, options, static_cast<int>(k));
  });
  std::vector<Replicate> replicates;
  for (const absl::StatusOr<Replicate>& scrambling : scramblings) {
    PARALLAX_RETURN_IF_ERROR(scrambling.status());
    replicates.push_back(*scrambling);
  }
  SensitivityIndices result = Combine(inputs, replicates, options.confidence);
  result.evaluations = options.scramblings * options.points * (inputs + 2);
  return result;
}

}  // namespace parallax::attribution
