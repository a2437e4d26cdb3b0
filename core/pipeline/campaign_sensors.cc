#include "core/pipeline/campaign_sensors.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "absl/strings/str_format.h"
#include "core/pipeline/campaign_noise.h"
#include "core/signal/spike_rate.h"

namespace parallax::pipeline {
namespace {

/// One channel's readings against its set-points over the campaign.
struct Series {
  std::vector<double> share, sd, drift;
};

double GainOf(const Eigen::VectorXd& whitened, const Eigen::MatrixXd& columns) {
  const LowRankWhitener more(columns);
  return 0.5 * (whitened.squaredNorm() - more.Whiten(whitened).squaredNorm()) -
         0.5 * more.log_determinant();
}

struct Found {
  double gain_nats = 0.0;
  std::string words;
};

/// Evidence of a fault against none, among readings with errors of their own and a shared one.
Found GainOfFault(const Series& series) {
  const auto n = static_cast<Eigen::Index>(series.share.size());
  const Eigen::Map<const Eigen::VectorXd> share(series.share.data(), n);
  const Eigen::Map<const Eigen::VectorXd> drift(series.drift.data(), n);
  const Eigen::Map<const Eigen::VectorXd> sd(series.sd.data(), n);
  const Eigen::VectorXd between = (sd.array().square() + attribution::kMeterErrors.run_share *
                                                             attribution::kMeterErrors.run_share)
                                      .sqrt();
  const Eigen::VectorXd within =
      (4.0 * sd.array().square() +
       attribution::kMeterErrors.within_run_share * attribution::kMeterErrors.within_run_share)
          .sqrt();
  const LowRankWhitener shared(attribution::kMeterErrors.campaign_share * between.cwiseInverse());
  const Eigen::VectorXd steady = shared.Whiten(share.cwiseQuotient(between));
  const auto columns = [&](const Eigen::MatrixXd& raw) {
    return shared.Whiten(Eigen::MatrixXd(between.cwiseInverse().asDiagonal() *
                                         (attribution::kMeterErrors.fault_share * raw)));
  };
  std::vector<Found> found = {
      {GainOf(steady, columns(Eigen::MatrixXd::Ones(n, 1))),
       absl::StrFormat("gain error of %+.1f %% against its set-point", 100.0 * share.mean())},
      {GainOf(drift.cwiseQuotient(within), Eigen::MatrixXd(attribution::kMeterErrors.fault_share *
                                                           within.cwiseInverse().asDiagonal() *
                                                           Eigen::MatrixXd::Identity(n, n))),
       "drift against its set-point within runs"}};
  if (n > 2) {
    found.push_back({GainOf(steady, columns(Eigen::VectorXd::LinSpaced(n, 0.0, 1.0))),
                     absl::StrFormat("gain that drifts from run to run, to %+.1f %% of its "
                                     "set-point",
                                     100.0 * share(n - 1))});
    found.push_back(
        {GainOf(steady, columns(Eigen::MatrixXd::Identity(n, n))),
         absl::StrFormat("gain that differs from run to run, between %+.1f and %+.1f %% "
                         "of its set-point",
                         100.0 * share.minCoeff(), 100.0 * share.maxCoeff())});
  }
  return *std::max_element(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return a.gain_nats < b.gain_nats;
  });
}

/// Least number of runs with too many spikes that a sound channel shows with a probability of at
/// most spike_chance; in any one of them it does so with kSpikeFalseAlarm.
size_t LeastSpikyRuns(size_t runs) {
  const auto n = static_cast<double>(runs);
  const double odds = signal::kSpikeFalseAlarm / (1.0 - signal::kSpikeFalseAlarm);
  double exactly = std::pow(1.0 - signal::kSpikeFalseAlarm, n);
  double more = 1.0 - exactly;  // probability of more than `least - 1` runs
  size_t least = 1;
  for (; more > attribution::kEvidenceRules.spike_chance && least <= runs; ++least) {
    const auto k = static_cast<double>(least);
    exactly *= (n - k + 1.0) / k * odds;
    more -= exactly;
  }
  return least;
}

/// Faults that cleaning saw in single runs. Cleaning calls a sound channel spiky in one run of
/// fifty at most; a campaign has hundreds of series, so spikes accuse only where they come back.
std::map<std::string, attribution::SensorEvidence> FaultsSeen(
    const std::vector<CampaignRun>& runs) {
  std::map<std::string, std::set<const CampaignRun*>> spiky;
  for (const CampaignRun& run : runs) {
    for (const signal::SensorFinding& finding : run.clean.findings) {
      const bool spikes = finding.fault && finding.reason == signal::QualityReason::kSpike;
      if (spikes) spiky[finding.channel].insert(&run);
    }
  }
  const size_t least = LeastSpikyRuns(runs.size());
  std::map<std::string, attribution::SensorEvidence> faults;
  for (const CampaignRun& run : runs) {
    for (const signal::SensorFinding& finding : run.clean.findings) {
      if (!finding.fault) continue;
      const bool spikes = finding.reason == signal::QualityReason::kSpike;
      if (spikes && spiky[finding.channel].size() < least) continue;
      faults.try_emplace(finding.channel,
                         attribution::SensorEvidence{
                             .channel = finding.channel,
                             .fault = finding.text,
                             .probability = attribution::kEvidenceRules.seen_fault_probability});
    }
  }
  return faults;
}

std::vector<const CampaignRun*> InOrderOfTime(const std::vector<CampaignRun>& runs) {
  std::vector<const CampaignRun*> ordered;
  for (const CampaignRun& run : runs) ordered.push_back(&run);
  std::stable_sort(ordered.begin(), ordered.end(), [](const CampaignRun* a, const CampaignRun* b) {
    return a->started_at_unix_ns < b->started_at_unix_ns;
  });
  return ordered;
}

}  // namespace

std::vector<attribution::SensorEvidence> FaultsWithoutTwin(const std::vector<CampaignRun>& runs) {
  std::map<std::string, attribution::SensorEvidence> faults = FaultsSeen(runs);
  std::map<std::string, Series> held;
  std::vector<std::vector<ClockOffset>> clocks;
  std::vector<std::vector<InstrumentLag>> lags;
  for (const CampaignRun* run : InOrderOfTime(runs)) {
    clocks.push_back(run->clocks);
    lags.push_back(run->lags);
    for (const Readback& readback : run->readbacks) {
      Series& series = held[readback.channel];
      series.share.push_back(readback.share);
      series.sd.push_back(readback.sd);
      series.drift.push_back(readback.late - readback.early);
    }
  }
  for (const attribution::SensorEvidence& fault : ClockFaults(clocks)) {
    faults.try_emplace(fault.channel, fault);
  }
  for (const attribution::SensorEvidence& fault : LagFaults(lags)) {
    if (fault.probability >= attribution::kEvidenceRules.accused_probability)
      faults.try_emplace(fault.channel, fault);
  }
  for (const auto& [channel, series] : held) {
    const Found found = GainOfFault(series);
    const double odds = std::exp(found.gain_nats + attribution::kLogSensorOdds);
    const double probability = std::isinf(odds) ? 1.0 : odds / (1.0 + odds);
    if (probability < attribution::kEvidenceRules.accused_probability) continue;
    faults.try_emplace(channel,
                       attribution::SensorEvidence{
                           .channel = channel, .fault = found.words, .probability = probability});
  }
  std::vector<attribution::SensorEvidence> out;
  for (const auto& [channel, fault] : faults) out.push_back(fault);
  return out;
}

}  // namespace parallax::pipeline
