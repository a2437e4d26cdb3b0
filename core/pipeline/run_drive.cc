#include "core/pipeline/run_drive.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"

namespace parallax::pipeline {
namespace {

RunDrive DriveOf(const std::string& run, const twin::Drive& drive,
                 const twin::Description& description, const twin::Prediction& prediction) {
  RunDrive out{.run = run, .mode = drive.mode, .by_setpoint = drive.by_setpoint, .exits = {}};
  for (const twin::DomainRange& reached : prediction.outside_domain) {
    const auto declared = std::find_if(
        description.domain.begin(), description.domain.end(),
        [&](const twin::DomainRange& range) { return range.quantity == reached.quantity; });
    out.exits.push_back({.declared = *declared, .reached = reached});
  }
  return out;
}

}  // namespace

absl::StatusOr<std::vector<RunDrive>> DrivesOf(const Model& model, const Eigen::VectorXd& z) {
  std::vector<RunDrive> drives;
  twin::Prediction prediction;
  for (size_t r = 0; r < model.runs().size(); ++r) {
    PARALLAX_RETURN_IF_ERROR(model.Predict(z, static_cast<int>(r), &prediction, nullptr));
    const RunObservations& run = model.runs()[r];
    drives.push_back(DriveOf(run.run, run.drive, model.space().description(), prediction));
  }
  return drives;
}

absl::StatusOr<std::vector<RunDrive>> DrivesOf(const twin::Twin& twin,
                                               const Eigen::VectorXd& values,
                                               const std::vector<CampaignRun>& runs) {
  std::vector<RunDrive> drives;
  twin::Prediction prediction;
  for (const CampaignRun& run : runs) {
    PARALLAX_RETURN_IF_ERROR(twin.Predict(values, run.drive, &prediction, nullptr));
    drives.push_back(DriveOf(run.id, run.drive, twin.description(), prediction));
  }
  return drives;
}

std::vector<std::string> TellExits(const std::vector<RunDrive>& drives) {
  struct Extent {
    DomainExit exit;
    int runs = 0;
  };
  std::map<std::string, Extent> extents;
  for (const RunDrive& drive : drives) {
    for (const DomainExit& exit : drive.exits) {
      const auto [it, fresh] = extents.try_emplace(exit.reached.quantity, Extent{exit, 0});
      twin::DomainRange& widest = it->second.exit.reached;
      widest.low = std::min(widest.low, exit.reached.low);
      widest.high = std::max(widest.high, exit.reached.high);
      ++it->second.runs;
    }
  }
  std::vector<std::string> sentences;
  for (const auto& [quantity, extent] : extents) {
    const twin::DomainRange& declared = extent.exit.declared;
    const twin::DomainRange& reached = extent.exit.reached;
    sentences.push_back(absl::StrFormat(
        "%s: %g to %g %s in %d of %d runs, but the twin is meant for %g to %g: it extrapolates "
        "there.",
        quantity, reached.low, reached.high, reached.unit, extent.runs, drives.size(), declared.low,
        declared.high));
  }
  return sentences;
}

}  // namespace parallax::pipeline
