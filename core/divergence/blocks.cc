#include <algorithm>
#include <cmath>

#include "core/base/check.h"
#include "core/divergence/permutation.h"

namespace parallax::divergence {

Eigen::MatrixXd BlockMeans(const Eigen::VectorXd& time_s,
                           const Eigen::Ref<const Eigen::MatrixXd>& values, double block_s) {
  PARALLAX_CHECK(time_s.size() == values.rows() && block_s > 0.0);
  std::vector<Eigen::RowVectorXd> means;
  Eigen::Index begin = 0;
  while (begin < time_s.size()) {
    const double block = std::floor((time_s(begin) - time_s(0)) / block_s);
    Eigen::Index end = begin;
    Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(values.cols());
    Eigen::RowVectorXd count = Eigen::RowVectorXd::Zero(values.cols());
    while (end < time_s.size() && std::floor((time_s(end) - time_s(0)) / block_s) == block) {
      for (Eigen::Index j = 0; j < values.cols(); ++j) {
        if (std::isnan(values(end, j))) continue;
        sum(j) += values(end, j);
        count(j) += 1.0;
      }
      ++end;
    }
    if (count.size() > 0 && count.minCoeff() > 0.0) means.emplace_back(sum.cwiseQuotient(count));
    begin = end;
  }
  Eigen::MatrixXd result(static_cast<Eigen::Index>(means.size()), values.cols());
  for (size_t k = 0; k < means.size(); ++k) result.row(static_cast<Eigen::Index>(k)) = means[k];
  return result;
}

double CorrelationTime(const Eigen::VectorXd& time_s, const Eigen::VectorXd& values) {
  const Eigen::Index n = values.size();
  PARALLAX_CHECK(time_s.size() == n && n >= 2);
  const double span_s = time_s(n - 1) - time_s(0);
  const double step_s = span_s / static_cast<double>(n - 1);
  const Eigen::VectorXd centered = values.array() - values.mean();
  const double variance = centered.squaredNorm();
  if (!(variance > 0.0)) return span_s;
  const double target = std::exp(-1.0);
  double last = 1.0;
  for (Eigen::Index lag = 1; lag < n; ++lag) {
    const double now = centered.head(n - lag).dot(centered.tail(n - lag)) / variance;
    if (now < target) {
      return step_s * (static_cast<double>(lag - 1) + (last - target) / (last - now));
    }
    last = now;
  }
  return span_s;
}

}  // namespace parallax::divergence
