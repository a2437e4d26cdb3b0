#include "core/causal/counterfactual.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"

namespace parallax::causal {
namespace {

absl::Status CheckShapes(const twin::Description& description, const twin::Drive& drive,
                         const MeasuredRun& measured, const CounterfactualOptions& options) {
  const auto outputs = static_cast<Eigen::Index>(description.outputs.size());
  const auto outcomes = static_cast<Eigen::Index>(description.outcomes.size());
  const Eigen::MatrixXd& m = measured.outputs;
  if (m.rows() > 0 && (m.rows() != drive.time_s.size() || m.cols() != outputs)) {
    return absl::InvalidArgumentError(absl::StrFormat("measured outputs: %d x %d, must be %d x %d",
                                                      m.rows(), m.cols(), drive.time_s.size(),
                                                      outputs));
  }
  if (measured.outcome.size() > 0 && measured.outcome.size() != outcomes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("measured outcomes: %d, must be %d", measured.outcome.size(), outcomes));
  }
  if (options.smoothing_rows < 1 || options.smoothing_rows % 2 == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("smoothing_rows = %d, must be odd and positive", options.smoothing_rows));
  }
  return absl::OkStatus();
}

/// Means over a centred window of what is finite; 0 where nothing is.
Eigen::VectorXd Smooth(const Eigen::Ref<const Eigen::VectorXd>& values, int window) {
  Eigen::VectorXd smooth = Eigen::VectorXd::Zero(values.size());
  const Eigen::Index half = window / 2;
  for (Eigen::Index row = 0; row < values.size(); ++row) {
    const Eigen::Index begin = std::max<Eigen::Index>(row - half, 0);
    const Eigen::Index end = std::min<Eigen::Index>(row + half + 1, values.size());
    double sum = 0.0;
    int count = 0;
    for (Eigen::Index i = begin; i < end; ++i) {
      if (!std::isfinite(values[i])) continue;
      sum += values[i];
      ++count;
    }
    if (count > 0) smooth[row] = sum / count;
  }
  return smooth;
}

MeasuredRun Abduct(const MeasuredRun& measured, const twin::Prediction& fitted, int window) {
  MeasuredRun residual;
  residual.outputs = Eigen::MatrixXd::Zero(fitted.outputs.rows(), fitted.outputs.cols());
  if (measured.outputs.rows() > 0) {
    for (Eigen::Index o = 0; o < fitted.outputs.cols(); ++o) {
      const Eigen::VectorXd raw = measured.outputs.col(o) - fitted.outputs.col(o);
      residual.outputs.col(o) = Smooth(raw, window);
    }
  }
  residual.outcome = Eigen::VectorXd::Zero(fitted.outcome.size());
  for (Eigen::Index o = 0; o < measured.outcome.size(); ++o) {
    const double raw = measured.outcome[o] - fitted.outcome[o];
    if (std::isfinite(raw)) residual.outcome[o] = raw;
  }
  return residual;
}

/// Keeps shares of one whole at or above 0 and their sum at what the twin predicts of it.
void Recompose(const twin::Description& description, const std::string& prefix,
               const Eigen::VectorXd& acted, Eigen::VectorXd* outcome) {
  std::vector<Eigen::Index> members;
  double whole = 0.0, sum = 0.0;
  for (size_t k = 0; k < description.outcomes.size(); ++k) {
    const auto o = static_cast<Eigen::Index>(k);
    if (description.outcomes[k].channel_id.rfind(prefix, 0) != 0 || std::isnan(acted[o])) continue;
    members.push_back(o);
    (*outcome)[o] = std::max(0.0, (*outcome)[o]);
    whole += acted[o];
    sum += (*outcome)[o];
  }
  for (Eigen::Index o : members) (*outcome)[o] = sum > 0.0 ? (*outcome)[o] * whole / sum : acted[o];
}

std::vector<CallCount> CountCalls(const std::vector<std::string>& calls) {
  std::map<std::string, int> counts;
  for (const std::string& call : calls) ++counts[call];
  std::vector<CallCount> list;
  for (const auto& [name, times] : counts) list.push_back({name, times});
  std::stable_sort(list.begin(), list.end(),
                   [](const CallCount& a, const CallCount& b) { return a.draws > b.draws; });
  return list;
}

}  // namespace

absl::StatusOr<Counterfactual> Imagine(const twin::Twin& twin, const twin::Drive& drive,
                                       const Eigen::Ref<const Eigen::VectorXd>& calibrated,
                                       const std::vector<Assignment>& action,
                                       const MeasuredRun& measured,
                                       const CounterfactualOptions& options) {
  const twin::Description& description = twin.description();
  PARALLAX_RETURN_IF_ERROR(CheckShapes(description, drive, measured, options));
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd changed, Do(description, calibrated, action));
  Counterfactual result;
  PARALLAX_RETURN_IF_ERROR(twin.Predict(calibrated, drive, &result.fitted, nullptr));
  PARALLAX_RETURN_IF_ERROR(twin.Predict(changed, drive, &result.acted, nullptr));
  result.residual = Abduct(measured, result.fitted, options.smoothing_rows);
  result.imagined = result.acted;
  result.imagined.outputs += result.residual.outputs;
  result.imagined.outcome += result.residual.outcome;
  for (const std::string& prefix : options.compositions) {
    Recompose(description, prefix, result.acted.outcome, &result.imagined.outcome);
  }
  return result;
}

absl::StatusOr<DrawnCalls> ImagineCalls(
    const twin::Twin& twin, const twin::Drive& drive,
    const Eigen::Ref<const Eigen::MatrixXd>& draws, const std::vector<Assignment>& action,
    const MeasuredRun& measured, const std::function<std::string(const twin::Prediction&)>& call,
    const CounterfactualOptions& options) {
  if (draws.cols() == 0) return absl::InvalidArgumentError("draws: 0, must be > 0");
  const auto count = static_cast<size_t>(draws.cols());
  std::vector<std::string> fitted(count), imagined(count);
  std::vector<absl::Status> statuses(count);
  base::ParallelFor(count, [&](size_t d) {
    const absl::StatusOr<Counterfactual> one =
        Imagine(twin, drive, draws.col(static_cast<Eigen::Index>(d)), action, measured, options);
    statuses[d] = one.status();
    if (!one.ok()) return;
    fitted[d] = call(one->fitted);
    imagined[d] = call(one->imagined);
  });
  for (const absl::Status& status : statuses) PARALLAX_RETURN_IF_ERROR(status);
  return DrawnCalls{CountCalls(fitted), CountCalls(imagined)};
}

}  // namespace parallax::causal
