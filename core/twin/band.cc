#include "core/twin/band.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/status_macros.h"

namespace parallax::twin {
namespace {

constexpr Eigen::Index kLeastDraws = 2;

/// Quantiles of `values`, which are sorted in place; NaN where one of them is.
std::array<double, kBandLevels.size()> Quantiles(std::vector<double>* values) {
  std::array<double, kBandLevels.size()> quantiles;
  quantiles.fill(std::numeric_limits<double>::quiet_NaN());
  if (std::any_of(values->begin(), values->end(), [](double v) { return std::isnan(v); })) {
    return quantiles;
  }
  std::sort(values->begin(), values->end());
  for (size_t level = 0; level < kBandLevels.size(); ++level) {
    const double position = kBandLevels[level] * static_cast<double>(values->size() - 1);
    const auto below = static_cast<size_t>(position);
    const size_t above = std::min(below + 1, values->size() - 1);
    quantiles[level] =
        std::lerp((*values)[below], (*values)[above], position - static_cast<double>(below));
  }
  return quantiles;
}

/// Quantiles over the draws of what `value_of` reads from a prediction.
template <typename ValueOf>
std::array<double, kBandLevels.size()> QuantilesOf(
    const std::vector<absl::StatusOr<Prediction>>& predictions, ValueOf value_of) {
  std::vector<double> values;
  values.reserve(predictions.size());
  for (const absl::StatusOr<Prediction>& prediction : predictions) {
    values.push_back(value_of(*prediction));
  }
  return Quantiles(&values);
}

}  // namespace

absl::StatusOr<PredictionBand> PredictBand(const Twin& twin, const Drive& drive,
                                           const Eigen::Ref<const Eigen::MatrixXd>& draws) {
  if (draws.cols() < kLeastDraws) {
    return absl::InvalidArgumentError(
        absl::StrFormat("draws = %d, must be at least %d", draws.cols(), kLeastDraws));
  }
  std::vector<absl::StatusOr<Prediction>> predictions(static_cast<size_t>(draws.cols()),
                                                      Prediction());
  base::ParallelFor(predictions.size(), [&](size_t i) {
    const absl::Status status =
        twin.Predict(draws.col(static_cast<Eigen::Index>(i)), drive, &*predictions[i], nullptr);
    if (!status.ok()) predictions[i] = status;
  });
  for (const absl::StatusOr<Prediction>& prediction : predictions) {
    PARALLAX_RETURN_IF_ERROR(prediction.status());
  }
  const Eigen::MatrixXd& first = predictions.front()->outputs;
  PredictionBand band;
  band.outputs.fill(Eigen::MatrixXd(first.rows(), first.cols()));
  band.outcome.fill(Eigen::VectorXd(predictions.front()->outcome.size()));
  base::ParallelFor(static_cast<size_t>(first.cols()), [&](size_t i) {
    const auto column = static_cast<Eigen::Index>(i);
    for (Eigen::Index row = 0; row < first.rows(); ++row) {
      const auto quantiles =
          QuantilesOf(predictions, [&](const Prediction& p) { return p.outputs(row, column); });
      for (size_t l = 0; l < quantiles.size(); ++l) band.outputs[l](row, column) = quantiles[l];
    }
  });
  for (Eigen::Index row = 0; row < band.outcome[0].size(); ++row) {
    const auto quantiles =
        QuantilesOf(predictions, [&](const Prediction& p) { return p.outcome(row); });
    for (size_t l = 0; l < quantiles.size(); ++l) band.outcome[l](row) = quantiles[l];
  }
  return band;
}

}  // namespace parallax::twin
