#include "core/calibration/nelder_mead.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "core/base/check.h"

namespace parallax::calibration {
namespace {

struct Vertex {
  Eigen::VectorXd x;
  double value;
};

/// One simplex with its function; vertices stay sorted by value.
class Simplex {
 public:
  Simplex(const std::function<double(const Eigen::VectorXd&)>& function, const Eigen::VectorXd& low,
          const Eigen::VectorXd& high)
      : function_(function), low_(low), high_(high) {}

  Vertex At(const Eigen::VectorXd& x) {
    ++evaluations_;
    Vertex vertex{x.cwiseMax(low_).cwiseMin(high_), 0.0};
    const double value = function_(vertex.x);
    vertex.value = std::isnan(value) ? std::numeric_limits<double>::infinity() : value;
    return vertex;
  }

  void Spread(const Eigen::VectorXd& start, double step) {
    vertices_.push_back(At(start));
    for (Eigen::Index i = 0; i < start.size(); ++i) {
      Eigen::VectorXd x = vertices_.front().x;
      x(i) += x(i) + step > high_(i) ? -step : step;
      vertices_.push_back(At(x));
    }
    Sort();
  }

  /// One step: reflect, expand, contract or shrink.
  void Step() {
    const size_t n = vertices_.size() - 1;
    Eigen::VectorXd center = Eigen::VectorXd::Zero(vertices_[0].x.size());
    for (size_t k = 0; k < n; ++k) center += vertices_[k].x / static_cast<double>(n);
    const Eigen::VectorXd away = center - vertices_[n].x;
    const Vertex reflected = At(center + away);
    if (reflected.value < vertices_[0].value) {
      const Vertex expanded = At(center + 2.0 * away);
      vertices_[n] = expanded.value < reflected.value ? expanded : reflected;
    } else if (reflected.value < vertices_[n - 1].value) {
      vertices_[n] = reflected;
    } else {
      const bool outside = reflected.value < vertices_[n].value;
      const Vertex contracted = At(center + (outside ? 0.5 : -0.5) * away);
      if (contracted.value < std::min(reflected.value, vertices_[n].value)) {
        vertices_[n] = contracted;
      } else {
        for (size_t k = 1; k <= n; ++k) {
          vertices_[k] = At(0.5 * (vertices_[0].x + vertices_[k].x));
        }
      }
    }
    Sort();
  }

  bool Converged(double tolerance) const {
    const double size = (vertices_.back().x - vertices_.front().x).lpNorm<Eigen::Infinity>();
    const double spread = vertices_.back().value - vertices_.front().value;
    return spread <= tolerance * (std::abs(vertices_.front().value) + tolerance) && size < 1e-4;
  }

  const Vertex& best() const { return vertices_.front(); }
  int evaluations() const { return evaluations_; }

 private:
  void Sort() {
    std::stable_sort(vertices_.begin(), vertices_.end(),
                     [](const Vertex& a, const Vertex& b) { return a.value < b.value; });
  }

  const std::function<double(const Eigen::VectorXd&)>& function_;
  const Eigen::VectorXd& low_;
  const Eigen::VectorXd& high_;
  std::vector<Vertex> vertices_;
  int evaluations_ = 0;
};

}  // namespace

NelderMeadResult MinimizeSimplex(const std::function<double(const Eigen::VectorXd&)>& function,
                                 const Eigen::VectorXd& start, const Eigen::VectorXd& low,
                                 const Eigen::VectorXd& high, const NelderMeadOptions& options) {
  PARALLAX_CHECK(start.size() > 0 && low.size() == start.size() && high.size() == start.size());
  Simplex simplex(function, low, high);
  simplex.Spread(start, options.step);
  while (simplex.evaluations() < options.max_evaluations && !simplex.Converged(options.tolerance)) {
    simplex.Step();
  }
  return {simplex.best().x, simplex.best().value, simplex.evaluations()};
}

}  // namespace parallax::calibration
