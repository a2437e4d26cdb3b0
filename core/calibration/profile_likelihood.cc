#include "core/calibration/profile_likelihood.h"

#include <algorithm>
#include <array>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"
#include "core/calibration/log_density.h"

namespace parallax::calibration {
namespace {

constexpr int kMaxBisections = 60;

Eigen::VectorXd Without(const Eigen::VectorXd& x, Eigen::Index parameter) {
  Eigen::VectorXd rest(x.size() - 1);
  rest << x.head(parameter), x.tail(x.size() - parameter - 1);
  return rest;
}

Eigen::VectorXd With(const Eigen::VectorXd& rest, Eigen::Index parameter, double value) {
  Eigen::VectorXd x(rest.size() + 1);
  x << rest.head(parameter), value, rest.tail(rest.size() - parameter);
  return x;
}

/// The problem in all parameters but one.
LeastSquaresProblem Held(const LeastSquaresProblem& problem, Eigen::Index parameter, double value) {
  LeastSquaresProblem rest;
  rest.parameters = problem.parameters - 1;
  rest.robust_scale = problem.robust_scale;
  if (problem.lower.size() > 0) rest.lower = Without(problem.lower, parameter);
  if (problem.upper.size() > 0) rest.upper = Without(problem.upper, parameter);
  rest.evaluate = [&problem, parameter, value](const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                                               Eigen::MatrixXd* jacobian) {
    Eigen::MatrixXd full;
    if (!problem.evaluate(With(x, parameter, value), residuals,
                          jacobian != nullptr ? &full : nullptr)) {
      return false;
    }
    if (jacobian == nullptr) return true;
    jacobian->resize(full.rows(), full.cols() - 1);
    *jacobian << full.leftCols(parameter), full.rightCols(full.cols() - parameter - 1);
    return true;
  };
  return rest;
}

/// Walks one side of the profile.
class SideWalk {
 public:
  SideWalk(const LeastSquaresProblem& problem, const FitResult& minimum, int parameter, double sd,
           const ProfileOptions& options, double direction)
      : problem_(problem),
        options_(options),
        parameter_(parameter),
        direction_(direction),
        sd_(sd),
        level_(minimum.cost + Threshold(options.confidence)),
        points_{{minimum.x(parameter), minimum.cost, minimum.x}} {}

  static double Threshold(double confidence) {
    return boost::math::gamma_p_inv(0.5, confidence);  // half the χ²₁ quantile
  }

  void Run() {
    const double origin = points_.front().value;
    const double reach = options_.reach * sd_;
    const double room = Room(origin);
    const double length = std::min(reach, room);
    for (int k = 1; k <= options_.points && length > 0.0; ++k) {
      const double value = origin + direction_ * length * k / options_.points;
      points_.push_back(Refit(value, points_.back().x));
      if (points_.back().x.size() == 0) return;  // side stays kFailed
      if (points_.back().cost > level_) {
        Bisect();
        return;
      }
    }
    side_ = room <= reach ? ProfileSide::kAtBound : ProfileSide::kOpen;
    if (side_ == ProfileSide::kAtBound) end_ = origin + direction_ * room;
  }

  const std::vector<ProfilePoint>& points() const { return points_; }
  ProfileSide side() const { return side_; }
  double end() const { return end_; }
  /// 2·(cost − least cost) at the last point that could be evaluated.
  double Rise() const {
    const ProfilePoint& last = points_.back();
    const double cost = last.x.size() > 0 ? last.cost : points_[points_.size() - 2].cost;
    return 2.0 * (cost - points_.front().cost);
  }
  int evaluations() const { return evaluations_; }

 private:
  /// Distance from a value to the bound of this side.
  double Room(double value) const {
    const Eigen::VectorXd& bound = direction_ > 0.0 ? problem_.upper : problem_.lower;
    if (bound.size() == 0) return std::numeric_limits<double>::infinity();
    return std::max(0.0, direction_ * (bound(parameter_) - value));
  }

  ProfilePoint Refit(double value, const Eigen::VectorXd& start) {
    ProfilePoint point{value, std::numeric_limits<double>::infinity(), {}};
    if (problem_.parameters == 1) {
      ++evaluations_;
      const Eigen::VectorXd x = Eigen::VectorXd::Constant(1, value);
      point.cost = CostAt(problem_, x, options_.solver);
      if (std::isfinite(point.cost)) point.x = x;
      return point;
    }
    const absl::StatusOr<FitResult> fit = MinimizeLeastSquares(
        Held(problem_, parameter_, value), Without(start, parameter_), options_.solver);
    if (!fit.ok()) return point;  // it could not be evaluated there
    evaluations_ += fit->evaluations;
    if (!std::isfinite(fit->cost)) return point;
    point.cost = fit->cost;
    point.x = With(fit->x, parameter_, value);
    return point;
  }

  /// The crossing between the last two points; the point at it is kept, before the last.
  void Bisect() {
    ProfilePoint inside = points_[points_.size() - 2], outside = points_.back();
    for (int k = 0; k < kMaxBisections &&
                    std::abs(outside.value - inside.value) > options_.crossing_tolerance * sd_;
         ++k) {
      const ProfilePoint middle = Refit(0.5 * (inside.value + outside.value), inside.x);
      if (middle.x.size() == 0) return;  // a hole in the profile: no limit is claimed
      (middle.cost > level_ ? outside : inside) = middle;
    }
    side_ = ProfileSide::kLimited;
    end_ = 0.5 * (inside.value + outside.value);
    if (inside.value != points_[points_.size() - 2].value) {
      points_.insert(points_.end() - 1, inside);
    }
  }

  const LeastSquaresProblem& problem_;
  const ProfileOptions& options_;
  Eigen::Index parameter_;
  double direction_;
  double sd_;
  double level_;
  std::vector<ProfilePoint> points_;  // outwards from the minimum
  ProfileSide side_ = ProfileSide::kFailed;
  double end_ = 0.0;  // where the side is limited or at a bound
  int evaluations_ = 0;
};

absl::Status Check(const LeastSquaresProblem& problem, const FitResult& minimum, int parameter,
                   double sd, const ProfileOptions& options) {
  const int p = problem.parameters;
  if (!problem.evaluate || minimum.x.size() != p || !std::isfinite(minimum.cost)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the minimum has %d parameters and cost %g, must be %d and finite",
                        minimum.x.size(), minimum.cost, p));
  }
  if (parameter < 0 || parameter >= p) {
    return absl::InvalidArgumentError(
        absl::StrFormat("parameter = %d, must be in [0, %d)", parameter, p));
  }
  if (!(sd > 0.0) || !std::isfinite(sd)) {
    return absl::InvalidArgumentError(absl::StrFormat("sd = %g, must be finite and > 0", sd));
  }
  if (!(options.confidence > 0.0 && options.confidence < 1.0) || options.points < 1 ||
      !(options.reach > 0.0) || !(options.crossing_tolerance > 0.0)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "confidence = %g, points = %d, reach = %g, crossing_tolerance = %g, must be in (0, 1), "
        ">= 1, > 0 and > 0",
        options.confidence, options.points, options.reach, options.crossing_tolerance));
  }
  return absl::OkStatus();
}

/// The lowest point of two walks.
const ProfilePoint& Lowest(const std::array<SideWalk, 2>& walks) {
  const ProfilePoint* lowest = &walks[0].points().front();
  for (const SideWalk& walk : walks) {
    for (const ProfilePoint& point : walk.points()) {
      if (point.cost < lowest->cost) lowest = &point;
    }
  }
  return *lowest;
}

Profile Join(const std::array<SideWalk, 2>& walks, const FitResult& minimum, double confidence) {
  Profile profile;
  profile.points.assign(walks[0].points().rbegin(), walks[0].points().rend());
  profile.points.insert(profile.points.end(), walks[1].points().begin() + 1,
                        walks[1].points().end());
  profile.level = minimum.cost + SideWalk::Threshold(confidence);
  profile.low_side = walks[0].side();
  profile.high_side = walks[1].side();
  const auto has_end = [](ProfileSide side) {
    return side == ProfileSide::kLimited || side == ProfileSide::kAtBound;
  };
  if (has_end(profile.low_side)) profile.low = walks[0].end();
  if (has_end(profile.high_side)) profile.high = walks[1].end();
  profile.low_rise = walks[0].Rise();
  profile.high_rise = walks[1].Rise();
  for (const SideWalk& walk : walks) profile.evaluations += walk.evaluations();
  return profile;
}

std::array<SideWalk, 2> Walk(const LeastSquaresProblem& problem, const FitResult& minimum,
                             int parameter, double sd, const ProfileOptions& options) {
  std::array<SideWalk, 2> walks = {SideWalk(problem, minimum, parameter, sd, options, -1.0),
                                   SideWalk(problem, minimum, parameter, sd, options, 1.0)};
  base::ParallelFor(2, [&](size_t k) { walks[k].Run(); });
  return walks;
}

}  // namespace

std::string ToString(ProfileSide side) {
  switch (side) {
    case ProfileSide::kLimited:
      return "limited";
    case ProfileSide::kOpen:
      return "open";
    case ProfileSide::kAtBound:
      return "at bound";
    case ProfileSide::kFailed:
      return "failed";
  }
  return "failed";
}

absl::StatusOr<Profile> ProfileParameter(const LeastSquaresProblem& problem,
                                         const FitResult& minimum, int parameter, double sd,
                                         const ProfileOptions& options) {
  PARALLAX_RETURN_IF_ERROR(Check(problem, minimum, parameter, sd, options));
  const std::array<SideWalk, 2> first = Walk(problem, minimum, parameter, sd, options);
  const ProfilePoint& lowest = Lowest(first);
  const double improvement = minimum.cost - lowest.cost;
  // Less than this does not move an interval's end by what anyone would see.
  if (improvement <= 1e-3 * SideWalk::Threshold(options.confidence)) {
    return Join(first, minimum, options.confidence);
  }
  // Where the profile is lower than the minimum given, both sides start again from there.
  PARALLAX_ASSIGN_OR_RETURN(const FitResult better,
                            MinimizeLeastSquares(problem, lowest.x, options.solver));
  const std::array<SideWalk, 2> second = Walk(problem, better, parameter, sd, options);
  Profile profile = Join(second, better, options.confidence);
  profile.improvement = minimum.cost - better.cost;
  for (const SideWalk& walk : first) profile.evaluations += walk.evaluations();
  profile.evaluations += better.evaluations;
  return profile;
}

}  // namespace parallax::calibration
