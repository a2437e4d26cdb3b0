#include "core/surrogate/hmc.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/parallel.h"
#include "core/base/random.h"

namespace parallax::surrogate {
namespace {

constexpr double kDivergence = 1000.0;  // energy error that no acceptable step makes, as Stan's

/// Log step by Nesterov's dual averaging; constants of Hoffman & Gelman (2014), §3.2.
class DualAveraging {
 public:
  DualAveraging(double step, double target) : mu_(std::log(10.0 * step)), target_(target) {}

  double Update(double acceptance) {
    ++count_;
    const double weight = 1.0 / (count_ + 10.0);
    error_ += weight * (target_ - acceptance - error_);
    const double log_step = mu_ - std::sqrt(count_) / 0.05 * error_;
    const double fade = std::pow(count_, -0.75);
    average_ += fade * (log_step - average_);
    return std::exp(log_step);
  }

  double Final() const { return std::exp(average_); }

 private:
  double mu_;
  double target_;
  double count_ = 0.0;
  double error_ = 0.0;
  double average_ = 0.0;
};

struct State {
  Eigen::VectorXd point;
  Eigen::VectorXd gradient;
  double log_density = 0.0;
};

class Chain {
 public:
  Chain(const DensityWithGradient& log_density, const Eigen::Ref<const Eigen::VectorXd>& scale,
        const HmcOptions& options, uint64_t stream)
      : log_density_(log_density),
        scale_(scale),
        options_(options),
        random_(options.seed, stream) {}

  HmcChain Run(const Eigen::VectorXd& start) {
    state_.point = start;
    state_.log_density = log_density_(state_.point, &state_.gradient);
    DualAveraging averaging(0.01, options_.acceptance);
    double step = 0.01;
    for (int i = 0; i < options_.warm_up; ++i) step = averaging.Update(Iterate(step));
    HmcChain chain{.draws = Eigen::MatrixXd(start.size(), options_.draws),
                   .step = averaging.Final()};
    divergences_ = 0;
    for (int i = 0; i < options_.draws; ++i) {
      chain.acceptance += Iterate(chain.step) / options_.draws;
      chain.draws.col(i) = state_.point;
    }
    chain.divergences = divergences_;
    return chain;
  }

 private:
  /// One trajectory; its acceptance probability.
  double Iterate(double step) {
    const double length = options_.path_length * (0.8 + 0.4 * random_.Uniform());
    const int steps =
        std::clamp(static_cast<int>(std::min(length / step, 1e9)), 1, options_.max_steps);
    Eigen::VectorXd momentum(scale_.size());  // of the point in units of scale
    for (double& value : momentum) value = random_.Normal();
    const double before = state_.log_density - 0.5 * momentum.squaredNorm();
    State next = state_;
    for (int s = 0; s < steps; ++s) {
      momentum.array() += 0.5 * step * scale_.array() * next.gradient.array();
      next.point.array() += step * scale_.array() * momentum.array();
      next.log_density = log_density_(next.point, &next.gradient);
      if (!std::isfinite(next.log_density)) break;
      momentum.array() += 0.5 * step * scale_.array() * next.gradient.array();
    }
    const double gain = next.log_density - 0.5 * momentum.squaredNorm() - before;
    if (!(gain > -kDivergence)) ++divergences_;
    const double acceptance = gain < 0.0 ? std::exp(gain) : gain >= 0.0 ? 1.0 : 0.0;
    if (random_.Uniform() < acceptance) state_ = std::move(next);
    return acceptance;
  }

  const DensityWithGradient& log_density_;
  const Eigen::VectorXd scale_;
  const HmcOptions& options_;
  base::Random random_;
  State state_;
  int64_t divergences_ = 0;
};

absl::Status CheckHmcOptions(const HmcOptions& options) {
  const auto below = [](const char* field, double value, double bound) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s = %g, must be >= %g", field, value, bound));
  };
  if (options.warm_up < 20) return below("warm_up", options.warm_up, 20);
  if (options.draws < 1) return below("draws", options.draws, 1);
  if (options.max_steps < 1) return below("max_steps", options.max_steps, 1);
  if (!(options.path_length > 0.0) || !std::isfinite(options.path_length)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("path_length = %g, must be > 0 and finite", options.path_length));
  }
  if (!(options.acceptance > 0.0 && options.acceptance < 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("acceptance = %g, must be within (0, 1)", options.acceptance));
  }
  return absl::OkStatus();
}

absl::Status CheckStarts(const DensityWithGradient& log_density,
                         const Eigen::Ref<const Eigen::VectorXd>& scale,
                         const std::vector<Eigen::VectorXd>& starts) {
  if (scale.size() == 0 || !(scale.array() > 0.0).all() || !scale.allFinite()) {
    return absl::InvalidArgumentError("scale must have at least one value, all > 0 and finite");
  }
  if (starts.empty()) return absl::InvalidArgumentError("starts: there are 0, must be >= 1");
  for (size_t k = 0; k < starts.size(); ++k) {
    if (starts[k].size() != scale.size()) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "start %d has %d values, must have %d as scale has", k, starts[k].size(), scale.size()));
    }
    Eigen::VectorXd gradient;
    const double value = log_density(starts[k], &gradient);
    if (!std::isfinite(value) || gradient.size() != scale.size() || !gradient.allFinite()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("log density of start %d or its gradient is not finite", k));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<HmcChain>> SampleHmc(const DensityWithGradient& log_density,
                                                const Eigen::Ref<const Eigen::VectorXd>& scale,
                                                const std::vector<Eigen::VectorXd>& starts,
                                                const HmcOptions& options) {
  if (absl::Status status = CheckHmcOptions(options); !status.ok()) return status;
  if (absl::Status status = CheckStarts(log_density, scale, starts); !status.ok()) return status;
  std::vector<HmcChain> chains(starts.size());
  base::ParallelFor(starts.size(), [&](size_t k) {
    chains[k] = Chain(log_density, scale, options, options.stream + k).Run(starts[k]);
  });
  return chains;
}

DensityWithGradient MlpPosterior(const MlpShape& shape, const MlpPrior& prior,
                                 Eigen::MatrixXd points, Eigen::VectorXd outcomes,
                                 double noise_variance) {
  PARALLAX_CHECK(points.rows() == shape.inputs && points.cols() == outcomes.size());
  PARALLAX_CHECK(noise_variance > 0.0);
  return [shape, precision = Eigen::VectorXd(PriorSd(shape, prior).array().square().inverse()),
          points = std::move(points), outcomes = std::move(outcomes), noise_variance](
             const Eigen::Ref<const Eigen::VectorXd>& point, Eigen::VectorXd* gradient) {
    MlpGradient network(shape);
    const Eigen::RowVectorXd off = outcomes.transpose() - network.Forward(point, points).row(0);
    Eigen::MatrixXd slopes = Eigen::MatrixXd::Zero(2, off.size());
    slopes.row(0) = off / noise_variance;
    *gradient = network.Backward(point, slopes) - precision.cwiseProduct(point);
    return -0.5 * (off.squaredNorm() / noise_variance + point.dot(precision.cwiseProduct(point)));
  };
}

}  // namespace parallax::surrogate
