#include "core/pipeline/campaign_sensors.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/str_format.h"
#include "core/pipeline/campaign_noise.h"

namespace parallax::pipeline {
namespace {

/// A fault that cleaning saw is as good as certain, and no physics explains it.
constexpr double kSeenFaultProbability = 0.99;
const double kSensorOdds = std::log(0.01);

/// What sound meters show against their set-points, and what faulty ones do, as shares. A flow
/// controller is accurate to 1 % and its zero moves by as much.
constexpr double kCampaignShare = 0.01;
constexpr double kRunShare = 0.004;
constexpr double kWithinRunShare = 0.006;
constexpr double kFaultShare = 0.08;

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
  const Eigen::VectorXd between = (sd.array().square() + kRunShare * kRunShare).sqrt();
  const Eigen::VectorXd within =
      (4.0 * sd.array().square() + kWithinRunShare * kWithinRunShare).sqrt();
  const LowRankWhitener shared(kCampaignShare * between.cwiseInverse());
  const Eigen::VectorXd steady = shared.Whiten(share.cwiseQuotient(between));
  const auto columns = [&](const Eigen::MatrixXd& raw) {
    return shared.Whiten(
        Eigen::MatrixXd(between.cwiseInverse().asDiagonal() * (kFaultShare * raw)));
  };
  std::vector<Found> found = {
      {GainOf(steady, columns(Eigen::MatrixXd::Ones(n, 1))),
       absl::StrFormat("gain error of %+.1f %% against its set-point", 100.0 * share.mean())},
      {GainOf(drift.cwiseQuotient(within),
              Eigen::MatrixXd(kFaultShare * within.cwiseInverse().asDiagonal() *
                              Eigen::MatrixXd::Identity(n, n))),
       "drift against its set-point within runs"}};
  if (n > 2) {
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

}  // namespace

std::vector<attribution::SensorEvidence> FaultsWithoutTwin(const std::vector<CampaignRun>& runs) {
  std::map<std::string, attribution::SensorEvidence> faults;
  std::map<std::string, Series> held;
  std::vector<std::vector<ClockOffset>> clocks;
  for (const CampaignRun& run : runs) {
    for (const signal::SensorFinding& finding : run.clean.findings) {
      if (!finding.fault) continue;
      faults.try_emplace(finding.channel,
                         attribution::SensorEvidence{.channel = finding.channel,
                                                     .fault = finding.text,
                                                     .probability = kSeenFaultProbability});
    }
    for (const Readback& readback : run.readbacks) {
      Series& series = held[readback.channel];
      series.share.push_back(readback.share);
      series.sd.push_back(readback.sd);
      series.drift.push_back(readback.late - readback.early);
    }
  }
  for (const CampaignRun& run : runs) clocks.push_back(run.clocks);
  for (const attribution::SensorEvidence& fault : ClockFaults(clocks)) {
    faults.try_emplace(fault.channel, fault);
  }
  for (const auto& [channel, series] : held) {
    const Found found = GainOfFault(series);
    const double odds = std::exp(found.gain_nats + kSensorOdds);
    const double probability = std::isinf(odds) ? 1.0 : odds / (1.0 + odds);
    if (probability < 0.5) continue;
    faults.try_emplace(channel,
                       attribution::SensorEvidence{
                           .channel = channel, .fault = found.words, .probability = probability});
  }
  std::vector<attribution::SensorEvidence> out;
  for (const auto& [channel, fault] : faults) out.push_back(fault);
  return out;
}

}  // namespace parallax::pipeline
