#include "core/surrogate/randomize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/normal.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/base/symmetric_eigen.h"

namespace parallax::surrogate {
namespace {

constexpr int kDrawBlock = 20;  ///< draws with the exact share of each origin

/// What a stream of random numbers is for; the streams of one draw never meet.
enum class Purpose : uint64_t { kOrigin, kParameters, kDiscrepancy, kFault, kSamples };

uint64_t StreamOf(uint64_t index, Purpose purpose, size_t item) {
  PARALLAX_CHECK(index < (uint64_t{1} << 40) && item < (size_t{1} << 16));
  return (index << 24) | (static_cast<uint64_t>(purpose) << 16) | item;
}

absl::Status CheckParameterBelief(const ParameterBelief& belief) {
  const auto p = static_cast<Eigen::Index>(belief.names.size());
  if (p == 0 || belief.mean.size() != p || belief.covariance.rows() != p ||
      belief.covariance.cols() != p || belief.low.size() != p || belief.high.size() != p) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d parameters with %d means, a %d x %d covariance, %d and %d bounds", p,
                        belief.mean.size(), belief.covariance.rows(), belief.covariance.cols(),
                        belief.low.size(), belief.high.size()));
  }
  for (Eigen::Index j = 0; j < p; ++j) {
    const double mean = belief.mean(j), low = belief.low(j), high = belief.high(j);
    if (!(std::isfinite(mean) && low < high && low <= mean && mean <= high)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("parameter \"%s\": posterior mean %g, must be within the bounds %g to %g",
                          belief.names[j], mean, low, high));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckDiscrepancy(const ObservableDiscrepancy& discrepancy) {
  const auto size = [](double value) { return std::isfinite(value) && value >= 0.0; };
  if (!size(discrepancy.offset_sd) || !size(discrepancy.wandering_sd) ||
      !(std::isfinite(discrepancy.wandering_s) && discrepancy.wandering_s > 0.0)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "observable \"%s\": offset_sd = %g and wandering_sd = %g must be >= 0, wandering_s = %g "
        "must be > 0",
        discrepancy.observable, discrepancy.offset_sd, discrepancy.wandering_sd,
        discrepancy.wandering_s));
  }
  return absl::OkStatus();
}

absl::Status CheckRandomization(const Randomization& randomization) {
  PARALLAX_RETURN_IF_ERROR(CheckParameterBelief(randomization.parameters));
  if (!(randomization.posterior_share >= 0.0 && randomization.posterior_share <= 1.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("posterior_share = %g, must be in [0, 1]", randomization.posterior_share));
  }
  if (!(std::isfinite(randomization.sd_inflation) && randomization.sd_inflation > 0.0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("sd_inflation = %g, must be > 0", randomization.sd_inflation));
  }
  for (const ObservableDiscrepancy& discrepancy : randomization.discrepancies) {
    PARALLAX_RETURN_IF_ERROR(CheckDiscrepancy(discrepancy));
  }
  for (const SensorFaultRanges& ranges : randomization.faults) {
    PARALLAX_RETURN_IF_ERROR(CheckFaultRanges(ranges));
  }
  return absl::OkStatus();
}

/// Symmetric root of a covariance. Errors: InvalidArgument where it is none.
absl::StatusOr<Eigen::MatrixXd> RootOf(const Eigen::MatrixXd& covariance) {
  constexpr double kTolerance = 1e-9;
  const double scale = covariance.cwiseAbs().maxCoeff();
  if (!covariance.allFinite() ||
      !((covariance - covariance.transpose()).cwiseAbs().maxCoeff() <= kTolerance * scale)) {
    return absl::InvalidArgumentError("the posterior covariance is not finite and symmetric");
  }
  const base::SymmetricEigen eigen = base::DecomposeSymmetric(covariance);
  if (!(eigen.values(0) >= -kTolerance * scale)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the posterior covariance has eigenvalue %g, must be >= 0", eigen.values(0)));
  }
  return Eigen::MatrixXd(eigen.vectors * eigen.values.cwiseMax(0.0).cwiseSqrt().asDiagonal() *
                         eigen.vectors.transpose());
}

/// Draws from the prior among the first `blocks` blocks.
int64_t PriorDraws(uint64_t blocks, double share) {
  return static_cast<int64_t>(std::floor(static_cast<double>(blocks) * kDrawBlock * share + 1e-6));
}

DrawOrigin OriginOf(uint64_t seed, uint64_t index, double prior_share) {
  const uint64_t block = index / kDrawBlock;
  const int64_t priors = PriorDraws(block + 1, prior_share) - PriorDraws(block, prior_share);
  std::array<int, kDrawBlock> place{};
  for (int k = 0; k < kDrawBlock; ++k) place[k] = k;
  base::Random random(seed, StreamOf(block, Purpose::kOrigin, 0));
  for (int k = kDrawBlock - 1; k > 0; --k) std::swap(place[k], place[random.Below(k + 1)]);
  return place[index % kDrawBlock] < priors ? DrawOrigin::kPrior : DrawOrigin::kPosterior;
}

void DescribeParameters(const Randomization& randomization, std::vector<RandomizedQuantity>* rows) {
  const ParameterBelief& belief = randomization.parameters;
  for (size_t j = 0; j < belief.names.size(); ++j) {
    const auto at = static_cast<Eigen::Index>(j);
    const auto add = [&](const std::string& from, double mean, double sd, double share) {
      if (!(share > 0.0) || !(sd > 0.0)) return;
      const double half = base::kCentral90 * sd;
      rows->push_back({.what = absl::StrCat("parameter ", belief.names[j], ", ", from),
                       .unit = "prior sd",
                       .low = std::max(belief.low(at), mean - half),
                       .high = std::min(belief.high(at), mean + half),
                       .share = share});
    };
    const double sd = randomization.sd_inflation * std::sqrt(belief.covariance(at, at));
    add(absl::StrFormat("posterior with %g × its sd", randomization.sd_inflation), belief.mean(at),
        sd, randomization.posterior_share);
    add("prior", 0.0, 1.0, 1.0 - randomization.posterior_share);
  }
}

void DescribeDiscrepancy(const ObservableDiscrepancy& discrepancy,
                         std::vector<RandomizedQuantity>* rows) {
  const auto add = [&](const std::string& what, double sd) {
    if (!(sd > 0.0)) return;
    rows->push_back({.what = absl::StrCat("discrepancy of ", discrepancy.observable, ", ", what),
                     .unit = discrepancy.unit,
                     .low = -base::kCentral90 * sd,
                     .high = base::kCentral90 * sd,
                     .share = 1.0});
  };
  add("offset of a run", discrepancy.offset_sd);
  add(absl::StrFormat("wandering within %g s", discrepancy.wandering_s), discrepancy.wandering_sd);
}

void DescribeFaults(const SensorFaultRanges& ranges, std::vector<RandomizedQuantity>* rows) {
  const auto add = [&](const std::string& what, const std::string& unit, const FaultRange& range) {
    if (!(range.share > 0.0) || !(range.high > 0.0)) return;
    rows->push_back({.what = absl::StrCat(what, " of sensor ", ranges.channel),
                     .unit = unit,
                     .low = range.low,
                     .high = range.high,
                     .share = range.share});
  };
  add("bias, either sign,", ranges.unit, ranges.bias);
  add("lag", "s", ranges.lag_s);
  add("share of lost samples", "1", ranges.drop_out);
  add("share of samples that spike", "1", ranges.spike_rate);
  const bool spikes = ranges.spike_rate.high > 0.0;
  add("spike, either sign,", ranges.unit,
      {ranges.spike_low, ranges.spike_high, spikes ? ranges.spike_rate.share : 0.0});
}

}  // namespace

absl::StatusOr<Randomizer> Randomizer::Create(Randomization randomization) {
  PARALLAX_RETURN_IF_ERROR(CheckRandomization(randomization));
  PARALLAX_ASSIGN_OR_RETURN(Eigen::MatrixXd root, RootOf(randomization.parameters.covariance));
  root *= randomization.sd_inflation;
  return Randomizer(std::move(randomization), std::move(root));
}

Randomizer::Randomizer(Randomization randomization, Eigen::MatrixXd root)
    : randomization_(std::move(randomization)), root_(std::move(root)) {}

ParameterDraw Randomizer::Parameters(uint64_t index) const {
  const ParameterBelief& belief = randomization_.parameters;
  ParameterDraw draw{
      .z = Eigen::VectorXd(belief.mean.size()),
      .origin = OriginOf(randomization_.seed, index, 1.0 - randomization_.posterior_share)};
  base::Random random(randomization_.seed, StreamOf(index, Purpose::kParameters, 0));
  for (double& value : draw.z) value = random.Normal();
  if (draw.origin == DrawOrigin::kPosterior) draw.z = (belief.mean + root_ * draw.z).eval();
  for (Eigen::Index j = 0; j < draw.z.size(); ++j) {
    draw.z(j) = Reflect(draw.z(j), belief.low(j), belief.high(j));
  }
  return draw;
}

Eigen::VectorXd Randomizer::Discrepancy(uint64_t index, size_t observable,
                                        const Eigen::Ref<const Eigen::VectorXd>& time_s) const {
  PARALLAX_CHECK(observable < randomization_.discrepancies.size());
  const ObservableDiscrepancy& discrepancy = randomization_.discrepancies[observable];
  base::Random random(randomization_.seed, StreamOf(index, Purpose::kDiscrepancy, observable));
  const double offset = discrepancy.offset_sd * random.Normal();
  Eigen::VectorXd added(time_s.size());
  double wandering = 0.0;
  for (Eigen::Index k = 0; k < time_s.size(); ++k) {
    const double step_s = k == 0 ? 0.0 : time_s(k) - time_s(k - 1);
    PARALLAX_CHECK(step_s >= 0.0);
    const double kept = k == 0 ? 0.0 : std::exp(-step_s / discrepancy.wandering_s);
    const double fresh = std::sqrt(std::max(0.0, 1.0 - kept * kept));
    wandering = kept * wandering + discrepancy.wandering_sd * fresh * random.Normal();
    added(k) = offset + wandering;
  }
  return added;
}

SensorFault Randomizer::Fault(uint64_t index, size_t channel) const {
  PARALLAX_CHECK(channel < randomization_.faults.size());
  base::Random random(randomization_.seed, StreamOf(index, Purpose::kFault, channel));
  return DrawSensorFault(randomization_.faults[channel], random);
}

Eigen::VectorXd Randomizer::Faulty(uint64_t index, size_t channel,
                                   const Eigen::Ref<const Eigen::VectorXd>& time_s,
                                   const Eigen::Ref<const Eigen::VectorXd>& values) const {
  base::Random random(randomization_.seed, StreamOf(index, Purpose::kSamples, channel));
  return ApplySensorFault(Fault(index, channel), time_s, values, random);
}

double Reflect(double z, double low, double high) {
  PARALLAX_CHECK(low < high);
  if (z >= low && z <= high) return z;
  if (!std::isfinite(high)) return 2.0 * low - z;
  if (!std::isfinite(low)) return 2.0 * high - z;
  const double width = high - low;
  double along = std::fmod(z - low, 2.0 * width);
  if (along < 0.0) along += 2.0 * width;
  return std::clamp(low + (along <= width ? along : 2.0 * width - along), low, high);
}

std::vector<RandomizedQuantity> Describe(const Randomization& randomization) {
  std::vector<RandomizedQuantity> rows;
  DescribeParameters(randomization, &rows);
  for (const ObservableDiscrepancy& discrepancy : randomization.discrepancies) {
    DescribeDiscrepancy(discrepancy, &rows);
  }
  for (const SensorFaultRanges& ranges : randomization.faults) DescribeFaults(ranges, &rows);
  return rows;
}

}  // namespace parallax::surrogate
