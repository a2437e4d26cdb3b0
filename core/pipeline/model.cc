#include "core/pipeline/model.h"

#include <algorithm>

#include "core/base/status_macros.h"

namespace parallax::pipeline {
namespace {

/// Half width of the central difference of a step coordinate, in prior sd: its truncation error is
/// 1e-7 of the derivative, far below what a fit can see.
constexpr double kStepDifference = 1e-3;

int InputIndex(const twin::Description& description, const std::string& channel_id) {
  for (size_t i = 0; i < description.inputs.size(); ++i) {
    if (description.inputs[i].channel_id == channel_id) return static_cast<int>(i);
  }
  return -1;
}

/// Input column that steps act on, or -1.
int StepInput(const twin::Description& description) {
  for (const twin::Parameter& parameter : description.parameters) {
    if (!parameter.step_input.empty()) return InputIndex(description, parameter.step_input);
  }
  return -1;
}

}  // namespace

Model::Model(const twin::Twin& twin, const std::vector<RunObservations>& runs,
             const ParameterSpace& space, Boundary boundary)
    : twin_(&twin), runs_(&runs), space_(&space), boundary_(boundary) {
  for (size_t r = 0; r < runs.size(); ++r) {
    for (size_t c = 0; c < runs[r].channels.size(); ++c) {
      const ChannelObservations& channel = runs[r].channels[c];
      const RowBlock block{.run = static_cast<int>(r),
                           .channel = static_cast<int>(c),
                           .begin = rows_,
                           .bins = std::ssize(channel.bin_points),
                           .censored = std::ssize(channel.censored_points)};
      rows_ += block.bins + block.censored;
      blocks_.push_back(block);
    }
  }
}

absl::Status Model::Predict(const Eigen::VectorXd& z, int run, twin::Prediction* prediction,
                            twin::Jacobian* jacobian) const {
  const RunObservations& observed = (*runs_)[static_cast<size_t>(run)];
  const twin::Drive& drive =
      boundary_ == Boundary::kAdopted ? observed.drive : observed.assumed_drive;
  const Eigen::VectorXd natural = space_->Natural(z, run);
  const int column = StepInput(space_->description());
  if (column < 0 || !space_->HasSteps(run)) {
    return twin_->Predict(natural, drive, prediction, jacobian);
  }
  twin::Drive stepped = drive;
  for (Eigen::Index i = 0; i < stepped.time_s.size(); ++i) {
    stepped.inputs(i, column) *= space_->StepRatio(z, run, stepped.time_s(i));
  }
  return twin_->Predict(natural, stepped, prediction, jacobian);
}

absl::Status Model::Residuals(const Eigen::VectorXd& z, Eigen::VectorXd* residuals,
                              Eigen::MatrixXd* jacobian) const {
  residuals->resize(rows_);
  if (jacobian != nullptr) jacobian->setZero(rows_, space_->size());
  for (int run = 0; run < static_cast<int>(runs_->size()); ++run) {
    PARALLAX_RETURN_IF_ERROR(RunResiduals(z, run, residuals, jacobian));
    if (jacobian != nullptr && space_->HasSteps(run)) {
      PARALLAX_RETURN_IF_ERROR(DifferentiateSteps(z, run, jacobian));
    }
  }
  return absl::OkStatus();
}

void Model::FillResiduals(const twin::Prediction& prediction, int run,
                          Eigen::VectorXd* residuals) const {
  for (const RowBlock& block : blocks_) {
    if (block.run != run) continue;
    const ChannelObservations& channel = Channel(block);
    const auto column = prediction.outputs.col(channel.output);
    for (Eigen::Index i = 0; i < block.bins; ++i) {
      (*residuals)(block.begin + i) =
          channel.bin_value(i) - channel.bin_points[static_cast<size_t>(i)].Interpolate(column);
    }
    for (Eigen::Index i = 0; i < block.censored; ++i) {
      const double predicted = channel.censored_points[static_cast<size_t>(i)].Interpolate(column);
      (*residuals)(block.begin + block.bins + i) = std::min(0.0, channel.censor_limit - predicted);
    }
  }
}

absl::Status Model::RunResiduals(const Eigen::VectorXd& z, int run, Eigen::VectorXd* residuals,
                                 Eigen::MatrixXd* jacobian) const {
  twin::Prediction prediction;
  twin::Jacobian derivative;
  PARALLAX_RETURN_IF_ERROR(
      Predict(z, run, &prediction, jacobian != nullptr ? &derivative : nullptr));
  FillResiduals(prediction, run, residuals);
  if (jacobian == nullptr) return absl::OkStatus();
  for (int k = 0; k < space_->size(); ++k) {
    const double scale = space_->Derivative(z, run, k);
    if (scale == 0.0) continue;
    const int parameter = space_->coordinates()[static_cast<size_t>(k)].parameter;
    for (const RowBlock& block : blocks_) {
      if (block.run != run) continue;
      const ChannelObservations& channel = Channel(block);
      const auto column = derivative.outputs[static_cast<size_t>(channel.output)].col(parameter);
      for (Eigen::Index i = 0; i < block.bins; ++i) {
        (*jacobian)(block.begin + i, k) =
            -scale * channel.bin_points[static_cast<size_t>(i)].Interpolate(column);
      }
      for (Eigen::Index i = 0; i < block.censored; ++i) {
        const Eigen::Index row = block.begin + block.bins + i;
        if ((*residuals)(row) == 0.0) continue;
        (*jacobian)(row, k) =
            -scale * channel.censored_points[static_cast<size_t>(i)].Interpolate(column);
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Model::DifferentiateSteps(const Eigen::VectorXd& z, int run,
                                       Eigen::MatrixXd* jacobian) const {
  Eigen::VectorXd above(rows_);
  Eigen::VectorXd below(rows_);
  twin::Prediction prediction;
  for (int k = 0; k < space_->size(); ++k) {
    const Coordinate& coordinate = space_->coordinates()[static_cast<size_t>(k)];
    if (coordinate.kind != Coordinate::Kind::kStep || coordinate.run != run) continue;
    Eigen::VectorXd moved = z;
    moved(k) = z(k) + kStepDifference;
    PARALLAX_RETURN_IF_ERROR(Predict(moved, run, &prediction, nullptr));
    FillResiduals(prediction, run, &above);
    moved(k) = z(k) - kStepDifference;
    PARALLAX_RETURN_IF_ERROR(Predict(moved, run, &prediction, nullptr));
    FillResiduals(prediction, run, &below);
    for (const RowBlock& block : blocks_) {
      if (block.run != run) continue;
      const Eigen::Index n = block.bins + block.censored;
      jacobian->col(k).segment(block.begin, n) =
          (above.segment(block.begin, n) - below.segment(block.begin, n)) / (2.0 * kStepDifference);
    }
  }
  return absl::OkStatus();
}

}  // namespace parallax::pipeline
