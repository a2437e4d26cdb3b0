#include "core/divergence/gaussian.h"

#include <algorithm>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/normal.h"
#include "core/base/random.h"
#include "core/base/shrunk_covariance.h"
#include "core/base/status_macros.h"

namespace parallax::divergence {
namespace {

constexpr double kLogTwo = 0.69314718055994531;

/// E|X| for X ~ N(mean, variance).
double MeanAbsolute(double mean, double variance) {
  if (!(variance > 0.0)) return std::abs(mean);
  const double sd = std::sqrt(variance), z = mean / sd;
  return sd * std::sqrt(2.0 / M_PI) * std::exp(-0.5 * z * z) + mean * std::erf(z / std::sqrt(2.0));
}

/// Log density by a Cholesky factor.
class LogDensity {
 public:
  explicit LogDensity(const Gaussian& gaussian) : mean_(gaussian.mean), llt_(gaussian.covariance) {
    if (!ok()) return;
    half_log_det_ = llt_.matrixLLT().diagonal().array().log().sum();
  }
  bool ok() const { return llt_.info() == Eigen::Success; }
  double half_log_det() const { return half_log_det_; }
  const Eigen::LLT<Eigen::MatrixXd>& llt() const { return llt_; }
  /// At each column.
  Eigen::VectorXd At(const Eigen::MatrixXd& x) const {
    const Eigen::MatrixXd white = llt_.matrixL().solve(x.colwise() - mean_);
    return (-0.5 * (white.colwise().squaredNorm().array() +
                    static_cast<double>(x.rows()) * base::kLogTwoPi) -
            half_log_det_)
        .matrix()
        .transpose();
  }

 private:
  const Eigen::VectorXd& mean_;
  Eigen::LLT<Eigen::MatrixXd> llt_;
  double half_log_det_ = 0.0;
};

absl::Status CheckPair(const Gaussian& p, const Gaussian& q) {
  const Eigen::Index d = p.mean.size();
  for (const Gaussian* one : {&p, &q}) {
    if (d == 0 || one->mean.size() != d || one->covariance.rows() != d ||
        one->covariance.cols() != d) {
      return absl::InvalidArgumentError(
          absl::StrFormat("a normal has mean %d and covariance %d x %d, must all be %d > 0",
                          one->mean.size(), one->covariance.rows(), one->covariance.cols(), d));
    }
    if (!LogDensity(*one).ok()) {
      return absl::InvalidArgumentError("a covariance is not positive definite");
    }
  }
  return absl::OkStatus();
}

/// log(p/m) with m = (p + q)/2, from log densities.
double LogRatioToMixture(double log_p, double log_q) {
  const double top = std::max(log_p, log_q);
  return log_p - top - std::log(0.5 * (std::exp(log_p - top) + std::exp(log_q - top)));
}

/// Mean of log(p/m) over draws from p. @param normals  standard normal, a column a draw.
double MeanLogRatio(const LogDensity& from, const LogDensity& other, const Eigen::VectorXd& mean,
                    const Eigen::MatrixXd& normals) {
  const Eigen::MatrixXd x = (from.llt().matrixL() * normals).colwise() + mean;
  const Eigen::VectorXd log_p = from.At(x), log_q = other.At(x);
  double total = 0.0;
  for (Eigen::Index k = 0; k < x.cols(); ++k) total += LogRatioToMixture(log_p(k), log_q(k));
  return total / static_cast<double>(x.cols());
}

}  // namespace

Gaussian FitGaussian(const Eigen::Ref<const Eigen::MatrixXd>& samples) {
  return {samples.colwise().mean().transpose(), base::LedoitWolf(samples).covariance};
}

absl::StatusOr<double> KullbackLeibler(const Gaussian& p, const Gaussian& q) {
  PARALLAX_RETURN_IF_ERROR(CheckPair(p, q));
  const LogDensity density_p(p), density_q(q);
  const Eigen::MatrixXd root_p = density_p.llt().matrixL();
  const Eigen::MatrixXd ratio = density_q.llt().matrixL().solve(root_p);
  const Eigen::VectorXd shift = density_q.llt().matrixL().solve(q.mean - p.mean);
  return 0.5 * (ratio.squaredNorm() + shift.squaredNorm() - static_cast<double>(p.mean.size())) +
         density_q.half_log_det() - density_p.half_log_det();
}

absl::StatusOr<double> JensenShannon(double mean_p, double sd_p, double mean_q, double sd_q) {
  if (!(sd_p > 0.0) || !(sd_q > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("sds are %g and %g, must be > 0", sd_p, sd_q));
  }
  // E over p of log(p/m), in the standardised coordinate of p so that narrow peaks are not missed.
  const auto half = [](double from_mean, double from_sd, double mean, double sd) {
    const auto integrand = [&](double z) {
      const double x = from_mean + from_sd * z, w = (x - mean) / sd;
      const double log_p = -0.5 * z * z - std::log(from_sd);
      const double log_q = -0.5 * w * w - std::log(sd);
      return std::exp(-0.5 * (z * z + base::kLogTwoPi)) * LogRatioToMixture(log_p, log_q);
    };
    using Quadrature = boost::math::quadrature::gauss_kronrod<double, 61>;
    double total = 0.0;
    for (int k = -6; k < 6; ++k) {
      total += Quadrature::integrate(integrand, 2.0 * k, 2.0 * (k + 1), 12, 1e-12);
    }
    return total;
  };
  const double js = 0.5 * (half(mean_p, sd_p, mean_q, sd_q) + half(mean_q, sd_q, mean_p, sd_p));
  return std::clamp(js, 0.0, kLogTwo);
}

absl::StatusOr<double> JensenShannon(const Gaussian& p, const Gaussian& q, int draws,
                                     uint64_t seed) {
  PARALLAX_RETURN_IF_ERROR(CheckPair(p, q));
  if (p.mean.size() == 1) {
    return JensenShannon(p.mean(0), std::sqrt(p.covariance(0, 0)), q.mean(0),
                         std::sqrt(q.covariance(0, 0)));
  }
  if (draws < 1)
    return absl::InvalidArgumentError(absl::StrFormat("draws = %d, must be >= 1", draws));
  return JensenShannonByDraws(p, q, StandardNormals(p.mean.size(), draws, seed, 0),
                              StandardNormals(p.mean.size(), draws, seed, 1));
}

Eigen::MatrixXd StandardNormals(Eigen::Index dimensions, int draws, uint64_t seed,
                                uint64_t stream) {
  base::Random random(seed, stream);
  Eigen::MatrixXd normals(dimensions, draws);
  for (double& value : normals.reshaped()) value = random.Normal();
  return normals;
}

absl::StatusOr<double> JensenShannonByDraws(const Gaussian& p, const Gaussian& q,
                                            const Eigen::Ref<const Eigen::MatrixXd>& from_p,
                                            const Eigen::Ref<const Eigen::MatrixXd>& from_q) {
  PARALLAX_RETURN_IF_ERROR(CheckPair(p, q));
  if (from_p.rows() != p.mean.size() || from_q.rows() != p.mean.size() || from_p.cols() < 1 ||
      from_q.cols() < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("draws are %d x %d and %d x %d, must have %d rows and a column",
                        from_p.rows(), from_p.cols(), from_q.rows(), from_q.cols(), p.mean.size()));
  }
  const LogDensity density_p(p), density_q(q);
  const double js = 0.5 * (MeanLogRatio(density_p, density_q, p.mean, from_p) +
                           MeanLogRatio(density_q, density_p, q.mean, from_q));
  return std::clamp(js, 0.0, kLogTwo);
}

double GaussianEnergyDistance(double mean_p, double sd_p, double mean_q, double sd_q) {
  const double vp = sd_p * sd_p, vq = sd_q * sd_q;
  return 2.0 * MeanAbsolute(mean_p - mean_q, vp + vq) - MeanAbsolute(0.0, 2.0 * vp) -
         MeanAbsolute(0.0, 2.0 * vq);
}

double GaussianMmdSquared(double mean_p, double sd_p, double mean_q, double sd_q,
                          double bandwidth) {
  const double h2 = bandwidth * bandwidth, vp = sd_p * sd_p, vq = sd_q * sd_q;
  const auto mean_kernel = [h2](double shift, double variance) {
    return std::sqrt(h2 / (h2 + variance)) * std::exp(-0.5 * shift * shift / (h2 + variance));
  };
  return mean_kernel(0.0, 2.0 * vp) + mean_kernel(0.0, 2.0 * vq) -
         2.0 * mean_kernel(mean_p - mean_q, vp + vq);
}

double GaussianWasserstein1(double mean_p, double sd_p, double mean_q, double sd_q) {
  return MeanAbsolute(mean_q - mean_p, (sd_q - sd_p) * (sd_q - sd_p));
}

double GaussianWasserstein2(double mean_p, double sd_p, double mean_q, double sd_q) {
  return std::hypot(mean_q - mean_p, sd_q - sd_p);
}

}  // namespace parallax::divergence
