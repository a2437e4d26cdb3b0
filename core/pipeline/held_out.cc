#include "core/pipeline/held_out.h"

#include <utility>

#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "core/pipeline/run_error.h"

namespace parallax::pipeline {
namespace {

/// No run of the fit: deviations of its runs say nothing of another.
constexpr int kOtherRun = -1;

absl::Status CheckPredictions(const twin::Twin& twin, const ParameterSpace& space,
                              const MapFit& fit, const RunObservations& run) {
  const Eigen::VectorXd assumed = Eigen::VectorXd::Zero(space.size());
  twin::Prediction prediction;
  PARALLAX_RETURN_IF_ERROR(
      twin.Predict(space.Natural(assumed, kOtherRun), run.assumed_drive, &prediction, nullptr));
  return twin.Predict(space.Natural(fit.z, kOtherRun), run.drive, &prediction, nullptr);
}

absl::StatusOr<RunObservations> ObserveOne(const signal::Rig& rig, const twin::Twin& twin,
                                           const signal::RunRecord& record,
                                           const ParameterSpace& space, const MapFit& fit) {
  PARALLAX_ASSIGN_OR_RETURN(RunObservations run, Observe(rig, twin, record));
  const absl::Status predicted = CheckPredictions(twin, space, fit, run);
  if (!predicted.ok()) return OfRun(record.run.id, predicted);
  return run;
}

}  // namespace

std::vector<RunObservations> ObserveHeldOut(const signal::Rig& rig, const twin::Twin& twin,
                                            const std::vector<signal::RunRecord>& records,
                                            const ParameterSpace& space, const MapFit& fit,
                                            std::vector<std::string>* unusable) {
  std::vector<RunObservations> observed;
  for (const signal::RunRecord& record : records) {
    absl::StatusOr<RunObservations> run = ObserveOne(rig, twin, record, space, fit);
    if (run.ok()) {
      observed.push_back(*std::move(run));
    } else {
      unusable->push_back(std::string(run.status().message()));
    }
  }
  return observed;
}

}  // namespace parallax::pipeline
