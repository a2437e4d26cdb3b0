#include "core/divergence/neighbour_divergence.h"

#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <cmath>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"

namespace parallax::divergence {
namespace {

constexpr Eigen::Index kMaxDimension = 4;  // beyond it neighbours are too far to say anything

absl::Status Check(const Eigen::Ref<const Eigen::MatrixXd>& x,
                   const Eigen::Ref<const Eigen::MatrixXd>& y, int neighbours) {
  if (x.cols() < 1 || x.cols() > kMaxDimension || x.cols() != y.cols()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("samples have %d and %d columns, must be equal, 1 to %d", x.cols(),
                        y.cols(), kMaxDimension));
  }
  if (neighbours < 1 || x.rows() <= neighbours || y.rows() <= neighbours) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d neighbours of %d and %d samples: must be >= 1 and fewer than either",
                        neighbours, x.rows(), y.rows()));
  }
  if (x.allFinite() && y.allFinite()) return absl::OkStatus();
  return absl::InvalidArgumentError("a sample is not finite");
}

/// One over the sd of each column of both samples together; 1 for a constant column.
Eigen::RowVectorXd Scale(const Eigen::MatrixXd& x, const Eigen::MatrixXd& y) {
  Eigen::MatrixXd pooled(x.rows() + y.rows(), x.cols());
  pooled << x, y;
  const Eigen::RowVectorXd mean = pooled.colwise().mean();
  const Eigen::RowVectorXd sd =
      ((pooled.rowwise() - mean).colwise().squaredNorm() / static_cast<double>(pooled.rows()))
          .cwiseSqrt();
  return (sd.array() > 0.0).select(sd.cwiseInverse(), 1.0);
}

/// Squared distances from a point to the columns of a sample.
std::vector<double> Distances(const Eigen::MatrixXd& columns, const Eigen::VectorXd& point) {
  const Eigen::RowVectorXd squared = (columns.colwise() - point).colwise().squaredNorm();
  return {squared.begin(), squared.end()};
}

double Smallest(std::vector<double> values, int rank) {
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  return values[rank];
}

double CountWithin(const std::vector<double>& values, double bound) {
  return static_cast<double>(std::count_if(values.begin(), values.end(),
                                           [bound](double value) { return value <= bound; }));
}

}  // namespace

absl::StatusOr<double> NeighbourKullbackLeibler(const Eigen::Ref<const Eigen::MatrixXd>& x,
                                                const Eigen::Ref<const Eigen::MatrixXd>& y,
                                                int neighbours) {
  PARALLAX_RETURN_IF_ERROR(Check(x, y, neighbours));
  const Eigen::RowVectorXd scale = Scale(x, y);
  const Eigen::MatrixXd own = (x * scale.asDiagonal()).transpose();
  const Eigen::MatrixXd other = (y * scale.asDiagonal()).transpose();
  std::vector<double> terms(own.cols());
  base::ParallelFor(terms.size(), [&](size_t i) {
    const Eigen::VectorXd point = own.col(static_cast<Eigen::Index>(i));
    const std::vector<double> to_own = Distances(own, point);  // itself at 0, so ranks shift by one
    const std::vector<double> to_other = Distances(other, point);
    const double own_reach = Smallest(to_own, neighbours);
    const double other_reach = Smallest(to_other, neighbours - 1);
    const double reach = std::max(own_reach, other_reach);
    const double one_more_own = own_reach < other_reach ? 1.0 : 0.0;
    const double one_more_other = other_reach < own_reach ? 1.0 : 0.0;
    terms[i] = boost::math::digamma(CountWithin(to_own, reach) - 1.0 + one_more_own) -
               boost::math::digamma(CountWithin(to_other, reach) + one_more_other);
  });
  double total = 0.0;
  for (double term : terms) total += term;
  return total / static_cast<double>(terms.size()) +
         std::log(static_cast<double>(other.cols()) / (static_cast<double>(own.cols()) - 1.0));
}

}  // namespace parallax::divergence
