#pragma once

#include <string>

#include "absl/strings/str_format.h"
#include "core/twin/twin.h"

namespace parallax::pipeline::testing {

/// A twin that predicts as another one does, but fails where a parameter lies outside of a range of
/// prior sds.
class FailingTwin final : public twin::Twin {
 public:
  FailingTwin(const twin::Twin& sound, const std::string& parameter, double low, double high)
      : sound_(sound),
        parameter_(twin::ParameterIndex(sound.description(), parameter)),
        low_(low),
        high_(high) {}

  const twin::Description& description() const override { return sound_.description(); }

  absl::StatusOr<twin::Drive> Prepare(const signal::Rig& rig, const signal::CleanRun& run,
                                      twin::DriveMode mode) const override {
    return sound_.Prepare(rig, run, mode);
  }

  absl::Status Predict(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                       const twin::Drive& drive, twin::Prediction* prediction,
                       twin::Jacobian* jacobian) const override {
    const twin::Parameter& p = description().parameters[static_cast<size_t>(parameter_)];
    const double sds =
        (twin::ToCoordinate(p, parameters(parameter_)) - twin::ToCoordinate(p, p.nominal)) /
        p.prior_sd;
    if (sds < low_ || sds > high_) {
      return absl::InternalError(
          absl::StrFormat("%s = %g: the solver diverges", p.name, parameters(parameter_)));
    }
    return sound_.Predict(parameters, drive, prediction, jacobian);
  }

  const twin::Mediation* mediation() const override { return sound_.mediation(); }

 private:
  const twin::Twin& sound_;
  const int parameter_;
  const double low_, high_;
};

}  // namespace parallax::pipeline::testing
