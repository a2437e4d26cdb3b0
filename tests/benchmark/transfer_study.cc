// Does domain randomisation, and does alignment, foretell outcomes of real runs better than the
// twin alone? transfer_study FOLDER. Every rig is held back from the choice of anything: all
// figures of the method are fixed beforehand. What is learnt, from simulated runs alone: how the
// gap of an outcome follows from the gaps of the readings in the reactor, both against the twin as
// assumed. Off: the simulation never varies, so that there is nothing to learn and the twin speaks.
// On: 80 % inflated prior about what is assumed (no rig was calibrated), 20 % prior, discrepancy
// and faults. Aligned: simulated reading gaps moved to the real ones of the runs trained on, needs
// three. In all arms the mean error of the n real runs, shrunk by n/(n + 1), is taken off.
// Randomised covariance: the draws say instead what gaps of different runs have in common, and the
// n real ones condition it. Plain CORAL moves all directions, whatever it erases.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "core/base/parallel.h"
#include "core/base/quantile.h"
#include "core/base/random.h"
#include "core/pipeline/campaign_noise.h"
#include "core/pipeline/run_outcomes.h"
#include "core/pipeline/twin_sample.h"
#include "core/surrogate/align.h"
#include "core/surrogate/gp.h"
#include "tests/benchmark/study_campaigns.h"

namespace parallax::pipeline {
namespace {

constexpr int kSimulatedRuns = 80, kDraws = 100, kSplits = 3, kHeldFrom = 10, kResamples = 2000;
constexpr int kReal[] = {0, 2, 5, 10};
enum Arm { kTwin, kRandomised, kAligned, kCoral, kKernel, kArms };
const std::set<std::string> kOnSample = {"height", "height_ex_situ", "share", "rbm"};

/// Gaps of one rig's runs, real and simulated.
struct RigGaps {
  std::string id;
  bool forest = false;
  std::vector<std::string> readings, outcomes;
  Eigen::MatrixXd real, real_gap;            ///< runs × readings, × outcomes
  Eigen::MatrixXd simulated, simulated_gap;  ///< kSimulatedRuns × likewise
  Eigen::MatrixXd z;
  std::vector<Eigen::MatrixXd> drawn;  ///< of each outcome: gaps of every run, runs × kDraws
};

const EvidenceBlock* BlockOf(const CampaignRun& run, const std::string& observable) {
  for (const EvidenceBlock& block : run.blocks) {
    if (block.observable == observable) return &block;
  }
  return nullptr;
}

double MeanOf(const EvidenceBlock& block, const twin::Prediction& prediction) {
  double sum = 0.0;
  for (const RowSource& source : block.source) sum += source.In(prediction);
  return sum / static_cast<double>(block.source.size());
}

double GapBetween(bool forest, double value, double nominal) {
  return forest ? std::log(value / nominal) : value - nominal;
}

std::vector<std::string> CommonReadings(const std::vector<CampaignRun>& runs) {
  std::vector<std::string> names;
  for (const EvidenceBlock& block : runs.front().blocks) {
    if (kOnSample.contains(block.observable)) continue;
    if (std::all_of(runs.begin(), runs.end(), [&](const CampaignRun& run) {
          return BlockOf(run, block.observable) != nullptr;
        })) {
      names.push_back(block.observable);
    }
  }
  return names;
}

surrogate::Randomizer RandomizerOf(const testing::StudyCampaign& campaign,
                                   const std::vector<std::string>& readings) {
  const twin::Description& description = testing::Nanotubes().description();
  surrogate::Randomization what{.parameters = BeliefOf(description, campaign.set).value(),
                                .seed = 11};
  const std::vector<twin::Trust> trust = twin::TrustIn(description.name);
  for (const std::string& reading : readings) {
    const twin::Trust& stated = *FindTrust(trust, reading);
    const double level = BlockOf(campaign.runs.front(), reading)->value.cwiseAbs().mean();
    const double offset = std::hypot(std::hypot(stated.campaign_sd, stated.run_sd),
                                     level * std::hypot(stated.campaign_share, stated.run_share));
    const double fault = std::hypot(stated.fault_sd, level * stated.fault_share);
    what.discrepancies.push_back({.observable = reading, .unit = "", .offset_sd = offset});
    what.faults.push_back({.channel = reading,
                           .unit = "",
                           .bias = {.low = 0.0, .high = fault, .share = 0.1},
                           .lag_s = {},
                           .drop_out = {},
                           .spike_rate = {}});
  }
  return surrogate::Randomizer::Create(what).value();
}

void Simulate(const testing::StudyCampaign& campaign, const std::vector<int>& outcomes,
              RigGaps* gaps) {
  const twin::Twin& twin = testing::Nanotubes();
  const surrogate::Randomizer randomizer = RandomizerOf(campaign, gaps->readings);
  const auto d = static_cast<Eigen::Index>(gaps->readings.size());
  gaps->simulated.resize(kSimulatedRuns, d);
  gaps->simulated_gap.resize(kSimulatedRuns, static_cast<Eigen::Index>(outcomes.size()));
  gaps->z.resize(kSimulatedRuns, campaign.assumed.size());
  base::ParallelFor(kSimulatedRuns, [&](size_t i) {
    const CampaignRun& run = campaign.runs[i % campaign.runs.size()];
    const auto row = static_cast<Eigen::Index>(i);
    const Eigen::VectorXd z = randomizer.Parameters(i).z;
    gaps->z.row(row) = z.transpose();
    twin::Prediction drawn, nominal;
    (void)twin.Predict(campaign.assumed, run.drive, &nominal, nullptr);
    (void)twin.Predict(NaturalOf(twin.description(), z), run.drive, &drawn, nullptr);
    for (Eigen::Index j = 0; j < d; ++j) {
      const auto at = static_cast<size_t>(j);
      const EvidenceBlock& block = *BlockOf(run, gaps->readings[at]);
      const Eigen::VectorXd gap = randomizer.Discrepancy(i, at, Eigen::VectorXd::Zero(1)).array() +
                                  MeanOf(block, drawn) - MeanOf(block, nominal);
      gaps->simulated(row, j) = randomizer.Faulty(i, at, Eigen::VectorXd::Zero(1), gap)(0);
    }
    for (size_t k = 0; k < outcomes.size(); ++k) {
      gaps->simulated_gap(row, static_cast<Eigen::Index>(k)) =
          GapBetween(gaps->forest, drawn.outcome(outcomes[k]), nominal.outcome(outcomes[k]));
    }
  });
}

/// Gaps of all runs in each draw of the parameters: what outcomes of runs have in common.
void DrawAll(const testing::StudyCampaign& campaign, const std::vector<int>& outcomes,
             RigGaps* gaps) {
  const twin::Twin& twin = testing::Nanotubes();
  const surrogate::Randomizer randomizer = RandomizerOf(campaign, gaps->readings);
  const auto runs = static_cast<Eigen::Index>(campaign.runs.size());
  gaps->drawn.assign(outcomes.size(), Eigen::MatrixXd(runs, kDraws));
  base::ParallelFor(campaign.runs.size(), [&](size_t r) {
    twin::Prediction drawn, nominal;
    (void)twin.Predict(campaign.assumed, campaign.runs[r].drive, &nominal, nullptr);
    for (int i = 0; i < kDraws; ++i) {
      const Eigen::VectorXd z = randomizer.Parameters(static_cast<uint64_t>(i)).z;
      (void)twin.Predict(NaturalOf(twin.description(), z), campaign.runs[r].drive, &drawn, nullptr);
      for (size_t k = 0; k < outcomes.size(); ++k) {
        gaps->drawn[k](static_cast<Eigen::Index>(r), i) =
            GapBetween(gaps->forest, drawn.outcome(outcomes[k]), nominal.outcome(outcomes[k]));
      }
    }
  });
}

RigGaps GapsOfRig(const testing::StudyCampaign& campaign) {
  const twin::Twin& twin = testing::Nanotubes();
  RigGaps gaps{.id = campaign.id, .readings = CommonReadings(campaign.runs)};
  gaps.forest = campaign.records.front().outcome->chirality.empty();
  gaps.outcomes = gaps.forest ? std::vector<std::string>{"height"}
                              : std::vector<std::string>{"share_6_5", "share_7_5", "share_7_6"};
  std::vector<int> outcomes;
  for (const std::string& name : gaps.outcomes) {
    outcomes.push_back(FindOutcome(twin.description(), name));
  }
  const auto n = static_cast<Eigen::Index>(campaign.runs.size());
  gaps.real.resize(n, static_cast<Eigen::Index>(gaps.readings.size()));
  gaps.real_gap.setConstant(n, static_cast<Eigen::Index>(outcomes.size()), std::nan(""));
  for (Eigen::Index r = 0; r < n; ++r) {
    const CampaignRun& run = campaign.runs[static_cast<size_t>(r)];
    twin::Prediction nominal;
    (void)twin.Predict(campaign.assumed, run.drive, &nominal, nullptr);
    for (size_t j = 0; j < gaps.readings.size(); ++j) {
      const EvidenceBlock& block = *BlockOf(run, gaps.readings[j]);
      gaps.real(r, static_cast<Eigen::Index>(j)) = block.value.mean() - MeanOf(block, nominal);
    }
    for (const MeasuredValue& one :
         MeasuredOutcomes(twin.description(), *campaign.records[static_cast<size_t>(r)].outcome)) {
      const auto found = std::find(outcomes.begin(), outcomes.end(), one.index);
      if (found == outcomes.end()) continue;
      gaps.real_gap(r, std::distance(outcomes.begin(), found)) =
          GapBetween(gaps.forest, one.value, nominal.outcome(one.index));
    }
  }
  Simulate(campaign, outcomes, &gaps);
  DrawAll(campaign, outcomes, &gaps);
  return gaps;
}

/// What readings say of outcomes: runs × outcomes. @param simulated  readings to learn from.
Eigen::MatrixXd Foretell(const RigGaps& gaps, const Eigen::MatrixXd& simulated) {
  Eigen::MatrixXd foretold(gaps.real.rows(), gaps.real_gap.cols());
  for (Eigen::Index k = 0; k < foretold.cols(); ++k) {
    const surrogate::GaussianProcess process =
        surrogate::FitGaussianProcess(
            {.feature_names = gaps.readings,
             .features = simulated,
             .outcome_name = gaps.outcomes[static_cast<size_t>(k)],
             .outcomes = gaps.simulated_gap.col(k)},
            {.trend = surrogate::Trend::kLinear, .noise_sd = {.median = 0.5, .log_sd = 1.0}})
            .value();
    const std::vector<surrogate::Prediction> rows = process.Predict(gaps.real).value();
    for (Eigen::Index r = 0; r < foretold.rows(); ++r) {
      foretold(r, k) = rows[static_cast<size_t>(r)].mean;
    }
  }
  return foretold;
}

std::vector<Eigen::Index> Permuted(Eigen::Index n, uint64_t split) {
  base::Random random(21, split);
  std::vector<Eigen::Index> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

/// Sum of squares and count over the runs from kHeldFrom on, the mean error of the first n off.
void Score(const RigGaps& gaps, const Eigen::MatrixXd& foretold,
           const std::vector<Eigen::Index>& order, int real, double* sum, double* count) {
  for (Eigen::Index k = 0; k < foretold.cols(); ++k) {
    double offset = 0.0, seen = 0.0;
    for (int i = 0; i < real; ++i) {
      const Eigen::Index r = order[static_cast<size_t>(i)];
      if (std::isnan(gaps.real_gap(r, k))) continue;
      offset += gaps.real_gap(r, k) - foretold(r, k);
      seen += 1.0;
    }
    offset /= seen + 1.0;
    for (size_t i = kHeldFrom; i < order.size(); ++i) {
      const double off = gaps.real_gap(order[i], k) - foretold(order[i], k) - offset;
      if (std::isnan(off)) continue;
      *sum += off * off;
      *count += 1.0;
    }
  }
}

/// The twin as assumed, corrected by what the first n runs show, their gaps a process whose
/// covariance is that of the draws: runs × outcomes.
Eigen::MatrixXd Conditioned(const RigGaps& gaps, const std::vector<Eigen::Index>& order, int real) {
  const double noise = gaps.forest ? 0.03 : 0.02;
  Eigen::MatrixXd foretold = Eigen::MatrixXd::Zero(gaps.real.rows(), gaps.real_gap.cols());
  for (Eigen::Index k = 0; k < foretold.cols(); ++k) {
    std::vector<Eigen::Index> train;
    for (int i = 0; i < real; ++i) {
      if (!std::isnan(gaps.real_gap(order[static_cast<size_t>(i)], k))) {
        train.push_back(order[static_cast<size_t>(i)]);
      }
    }
    if (train.empty()) continue;
    const Eigen::MatrixXd& drawn = gaps.drawn[static_cast<size_t>(k)];
    const Eigen::MatrixXd seen = drawn(train, Eigen::all);
    Eigen::MatrixXd covariance = seen * seen.transpose() / kDraws;
    covariance.diagonal().array() += noise * noise;
    const Eigen::VectorXd weights =
        covariance.llt().solve(Eigen::VectorXd(gaps.real_gap.col(k)(train)));
    foretold.col(k) = drawn * (seen.transpose() * weights) / kDraws;
  }
  return foretold;
}

struct RigErrors {
  bool forest = false;
  double rmse[kArms][std::size(kReal)] = {};
  int refused = 0, aligned = 0, plain_refused = 0;
  std::string because;  ///< of the last refusal
};

Eigen::MatrixXd Aligned(const RigGaps& gaps, const std::vector<Eigen::Index>& train,
                        const surrogate::AlignmentOptions& options, RigErrors* errors) {
  const absl::StatusOr<surrogate::AlignmentResult> result = surrogate::Align(
      {.simulated = gaps.simulated, .parameters = gaps.z, .real = gaps.real(train, Eigen::all)},
      options);
  // Plain CORAL is what the refusal is to be held against: it is taken all the same.
  const bool taken = options.directions == surrogate::AlignedDirections::kAll;
  if (!result.ok() || (result->refused && !taken)) {
    ++errors->refused;
    errors->because = result.ok() ? result->because.front() : result.status().ToString();
    return gaps.simulated;
  }
  ++errors->aligned;
  return result->map.Apply(gaps.simulated);
}

RigErrors ErrorsOf(const RigGaps& gaps) {
  RigErrors errors{.forest = gaps.forest};
  const Eigen::MatrixXd none = Eigen::MatrixXd::Zero(gaps.real.rows(), gaps.real_gap.cols());
  const Eigen::MatrixXd randomised = Foretell(gaps, gaps.simulated);
  for (size_t n = 0; n < std::size(kReal); ++n) {
    double sum[kArms] = {}, count[kArms] = {};
    for (uint64_t split = 0; split < kSplits; ++split) {
      const std::vector<Eigen::Index> order = Permuted(gaps.real.rows(), split);
      Score(gaps, none, order, kReal[n], &sum[kTwin], &count[kTwin]);
      Score(gaps, randomised, order, kReal[n], &sum[kRandomised], &count[kRandomised]);
      Score(gaps, Conditioned(gaps, order, kReal[n]), order, 0, &sum[kKernel], &count[kKernel]);
      Eigen::MatrixXd aligned = randomised, coral = randomised;
      if (kReal[n] >= 3) {
        const std::vector<Eigen::Index> train(order.begin(), order.begin() + kReal[n]);
        RigErrors plain;
        const Eigen::MatrixXd moved = Aligned(gaps, train, {}, &errors);
        if (moved != gaps.simulated) aligned = Foretell(gaps, moved);
        coral = Foretell(gaps, Aligned(gaps, train,
                                       {.directions = surrogate::AlignedDirections::kAll,
                                        .most_information_drop = 0.999999},
                                       &plain));
        errors.plain_refused += plain.refused;
      }
      Score(gaps, aligned, order, kReal[n], &sum[kAligned], &count[kAligned]);
      Score(gaps, coral, order, kReal[n], &sum[kCoral], &count[kCoral]);
    }
    for (int arm = 0; arm < kArms; ++arm) errors.rmse[arm][n] = std::sqrt(sum[arm] / count[arm]);
  }
  return errors;
}

/// Mean over rigs of f, and its central 90 % over resampled rigs.
template <typename F>
void Tell(const std::vector<const RigErrors*>& rigs, double scale, const F& f) {
  base::Random random(31, 0);
  std::vector<double> means;
  double mean = 0.0;
  for (const RigErrors* rig : rigs) mean += f(*rig) / static_cast<double>(rigs.size());
  for (int b = 0; b < kResamples; ++b) {
    double sum = 0.0;
    for (size_t i = 0; i < rigs.size(); ++i) sum += f(*rigs[random.Below(rigs.size())]);
    means.push_back(sum / static_cast<double>(rigs.size()));
  }
  std::printf(" %.2f (%.2f to %.2f) |", scale * mean, scale * base::Quantile(means, 0.05),
              scale * base::Quantile(means, 0.95));
}

void PrintTable(const char* title, const std::vector<const RigErrors*>& rigs) {
  std::printf(
      "\n%s, %d rigs\n| real runs | twin | randomised | change | aligned too | change "
      "| plain CORAL | change | randomised covariance | change |\n"
      "|---|---|---|---|---|---|---|---|---|---|\n",
      title, static_cast<int>(rigs.size()));
  for (size_t n = 0; n < std::size(kReal); ++n) {
    std::printf("| %d |", kReal[n]);
    Tell(rigs, 100.0, [n](const RigErrors& e) { return e.rmse[kTwin][n]; });
    constexpr Arm kAgainst[][2] = {
        {kRandomised, kTwin}, {kAligned, kRandomised}, {kCoral, kRandomised}, {kKernel, kTwin}};
    for (const auto& pair : kAgainst) {
      Tell(rigs, 100.0, [&](const RigErrors& e) { return e.rmse[pair[0]][n]; });
      Tell(rigs, 100.0,
           [&](const RigErrors& e) { return e.rmse[pair[0]][n] - e.rmse[pair[1]][n]; });
    }
    std::printf("\n");
  }
}

int Run(const std::string& folder) {
  const std::vector<testing::StudyCampaign> campaigns = testing::ReadStudyCampaigns(folder);
  std::vector<RigGaps> gaps;
  for (const testing::StudyCampaign& campaign : campaigns) gaps.push_back(GapsOfRig(campaign));
  std::vector<RigErrors> errors(gaps.size());
  base::ParallelFor(gaps.size(), [&](size_t i) { errors[i] = ErrorsOf(gaps[i]); });
  std::vector<const RigErrors*> forests, chirality;
  int refused = 0, aligned = 0, plain_refused = 0;
  for (size_t i = 0; i < gaps.size(); ++i) {
    (errors[i].forest ? forests : chirality).push_back(&errors[i]);
    refused += errors[i].refused;
    aligned += errors[i].aligned;
    plain_refused += errors[i].plain_refused;
    std::printf("%s %s: twin %.2f, randomised %.2f (x 100, no real run)\n", gaps[i].id.c_str(),
                campaigns[i].family.c_str(), 100 * errors[i].rmse[kTwin][0],
                100 * errors[i].rmse[kRandomised][0]);
  }
  PrintTable("Height, rms error in %", forests);
  PrintTable("Shares of (6,5), (7,5), (7,6), rms error in points", chirality);
  std::printf("\nalignments refused: %d of %d (%s); plain ones: %d\n", refused, refused + aligned,
              errors.front().because.c_str(), plain_refused);
  return 0;
}

}  // namespace
}  // namespace parallax::pipeline

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: transfer_study FOLDER\n");
    return 2;
  }
  return parallax::pipeline::Run(argv[1]);
}
