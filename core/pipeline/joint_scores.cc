#include "core/pipeline/joint_scores.h"

#include <algorithm>

#include "core/base/principal_components.h"
#include "core/base/qr.h"

namespace parallax::pipeline {
namespace {

constexpr double kExplainedShare = 0.99;
constexpr int kMostComponents = 6;

/// Orthonormal columns that span those given one after the other, pointing along them.
Eigen::MatrixXd Orthonormal(const Eigen::MatrixXd& columns) {
  const base::HouseholderQr qr(columns);
  const Eigen::MatrixXd r = qr.R();
  Eigen::MatrixXd basis = qr.ThinQ();
  for (Eigen::Index k = 0; k < columns.cols(); ++k) {
    if (r(k, k) < 0.0) basis.col(k) *= -1.0;
  }
  return basis;
}

}  // namespace

JointScores::JointScores(const CampaignModel& model, const CampaignNoise& noise,
                         const std::vector<std::string>& accused)
    : model_(&model), noise_(&noise), courses_(CoursesOf(model)) {
  std::erase_if(courses_, [&](const ObservableCourse& course) {
    return course.blocks.size() < model.runs().size() ||
           std::find(accused.begin(), accused.end(), course.channel) != accused.end();
  });
  Eigen::Index columns = 0;
  for (const ObservableCourse& course : courses_) {
    columns += course.dimensions * static_cast<Eigen::Index>(course.blocks.size());
  }
  Eigen::MatrixXd shapes = Eigen::MatrixXd::Zero(model.rows(), columns);
  Eigen::Index at = 0;
  for (const ObservableCourse& course : courses_) {
    for (size_t r = 0; r < course.blocks.size(); ++r, at += course.dimensions) {
      const EvidenceBlock& block = model.blocks()[course.blocks[r]];
      shapes.block(block.begin, at, block.rows(), course.dimensions) = course.shapes[r];
    }
  }
  const Eigen::MatrixXd whitened = noise.Whiten(shapes);
  at = 0;
  for (ObservableCourse& course : courses_) {
    for (size_t r = 0; r < course.blocks.size(); ++r, at += course.dimensions) {
      const EvidenceBlock& block = model.blocks()[course.blocks[r]];
      course.shapes[r] =
          Orthonormal(whitened.block(block.begin, at, block.rows(), course.dimensions));
    }
  }
}

Eigen::MatrixXd JointScores::Project(const Eigen::VectorXd& whitened) const {
  Eigen::Index columns = 0;
  for (const ObservableCourse& course : courses_) columns += course.dimensions;
  Eigen::MatrixXd scores(std::ssize(model_->runs()), columns);
  Eigen::Index at = 0;
  for (const ObservableCourse& course : courses_) {
    for (size_t r = 0; r < course.blocks.size(); ++r) {
      const EvidenceBlock& block = model_->blocks()[course.blocks[r]];
      scores.row(static_cast<Eigen::Index>(r)).segment(at, course.dimensions) =
          (course.shapes[r].transpose() * whitened.segment(block.begin, block.rows())).transpose();
    }
    at += course.dimensions;
  }
  return scores;
}

Eigen::MatrixXd JointScores::Of(const Eigen::VectorXd& residuals) const {
  return Project(noise_->Whiten(residuals));
}

JointScores::MovedAxes JointScores::Axes(const Eigen::MatrixXd& jacobian) const {
  if (courses_.empty()) return {};
  const Eigen::MatrixXd whitened = noise_->Whiten(jacobian);
  const Eigen::Index runs = std::ssize(model_->runs());
  // What each parameter adds and takes in each run, one prior sd either way: their mean is zero.
  Eigen::MatrixXd moved(2 * runs * whitened.cols(), 0);
  for (Eigen::Index p = 0; p < whitened.cols(); ++p) {
    const Eigen::MatrixXd scores = Project(whitened.col(p));
    if (p == 0) moved.resize(Eigen::NoChange, scores.cols());
    moved.middleRows(2 * p * runs, runs) = scores;
    moved.middleRows((2 * p + 1) * runs, runs) = -scores;
  }
  const absl::StatusOr<base::PrincipalComponents> components = base::FitPrincipalComponents(
      moved, kExplainedShare, std::clamp(static_cast<int>(runs) / 2, 1, kMostComponents));
  if (!components.ok()) return {};
  MovedAxes latent{.axes = components->axes,
                   .moved = Eigen::MatrixXd(whitened.cols(), components->axes.cols())};
  for (Eigen::Index p = 0; p < whitened.cols(); ++p) {
    latent.moved.row(p) = (moved.middleRows(2 * p * runs, runs) * latent.axes).colwise().norm();
  }
  return latent;
}

}  // namespace parallax::pipeline
