#include "core/pipeline/board_story.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "core/pipeline/hypothesis.h"
#include "core/pipeline/ruled_out.h"

namespace parallax::pipeline {
namespace {

/// A fault that comes back in several runs is one: the most probable stands for the channel.
std::vector<attribution::SensorEvidence> OneAChannel(
    const std::vector<attribution::SensorEvidence>& sensors) {
  std::vector<attribution::SensorEvidence> one;
  for (const attribution::SensorEvidence& sensor : sensors) {
    const auto same = std::find_if(
        one.begin(), one.end(), [&](const auto& other) { return other.channel == sensor.channel; });
    if (same == one.end()) {
      one.push_back(sensor);
    } else if (sensor.probability > same->probability) {
      *same = sensor;
    }
  }
  return one;
}

/// Every hypothesis that was weighed, the most probable first.
std::vector<HypothesisSummary> Weighed(const attribution::Evidence& evidence,
                                       const std::vector<attribution::SensorEvidence>& sensors) {
  std::vector<HypothesisSummary> weighed;
  for (const attribution::ParameterEvidence& one : evidence.parameters) {
    weighed.push_back({.name = one.name,
                       .kind = TermKind::kParameter,
                       .pip = one.pip,
                       .loss_without = one.loss_without,
                       .gain_alone = one.gain_alone,
                       .shift_sd = one.shift_sd});
  }
  // A fault is weighed beside all parameters, never alone.
  for (const attribution::SensorEvidence& one : sensors) {
    weighed.push_back({.name = one.channel + ": " + one.fault,
                       .kind = TermKind::kSensor,
                       .pip = one.probability,
                       .loss_without = std::nan(""),
                       .gain_alone = std::nan(""),
                       .shift_sd = std::nan("")});
  }
  std::stable_sort(
      weighed.begin(), weighed.end(),
      [](const HypothesisSummary& a, const HypothesisSummary& b) { return a.pip > b.pip; });
  return weighed;
}

}  // namespace

Story TellBoard(std::string_view twin, const attribution::Verdict& verdict,
                const attribution::Evidence& evidence) {
  const std::vector<attribution::SensorEvidence> sensors = OneAChannel(evidence.sensors);
  return {.explanation = TellRuledOut(twin, verdict, Weighed(evidence, sensors), sensors),
          .counterfactuals = {},
          .measure_next = NextMeasurement(verdict, evidence)};
}

}  // namespace parallax::pipeline
