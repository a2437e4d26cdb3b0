#include "tests/core/pipeline/planted_campaign.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/base/units.h"
#include "core/pipeline/observations.h"
#include "core/pipeline/recipe_form.h"
#include "core/twin/mediation.h"
#include "core/twin/swcnt/drive.h"
#include "core/twin/swcnt/mediators.h"
#include "core/twin/swcnt/outcome.h"
#include "core/twin/swcnt/swcnt.h"

namespace parallax::pipeline::testing {
namespace {

constexpr uint64_t kCampaignStream = 0x63616d70, kRunStream = 0x72756e00, kMainsStream = 0x6d61696e;
constexpr uint64_t kWanderStream = 0x77616e64, kOutcomeStream = 0x6f757463;
constexpr uint64_t kRamanStream = 0x72616d61, kSpreadStream = 0x73707264;
constexpr double kMostFeedLoss = 0.45;
constexpr double kCoolingKPerM = 60e3;
constexpr int kCounts = 400;
constexpr double kLaserNm = 532.0;
constexpr double kLeastLight = 0.005;  ///< of all lines; weaker ones are not looked for
constexpr double kLeastListed = 0.02;  ///< as measured; weaker ones are not listed
constexpr double kShiftSd = 0.7;       ///< [1/cm]

/// Errors that a right twin of the campaign has, the same in all runs.
struct CampaignErrors {
  double tc2_k = 0.0, h2o_share = 0.0, c2h2_share = 0.0;
  std::vector<double> species;     ///< factor of each share
  std::vector<double> brightness;  ///< factor of each line, beside that of its share
};

struct RunErrors {
  double pyro_k = 0.0, height_share = 0.0, h2o_share = 0.0, c2h2_share = 0.0;
};

CampaignErrors DrawCampaignErrors(const PlantedCampaign& what) {
  base::Random random(what.seed, kCampaignStream);
  CampaignErrors errors;
  errors.species.assign(static_cast<size_t>(twin::swcnt::kSemiconducting), 1.0);
  errors.brightness = errors.species;
  if (what.discrepancy == Discrepancy::kNone) return errors;
  errors.tc2_k = 0.4 * random.Normal();
  errors.h2o_share = 0.02 * random.Normal();
  errors.c2h2_share = 0.02 * random.Normal();
  for (double& factor : errors.species) factor = std::exp(0.1 * random.Normal());
  for (double& factor : errors.brightness) factor = std::exp(0.2 * random.Normal());
  return errors;
}

RunErrors DrawRunErrors(const PlantedCampaign& what, int run) {
  if (what.discrepancy == Discrepancy::kNone) return {};
  base::Random random(what.seed, kRunStream + static_cast<uint64_t>(run));
  return {.pyro_k = 0.8 * random.Normal(),
          .height_share = 0.02 * random.Normal(),
          .h2o_share = 0.02 * random.Normal(),
          .c2h2_share = 0.02 * random.Normal()};
}

/// Makes one run of a campaign.
class RunMaker {
 public:
  RunMaker(const PlantedCampaign& what, const signal::Rig& rig, const signal::Run& run,
           const RunPlace& place, const CampaignErrors& campaign)
      : what_(what),
        rig_(rig),
        run_(run),
        place_(place),
        campaign_(campaign),
        errors_(DrawRunErrors(what, place.index)),
        pyro_wander_(what.seed, kWanderStream + 2 * static_cast<uint64_t>(place.index)),
        height_wander_(what.seed, kWanderStream + 2 * static_cast<uint64_t>(place.index) + 1) {}

  absl::StatusOr<signal::RunRecord> Make(const Eigen::VectorXd& truth) {
    PARALLAX_RETURN_IF_ERROR(Predict(truth));
    const auto reads = [this](const signal::Channel& channel, double time_s) {
      return Truth(channel, time_s);
    };
    signal::RunRecord record =
        RecordRun(rig_, run_, place_, reads, what_.fault, {what_.vices, what_.noise}, what_.seed);
    record.outcome = Measure();
    return record;
  }

 private:
  bool Exact() const { return what_.vices == Vices::kNone; }
  bool Wanders() const { return what_.discrepancy != Discrepancy::kNone; }

  absl::Status Predict(const Eigen::VectorXd& truth) {
    const signal::CleanRun told{.run = run_};
    PARALLAX_ASSIGN_OR_RETURN(drive_, Nanotubes().Prepare(rig_, told, twin::DriveMode::kRecipe));
    auto mains = drive_.inputs.col(twin::swcnt::kMains);
    const SmoothError wander(what_.seed, kMainsStream + static_cast<uint64_t>(place_.index));
    for (Eigen::Index i = 0; i < mains.size() && !Exact(); ++i)
      mains(i) += wander.At(drive_.time_s(i));
    if (what_.missing == MissingMechanism::kFeedLoss && place_.count > 1) {
      drive_.inputs.col(twin::swcnt::kFeedFlow) *=
          1.0 - what_.severity * kMostFeedLoss * place_.index / (place_.count - 1.0);
    }
    twin::swcnt::SwcntOptions options;
    if (what_.missing == MissingMechanism::kSuddenDeath) {
      base::Random random(what_.seed, kMainsStream + 1000 + static_cast<uint64_t>(place_.index));
      options.termination_s = (0.1 + 0.6 * random.Uniform()) * what_.grow_s;
    }
    const std::unique_ptr<twin::Twin> twin = twin::MakeSwcnt(options);
    PARALLAX_RETURN_IF_ERROR(twin->Predict(truth, drive_, &prediction_, nullptr));
    if (what_.missing != MissingMechanism::kCoolingForest) return absl::OkStatus();
    return CoolForest(truth, *twin);
  }

  /// Lets the growing surface see a temperature that falls with the forest's height.
  absl::Status CoolForest(const Eigen::VectorXd& truth, const twin::Twin& twin) {
    const twin::Mediation& mediation = *twin.mediation();
    std::vector<const twin::Course*> held(mediation.mediators().size(), nullptr);
    twin::Courses natural;
    PARALLAX_RETURN_IF_ERROR(mediation.PredictHolding(truth, drive_, held, &prediction_, &natural));
    const twin::Course warm = natural[twin::swcnt::kSurfaceAtGrowth];
    // The drop slows the growth that makes it: a few rounds settle.
    for (int round = 0; round < 3; ++round) {
      twin::Course cool = warm;
      double time_s = drive_.constants[twin::swcnt::kFeedAt];
      for (size_t i = 0; i < cool.value.size(); ++i) {
        cool.value[i] -= what_.severity * kCoolingKPerM * Output(twin::swcnt::kHeight, time_s);
        time_s += cool.weight[i];
      }
      held[twin::swcnt::kSurfaceAtGrowth] = &cool;
      PARALLAX_RETURN_IF_ERROR(
          mediation.PredictHolding(truth, drive_, held, &prediction_, nullptr));
    }
    return absl::OkStatus();
  }

  double Output(int column, double time_s) const {
    return LocateOnGrid(drive_.time_s, time_s).Interpolate(prediction_.outputs.col(column));
  }

  /// What a set-point's channel logs.
  double Setpoint(const std::string& id, double time_s) const {
    signal::Recipe recipe = run_.recipe;
    if (id.starts_with("stage_") || id.starts_with("z")) {
      const double idle_k = rig_.geometry.at("idle_temperature_k");
      recipe.segments.insert(recipe.segments.begin(),
                             {.name = "idle", .setpoints = {{id, {idle_k}}}});
    }
    return signal::SetpointAt(recipe, id, time_s).value_or(0.0);
  }

  std::optional<double> Truth(const signal::Channel& channel, double time_s) const {
    if (channel.role == signal::Role::kSetpoint) return Setpoint(channel.id, time_s);
    if (channel.id == "pressure") return Setpoint("pressure_sp", time_s);
    if (channel.id == "preheat_t") return Setpoint("preheat_sp", time_s);
    if (channel.id == "wall_t") return rig_.geometry.at("wall_temperature_k");
    if (channel.id == "gas_t") return rig_.geometry.at("gas_temperature_k");
    if (channel.id == "mains_v") {
      return LocateOnGrid(drive_.time_s, time_s)
          .Interpolate(drive_.inputs.col(twin::swcnt::kMains));
    }
    if (channel.id.ends_with("_flow")) {
      return Setpoint(channel.id.substr(0, channel.id.size() - 5) + "_sp", time_s);
    }
    return Sensor(channel, time_s);
  }

  std::optional<double> Sensor(const signal::Channel& channel, double time_s) const {
    if (channel.id == "height" && time_s < FeedBegins(run_.recipe) - 10.0) return std::nullopt;
    const std::vector<twin::Signal>& outputs = Nanotubes().description().outputs;
    const auto found =
        std::find_if(outputs.begin(), outputs.end(),
                     [&](const twin::Signal& output) { return output.channel_id == channel.id; });
    if (found == outputs.end()) return std::nullopt;
    double value = Output(static_cast<int>(found - outputs.begin()), time_s);
    if (channel.id == "stage_tc2") value += campaign_.tc2_k;
    if (channel.id == "pyro_t") {
      value += errors_.pyro_k + (Wanders() ? 0.6 * pyro_wander_.At(time_s) : 0.0);
    }
    if (channel.id == "p_h2o") value *= 1.0 + campaign_.h2o_share + errors_.h2o_share;
    if (channel.id == "p_c2h2") value *= 1.0 + campaign_.c2h2_share + errors_.c2h2_share;
    if (channel.id == "height") value *= HeightFactor(time_s);
    return base::FromSi(*base::FindUnit(channel.unit), value);
  }

  double HeightFactor(double time_s) const {
    return 1.0 + errors_.height_share + (Wanders() ? 0.01 * height_wander_.At(time_s) : 0.0);
  }

  signal::Outcome Measure() const {
    base::Random random(what_.seed, kOutcomeStream + static_cast<uint64_t>(place_.index));
    const double end_s = RecipeEnds(run_.recipe);
    signal::Outcome outcome{.measured_at_unix_ns =
                                run_.started_at_unix_ns + std::llround(1e9 * (end_s + 3600.0))};
    double height_um = 1e6 * prediction_.outcome(twin::swcnt::kOutcomeHeight) * HeightFactor(end_s);
    if (what_.fault && what_.fault->channel == "outcome/height") {
      height_um = Misreport(*what_.fault, place_, end_s, end_s, height_um, what_.seed);
    }
    const double sd_um = std::max(3.0, 0.01 * height_um);
    if (!Exact()) height_um = std::max(0.0, height_um + sd_um * random.Normal());
    outcome.height_um = {height_um, sd_um};
    outcome.raman_laser_nm = kLaserNm;
    const double defects = prediction_.outcome(twin::swcnt::kOutcomeDefects);
    if (std::isfinite(defects)) {
      const double factor = Exact() ? 1.0 : std::exp(0.12 * random.Normal());
      outcome.raman_d_over_g = {defects * factor, 0.12 * defects};
    }
    if (what_.bench == Bench::kChirality) {
      CountSpecies(&random, &outcome);
      TakeSpectrum(&outcome);
    }
    return outcome;
  }

  /// Share of each species on the sample.
  Eigen::VectorXd Composition() const {
    const auto species = static_cast<Eigen::Index>(campaign_.species.size());
    Eigen::VectorXd share = prediction_.outcome.segment(twin::swcnt::kOutcomeShares, species);
    for (Eigen::Index k = 0; k < species; ++k)
      share(k) *= campaign_.species[static_cast<size_t>(k)];
    return share / share.sum();
  }

  /// Lists the radial-breathing lines, a species each.
  void TakeSpectrum(signal::Outcome* outcome) const {
    base::Random random(what_.seed, kRamanStream + static_cast<uint64_t>(place_.index));
    const std::array<double, twin::swcnt::kSemiconducting> factor =
        twin::swcnt::RamanFactors(kLaserNm);
    Eigen::VectorXd light = Composition();
    for (Eigen::Index k = 0; k < light.size(); ++k) {
      const auto i = static_cast<size_t>(k);
      light(k) *= factor[i] * campaign_.brightness[i];
    }
    light /= light.sum();
    const std::vector<twin::Signal>& outcomes = Nanotubes().description().outcomes;
    for (Eigen::Index k = 0; k < light.size(); ++k) {
      if (light(k) < kLeastLight) continue;
      signal::RamanLine line{
          .shift_per_cm = outcomes[static_cast<size_t>(twin::swcnt::kOutcomeRaman + k)].line_per_cm,
          .intensity = light(k)};
      line.sd = 0.01 + 0.08 * line.intensity;
      if (!Exact()) {
        line.intensity += line.sd * random.Normal();
        line.shift_per_cm += kShiftSd * random.Normal();
      }
      if (line.intensity > kLeastListed) outcome->raman_rbm.push_back(line);
    }
  }

  void CountSpecies(base::Random* random, signal::Outcome* outcome) const {
    Eigen::VectorXd share = Composition();
    const Eigen::Index species = share.size();
    if (!Exact()) {
      Eigen::VectorXd counts = Eigen::VectorXd::Zero(species);
      for (int i = 0; i < kCounts; ++i) {
        double left = random->Uniform();
        Eigen::Index k = 0;
        while (k + 1 < species && left > share(k)) left -= share(k++);
        counts(k) += 1.0;
      }
      share = counts / kCounts;
    }
    outcome->chirality_method = "PL";
    outcome->chirality_counts = kCounts;
    const std::vector<twin::Signal>& names = Nanotubes().description().outcomes;
    for (Eigen::Index k = 0; k < species; ++k) {
      const double p = share(k);
      if (p < 0.5 / kCounts) continue;
      signal::ChiralityShare one{.share = p};
      const std::string& id =
          names[static_cast<size_t>(twin::swcnt::kOutcomeShares + k)].channel_id;
      std::sscanf(id.c_str(), "share_%d_%d", &one.n, &one.m);
      one.sd =
          std::sqrt(p * (1.0 - p) / kCounts + std::pow(0.05 * p, 2) + std::pow(0.5 / kCounts, 2));
      outcome->chirality.push_back(one);
    }
  }

  const PlantedCampaign& what_;
  const signal::Rig& rig_;
  const signal::Run& run_;
  const RunPlace place_;
  const CampaignErrors& campaign_;
  const RunErrors errors_;
  const SmoothError pyro_wander_, height_wander_;
  twin::Drive drive_;
  twin::Prediction prediction_;
};

const twin::Parameter& ParameterAt(int index) {
  return Nanotubes().description().parameters[static_cast<size_t>(index)];
}

absl::StatusOr<int> IndexOf(const PlantedShift& shift) {
  const twin::Description& description = Nanotubes().description();
  const int index = twin::ParameterIndex(description, shift.name);
  if (index >= 0) return index;
  return absl::InvalidArgumentError(
      absl::StrFormat("parameter \"%s\", must be one of %s", shift.name, description.name));
}

/// What is true of one run: the shifts, and about them what differs from run to run.
std::vector<PlantedShift> ShiftsOfRun(const PlantedCampaign& what, int run) {
  base::Random random(what.seed, kSpreadStream + static_cast<uint64_t>(run));
  std::vector<PlantedShift> shifts = what.shifts;
  for (const PlantedShift& spread : what.spreads) {
    double sds = spread.sds * random.Normal();
    for (const PlantedShift& shift : what.shifts)
      sds += shift.name == spread.name ? shift.sds : 0.0;
    shifts.push_back({spread.name, sds});
  }
  return shifts;
}

}  // namespace

const twin::Twin& Nanotubes() {
  static const twin::Twin* const twin = twin::MakeSwcnt().release();
  return *twin;
}

absl::StatusOr<Eigen::VectorXd> TruthOf(const std::vector<PlantedShift>& shifts) {
  PARALLAX_ASSIGN_OR_RETURN(Eigen::VectorXd truth,
                            twin::ParametersFromAssumptions(Nanotubes().description(), {}));
  for (const PlantedShift& shift : shifts) {
    PARALLAX_ASSIGN_OR_RETURN(const int p, IndexOf(shift));
    const twin::Parameter& parameter = ParameterAt(p);
    const double z =
        twin::ToCoordinate(parameter, parameter.nominal) + shift.sds * parameter.prior_sd;
    truth(p) = std::clamp(twin::FromCoordinate(parameter, z), parameter.lower, parameter.upper);
  }
  return truth;
}

absl::StatusOr<double> TrueSds(const PlantedShift& shift) {
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::VectorXd truth, TruthOf({shift}));
  PARALLAX_ASSIGN_OR_RETURN(const int p, IndexOf(shift));
  const twin::Parameter& parameter = ParameterAt(p);
  return (twin::ToCoordinate(parameter, truth(p)) -
          twin::ToCoordinate(parameter, parameter.nominal)) /
         parameter.prior_sd;
}

absl::StatusOr<Campaign> Plant(const PlantedCampaign& what) {
  Campaign campaign{.rig = RigOf(what.bench)};
  PARALLAX_ASSIGN_OR_RETURN(campaign.assumed, TruthOf({}));
  PARALLAX_ASSIGN_OR_RETURN(campaign.truth, TruthOf(what.shifts));
  const std::vector<twin::Parameter>& parameters = Nanotubes().description().parameters;
  for (const twin::Parameter& parameter : parameters) {
    campaign.base.values.push_back({.parameter = parameter.name,
                                    .run = {},
                                    .value = parameter.nominal,
                                    .assumed = parameter.nominal,
                                    .unit = parameter.unit});
  }
  const int count = what.calibrate_runs + what.validate_runs;
  std::vector<signal::Run> runs = DrawRuns(what.bench, count, what.grow_s, what.seed);
  for (signal::Run& run : runs) {
    Eigen::VectorXd settings = Eigen::VectorXd::Constant(kRecipeKnobs, std::nan(""));
    if (what.thickness_m) settings(kThicknessKnob) = *what.thickness_m;
    if (what.anneal_s) settings(kAnnealKnob) = *what.anneal_s;
    if (what.temperature_k) settings(kTemperatureKnob) = *what.temperature_k;
    if (settings.array().isFinite().any()) {
      PARALLAX_ASSIGN_OR_RETURN(run, WithSettings(campaign.rig, run, settings));
    }
  }
  const CampaignErrors errors = DrawCampaignErrors(what);
  std::vector<absl::StatusOr<signal::RunRecord>> records(runs.size(),
                                                         absl::UnknownError("not made"));
  base::ParallelFor(runs.size(), [&](size_t i) {
    const RunPlace place{static_cast<int>(i), count};
    const absl::StatusOr<Eigen::VectorXd> truth = TruthOf(ShiftsOfRun(what, place.index));
    records[i] = truth.ok() ? RunMaker(what, campaign.rig, runs[i], place, errors).Make(*truth)
                            : truth.status();
  });
  for (size_t i = 0; i < records.size(); ++i) {
    PARALLAX_RETURN_IF_ERROR(records[i].status());
    const bool calibrate = static_cast<int>(i) < what.calibrate_runs;
    records[i]->run.split = calibrate ? signal::Split::kCalibrate : signal::Split::kValidate;
    (calibrate ? campaign.calibrate : campaign.validate).push_back(*std::move(records[i]));
  }
  return campaign;
}

}  // namespace parallax::pipeline::testing
