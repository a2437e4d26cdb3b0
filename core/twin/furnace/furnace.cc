#include "core/twin/furnace/furnace.h"

#include <limits>

#include "core/base/status_macros.h"
#include "core/twin/furnace/model.h"
#include "core/twin/parameters.h"
#include "core/twin/predict.h"
#include "core/twin/timeline.h"

namespace parallax::twin {
namespace {

constexpr size_t kMostFurnaceRows = 5'000;
constexpr size_t kMaxHoleRows = 1'000;
constexpr double kWidestHoleS = 10.0;
constexpr double kArgonOnM3PerS = 1e-6 / 60.0;  // 1 mL/min, far above the meter's zero
constexpr double kFloorMarginK = 5.0;           // readings this near the floor may be the floor
constexpr double kFurnaceWindowS = 30.0;
constexpr int kFurnaceReadings = 5;
constexpr double kAmperePerMilliampere = 1e-3;
constexpr int kFurnaceJet = 8;

constexpr char kGuess[] = "guess for a graphite crucible of about 25 mm, prior sd a judgement";

std::vector<Parameter> FurnaceParameters() {
  constexpr Transform kLog = Transform::kLog;
  constexpr Transform kIdentity = Transform::kIdentity;
  constexpr Scope kRig = Scope::kRig;
  return {
      {"eta", "η", "1", 0.9, 0.3, 0.02, 10.0, kLog, Scope::kRun, 0.15, "coupling_ratio", "coupling",
       kGuess,
       "Share of the commanded power that reaches the crucible; depends on its place in the coil.",
       "the power drawn by the coil beside that of an empty one"},
      {"C", "C", "J/K", 60.0, 0.4, 5.0, 1000.0, kLog, kRig, 0.0, "", "heat_capacity", kGuess,
       "Heat capacity of the crucible and what it holds.",
       "the mass of the crucible and of what it holds"},
      {"G", "G", "W/K", 0.05, 0.5, 1e-4, 5.0, kLog, kRig, 0.0, "", "conduction_loss", kGuess,
       "Loss conductance without gas.",
       "a cooldown without power or argon, down to the pyrometer's floor"},
      {"G_gas", "G_gas", "W/K", 0.05, 0.5, 1e-4, 5.0, kLog, kRig, 0.0, "", "gas_loss", kGuess,
       "Further loss conductance while argon flows.",
       "argon switched on and off at constant power"},
      {"eps", "ε", "1", 0.85, 0.1, 0.0, 1.0, kIdentity, kRig, 0.0, "", "surface_emissivity", kGuess,
       "Emissivity of the crucible's surface.", "a one-colour pyrometer beside the two-colour one"},
      {"A", "A", "m2", 0.003, 0.3, 1e-4, 0.1, kLog, kRig, 0.0, "", "radiating_area", kGuess,
       "Area that radiates.", "the crucible's outer dimensions"},
      {"pyrometer_bias", "b", "K", 0.0, 5.0, -100.0, 100.0, kIdentity, kRig, 0.0, "",
       "pyrometer_bias", "usual accuracy of a two-colour pyrometer, 0.5 % of the reading",
       "What the pyrometer reads too much.",
       "a thermocouple in contact with the crucible, or a melting point seen by the pyrometer"},
  };
}

Description DescribeFurnace() {
  Description d;
  d.name = "furnace";
  d.summary = "A crucible in an induction coil, losing heat to gas, supports and by radiation.";
  d.rig_kinds = {"furnace"};
  d.parameters = FurnaceParameters();
  d.inputs = {{"power_command", "A", "Current that commands the power supply."},
              {"argon_flow", "1", "Share of a row's interval during which argon flows."},
              {"coupling_ratio", "1", "Coupling relative to eta; 1 until a step is detected."}};
  d.outputs = {{"temperature", "K", "Reading of the pyrometer, not censored.",
                "T + pyrometer_bias; below the channel's range it reads its floor"}};
  d.domain = {{"pyrometer_temperature", "K", 290.0, 1800.0}, {"power_command", "A", 0.0, 0.02}};
  d.version = "1";
  return d;
}

/// The crucible's first reading where it stands clear of the pyrometer's floor, else NaN.
double StartReading(const signal::CleanRun& run, double begin_s) {
  const signal::CleanSeries* pyrometer = run.Find("temperature");
  const double reading = FirstReading(pyrometer, begin_s, kFurnaceWindowS, kFurnaceReadings);
  const bool clear = reading > (pyrometer ? pyrometer->range_low_si : 0.0) + kFloorMarginK;
  return clear ? reading : std::numeric_limits<double>::quiet_NaN();
}

/// Share of each row's interval with argon on; none where nothing says that any flowed.
void FillArgonShare(const signal::Rig& rig, const signal::CleanRun& run, Drive* drive) {
  const absl::StatusOr<InputSignal> flow =
      DrivenInput(rig, run, "argon_flow", Between::kHold, drive);
  drive->inputs.col(kArgonShare).setZero();
  if (!flow.ok()) return;
  drive->inputs.col(kArgonShare) = MeanPerRow(flow->Above(kArgonOnM3PerS), drive->time_s);
}

class Furnace final : public Twin {
 public:
  const Description& description() const override { return description_; }

  absl::StatusOr<Drive> Prepare(const signal::Rig& rig, const signal::CleanRun& run,
                                DriveMode mode) const override {
    Drive drive;
    drive.mode = mode;
    drive.constants.resize(kFurnaceConstants);
    PARALLAX_ASSIGN_OR_RETURN(const double gain_w_per_ma, Geometry(rig, "command_gain_w_per_ma"));
    drive.constants[kFurnaceGain] = gain_w_per_ma / kAmperePerMilliampere;
    PARALLAX_ASSIGN_OR_RETURN(drive.constants[kFurnaceAmbient], Geometry(rig, "ambient_k"));
    PARALLAX_ASSIGN_OR_RETURN(const InputSignal power,
                              DrivenInput(rig, run, "power_command", Between::kLinear, &drive));
    PARALLAX_ASSIGN_OR_RETURN(
        drive.time_s, DriveTimes(run, {"power_command", "temperature"}, mode, kMostFurnaceRows));
    drive.time_s = FillHoles(drive.time_s, kWidestHoleS, kMaxHoleRows);
    drive.inputs.resize(drive.time_s.size(), kFurnaceInputs);
    drive.inputs.col(kPowerCommand) = MeanPerRow(power, drive.time_s);
    FillArgonShare(rig, run, &drive);
    drive.inputs.col(kCouplingRatio).setOnes();
    const bool measured = mode == DriveMode::kMeasured;
    drive.initial.resize(1);
    drive.initial[0] =
        measured ? StartReading(run, drive.time_s[0]) : std::numeric_limits<double>::quiet_NaN();
    return drive;
  }

  absl::Status Predict(const Eigen::Ref<const Eigen::VectorXd>& parameters, const Drive& drive,
                       Prediction* prediction, Jacobian* jacobian) const override {
    PARALLAX_RETURN_IF_ERROR(CheckParameters(description_, parameters));
    PARALLAX_RETURN_IF_ERROR(CheckDrive(description_, drive, kFurnaceConstants));
    const auto plain = PlainParameters<furnace::kParameters>(parameters);
    const double step_s = furnace::LongestStep(plain, drive, kStepRatio);
    PARALLAX_RETURN_IF_ERROR(CheckSteps(drive, step_s));
    ShapeResult(description_, drive, prediction, jacobian);
    if (jacobian == nullptr) {
      furnace::Simulate(plain, drive, step_s, [&](Eigen::Index row, double reading) {
        prediction->outputs(row, 0) = reading;
      });
    } else {
      using Jet = ceres::Jet<double, kFurnaceJet>;
      const auto jets = SeededParameters<kFurnaceJet, furnace::kParameters>(parameters);
      furnace::Simulate(jets, drive, step_s, [&](Eigen::Index row, const Jet& reading) {
        prediction->outputs(row, 0) = reading.a;
        jacobian->outputs[0].row(row) = reading.v.head<furnace::kParameters>();
      });
    }
    const auto command = drive.inputs.col(kPowerCommand);
    const std::vector<DomainRange> reached = {
        {"pyrometer_temperature", "K", prediction->outputs.minCoeff(),
         prediction->outputs.maxCoeff()},
        {"power_command", "A", command.minCoeff(), command.maxCoeff()}};
    return FinishPrediction(description_, drive, reached, prediction);
  }

 private:
  const Description description_ = DescribeFurnace();
};

}  // namespace

std::unique_ptr<Twin> MakeFurnace() { return std::make_unique<Furnace>(); }

}  // namespace parallax::twin
