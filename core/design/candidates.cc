#include "core/design/candidates.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/parallel.h"
#include "core/base/sobol_points.h"
#include "core/base/status_macros.h"
#include "core/design/local_search.h"

namespace parallax::design {
namespace {

constexpr int kTogether = 256;       ///< points whose feasibility is asked for at once
constexpr double kRounding = 1e-9;   ///< of a range in steps
constexpr double kFineSteps = 16.0;  ///< from which on a local search may treat steps as a range

/// Number of settings of a knob; 0 for a range without steps.
double Levels(const Knob& knob) {
  if (!knob.choices.empty()) return static_cast<double>(knob.choices.size());
  if (knob.low == knob.high) return 1.0;
  return knob.step > 0.0 ? std::floor((knob.high - knob.low) / knob.step + kRounding) + 1.0 : 0.0;
}

double LevelValue(const Knob& knob, double level) {
  if (!knob.choices.empty()) return knob.choices[static_cast<size_t>(level)];
  return knob.low + level * knob.step;
}

double ValueAt(const Knob& knob, double unit) {
  const double levels = Levels(knob), share = std::clamp(unit, 0.0, 1.0);
  if (levels > 0.0) return LevelValue(knob, std::min(std::floor(share * levels), levels - 1.0));
  if (knob.scale == KnobScale::kLinear) {
    return std::clamp(knob.low + share * (knob.high - knob.low), knob.low, knob.high);
  }
  const double value = knob.low * std::exp(share * std::log(knob.high / knob.low));
  return std::clamp(value, knob.low, knob.high);
}

double UnitAt(const Knob& knob, double value) {
  const double levels = Levels(knob);
  if (levels > 0.0) {
    double nearest = 0.0;
    for (int i = 1; i < static_cast<int>(levels); ++i) {
      const double level = i;
      const double off = std::abs(LevelValue(knob, level) - value);
      if (off < std::abs(LevelValue(knob, nearest) - value)) nearest = level;
    }
    return (nearest + 0.5) / levels;
  }
  const double cut = std::clamp(value, knob.low, knob.high);
  if (knob.scale == KnobScale::kLog)
    return std::log(cut / knob.low) / std::log(knob.high / knob.low);
  return (cut - knob.low) / (knob.high - knob.low);
}

absl::Status CheckKnob(const Knob& knob) {
  const auto error = [&knob](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrFormat("knob \"%s\": %s", knob.name, what));
  };
  for (size_t i = 0; i < knob.choices.size(); ++i) {
    if (!std::isfinite(knob.choices[i]) || (i > 0 && !(knob.choices[i] > knob.choices[i - 1]))) {
      return error(absl::StrFormat("choice %d = %g, must be finite and above the one before", i,
                                   knob.choices[i]));
    }
  }
  if (!knob.choices.empty()) return absl::OkStatus();
  if (!std::isfinite(knob.low) || !std::isfinite(knob.high) || knob.low > knob.high) {
    return error(absl::StrFormat("low = %g, high = %g, must be finite and low <= high", knob.low,
                                 knob.high));
  }
  if (!(knob.step >= 0.0) || (knob.step > 0.0 && knob.scale == KnobScale::kLog)) {
    return error(absl::StrFormat("step = %g, must be >= 0, and 0 on a log scale", knob.step));
  }
  if (knob.step > 0.0 && (knob.high - knob.low) / knob.step > 1e6) {
    return error(absl::StrFormat("step = %g, must leave at most 1e6 settings", knob.step));
  }
  if (knob.scale == KnobScale::kLog && !(knob.low > 0.0)) {
    return error(absl::StrFormat("low = %g, must be > 0 on a log scale", knob.low));
  }
  return absl::OkStatus();
}

absl::Status CheckRefine(const RefineOptions& options, Eigen::Index knobs, Eigen::Index wanted) {
  if (options.max_evaluations < 1 || !(options.first_step > 0.0) || options.first_step > 0.5 ||
      !(options.tolerance > 0.0) || knobs != wanted) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "max_evaluations = %d, first_step = %g, tolerance = %g, start of %d knobs, must be >= 1, "
        "in (0, 0.5], > 0 and %d",
        options.max_evaluations, options.first_step, options.tolerance, knobs, wanted));
  }
  return absl::OkStatus();
}

/// Points found so far, and why others were refused.
class Gathering {
 public:
  explicit Gathering(const KnobBox& box) : box_(box) {}

  void Add(const Eigen::VectorXd& point, const absl::Status& feasible) {
    ++tried_;
    if (!feasible.ok()) {
      ++refused_;
      ++reasons_[std::string(feasible.message())];
    } else if (seen_.emplace(point.begin(), point.end()).second) {
      points_.push_back(point);
    }
  }

  int found() const { return static_cast<int>(points_.size()); }

  std::string OftenRefused() const {
    std::string often;
    int most = 0;
    for (const auto& [reason, count] : reasons_) {
      if (count > most) often = reason;
      most = std::max(most, count);
    }
    return often;
  }

  Candidates Done() const {
    Candidates candidates{.points = Eigen::MatrixXd(found(), box_.size()),
                          .unit = Eigen::MatrixXd(found(), box_.size()),
                          .tried = tried_,
                          .refused = refused_,
                          .often_refused = OftenRefused()};
    for (int i = 0; i < found(); ++i) {
      const Eigen::VectorXd& point = points_[static_cast<size_t>(i)];
      candidates.points.row(i) = point.transpose();
      candidates.unit.row(i) = box_.ToUnit(point).transpose();
    }
    return candidates;
  }

 private:
  const KnobBox& box_;
  std::vector<Eigen::VectorXd> points_;
  std::set<std::vector<double>> seen_;
  std::map<std::string, int> reasons_;
  int tried_ = 0;
  int refused_ = 0;
};

}  // namespace

absl::StatusOr<KnobBox> KnobBox::Make(std::vector<Knob> knobs) {
  if (knobs.empty()) return absl::InvalidArgumentError("0 knobs, must be at least 1");
  std::set<std::string> names;
  for (const Knob& knob : knobs) {
    if (absl::Status status = CheckKnob(knob); !status.ok()) return status;
    if (!names.insert(knob.name).second) {
      return absl::InvalidArgumentError(absl::StrFormat("knob \"%s\" is there twice", knob.name));
    }
  }
  return KnobBox(std::move(knobs));
}

KnobBox::KnobBox(std::vector<Knob> knobs) : knobs_(std::move(knobs)) {
  for (size_t j = 0; j < knobs_.size(); ++j) {
    const double levels = Levels(knobs_[j]);
    const bool fine = knobs_[j].choices.empty() && levels > kFineSteps;
    if (levels == 0.0 || fine) continuous_.push_back(static_cast<Eigen::Index>(j));
  }
}

Eigen::VectorXd KnobBox::FromUnit(const Eigen::Ref<const Eigen::VectorXd>& unit) const {
  PARALLAX_CHECK(unit.size() == size());
  Eigen::VectorXd point(size());
  for (Eigen::Index j = 0; j < size(); ++j)
    point(j) = ValueAt(knobs_[static_cast<size_t>(j)], unit(j));
  return point;
}

Eigen::VectorXd KnobBox::FromMoved(const Eigen::Ref<const Eigen::VectorXd>& unit,
                                   const Eigen::Ref<const Eigen::VectorXd>& moved) const {
  Eigen::VectorXd whole = unit;
  whole(continuous_) = moved;
  return FromUnit(whole);
}

Eigen::VectorXd KnobBox::ToUnit(const Eigen::Ref<const Eigen::VectorXd>& point) const {
  PARALLAX_CHECK(point.size() == size());
  Eigen::VectorXd unit(size());
  for (Eigen::Index j = 0; j < size(); ++j)
    unit(j) = UnitAt(knobs_[static_cast<size_t>(j)], point(j));
  return unit;
}

absl::StatusOr<Candidates> DrawCandidates(const KnobBox& box, const Feasible& feasible,
                                          const CandidateOptions& options) {
  if (options.count < 1 || options.most_tries < options.count) {
    return absl::InvalidArgumentError(
        absl::StrFormat("count = %d, most_tries = %d, must be >= 1 and at least count",
                        options.count, options.most_tries));
  }
  PARALLAX_ASSIGN_OR_RETURN(
      const Eigen::MatrixXd sobol,
      base::SobolPoints(static_cast<int>(box.size()), options.most_tries, options.seed, 0));
  Gathering gathering(box);
  for (int first = 0; first < options.most_tries && gathering.found() < options.count;
       first += kTogether) {
    const int count = std::min(kTogether, options.most_tries - first);
    std::vector<Eigen::VectorXd> points(static_cast<size_t>(count));
    std::vector<absl::Status> status(points.size());
    base::ParallelFor(points.size(), [&](size_t i) {
      points[i] = box.FromUnit(sobol.row(first + static_cast<Eigen::Index>(i)).transpose());
      status[i] = feasible(points[i]);
    });
    for (size_t i = 0; i < points.size() && gathering.found() < options.count; ++i) {
      gathering.Add(points[i], status[i]);
    }
  }
  Candidates candidates = gathering.Done();
  if (candidates.points.rows() == 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("none of %d settings can be run, most often because: %s", candidates.tried,
                        candidates.often_refused));
  }
  return candidates;
}

absl::StatusOr<Refined> RefineCandidate(const KnobBox& box, const Feasible& feasible,
                                        const Eigen::Ref<const Eigen::VectorXd>& start,
                                        const PointValue& value, const RefineOptions& options) {
  if (absl::Status status = CheckRefine(options, start.size(), box.size()); !status.ok()) {
    return status;
  }
  const Eigen::VectorXd unit = box.ToUnit(start);
  Refined refined{.point = start};
  if (absl::Status status = feasible(refined.point); !status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("start cannot be run: %s", std::string(status.message())));
  }
  PARALLAX_ASSIGN_OR_RETURN(refined.value, value(refined.point));
  refined.evaluations = 1;
  if (!std::isfinite(refined.value)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("value = %g at the start, must be finite", refined.value));
  }
  if (box.continuous().empty() || options.max_evaluations < 2) {
    refined.end =
        box.continuous().empty() ? RefineEnd::kNothingToMove : RefineEnd::kEvaluationLimit;
    return refined;
  }
  const double scale = refined.value != 0.0 ? std::abs(refined.value) : 1.0;
  const Climb climb =
      ClimbFrom(unit(box.continuous()), {.value = refined.value / scale, .margins = {}},
                [&](const Eigen::VectorXd& moved) -> std::optional<Merit> {
                  const Eigen::VectorXd point = box.FromMoved(unit, moved);
                  if (!feasible(point).ok()) return std::nullopt;
                  const absl::StatusOr<double> at = value(point);
                  if (!at.ok() || !std::isfinite(*at)) return std::nullopt;
                  return Merit{.value = *at / scale, .margins = {}};
                },
                {.max_evaluations = options.max_evaluations - 1,
                 .first_step = options.first_step,
                 .tolerance = options.tolerance});
  refined.evaluations += climb.evaluations;
  if (climb.merit.value * scale > refined.value) {
    refined.point = box.FromMoved(unit, climb.unit);
    refined.value = climb.merit.value * scale;
  }
  refined.end =
      climb.end == Climb::End::kConverged ? RefineEnd::kConverged : RefineEnd::kEvaluationLimit;
  return refined;
}

}  // namespace parallax::design
