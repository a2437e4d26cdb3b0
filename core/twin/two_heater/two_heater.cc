#include "core/twin/two_heater/two_heater.h"

#include "core/base/status_macros.h"
#include "core/twin/parameters.h"
#include "core/twin/predict.h"
#include "core/twin/timeline.h"
#include "core/twin/two_heater/model.h"

namespace parallax::twin {
namespace {

constexpr size_t kMostBoardRows = 100'000;
constexpr double kBoardWindowS = 6.0;
constexpr int kBoardReadings = 5;
/// A first reading farther than this from the rig's ambient is a board that did not start at rest.
constexpr double kRestToleranceK = 10.0;
constexpr int kBoardJet = 8;

constexpr char kKit[] = "values of the Temperature Control Lab kit, prior sd a judgement";

std::vector<Parameter> BoardParameters() {
  constexpr Transform kLog = Transform::kLog;
  constexpr Transform kIdentity = Transform::kIdentity;
  constexpr Scope kRig = Scope::kRig;
  return {
      {"U", "U", "W/m2/K", 10.0, 0.4, 0.5, 200.0, kLog, kRig, 0.0, "", "convection", kKit,
       "Heat loss from a heater to the air, per area and kelvin.",
       "a cooldown from hot with both heaters off"},
      {"Us", "U_s", "W/m2/K", 15.45, 0.4, 0.5, 500.0, kLog, kRig, 0.0, "", "heater_exchange", kKit,
       "Heat exchange between the two heaters, per shared area and kelvin.",
       "the sensor of the heater that is off while the other is on alone"},
      {"alpha1", "α₁", "W/%", 0.01, 0.4, 1e-4, 0.1, kLog, kRig, 0.0, "", "heater_gain_1", kKit,
       "Heat of heater 1 per percent of its command.",
       "voltage and current of heater 1 at a known command"},
      {"alpha2", "α₂", "W/%", 0.0075, 0.4, 1e-4, 0.1, kLog, kRig, 0.0, "", "heater_gain_2", kKit,
       "Heat of heater 2 per percent of its command.",
       "voltage and current of heater 2 at a known command"},
      {"tau", "τ", "s", 15.0, 0.5, 0.5, 120.0, kLog, kRig, 0.0, "", "sensor_lag", kKit,
       "First-order lag of a sensor behind its heater.",
       "readings every second across a step of the heater"},
      {"eps", "ε", "1", 0.9, 0.1, 0.0, 1.0, kIdentity, kRig, 0.0, "", "surface_emissivity", kKit,
       "Emissivity of the heaters' surface.",
       "an infrared thermometer beside the sensor of a hot heater"},
      {"Ta_offset", "ΔT_a", "K", 0.0, 2.0, -15.0, 15.0, kIdentity, kRig, 0.0, "", "ambient_bias",
       "ambient of rig.json, read off a thermometer to about 2 K",
       "Added to the ambient temperature.", "a thermometer in the air beside the board"},
  };
}

Description DescribeBoard() {
  Description d;
  d.name = "two_heater";
  d.summary = "Two heaters on a board that exchange heat, each read by a lagging sensor.";
  d.rig_kinds = {"two_heater"};
  d.parameters = BoardParameters();
  d.inputs = {{"Q1", "1", "Power of heater 1 as a fraction of full."},
              {"Q2", "1", "Power of heater 2 as a fraction of full."}};
  d.outputs = {{"T1", "K", "Reading of the sensor on heater 1.", "tau dT1/dt = H1 - T1"},
               {"T2", "K", "Reading of the sensor on heater 2.", "tau dT2/dt = H2 - T2"}};
  d.domain = {{"sensor_temperature", "K", 250.0, 420.0}, {"heater_power", "1", 0.0, 1.0}};
  d.version = "1";
  return d;
}

absl::StatusOr<Eigen::VectorXd> BoardConstants(const signal::Rig& rig) {
  PARALLAX_ASSIGN_OR_RETURN(const double mass_kg, Geometry(rig, "heater_mass_kg"));
  PARALLAX_ASSIGN_OR_RETURN(const double specific, Geometry(rig, "heat_capacity_j_per_kg_k"));
  Eigen::VectorXd constants(kBoardConstants);
  constants[kBoardHeatCapacity] = mass_kg * specific;
  PARALLAX_ASSIGN_OR_RETURN(constants[kBoardHeaterArea], Geometry(rig, "heater_area_m2"));
  PARALLAX_ASSIGN_OR_RETURN(constants[kBoardSharedArea], Geometry(rig, "shared_area_m2"));
  PARALLAX_ASSIGN_OR_RETURN(constants[kBoardAmbient], Geometry(rig, "ambient_k"));
  return constants;
}

class TwoHeater final : public Twin {
 public:
  const Description& description() const override { return description_; }

  absl::StatusOr<Drive> Prepare(const signal::Rig& rig, const signal::CleanRun& run,
                                DriveMode mode) const override {
    Drive drive;
    drive.mode = mode;
    PARALLAX_ASSIGN_OR_RETURN(drive.constants, BoardConstants(rig));
    PARALLAX_ASSIGN_OR_RETURN(drive.time_s,
                              DriveTimes(run, {"Q1", "Q2", "T1", "T2"}, mode, kMostBoardRows));
    drive.inputs.resize(drive.time_s.size(), 2);
    drive.initial.resize(2);
    for (Eigen::Index i = 0; i < 2; ++i) {
      const std::string number = i == 0 ? "1" : "2";
      PARALLAX_ASSIGN_OR_RETURN(const InputSignal power,
                                DrivenInput(rig, run, "Q" + number, Between::kHold, &drive));
      drive.inputs.col(i) = MeanPerRow(power, drive.time_s);
      const signal::CleanSeries* sensor =
          mode == DriveMode::kMeasured ? run.Find("T" + number) : nullptr;
      drive.initial[i] = FirstReading(sensor, drive.time_s[0], kBoardWindowS, kBoardReadings);
    }
    return drive;
  }

  absl::Status Predict(const Eigen::Ref<const Eigen::VectorXd>& parameters, const Drive& drive,
                       Prediction* prediction, Jacobian* jacobian) const override {
    PARALLAX_RETURN_IF_ERROR(CheckParameters(description_, parameters));
    PARALLAX_RETURN_IF_ERROR(CheckDrive(description_, drive, kBoardConstants));
    const auto plain = PlainParameters<two_heater::kParameters>(parameters);
    const double step_s = two_heater::LongestStep(plain, drive, kStepRatio);
    PARALLAX_RETURN_IF_ERROR(CheckSteps(drive, step_s));
    ShapeResult(description_, drive, prediction, jacobian);
    if (jacobian == nullptr) {
      two_heater::Simulate(plain, drive, step_s, [&](Eigen::Index row, double t1, double t2) {
        prediction->outputs(row, 0) = t1;
        prediction->outputs(row, 1) = t2;
      });
    } else {
      Differentiate(parameters, drive, step_s, prediction, jacobian);
    }
    const Eigen::MatrixXd& readings = prediction->outputs;
    const std::vector<DomainRange> reached = {
        {"sensor_temperature", "K", readings.minCoeff(), readings.maxCoeff()},
        {"heater_power", "1", drive.inputs.minCoeff(), drive.inputs.maxCoeff()}};
    return FinishPrediction(description_, drive, reached, prediction);
  }

  void AdoptFirstReadings(Drive* drive) const override {
    const double coolest_k = drive->initial.minCoeff<Eigen::PropagateNumbers>();
    if (std::abs(coolest_k - drive->constants[kBoardAmbient]) <= kRestToleranceK) {
      drive->constants[kBoardAmbient] = coolest_k;
    }
  }

 private:
  static void Differentiate(const Eigen::Ref<const Eigen::VectorXd>& parameters, const Drive& drive,
                            double step_s, Prediction* prediction, Jacobian* jacobian) {
    using Jet = ceres::Jet<double, kBoardJet>;
    const auto jets = SeededParameters<kBoardJet, two_heater::kParameters>(parameters);
    two_heater::Simulate(jets, drive, step_s, [&](Eigen::Index row, const Jet& t1, const Jet& t2) {
      prediction->outputs(row, 0) = t1.a;
      prediction->outputs(row, 1) = t2.a;
      jacobian->outputs[0].row(row) = t1.v.head<two_heater::kParameters>();
      jacobian->outputs[1].row(row) = t2.v.head<two_heater::kParameters>();
    });
  }

  const Description description_ = DescribeBoard();
};

}  // namespace

std::unique_ptr<Twin> MakeTwoHeater() { return std::make_unique<TwoHeater>(); }

}  // namespace parallax::twin
