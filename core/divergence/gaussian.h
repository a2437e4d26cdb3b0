#pragma once

#include <Eigen/Dense>

#include "absl/status/statusor.h"

namespace parallax::divergence {

/// A normal distribution of d dimensions.
struct Gaussian {
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;
};

/// Mean and Ledoit–Wolf covariance of a sample (n × d, n ≥ 2).
Gaussian FitGaussian(const Eigen::Ref<const Eigen::MatrixXd>& samples);

/// Kullback–Leibler divergence KL(p ‖ q), nats, closed form.
/// Errors: InvalidArgument on a dimension mismatch or a covariance that is not positive definite.
absl::StatusOr<double> KullbackLeibler(const Gaussian& p, const Gaussian& q);

/// Jensen–Shannon divergence of two scalar normals, nats in [0, ln 2], by adaptive quadrature to
/// 1e-10 (there is no closed form). Errors: InvalidArgument on an sd that is not > 0.
absl::StatusOr<double> JensenShannon(double mean_p, double sd_p, double mean_q, double sd_q);

/// Jensen–Shannon divergence of two normals of any dimension: quadrature for d = 1, else the mean
/// of `draws` counter-based draws from each (standard error about 0.5/√draws). Errors: as
/// KullbackLeibler.
absl::StatusOr<double> JensenShannon(const Gaussian& p, const Gaussian& q, int draws,
                                     uint64_t seed);

/// The same by given standard normal draws, a column each, so that many pairs are compared by equal
/// draws; of any dimension. Errors: as KullbackLeibler; InvalidArgument on draws of another shape.
absl::StatusOr<double> JensenShannonByDraws(const Gaussian& p, const Gaussian& q,
                                            const Eigen::Ref<const Eigen::MatrixXd>& from_p,
                                            const Eigen::Ref<const Eigen::MatrixXd>& from_q);
/// dimensions × draws. REQUIRES: both ≥ 1.
Eigen::MatrixXd StandardNormals(Eigen::Index dimensions, int draws, uint64_t seed, uint64_t stream);

/// Closed forms for scalar normals: what the sample estimators tend to.
double GaussianEnergyDistance(double mean_p, double sd_p, double mean_q, double sd_q);
double GaussianMmdSquared(double mean_p, double sd_p, double mean_q, double sd_q, double bandwidth);
/// W1 = E|Δmean + (sd_q − sd_p) Z| and W2 = √(Δmean² + Δsd²).
double GaussianWasserstein1(double mean_p, double sd_p, double mean_q, double sd_q);
double GaussianWasserstein2(double mean_p, double sd_p, double mean_q, double sd_q);

}  // namespace parallax::divergence
