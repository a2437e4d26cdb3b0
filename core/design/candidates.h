#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace parallax::design {

enum class KnobScale { kLinear, kLog };

/// What can be set in an experiment: a range, whole numbers in a range, or one of a list.
struct Knob {
  std::string name;
  double low = 0.0;   ///< [knob's unit]
  double high = 0.0;  ///< ≥ low; equal: the knob is held
  KnobScale scale = KnobScale::kLinear;
  double step = 0.0;  ///< > 0: values are low + k·step (1 for whole numbers)
  std::vector<double>
      choices;  ///< not empty: one of these, ascending; low, high, step are not read
};

/// A box of knobs, mapped to [0, 1]^d in which distances are measured and searches run. Immutable.
class KnobBox {
 public:
  /// Errors: InvalidArgument naming the knob on no knob at all, a name twice, a bound that is not
  /// finite, low > high, low ≤ 0 on a log scale, a negative step, choices not ascending.
  static absl::StatusOr<KnobBox> Make(std::vector<Knob> knobs);

  Eigen::Index size() const { return static_cast<Eigen::Index>(knobs_.size()); }
  const std::vector<Knob>& knobs() const { return knobs_; }

  /// Nearest settable point, d values in their own units. @param unit  d, cut to [0, 1].
  Eigen::VectorXd FromUnit(const Eigen::Ref<const Eigen::VectorXd>& unit) const;
  /// Where a point lies in [0, 1]^d; a held knob is at ½. Values outside the box are cut.
  Eigen::VectorXd ToUnit(const Eigen::Ref<const Eigen::VectorXd>& point) const;
  /// Knobs that a local search moves: ranges without steps, or with more than 16 of them.
  const std::vector<Eigen::Index>& continuous() const { return continuous_; }
  /// FromUnit of `unit` with its continuous knobs at `moved`.
  Eigen::VectorXd FromMoved(const Eigen::Ref<const Eigen::VectorXd>& unit,
                            const Eigen::Ref<const Eigen::VectorXd>& moved) const;

 private:
  explicit KnobBox(std::vector<Knob> knobs);

  std::vector<Knob> knobs_;
  std::vector<Eigen::Index> continuous_;
};

/// OK where the point can be run; else a status that says why not. Called from several threads.
using Feasible = std::function<absl::Status(const Eigen::VectorXd& point)>;

struct CandidateOptions {
  int count = 256;        ///< feasible points wanted, ≥ 1
  int most_tries = 8192;  ///< points looked at, ≥ count
  uint64_t seed = 1;
};

struct Candidates {
  Eigen::MatrixXd points;     ///< n × d, in the knobs' units, all feasible, no two the same
  Eigen::MatrixXd unit;       ///< n × d, the same in [0, 1]^d
  int tried = 0;              ///< points looked at
  int refused = 0;            ///< of these, not feasible
  std::string often_refused;  ///< the reason given most often; empty where none was refused
};

/// The first feasible ones of a scrambled Sobol' sequence over the box; fewer than `count` where
/// `most_tries` or the number of different settings ends first.
/// Errors: InvalidArgument naming an option; FailedPrecondition where none is feasible, with the
/// reason given most often.
absl::StatusOr<Candidates> DrawCandidates(const KnobBox& box, const Feasible& feasible,
                                          const CandidateOptions& options = {});

/// What a point is worth, to be made large. Called from several threads.
using PointValue = std::function<absl::StatusOr<double>(const Eigen::VectorXd& point)>;

struct RefineOptions {
  int max_evaluations = 60;  ///< ≥ 1
  double first_step = 0.1;   ///< in [0, 1]^d, in (0, 0.5]
  double tolerance = 1e-3;   ///< of the point in [0, 1]^d, > 0
};

enum class RefineEnd { kConverged, kEvaluationLimit, kNothingToMove };

struct Refined {
  Eigen::VectorXd point;  ///< the best feasible one seen; the start where none is better
  double value = 0.0;
  int evaluations = 0;
  RefineEnd end = RefineEnd::kConverged;
};

/// Moves the continuous knobs of a feasible point uphill (linear models, COBYLA), the others stay.
/// Errors: InvalidArgument naming an option, or where the start is not feasible; a failing value's
/// status at the start, or that it is not finite. Points where the value fails later count as not
/// feasible.
/// Source: Powell, in Advances in Optimization and Numerical Analysis (1994) 51; NLopt LN_COBYLA.
absl::StatusOr<Refined> RefineCandidate(const KnobBox& box, const Feasible& feasible,
                                        const Eigen::Ref<const Eigen::VectorXd>& start,
                                        const PointValue& value, const RefineOptions& options = {});

}  // namespace parallax::design
