#pragma once

#include <Eigen/Dense>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/parameter_set.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/twin/trust.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// A quantity that was measured on the sample of a run, as the twin names it.
struct MeasuredValue {
  std::string outcome;  ///< "height", "d_over_g", "share_6_5"
  int index = 0;        ///< among twin::Description::outcomes
  double value = 0.0;   ///< [SI]
  double sd = 0.0;      ///< as stated with the measurement [SI]
};

/// Position of an outcome, "share_6_5", among those of a twin, or -1.
int FindOutcome(const twin::Description& description, std::string_view outcome);

/// What was measured and is predicted by the twin. A Raman line is none: it belongs to several
/// species.
std::vector<MeasuredValue> MeasuredOutcomes(const twin::Description& description,
                                            const signal::Outcome& outcome);

/// What a twin with the values of a set predicts of a run's sample, in the order of its outcomes
/// [SI].
/// @param mode  kMeasured: driven by what the run did; kRecipe: by what is set.
/// Errors: those of the twin, naming the run.
absl::StatusOr<Eigen::VectorXd> PredictOutcomes(const signal::Rig& rig, const twin::Twin& twin,
                                                const calibration::ParameterSet& set,
                                                const signal::RunRecord& record,
                                                twin::DriveMode mode);

/// What was measured of an outcome on a run's sample [SI]: "height", "d_over_g", "mean_diameter"
/// (over the counted species), "share_n_m" (0 where it was not among those counted); nothing where
/// the run has no such measurement. Raman lines have an arbitrary unit and are no outcome here.
std::optional<double> MeasuredOutcome(const signal::RunRecord& run, const std::string& outcome);

/// sd of an outcome about what the twin predicts of a run though all parameters are known: its
/// measurement and what the twin is trusted to [SI].
/// @param predicted  all outcomes of the twin.   @param trust  of the twin.
double OutcomeScatter(const twin::Description& description, const std::vector<twin::Trust>& trust,
                      const std::string& outcome, const Eigen::VectorXd& predicted);

/// Position of an outcome that some run recorded.
/// Errors: InvalidArgument where the twin has none of that name ("did you mean");
/// FailedPrecondition where no run recorded it.
absl::StatusOr<Eigen::Index> FindRecordedOutcome(const twin::Description& description,
                                                 const std::vector<const signal::RunRecord*>& runs,
                                                 const std::string& outcome);

/// Those that runs recorded, in the twin's order; of species those whose share reached 5 % in one.
std::vector<Eigen::Index> RecordedOutcomes(const twin::Description& description,
                                           const std::vector<const signal::RunRecord*>& runs);

}  // namespace parallax::pipeline
