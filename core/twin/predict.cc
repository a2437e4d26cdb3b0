#include "core/twin/predict.h"

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/twin/heat_balance.h"

namespace parallax::twin {

void ShapeResult(const Description& description, const Drive& drive, Prediction* prediction,
                 Jacobian* jacobian) {
  const Eigen::Index rows = drive.time_s.size();
  const size_t outputs = description.outputs.size();
  prediction->mode = drive.mode;
  prediction->outside_domain.clear();
  prediction->outputs.resize(rows, static_cast<Eigen::Index>(outputs));
  prediction->outcome.resize(static_cast<Eigen::Index>(description.outcomes.size()));
  if (jacobian == nullptr) return;
  const auto parameters = static_cast<Eigen::Index>(description.parameters.size());
  jacobian->outputs.resize(outputs);
  for (Eigen::MatrixXd& derivative : jacobian->outputs) derivative.resize(rows, parameters);
  jacobian->outcome.resize(prediction->outcome.size(), parameters);
}

bool AllFinite(const Eigen::Ref<const Eigen::MatrixXd>& values) {
  return (values.array() * 0.0).sum() == 0.0;
}

absl::Status CheckFinite(const Description& description, const Drive& drive, Eigen::Index output,
                         const Prediction& prediction) {
  if (AllFinite(prediction.outputs.col(output))) return absl::OkStatus();
  Eigen::Index row = 0;
  while (std::isfinite(prediction.outputs(row, output))) ++row;
  return absl::InvalidArgumentError(absl::StrFormat(
      "twin \"%s\": %s = %g at time_s = %g, must be finite; the inputs are beyond the model",
      description.name, description.outputs[static_cast<size_t>(output)].channel_id,
      prediction.outputs(row, output), drive.time_s[row]));
}

void ReportDomain(const Description& description, const std::vector<DomainRange>& reached,
                  Prediction* prediction) {
  for (size_t k = 0; k < reached.size(); ++k) {
    const DomainRange& declared = description.domain[k];
    if (reached[k].low >= declared.low && reached[k].high <= declared.high) continue;
    prediction->outside_domain.push_back(reached[k]);
  }
}

absl::Status FinishPrediction(const Description& description, const Drive& drive,
                              const std::vector<DomainRange>& reached, Prediction* prediction) {
  for (Eigen::Index output = 0; output < prediction->outputs.cols(); ++output) {
    PARALLAX_RETURN_IF_ERROR(CheckFinite(description, drive, output, *prediction));
  }
  ReportDomain(description, reached, prediction);
  return absl::OkStatus();
}

absl::Status CheckSteps(const Drive& drive, double longest_step_s) {
  const Eigen::Index rows = drive.time_s.size();
  const double span_s = drive.time_s[rows - 1] - drive.time_s[0];
  const double steps = static_cast<double>(rows) + span_s / longest_step_s;
  if (steps <= kMaxSteps) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("drive of %g s in steps of at most %g s needs %g steps, must be <= %g",
                      span_s, longest_step_s, steps, kMaxSteps));
}

}  // namespace parallax::twin
