#pragma once

#include <Eigen/Dense>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/parameter_set.h"
#include "core/pipeline/analysis.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/twin/twin.h"
#include "tests/core/pipeline/planted_instruments.h"
#include "tests/core/pipeline/planted_recipe.h"

/// Whole campaigns made in memory by the nanotube twin itself, with a known cause of their gap.
namespace parallax::pipeline::testing {

const twin::Twin& Nanotubes();

/// Progress of an analysis that nobody cancels.
inline bool GoOn(std::string_view, double) { return true; }

/// A parameter whose true value is not what the lab assumes.
struct PlantedShift {
  std::string name;
  double sds = 0.0;  ///< prior sds from its nominal value; cut where a bound is nearer

  bool operator==(const PlantedShift&) const = default;
};

/// Physics of the bench that the twin has no parameter for.
enum class MissingMechanism {
  kNone,
  kFeedLoss,       ///< less of the metered feed arrives from run to run, in the end 45 % less
  kSuddenDeath,    ///< growth stops for good at a random time of each run
  kCoolingForest,  ///< the growing surface cools by 60 K for each millimetre of forest
};

/// By how much the twin that makes a campaign departs from the one that explains it beside what is
/// planted: what separates two careful models of one rig.
enum class Discrepancy {
  kNone,
  /// Smooth seeded errors: pyrometer 0.8 K a run and 0.6 K within it, height 2 % a run and 1 %
  /// within it, partial pressures 2 % over the campaign and 2 % a run, stage_tc2 0.4 K, each
  /// species' share 10 % over the campaign and its brightness 20 %.
  kRightTwin,
};

struct PlantedCampaign {
  Bench bench = Bench::kForest;
  uint64_t seed = 1;
  std::vector<PlantedShift> shifts;
  std::vector<PlantedShift> spreads;  ///< each run has its own value, so many prior sds (1 sd) off
  std::optional<PlantedFault> fault;
  MissingMechanism missing = MissingMechanism::kNone;
  Vices vices = Vices::kOrdinary;
  Discrepancy discrepancy = Discrepancy::kRightTwin;
  double severity = 1.0;  ///< of what is lost and by how much the forest cools, times the above
  double noise = 1.0;     ///< of every reading, times its data sheet's
  int calibrate_runs = 8, validate_runs = 4;
  double grow_s = 540.0;
  std::optional<double> thickness_m = {};    ///< of every run's substrate, instead of three
  std::optional<double> anneal_s = {};       ///< of every run, instead of four
  std::optional<double> temperature_k = {};  ///< set in every run, instead of a range

  bool operator==(const PlantedCampaign&) const = default;
};

/// A recorded campaign and what is true of it.
struct Campaign {
  signal::Rig rig;
  std::vector<signal::RunRecord> calibrate, validate;
  calibration::ParameterSet base;  ///< everything as the twin's sources say
  Eigen::VectorXd assumed, truth;  ///< natural values

  AnalysisInput Input(uint64_t seed) const {
    return {.rig = rig,
            .twin = Nanotubes(),
            .base = base,
            .calibrate_runs = calibrate,
            .validate_runs = validate,
            .seed = seed};
  }
};

/// Natural values of the twin with some parameters shifted. Errors: InvalidArgument on an unknown
/// name.
absl::StatusOr<Eigen::VectorXd> TruthOf(const std::vector<PlantedShift>& shifts);

/// Prior sds by which the true value of a shift departs from the nominal one, bounds considered.
/// Errors: InvalidArgument on an unknown name.
absl::StatusOr<double> TrueSds(const PlantedShift& shift);

/// Makes a campaign. The same arguments give the same readings. Errors: those of the twin.
absl::StatusOr<Campaign> Plant(const PlantedCampaign& what);

}  // namespace parallax::pipeline::testing
