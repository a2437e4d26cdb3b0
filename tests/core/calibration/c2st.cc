#include "tests/core/calibration/c2st.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <vector>

namespace parallax::calibration::testing {
namespace {

constexpr Eigen::Index kFolds = 5;

/// Both samples alternating, so that every fifth column is a balanced fold; unit pooled variance.
Eigen::MatrixXd Interleave(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  Eigen::MatrixXd all(a.rows(), a.cols() + b.cols());
  for (Eigen::Index k = 0; k < a.cols(); ++k) {
    all.col(2 * k) = a.col(k);
    all.col(2 * k + 1) = b.col(k);
  }
  all.colwise() -= all.rowwise().mean().eval();
  const Eigen::VectorXd sd =
      (all.rowwise().squaredNorm() / static_cast<double>(all.cols())).cwiseSqrt();
  return sd.cwiseInverse().asDiagonal() * all;
}

Eigen::Index FoldOf(Eigen::Index column) { return column / 2 % kFolds; }
bool FromB(Eigen::Index column) { return column % 2 == 1; }

/// 1, xᵢ and xᵢ xⱼ, one point a column.
Eigen::MatrixXd Monomials(const Eigen::MatrixXd& x) {
  const Eigen::Index p = x.rows();
  Eigen::MatrixXd features(1 + p + p * (p + 1) / 2, x.cols());
  features.row(0).setOnes();
  features.middleRows(1, p) = x;
  Eigen::Index row = p + 1;
  for (Eigen::Index i = 0; i < p; ++i) {
    for (Eigen::Index j = i; j < p; ++j) features.row(row++) = x.row(i).cwiseProduct(x.row(j));
  }
  return features;
}

/// Newton's method on the logistic likelihood with a ridge of 1e-3.
Eigen::VectorXd FitLogistic(const Eigen::MatrixXd& features, const Eigen::VectorXd& label) {
  Eigen::VectorXd weight = Eigen::VectorXd::Zero(features.rows());
  for (int iteration = 0; iteration < 12; ++iteration) {
    const Eigen::ArrayXd probability =
        1.0 / (1.0 + (-(features.transpose() * weight).array()).exp());
    const Eigen::VectorXd gradient =
        features * (label.array() - probability).matrix() - 1e-3 * weight;
    const Eigen::VectorXd curvature = (probability * (1.0 - probability)).matrix();
    Eigen::MatrixXd hessian = features * curvature.asDiagonal() * features.transpose();
    hessian.diagonal().array() += 1e-3;
    weight += hessian.ldlt().solve(gradient);
  }
  return weight;
}

}  // namespace

double NearestNeighbourC2st(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b, int neighbours) {
  const Eigen::MatrixXd all = Interleave(a, b);
  int right = 0;
  std::vector<std::pair<double, Eigen::Index>> distance;
  for (Eigen::Index k = 0; k < all.cols(); ++k) {
    const Eigen::VectorXd squared = (all.colwise() - all.col(k)).colwise().squaredNorm();
    distance.clear();
    for (Eigen::Index j = 0; j < all.cols(); ++j) {
      if (FoldOf(j) != FoldOf(k)) distance.emplace_back(squared(j), j);
    }
    std::nth_element(distance.begin(), distance.begin() + neighbours, distance.end());
    const auto votes = std::count_if(distance.begin(), distance.begin() + neighbours,
                                     [](const auto& near) { return FromB(near.second); });
    right += (2 * votes > neighbours) == FromB(k) ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(all.cols());
}

double QuadraticC2st(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  const Eigen::MatrixXd features = Monomials(Interleave(a, b));
  int right = 0;
  for (Eigen::Index fold = 0; fold < kFolds; ++fold) {
    std::vector<Eigen::Index> train, test;
    for (Eigen::Index k = 0; k < features.cols(); ++k) {
      (FoldOf(k) == fold ? test : train).push_back(k);
    }
    Eigen::VectorXd label(static_cast<Eigen::Index>(train.size()));
    for (size_t i = 0; i < train.size(); ++i) {
      label(static_cast<Eigen::Index>(i)) = FromB(train[i]) ? 1.0 : 0.0;
    }
    const Eigen::VectorXd weight = FitLogistic(features(Eigen::all, train), label);
    for (const Eigen::Index k : test) {
      right += (features.col(k).dot(weight) > 0.0) == FromB(k) ? 1 : 0;
    }
  }
  return static_cast<double>(right) / static_cast<double>(features.cols());
}

Eigen::MatrixXd ReadDraws(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  const auto p = 1 + std::count(line.begin(), line.end(), ',');
  std::vector<double> values;
  while (std::getline(file, line)) {
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, ',');) values.push_back(std::stod(cell));
  }
  return Eigen::Map<const Eigen::MatrixXd>(values.data(), p,
                                           static_cast<Eigen::Index>(values.size()) / p);
}

}  // namespace parallax::calibration::testing
