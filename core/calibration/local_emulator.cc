#include "core/calibration/local_emulator.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/qr.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"

namespace parallax::calibration {
namespace {

constexpr Eigen::Index kMostCoordinates = 12;

Eigen::Index Coefficients(Eigen::Index d) { return (d + 1) * (d + 2) / 2; }

/// 1, u, then all products u_i u_j with i <= j.
Eigen::VectorXd Basis(const Eigen::VectorXd& u) {
  const Eigen::Index d = u.size();
  Eigen::VectorXd basis(Coefficients(d));
  basis(0) = 1.0;
  basis.segment(1, d) = u;
  Eigen::Index place = d + 1;
  for (Eigen::Index i = 0; i < d; ++i) {
    for (Eigen::Index j = i; j < d; ++j) basis(place++) = u(i) * u(j);
  }
  return basis;
}

/// d basis / d u, coefficients × d.
Eigen::MatrixXd BasisSlope(const Eigen::VectorXd& u) {
  const Eigen::Index d = u.size();
  Eigen::MatrixXd slope = Eigen::MatrixXd::Zero(Coefficients(d), d);
  slope.middleRows(1, d).setIdentity();
  Eigen::Index place = d + 1;
  for (Eigen::Index i = 0; i < d; ++i) {
    for (Eigen::Index j = i; j < d; ++j, ++place) {
      slope(place, i) += u(j);
      slope(place, j) += u(i);
    }
  }
  return slope;
}

Eigen::VectorXd Normals(Eigen::Index d, double sd, base::Random* random) {
  Eigen::VectorXd u(d);
  for (double& x : u) x = sd * random->Normal();
  return u;
}

absl::Status CheckInput(const Eigen::VectorXd& centre, const Eigen::MatrixXd& spread,
                        const EmulatorOptions& options) {
  const Eigen::Index d = centre.size();
  if (d < 1 || d > kMostCoordinates) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d coordinates, must be 1 to %d", d, kMostCoordinates));
  }
  if (spread.rows() != d || spread.cols() != d || !spread.allFinite() || !centre.allFinite() ||
      base::PivotedQr(spread).rank() < d) {
    return absl::InvalidArgumentError(
        absl::StrFormat("spread must be an invertible %d × %d matrix", d, d));
  }
  if (!(options.width > 0.0) || options.samples_per_coefficient < 1.0 || options.checks < 1) {
    return absl::InvalidArgumentError(
        "width must be > 0, samples_per_coefficient and checks at least 1");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LocalEmulator> LocalEmulator::Fit(const Rows& rows, const Eigen::VectorXd& centre,
                                                 const Eigen::MatrixXd& spread,
                                                 const EmulatorOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckInput(centre, spread, options));
  const Eigen::Index d = centre.size(), m = Coefficients(d);
  const auto samples = static_cast<Eigen::Index>(
      std::ceil(options.samples_per_coefficient * static_cast<double>(m)));
  base::Random random(options.seed, options.stream);
  LocalEmulator emulator;
  const auto exact = [&](const Eigen::VectorXd& u) -> absl::StatusOr<Eigen::VectorXd> {
    Eigen::VectorXd values;
    ++emulator.evaluations_;
    if (!rows(centre + spread * u, &values) || !values.allFinite()) {
      return absl::FailedPreconditionError(
          "the model cannot be evaluated throughout the neighbourhood to be emulated");
    }
    return values;
  };
  Eigen::MatrixXd basis(samples, m), values;
  for (Eigen::Index k = 0; k < samples; ++k) {
    // The centre itself is worth most: the posterior is thickest there.
    const Eigen::VectorXd u =
        k == 0 ? Eigen::VectorXd::Zero(d) : Normals(d, options.width, &random);
    PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd row, exact(u));
    if (k == 0) values.resize(samples, row.size());
    basis.row(k) = Basis(u);
    values.row(k) = row;
  }
  // Column k: the coefficients of row k of the model.
  const Eigen::MatrixXd coefficients = base::PivotedQr(basis).Solve(values);
  emulator.coefficients_ = base::HouseholderQr(coefficients.transpose()).R();
  emulator.centre_ = centre;
  emulator.inverse_spread_ = spread.inverse();
  double squares = 0.0;
  for (int k = 0; k < options.checks; ++k) {
    const Eigen::VectorXd u = Normals(d, 1.0, &random);
    PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd row, exact(u));
    const double error =
        0.5 * (emulator.coefficients_ * Basis(u)).squaredNorm() - 0.5 * row.squaredNorm();
    squares += error * error / options.checks;
  }
  emulator.cost_error_ = std::sqrt(squares);
  return emulator;
}

void LocalEmulator::Evaluate(const Eigen::VectorXd& x, Eigen::VectorXd* rows,
                             Eigen::MatrixXd* jacobian) const {
  const Eigen::VectorXd u = inverse_spread_ * (x - centre_);
  *rows = coefficients_ * Basis(u);
  if (jacobian != nullptr) *jacobian = coefficients_ * BasisSlope(u) * inverse_spread_;
}

}  // namespace parallax::calibration
