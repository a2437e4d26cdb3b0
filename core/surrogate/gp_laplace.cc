#include "core/surrogate/gp_laplace.h"

#include <cmath>
#include <utility>

namespace parallax::surrogate {
namespace {

constexpr int kMostSteps = 100;
constexpr int kMostHalvings = 12;
constexpr double kStill = 1e-9;      ///< of the log odds
constexpr double kRounding = 1e-10;  ///< of the objective: a step this much down is none

Eigen::VectorXd Logistic(const Eigen::VectorXd& latent) {
  return 1.0 / (1.0 + (-latent.array()).exp());
}

/// log p(y|f) = −Σ log(1 + exp(−s f)), s = ±1.
double LogProbability(const Eigen::VectorXd& latent,
                      const Eigen::Ref<const Eigen::VectorXd>& outcomes) {
  const Eigen::ArrayXd against = (1.0 - 2.0 * outcomes.array()) * latent.array();
  return -(against.max(0.0) + (-against.abs()).exp().log1p()).sum();
}

/// A latent as a in f = mean + K a.
struct Latent {
  Eigen::VectorXd a, f;
  double objective;  ///< log p(y|f) − ½ aᵀK a

  Latent(Eigen::VectorXd of, const Eigen::Ref<const Eigen::MatrixXd>& covariance, double mean,
         const Eigen::Ref<const Eigen::VectorXd>& outcomes)
      : a(std::move(of)) {
    const Eigen::VectorXd off = covariance * a;
    f = off.array() + mean;
    objective = LogProbability(f, outcomes) - 0.5 * a.dot(off);
  }
};

LaplaceMode At(const Latent& latent, const Eigen::Ref<const Eigen::MatrixXd>& covariance,
               const Eigen::Ref<const Eigen::VectorXd>& outcomes) {
  LaplaceMode mode;
  mode.probabilities = Logistic(latent.f);
  mode.slope = outcomes - mode.probabilities;
  mode.root_curvature = (mode.probabilities.array() * (1.0 - mode.probabilities.array())).sqrt();
  Eigen::MatrixXd b =
      mode.root_curvature.asDiagonal() * covariance * mode.root_curvature.asDiagonal();
  b.diagonal().array() += 1.0;
  mode.curvature.compute(b);
  mode.log_likelihood =
      latent.objective - mode.curvature.matrixLLT().diagonal().array().log().sum();
  return mode;
}

/// a of the full Newton step.
Eigen::VectorXd NewtonStep(const LaplaceMode& at, const Latent& latent,
                           const Eigen::Ref<const Eigen::MatrixXd>& covariance, double mean) {
  const Eigen::VectorXd& root = at.root_curvature;
  const Eigen::VectorXd b = (root.array().square() * (latent.f.array() - mean)).matrix() + at.slope;
  const Eigen::VectorXd kb = covariance * b;
  return b - root.cwiseProduct(at.curvature.solve(root.cwiseProduct(kb)));
}

}  // namespace

std::optional<LaplaceMode> FindLaplaceMode(const Eigen::Ref<const Eigen::MatrixXd>& covariance,
                                           double mean,
                                           const Eigen::Ref<const Eigen::VectorXd>& outcomes) {
  Latent latent(Eigen::VectorXd::Zero(outcomes.size()), covariance, mean, outcomes);
  for (int step = 0; step < kMostSteps; ++step) {
    const LaplaceMode at = At(latent, covariance, outcomes);
    if (at.curvature.info() != Eigen::Success || !std::isfinite(at.log_likelihood)) {
      return std::nullopt;
    }
    const Eigen::VectorXd direction = NewtonStep(at, latent, covariance, mean) - latent.a;
    double share = 1.0;
    Latent next(latent.a + direction, covariance, mean, outcomes);
    const double least = latent.objective - kRounding * (1.0 + std::abs(latent.objective));
    for (int half = 0; half < kMostHalvings && !(next.objective >= least); ++half) {
      share *= 0.5;
      next = Latent(latent.a + share * direction, covariance, mean, outcomes);
    }
    const double moved = (next.f - latent.f).cwiseAbs().maxCoeff();
    latent = std::move(next);
    if (moved < kStill) return At(latent, covariance, outcomes);
  }
  return std::nullopt;
}

bool LaplaceLogLikelihood(Kernel kernel, const Eigen::Ref<const Eigen::MatrixXd>& features,
                          double mean, const Eigen::Ref<const Eigen::VectorXd>& outcomes,
                          const Eigen::VectorXd& theta, double* value, Eigen::VectorXd* gradient) {
  const Eigen::Index d = features.cols(), n = features.rows();
  const double variance = std::exp(2.0 * theta(d));
  const Eigen::MatrixXd scaled = features * (-theta.head(d)).array().exp().matrix().asDiagonal();
  if (!scaled.allFinite() || !std::isfinite(variance)) return false;
  const SelfCorrelation correlation = CorrelationWithSlope(kernel, scaled);
  const Eigen::MatrixXd k = variance * correlation.value;
  const std::optional<LaplaceMode> mode = FindLaplaceMode(k, mean, outcomes);
  if (!mode) return false;
  *value = mode->log_likelihood;
  const Eigen::VectorXd& root = mode->root_curvature;
  const Eigen::MatrixXd identity = Eigen::MatrixXd::Identity(n, n);
  // R = √W B⁻¹ √W; posterior variances of f are the diagonal of K − K R K.
  const Eigen::MatrixXd r = root.asDiagonal() * mode->curvature.solve(identity) * root.asDiagonal();
  const Eigen::MatrixXd rk = r * k;
  const Eigen::VectorXd variances = k.diagonal() - k.cwiseProduct(rk).colwise().sum().transpose();
  const Eigen::ArrayXd p = mode->probabilities.array();
  // By f of −½ log|B|, and from there to K: the mode moves with K.
  const Eigen::VectorXd by_f = -0.5 * variances.array() * p * (1.0 - p) * (1.0 - 2.0 * p);
  const Eigen::VectorXd u = by_f - rk * by_f;
  const Eigen::VectorXd& a = mode->slope;
  const Eigen::MatrixXd weight =
      0.5 * (a * a.transpose() - r + u * a.transpose() + a * u.transpose());
  gradient->resize(d + 1);
  gradient->head(d) = variance * WeightedSlopes(weight, correlation.slope, scaled);
  (*gradient)(d) = 2.0 * weight.cwiseProduct(k).sum();
  return true;
}

double MeanLogistic(double mean, double variance) {
  // The trapezoidal rule: its error falls with exp(−2π·distance/step) of the nearest pole, which is
  // π/sd away.
  constexpr double kStep = 0.04, kReach = 8.0;
  const double sd = std::sqrt(variance);
  double sum = 0.0, total = 0.0;
  for (int i = -static_cast<int>(kReach / kStep); i <= static_cast<int>(kReach / kStep); ++i) {
    const double z = kStep * i, density = std::exp(-0.5 * z * z);
    total += density;
    sum += density / (1.0 + std::exp(-(mean + sd * z)));
  }
  return sum / total;
}

}  // namespace parallax::surrogate
