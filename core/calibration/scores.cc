#include "core/calibration/scores.h"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>

#include "core/base/check.h"
#include "core/base/normal.h"

namespace parallax::calibration {
namespace {

constexpr double kInverseSqrtPi = 0.56418958354775629;

double NormalCdf(double z) { return 0.5 * std::erfc(-z / std::sqrt(2.0)); }

}  // namespace

double LogScore(double y, double mean, double sd) {
  const double z = (y - mean) / sd;
  return -0.5 * z * z - std::log(sd) - base::kLogSqrtTwoPi;
}

double NormalCrps(double y, double mean, double sd) {
  const double z = (y - mean) / sd;
  const double density = std::exp(-0.5 * z * z - base::kLogSqrtTwoPi);
  return sd * (z * (2.0 * NormalCdf(z) - 1.0) + 2.0 * density - kInverseSqrtPi);
}

double NormalPit(double y, double mean, double sd) { return NormalCdf((y - mean) / sd); }

double Coverage(const Eigen::Ref<const Eigen::VectorXd>& z, double probability) {
  PARALLAX_CHECK(z.size() > 0 && probability > 0.0 && probability < 1.0);
  const double half = boost::math::quantile(boost::math::normal(), 0.5 + 0.5 * probability);
  return (z.array().abs() <= half).cast<double>().mean();
}

CoverageBand BinomialBand(int n, double probability, double confidence) {
  PARALLAX_CHECK(probability > 0.0 && probability < 1.0 && confidence > 0.0 && confidence < 1.0);
  if (n <= 0) return {};
  const boost::math::binomial_distribution<double> binomial(n, probability);
  const double tail = 0.5 * (1.0 - confidence);
  // Boost rounds both quantiles outwards: the band holds at least `confidence`.
  return {boost::math::quantile(binomial, tail) / n,
          boost::math::quantile(boost::math::complement(binomial, tail)) / n};
}

double PitDistance(Eigen::VectorXd pit) {
  std::sort(pit.begin(), pit.end());
  const auto n = static_cast<double>(pit.size());
  double distance = 0.0;
  for (Eigen::Index i = 0; i < pit.size(); ++i) {
    const double below = static_cast<double>(i) / n, above = static_cast<double>(i + 1) / n;
    distance = std::max({distance, pit(i) - below, above - pit(i)});
  }
  return distance;
}

}  // namespace parallax::calibration
