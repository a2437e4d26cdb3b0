#include "client/lib/explain_sensors.h"

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/lib/explain_text.h"

namespace parallax::client {
namespace {

/// What ordinary vices of a bench mean, in words; a reason that is not here speaks for itself.
std::string ViceWords(const std::string& reason) {
  static const std::map<std::string, std::string> kWords = {
      {"OUT_OF_RANGE", "outside the instrument's range, left out"},
      {"SPIKE", "spiking alone, left out"},
      {"STUCK", "in runs of equal values, left out"},
      {"CENSORED", "at the edge of the instrument's range, taken as bounds"},
      {"STALE", "left over from before the run, left out"},
      {"DUPLICATE", "repeating a time stamp, left out"},
      {"BACKWARD_CLOCK", "stamped earlier than rows before them, left out"},
      {"CLOCK_JUMP", "on a clock that was off and has been set right"},
  };
  const auto found = kWords.find(reason);
  return found == kWords.end() ? reason : found->second;
}

std::string FaultText(const std::string& run, const std::string& text) {
  return text.find(run) == std::string::npos ? "FAULT in run " + run + ": " + text
                                             : "FAULT: " + text;
}

/// Faults one by one, then one line for each device with its ordinary vices.
std::string ExplainFindings(const Json& findings) {
  struct Vice {
    int64_t samples = 0;
    std::set<std::string> runs;
  };
  std::string text;
  std::map<std::pair<std::string, std::string>, Vice> vices;
  for (const Json& finding : findings) {
    if (IsTrue(At(finding, "fault"))) {
      text += Sentence(FaultText(Text(At(finding, "run")), Text(At(finding, "text"))));
      continue;
    }
    Vice& vice = vices[{Text(At(finding, "channel")), Text(At(finding, "reason"))}];
    if (At(finding, "samples").is_number()) vice.samples += At(finding, "samples").get<int64_t>();
    vice.runs.insert(Text(At(finding, "run")));
  }
  std::map<std::string, std::vector<std::string>> devices;
  for (const auto& [place, vice] : vices) {
    const size_t slash = place.first.find('/');
    const std::string channel = slash == std::string::npos ? "" : place.first.substr(slash + 1);
    devices[place.first.substr(0, slash)].push_back(absl::StrFormat(
        "%s %d sample%s %s (%d run%s)", channel, vice.samples, vice.samples == 1 ? "" : "s",
        ViceWords(place.second), vice.runs.size(), vice.runs.size() == 1 ? "" : "s"));
  }
  for (const auto& [device, told] : devices) {
    text += Sentence(device + ": " + absl::StrJoin(told, "; "));
  }
  return text;
}

}  // namespace

std::string ExplainSensors(const Json& report) {
  const std::string calibrate = ExplainFindings(At(report, "sensors"));
  const std::string held_out = ExplainFindings(At(At(report, "validation"), "sensors"));
  std::string text;
  if (!calibrate.empty()) text += Heading("Sensors in the runs calibrated on") + calibrate;
  if (!held_out.empty()) text += Heading("Sensors in the held-out runs") + held_out;
  return text;
}

}  // namespace parallax::client
