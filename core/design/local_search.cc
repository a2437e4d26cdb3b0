#include "core/design/local_search.h"

#include <nlopt.h>

#include <algorithm>
#include <memory>
#include <type_traits>
#include <utility>

#include "core/base/check.h"

namespace parallax::design {
namespace {

/// Rounding of a margin that the search pressed to 0.
constexpr double kKept = 1e-9;
/// What a point that cannot be run is worth less than the start, and by how much its own margin is
/// missed.
constexpr double kCannotRun = 1.0;

/// NLopt asks for value and margins one after the other; both come from one evaluation.
class Climber {
 public:
  Climber(const Eigen::Ref<const Eigen::VectorXd>& start, const Merit& merit,
          const MeritAt& merit_at)
      : merit_at_(merit_at),
        start_value_(merit.value),
        climb_{.unit = start, .merit = merit},
        at_(start) {
    Remember(merit);
  }

  /// Margins of a point and one more: that it can be run.
  unsigned margins() const { return static_cast<unsigned>(climb_.merit.margins.size()) + 1; }

  static double Value(unsigned n, const double* x, double*, void* self) {
    auto* climber = static_cast<Climber*>(self);
    climber->Move(n, x);
    return climber->value_;
  }

  /// NLopt keeps what must be ≤ 0.
  static void Margins(unsigned m, double* result, unsigned n, const double* x, double*,
                      void* self) {
    auto* climber = static_cast<Climber*>(self);
    climber->Move(n, x);
    for (unsigned i = 0; i < m; ++i) result[i] = -climber->margins_(i);
  }

  Climb& climb() { return climb_; }

 private:
  void Move(unsigned n, const double* x) {
    const Eigen::Map<const Eigen::VectorXd> unit(x, n);
    if (unit == at_) return;
    at_ = unit;
    ++climb_.evaluations;
    const std::optional<Merit> merit = merit_at_(at_);
    if (!merit.has_value()) {
      ++climb_.refused;
      value_ = start_value_ - kCannotRun;
      margins_(margins_.size() - 1) = -kCannotRun;
      return;
    }
    Remember(*merit);
    if (!IsBetter(*merit, climb_.merit)) return;
    climb_.unit = at_;
    climb_.merit = *merit;
  }

  void Remember(const Merit& merit) {
    value_ = merit.value;
    margins_.resize(merit.margins.size() + 1);
    margins_ << merit.margins, kCannotRun;
  }

  const MeritAt& merit_at_;
  double start_value_;
  Climb climb_;
  Eigen::VectorXd at_;  ///< the point that value_ and margins_ are of
  double value_ = 0.0;
  Eigen::VectorXd margins_;
};

}  // namespace

double Violation(const Merit& merit) {
  if (merit.margins.size() == 0) return 0.0;
  const double missed = -merit.margins.minCoeff();
  return missed > kKept ? missed : 0.0;
}

bool IsBetter(const Merit& a, const Merit& b) {
  const double missed_a = Violation(a), missed_b = Violation(b);
  return missed_a != missed_b ? missed_a < missed_b : a.value > b.value;
}

Climb ClimbFrom(const Eigen::Ref<const Eigen::VectorXd>& start, const Merit& merit,
                const MeritAt& merit_at, const ClimbOptions& options) {
  PARALLAX_CHECK(start.size() >= 1);
  Climber climber(start, merit, merit_at);
  const auto n = static_cast<unsigned>(start.size());
  const std::unique_ptr<std::remove_pointer_t<nlopt_opt>, decltype(&nlopt_destroy)> search(
      nlopt_create(NLOPT_LN_COBYLA, n), &nlopt_destroy);
  PARALLAX_CHECK(search != nullptr);
  const Eigen::VectorXd tolerances = Eigen::VectorXd::Constant(climber.margins(), kKept);
  nlopt_set_lower_bounds1(search.get(), 0.0);
  nlopt_set_upper_bounds1(search.get(), 1.0);
  nlopt_set_max_objective(search.get(), &Climber::Value, &climber);
  nlopt_add_inequality_mconstraint(search.get(), climber.margins(), &Climber::Margins, &climber,
                                   tolerances.data());
  nlopt_set_initial_step1(search.get(), options.first_step);
  nlopt_set_xtol_abs1(search.get(), options.tolerance);
  nlopt_set_maxeval(search.get(), options.max_evaluations);
  Eigen::VectorXd unit = start;
  double value = 0.0;
  // Ending by rounding is an end like another: the best point seen is kept here, not by NLopt.
  const nlopt_result result = nlopt_optimize(search.get(), unit.data(), &value);
  PARALLAX_CHECK(result > 0 || result == NLOPT_ROUNDOFF_LIMITED || result == NLOPT_FAILURE);
  Climb climb = std::move(climber.climb());
  climb.end =
      result == NLOPT_MAXEVAL_REACHED ? Climb::End::kEvaluationLimit : Climb::End::kConverged;
  return climb;
}

}  // namespace parallax::design
