#include "core/design/batch.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"

namespace parallax::design {
namespace {

absl::Status CheckBatch(const Eigen::Ref<const Eigen::MatrixXd>& unit,
                        const Eigen::Ref<const Eigen::VectorXd>& costs,
                        const BatchOptions& options) {
  if (options.count < 1 || !(options.least_distance >= 0.0) || !(options.least_nats > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("count = %d, least_distance = %g, least_nats = %g, must be >= 1, >= 0, > 0",
                        options.count, options.least_distance, options.least_nats));
  }
  if (unit.rows() < 1 || !unit.allFinite()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d candidates, must be at least 1, all finite", unit.rows()));
  }
  if (costs.size() != 0 && costs.size() != unit.rows()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d costs of %d candidates, must be as many or none", costs.size(), unit.rows()));
  }
  for (Eigen::Index i = 0; i < costs.size(); ++i) {
    if (!(costs(i) > 0.0) || !std::isfinite(costs(i))) {
      return absl::InvalidArgumentError(
          absl::StrFormat("candidate %d: cost = %g, must be > 0 and finite", i, costs(i)));
    }
  }
  return absl::OkStatus();
}

/// One choice after the other.
class Greedy {
 public:
  Greedy(const Eigen::Ref<const Eigen::MatrixXd>& unit,
         const Eigen::Ref<const Eigen::VectorXd>& costs, const JointInformation& joint,
         const BatchOptions& options)
      : unit_(unit), costs_(costs), joint_(joint), options_(options) {}

  Batch Run() {
    batch_.alone = Joints();
    Eigen::VectorXd joints = batch_.alone;
    while (static_cast<int>(batch_.chosen.size()) < options_.count) {
      if (!batch_.chosen.empty()) joints = Joints();
      const Eigen::Index best = Best(joints);
      if (best < 0) break;
      batch_.chosen.push_back(static_cast<int>(best));
      batch_.gains.push_back(joints(best) - batch_.joint);
      batch_.joint = joints(best);
    }
    return std::move(batch_);
  }

 private:
  bool IsApart(Eigen::Index candidate) const {
    return std::all_of(batch_.chosen.begin(), batch_.chosen.end(), [&](int one) {
      const double distance = (unit_.row(candidate) - unit_.row(one)).cwiseAbs().maxCoeff();
      return candidate != one && distance >= options_.least_distance;
    });
  }

  /// Nats of each candidate with those chosen; 0 where it is too near to one of them.
  Eigen::VectorXd Joints() const {
    Eigen::VectorXd joints = Eigen::VectorXd::Zero(unit_.rows());
    base::ParallelFor(static_cast<size_t>(unit_.rows()), [&](size_t i) {
      if (!IsApart(static_cast<Eigen::Index>(i))) return;
      std::vector<int> trial = batch_.chosen;
      trial.push_back(static_cast<int>(i));
      joints(static_cast<Eigen::Index>(i)) = joint_(trial);
    });
    return joints;
  }

  /// −1 where no candidate is left or adds anything; says which in `end`.
  Eigen::Index Best(const Eigen::VectorXd& joints) {
    Eigen::Index best = -1;
    double most = 0.0;
    batch_.end = BatchEnd::kNoneLeft;
    for (Eigen::Index i = 0; i < joints.size(); ++i) {
      if (!IsApart(i)) continue;
      if (batch_.end == BatchEnd::kNoneLeft) batch_.end = BatchEnd::kNoneInforms;
      const double gain = joints(i) - batch_.joint;
      const double worth = costs_.size() == 0 ? gain : gain / costs_(i);
      if (!(gain >= options_.least_nats) || !(worth > most)) continue;
      most = worth;
      best = i;
      batch_.end = BatchEnd::kFull;
    }
    return best;
  }

  const Eigen::Ref<const Eigen::MatrixXd> unit_;
  const Eigen::Ref<const Eigen::VectorXd> costs_;
  const JointInformation& joint_;
  const BatchOptions& options_;
  Batch batch_;
};

Eigen::MatrixXd SumOf(const std::vector<Eigen::MatrixXd>& information,
                      const std::vector<int>& chosen) {
  Eigen::MatrixXd sum = information[static_cast<size_t>(chosen.front())];
  for (size_t i = 1; i < chosen.size(); ++i) sum += information[static_cast<size_t>(chosen[i])];
  return sum;
}

}  // namespace

JointInformation AboutParameters(const Belief& belief,
                                 const std::vector<Eigen::MatrixXd>& information) {
  return [&belief, &information](const std::vector<int>& chosen) {
    return belief.Gain(SumOf(information, chosen));
  };
}

JointInformation AboutTarget(const Target& target,
                             const std::vector<Eigen::MatrixXd>& information) {
  return [&target, &information](const std::vector<int>& chosen) {
    return target.Gain(SumOf(information, chosen));
  };
}

JointInformation AboutExplanations(const std::vector<RivalPredictions>& experiments) {
  return [&experiments](const std::vector<int>& chosen) {
    std::vector<const RivalPredictions*> joined;
    for (const int one : chosen) joined.push_back(&experiments[static_cast<size_t>(one)]);
    return LeastSeparation(RivalPredictions::Join(joined).Reduce());
  };
}

absl::StatusOr<Batch> ChooseBatch(const Eigen::Ref<const Eigen::MatrixXd>& unit,
                                  const Eigen::Ref<const Eigen::VectorXd>& costs,
                                  const JointInformation& joint, const BatchOptions& options) {
  if (absl::Status status = CheckBatch(unit, costs, options); !status.ok()) return status;
  Batch batch = Greedy(unit, costs, joint, options).Run();
  if (batch.chosen.empty()) {
    return absl::FailedPreconditionError(
        absl::StrFormat("no candidate informs: the best of %d tells %.3g nats, must be >= %g",
                        unit.rows(), batch.alone.maxCoeff(), options.least_nats));
  }
  return batch;
}

}  // namespace parallax::design
