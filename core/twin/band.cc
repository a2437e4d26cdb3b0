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

/// Column `column` of every level from the draws' columns.
void FillColumn(const std::vector<absl::StatusOr<Prediction>>& predictions, Eigen::Index column,
                PredictionBand* band) {
  std::vector<double> values(predictions.size());
  for (Eigen::Index row = 0; row < band->outputs[0].rows(); ++row) {
    for (size_t i = 0; i < predictions.size(); ++i)
      values[i] = predictions[i]->outputs(row, column);
    const std::array<double, kBandLevels.size()> quantiles = Quantiles(&values);
    for (size_t l = 0; l < quantiles.size(); ++l) band->outputs[l](row, column) = quantiles[l];
  }
}

void FillOutcome(const std::vector<absl::StatusOr<Prediction>>& predictions, Eigen::Index row,
                 PredictionBand* band) {
  std::vector<double> values(predictions.size());
  for (size_t i = 0; i < predictions.size(); ++i) values[i] = predictions[i]->outcome(row);
  const std::array<double, kBandLevels.size()> quantiles = Quantiles(&values);
  for (size_t l = 0; l < quantiles.size(); ++l) band->outcome[l](row) = quantiles[l];
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
  base::ParallelFor(static_cast<size_t>(first.cols()), [&](size_t column) {
    FillColumn(predictions, static_cast<Eigen::Index>(column), &band);
  });
  for (Eigen::Index row = 0; row < band.outcome[0].size(); ++row) {
    FillOutcome(predictions, row, &band);
  }
  return band;
}

}  // namespace parallax::twin
