// What the arms of transfer_study.cc compare.
#include "tests/benchmark/transfer_gaps.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/pipeline/campaign_noise.h"
#include "core/pipeline/parameter_draws.h"
#include "core/pipeline/run_outcomes.h"
#include "core/pipeline/twin_sample.h"
#include "core/surrogate/randomize.h"

namespace parallax::pipeline::testing {
namespace {

const std::set<std::string> kOnSample = {"height", "height_ex_situ", "share", "rbm"};

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

/// 80 % inflated posterior of the set, 20 % prior; what the set did not calibrate has its prior.
surrogate::Randomization AboutSet(const calibration::ParameterSet& set) {
  return {.parameters = BeliefOf(Nanotubes().description(), set).value(), .seed = 11};
}

surrogate::Randomizer RandomizerOf(const StudyCampaign& campaign,
                                   const std::vector<std::string>& readings) {
  const twin::Description& description = Nanotubes().description();
  surrogate::Randomization what = AboutSet(campaign.set);
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

void Simulate(const StudyCampaign& campaign, const std::vector<int>& outcomes, RigGaps* gaps) {
  const twin::Twin& twin = Nanotubes();
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
          GapBetween(gaps->of.forest, drawn.outcome(outcomes[k]), nominal.outcome(outcomes[k]));
    }
  });
}

std::vector<int> IndicesOf(const std::vector<std::string>& outcomes) {
  std::vector<int> indices;
  for (const std::string& name : outcomes) {
    indices.push_back(FindOutcome(Nanotubes().description(), name));
  }
  return indices;
}

/// Gaps of one run: what was measured of it, and all draws of the parameters.
void GapsOfRun(const StudyCampaign& campaign, const Eigen::VectorXd& values,
               const surrogate::Randomizer& randomizer, size_t run, OutcomeGaps* gaps) {
  const twin::Twin& twin = Nanotubes();
  const std::vector<int> outcomes = IndicesOf(gaps->outcomes);
  const auto row = static_cast<Eigen::Index>(run);
  const twin::Drive& drive = campaign.runs[run].drive;
  twin::Prediction drawn, nominal;
  (void)twin.Predict(values, drive, &nominal, nullptr);
  for (size_t k = 0; k < outcomes.size(); ++k) {
    gaps->nominal(row, static_cast<Eigen::Index>(k)) = nominal.outcome(outcomes[k]);
  }
  for (const MeasuredValue& one :
       MeasuredOutcomes(twin.description(), *campaign.records[run].outcome)) {
    const auto found = std::find(outcomes.begin(), outcomes.end(), one.index);
    if (found == outcomes.end()) continue;
    gaps->real(row, std::distance(outcomes.begin(), found)) =
        GapBetween(gaps->forest, one.value, nominal.outcome(one.index));
  }
  for (int i = 0; i < kDraws; ++i) {
    const Eigen::VectorXd z = randomizer.Parameters(static_cast<uint64_t>(i)).z;
    (void)twin.Predict(NaturalOf(twin.description(), z), drive, &drawn, nullptr);
    for (size_t k = 0; k < outcomes.size(); ++k) {
      gaps->drawn[k](row, i) =
          GapBetween(gaps->forest, drawn.outcome(outcomes[k]), nominal.outcome(outcomes[k]));
    }
  }
}

}  // namespace

double GapBetween(bool forest, double value, double nominal) {
  return forest ? std::log(value / nominal) : value - nominal;
}

OutcomeGaps OutcomeGapsOf(const StudyCampaign& campaign, const calibration::ParameterSet& set) {
  OutcomeGaps gaps{.forest = campaign.records.front().outcome->chirality.empty()};
  gaps.outcomes = gaps.forest ? std::vector<std::string>{"height"}
                              : std::vector<std::string>{"share_6_5", "share_7_5", "share_7_6"};
  const auto runs = static_cast<Eigen::Index>(campaign.runs.size());
  const auto count = static_cast<Eigen::Index>(gaps.outcomes.size());
  gaps.nominal.resize(runs, count);
  gaps.real.setConstant(runs, count, std::nan(""));
  gaps.drawn.assign(gaps.outcomes.size(), Eigen::MatrixXd(runs, kDraws));
  const Eigen::VectorXd values = ValuesForRun(Nanotubes().description(), set, "", {}).value();
  const surrogate::Randomizer randomizer = surrogate::Randomizer::Create(AboutSet(set)).value();
  base::ParallelFor(campaign.runs.size(),
                    [&](size_t r) { GapsOfRun(campaign, values, randomizer, r, &gaps); });
  return gaps;
}

RigGaps GapsOfRig(const StudyCampaign& campaign) {
  RigGaps gaps{.id = campaign.id,
               .readings = CommonReadings(campaign.runs),
               .of = OutcomeGapsOf(campaign, campaign.set)};
  const auto n = static_cast<Eigen::Index>(campaign.runs.size());
  gaps.real.resize(n, static_cast<Eigen::Index>(gaps.readings.size()));
  for (Eigen::Index r = 0; r < n; ++r) {
    const CampaignRun& run = campaign.runs[static_cast<size_t>(r)];
    twin::Prediction nominal;
    (void)Nanotubes().Predict(campaign.assumed, run.drive, &nominal, nullptr);
    for (size_t j = 0; j < gaps.readings.size(); ++j) {
      const EvidenceBlock& block = *BlockOf(run, gaps.readings[j]);
      gaps.real(r, static_cast<Eigen::Index>(j)) = block.value.mean() - MeanOf(block, nominal);
    }
  }
  Simulate(campaign, IndicesOf(gaps.of.outcomes), &gaps);
  return gaps;
}

std::vector<Eigen::Index> Permuted(Eigen::Index n, uint64_t split) {
  base::Random random(21, split);
  std::vector<Eigen::Index> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  for (size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

std::vector<Eigen::Index> Measured(const OutcomeGaps& gaps, const std::vector<Eigen::Index>& runs,
                                   Eigen::Index outcome) {
  std::vector<Eigen::Index> measured;
  for (const Eigen::Index r : runs) {
    if (!std::isnan(gaps.real(r, outcome))) measured.push_back(r);
  }
  return measured;
}

void Score(const OutcomeGaps& gaps, const Eigen::MatrixXd& foretold,
           const std::vector<Eigen::Index>& order, int real, SquareSum* score) {
  for (Eigen::Index k = 0; k < foretold.cols(); ++k) {
    double offset = 0.0, seen = 0.0;
    for (int i = 0; i < real; ++i) {
      const Eigen::Index r = order[static_cast<size_t>(i)];
      if (std::isnan(gaps.real(r, k))) continue;
      offset += gaps.real(r, k) - foretold(r, k);
      seen += 1.0;
    }
    offset /= seen + 1.0;
    for (size_t i = kHeldFrom; i < order.size(); ++i) {
      const double off = gaps.real(order[i], k) - foretold(order[i], k) - offset;
      if (std::isnan(off)) continue;
      score->sum += off * off;
      score->count += 1.0;
    }
  }
}

namespace {

/// The first `real` runs of an order of which an outcome was measured.
std::vector<Eigen::Index> Learnt(const OutcomeGaps& gaps, const std::vector<Eigen::Index>& order,
                                 int real, Eigen::Index outcome) {
  return Measured(gaps, {order.begin(), order.begin() + real}, outcome);
}

/// What some runs make of all, and how probable they are.
struct ConditionedGaps {
  Eigen::VectorXd foretold;
  double log_likelihood = 0.0;
};

/// @param scale  of the draws, 0: the simulation is right but for noise.
ConditionedGaps ConditionOn(const Eigen::MatrixXd& drawn, const std::vector<Eigen::Index>& learnt,
                            const Eigen::VectorXd& measured, double scale, double noise) {
  const Eigen::MatrixXd seen = drawn(learnt, Eigen::all);
  const double variance = scale * scale / kDraws;
  Eigen::MatrixXd covariance = variance * seen * seen.transpose();
  covariance.diagonal().array() += noise * noise;
  const Eigen::LLT<Eigen::MatrixXd> factor(covariance);
  const Eigen::VectorXd weights = factor.solve(measured);
  return {.foretold = variance * drawn * (seen.transpose() * weights),
          .log_likelihood =
              -0.5 * measured.dot(weights) - factor.matrixLLT().diagonal().array().log().sum()};
}

}  // namespace

Eigen::MatrixXd Conditioned(const OutcomeGaps& gaps, const std::vector<Eigen::Index>& order,
                            int real) {
  const double noise = gaps.forest ? 0.03 : 0.02;
  Eigen::MatrixXd foretold = Eigen::MatrixXd::Zero(gaps.real.rows(), gaps.real.cols());
  for (Eigen::Index k = 0; k < foretold.cols(); ++k) {
    const std::vector<Eigen::Index> learnt = Learnt(gaps, order, real, k);
    if (learnt.empty()) continue;
    foretold.col(k) = ConditionOn(gaps.drawn[static_cast<size_t>(k)], learnt,
                                  gaps.real.col(k)(learnt), 1.0, noise)
                          .foretold;
  }
  return foretold;
}

Eigen::MatrixXd ConditionedByLikelihood(const OutcomeGaps& gaps,
                                        const std::vector<Eigen::Index>& order, int real) {
  constexpr double kScales[] = {0.0, 0.1, 0.3, 1.0}, kNoises[] = {0.01, 0.02, 0.04, 0.08};
  Eigen::MatrixXd foretold = Eigen::MatrixXd::Zero(gaps.real.rows(), gaps.real.cols());
  for (Eigen::Index k = 0; k < foretold.cols(); ++k) {
    const std::vector<Eigen::Index> learnt = Learnt(gaps, order, real, k);
    if (learnt.empty()) continue;
    std::vector<ConditionedGaps> each;
    double most = -std::numeric_limits<double>::infinity(), sum = 0.0;
    for (const double scale : kScales) {
      for (const double noise : kNoises) {
        each.push_back(ConditionOn(gaps.drawn[static_cast<size_t>(k)], learnt,
                                   gaps.real.col(k)(learnt), scale, noise));
        most = std::max(most, each.back().log_likelihood);
      }
    }
    for (const ConditionedGaps& one : each) sum += std::exp(one.log_likelihood - most);
    for (const ConditionedGaps& one : each) {
      foretold.col(k) += std::exp(one.log_likelihood - most) / sum * one.foretold;
    }
  }
  return foretold;
}

}  // namespace parallax::pipeline::testing
