#pragma once

#include <Eigen/Dense>
#include <functional>
#include <optional>

namespace parallax::design {

/// A point of a search: what is to be made large, and what must stay ≥ 0, both scaled to change by
/// about 1 over the box.
struct Merit {
  double value = 0.0;
  Eigen::VectorXd margins;
};

/// How far a point is from keeping all margins; 0 where it does.
double Violation(const Merit& merit);
/// Whether `a` is the better point: the smaller violation, then the larger value.
bool IsBetter(const Merit& a, const Merit& b);

/// Merit in [0, 1]^n; none where the point cannot be run.
using MeritAt = std::function<std::optional<Merit>(const Eigen::VectorXd& unit)>;

struct ClimbOptions {
  int max_evaluations = 60;
  double first_step = 0.1;
  double tolerance = 1e-3;
};

struct Climb {
  Eigen::VectorXd unit;  ///< best point seen, the start or better
  Merit merit;
  int evaluations = 0;
  int refused = 0;
  enum class End { kConverged, kEvaluationLimit } end = End::kConverged;
};

/// Climbs from `start`, whose merit is known, with COBYLA of NLopt: linear models of value and
/// margins, no derivative, no chance. REQUIRES: n ≥ 1, start in [0, 1]^n.
Climb ClimbFrom(const Eigen::Ref<const Eigen::VectorXd>& start, const Merit& merit,
                const MeritAt& merit_at, const ClimbOptions& options);

}  // namespace parallax::design
