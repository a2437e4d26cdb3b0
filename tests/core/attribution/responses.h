#pragma once

#include <Eigen/Dense>
#include <cmath>
#include <vector>

namespace parallax::attribution {

/// Functions of uniform inputs whose sensitivity indices are known.

/// Ishigami & Homma (1990), a = 7, b = .1, inputs on (−π, π).
struct Ishigami {
  static constexpr int kInputs = 3;
  double operator()(const Eigen::VectorXd& u) const {
    const double x = M_PI * (2.0 * u(0) - 1.0), z = M_PI * (2.0 * u(2) - 1.0);
    const double sine = std::sin(M_PI * (2.0 * u(1) - 1.0));
    return std::sin(x) * (1.0 + 0.1 * z * z * z * z) + 7.0 * sine * sine;
  }
  static constexpr double kVariance = 13.844587941;
  static Eigen::VectorXd First() { return Eigen::Vector3d(0.313905191, 0.442411145, 0.0); }
  static Eigen::VectorXd Total() { return Eigen::Vector3d(0.557588855, 0.442411145, 0.243683664); }
  static Eigen::VectorXd Shapley() {
    return Eigen::Vector3d(0.435747023, 0.442411145, 0.121841832);
  }
};

/// Sobol' G with a = (0, 1, 4.5, 9, 99, 99, 99, 99).
struct SobolG {
  static constexpr int kInputs = 8;
  static constexpr double kA[kInputs] = {0.0, 1.0, 4.5, 9.0, 99.0, 99.0, 99.0, 99.0};
  double operator()(const Eigen::VectorXd& u) const {
    double product = 1.0;
    for (int i = 0; i < kInputs; ++i) {
      product *= (std::abs(4.0 * u(i) - 2.0) + kA[i]) / (1.0 + kA[i]);
    }
    return product;
  }
  /// Var E[y | x_i] = 1/(3(1 + a_i)²); the variance is Π(1 + that) − 1.
  static Eigen::ArrayXd Parts() {
    const Eigen::Map<const Eigen::ArrayXd> a(kA, kInputs);
    return 1.0 / (3.0 * (1.0 + a).square());
  }
  static double Variance() { return (1.0 + Parts()).prod() - 1.0; }
  static Eigen::VectorXd First() { return Parts() / Variance(); }
  static Eigen::VectorXd Total() {
    return Parts() * (1.0 + Variance()) / (1.0 + Parts()) / Variance();
  }
  static Eigen::VectorXd Shapley() {
    Eigen::VectorXd values = Eigen::VectorXd::Constant(kInputs, 8.8e-5);
    values.head(4) << 0.751519, 0.210477, 0.028880, 0.008772;
    return values;
  }
};

}  // namespace parallax::attribution
