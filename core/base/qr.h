#pragma once

#include <Eigen/Dense>

namespace parallax::base {

/// Decomposition m = Q R by Householder reflections: Q orthogonal, R upper triangular. This and the
/// next are here and not at their callers: Eigen's templates take a compiler ten seconds each time.
/// Immutable.
class HouseholderQr {
 public:
  /// @param m  rows × cols; not finite in, not finite out.
  explicit HouseholderQr(const Eigen::Ref<const Eigen::MatrixXd>& m);

  /// The x of least ‖m x − b‖, cols values [unit of b / unit of m]. REQUIRES: rows ≥ cols, columns
  /// that are independent; no rank is looked at, and where they are not, x is meaningless.
  /// @param b  rows values.
  Eigen::VectorXd Solve(const Eigen::Ref<const Eigen::VectorXd>& b) const;

  Eigen::MatrixXd Q() const;         ///< rows × rows
  Eigen::MatrixXd ThinQ() const;     ///< rows × min(rows, cols), the first columns of Q
  Eigen::MatrixXd R() const;         ///< min(rows, cols) × cols, zero below a diagonal of any sign
  Eigen::MatrixXd InverseR() const;  ///< cols × cols. REQUIRES: as Solve

 private:
  Eigen::HouseholderQR<Eigen::MatrixXd> qr_;
};

/// Decomposition m P = Q R that takes the longest remaining column first, so that the diagonal of R
/// tells the rank. Immutable.
class PivotedQr {
 public:
  /// @param m  rows × cols, neither 0.
  explicit PivotedQr(const Eigen::Ref<const Eigen::MatrixXd>& m);

  /// Pivots above min(rows, cols) · 2⁻⁵² of the largest.
  Eigen::Index rank() const;

  /// An x of least ‖m x − b‖ for each column of b, cols × columns of b [unit of b / unit of m]; 0
  /// for the columns of m that depend on others to within rounding.
  /// @param b  rows × any number.
  Eigen::MatrixXd Solve(const Eigen::Ref<const Eigen::MatrixXd>& b) const;

  Eigen::MatrixXd R() const;  ///< min(rows, cols) × cols, zero below a diagonal of any sign
  /// P R⁻¹, cols × cols, rows in the order of m's columns: (mᵀ m)⁻¹ is this times its transpose.
  /// REQUIRES: rank() = cols.
  Eigen::MatrixXd InverseR() const;

 private:
  Eigen::ColPivHouseholderQR<Eigen::MatrixXd> qr_;
};

}  // namespace parallax::base
