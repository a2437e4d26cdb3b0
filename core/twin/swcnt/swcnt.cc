#include "core/twin/swcnt/swcnt.h"

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/twin/parameters.h"
#include "core/twin/predict.h"
#include "core/twin/swcnt/drive.h"
#include "core/twin/swcnt/mediators.h"
#include "core/twin/swcnt/model.h"
#include "core/twin/swcnt/outcome.h"
#include "core/twin/swcnt/parameters.h"
#include "core/twin/swcnt/plain.h"

namespace parallax::twin {
namespace {

/// Sensor models, see sensors.h.
constexpr char kControlling[] = "tc_lag_s dx/dt = T - x; reads x + bTC + tc_drift_k_per_h t";
constexpr char kAnalyser[] = "3 s dx/dt = p - x";

Description DescribeSwcnt() {
  Description d;
  d.name = "swcnt_cvd";
  d.summary =
      "Growth of single-walled carbon nanotubes by CVD on a heated stage or in a tube furnace.";
  d.rig_kinds = {"stage", "hot_wall"};
  d.parameters = swcnt::ParameterDescriptors();
  d.inputs = {{"stage_tc", "K", "Stage temperature by its thermocouple, or its set-point."},
              {"z1_tc", "K", "Zone 1, likewise."},
              {"z2_tc", "K", "Zone 2, likewise."},
              {"z3_tc", "K", "Zone 3, likewise."},
              {"ar_flow", "mol/s", "Argon at the substrate."},
              {"h2_flow", "mol/s", "Hydrogen at the substrate."},
              {"feed_flow", "mol/s", "Carbon feed at the substrate."},
              {"h2o_flow", "mol/s", "Water vapour at the substrate."},
              {"pressure", "Pa", "Pressure of the chamber."},
              {"preheat_t", "K", "Temperature at which the feed dwells, on a stage."},
              {"wall_t", "K", "Wall that the substrate faces, on a stage."},
              {"gas_t", "K", "Gas over the substrate, on a stage."},
              {"mains_v", "V", "Mains voltage."}};
  d.outputs = {
      {"stage_tc", "K", "Reading of the stage's controlling thermocouple.", kControlling},
      {"stage_tc2", "K", "Reading of the stage's second thermocouple.", "tc_lag_s dx/dt = T - x"},
      {"heater_duty", "1", "Share of full power that the stage's heater needs."},
      {"pyro_t", "K", "Reading of the pyrometer.",
       "1/Tr = 1/Ts - (pyrometer_wavelength_m / c2) ln(eps / pyrometer_emissivity_set)"},
      {"p_h2o", "Pa", "Water in the residual gas analyser.", kAnalyser},
      {"p_c2h2", "Pa", "Acetylene in the residual gas analyser.", kAnalyser},
      {"height", "m", "Height of the forest."},
      {"z1_tc", "K", "Reading of zone 1's thermocouple.", kControlling},
      {"z2_tc", "K", "Reading of zone 2's thermocouple.", kControlling},
      {"z3_tc", "K", "Reading of zone 3's thermocouple.", kControlling},
      {"z1_duty", "1", "Share of full power that zone 1 needs."},
      {"z2_duty", "1", "Share of full power that zone 2 needs."},
      {"z3_duty", "1", "Share of full power that zone 3 needs."},
      {"surface_t", "K", "True temperature of the growing surface; no instrument's."}};
  d.outcomes = swcnt::OutcomeDescriptors();
  d.domain = {{"growth_surface_temperature", "K", 823.15, 1223.15},
              {"growth_feed_pressure", "Pa", 0.0, 40e3},
              {"growth_water_pressure", "Pa", 0.0, 500.0},
              {"chamber_pressure", "Pa", 500.0, 2e6}};
  d.version = "2";
  return d;
}

/// Holds what was reached while feed flowed against the domain.
std::vector<DomainRange> ReachedRanges(const Description& d, const swcnt::Reach& reach) {
  const swcnt::Reached* reached[] = {&reach.surface_k, &reach.feed_pa, &reach.water_pa,
                                     &reach.pressure_pa};
  std::vector<DomainRange> ranges;
  for (size_t i = 0; i < std::size(reached); ++i) {
    ranges.push_back({d.domain[i].quantity, d.domain[i].unit, reached[i]->low, reached[i]->high});
  }
  return ranges;
}

class Swcnt final : public Twin, public Mediation {
 public:
  explicit Swcnt(const swcnt::SwcntOptions& options) : options_(options) {}

  const Description& description() const override { return description_; }

  absl::StatusOr<Drive> Prepare(const signal::Rig& rig, const signal::CleanRun& run,
                                DriveMode mode) const override {
    return swcnt::PrepareDrive(rig, run, mode);
  }

  absl::Status Predict(const Eigen::Ref<const Eigen::VectorXd>& parameters, const Drive& drive,
                       Prediction* prediction, Jacobian* jacobian) const override {
    PARALLAX_RETURN_IF_ERROR(Check(parameters, drive));
    ShapeResult(description_, drive, prediction, jacobian);
    const swcnt::Reach reach =
        jacobian == nullptr
            ? swcnt::PredictPlain(options_, parameters, drive, swcnt::NoTaps(), prediction)
            : Differentiate(parameters, drive, prediction, jacobian);
    return Finish(drive, reach, prediction);
  }

  const Mediation* mediation() const override { return this; }

  const std::vector<Mediator>& mediators() const override { return swcnt::MediatorDescriptors(); }

  absl::Status PredictHolding(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                              const Drive& drive, const std::vector<const Course*>& held,
                              Prediction* prediction, Courses* natural) const override {
    PARALLAX_RETURN_IF_ERROR(Check(parameters, drive));
    if (held.size() != swcnt::kMediators) {
      return absl::InvalidArgumentError(
          absl::StrFormat("held courses: %d, must be %d", held.size(), int{swcnt::kMediators}));
    }
    ShapeResult(description_, drive, prediction, nullptr);
    swcnt::Tape tape(held);
    const swcnt::Reach reach = swcnt::PredictTaped(options_, parameters, drive, &tape, prediction);
    if (const int m = tape.Mismatch(); m >= 0) {
      const auto i = static_cast<size_t>(m);
      return absl::InvalidArgumentError(absl::StrFormat(
          "held course of %s: %d values, must be %d as this drive asks for", mediators()[i].name,
          held[i]->value.size(), tape.natural()[i].value.size()));
    }
    if (natural != nullptr) *natural = std::move(tape.natural());
    return Finish(drive, reach, prediction);
  }

 private:
  absl::Status Check(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                     const Drive& drive) const {
    PARALLAX_RETURN_IF_ERROR(CheckParameters(description_, parameters));
    PARALLAX_RETURN_IF_ERROR(CheckDrive(description_, drive, swcnt::kDriveConstants));
    return swcnt::CheckContents(drive);
  }

  absl::Status Finish(const Drive& drive, const swcnt::Reach& reach, Prediction* prediction) const {
    for (Eigen::Index output = 0; output < prediction->outputs.cols(); ++output) {
      if (swcnt::IsAbsent(drive, static_cast<int>(output))) continue;
      PARALLAX_RETURN_IF_ERROR(CheckFinite(description_, drive, output, *prediction));
    }
    ReportDomain(description_, ReachedRanges(description_, reach), prediction);
    return absl::OkStatus();
  }

  swcnt::Reach Differentiate(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                             const Drive& drive, Prediction* prediction, Jacobian* jacobian) const {
    const bool full = drive.mode == DriveMode::kRecipe && drive.constants[swcnt::kIsHotWall] < 0.5;
    return full ? DifferentiateAs<swcnt::JetScalars<swcnt::GrowthJet>>(parameters, drive,
                                                                       prediction, jacobian)
                : DifferentiateAs<swcnt::JetScalars<swcnt::GasJet>>(parameters, drive, prediction,
                                                                    jacobian);
  }

  template <typename Scalars>
  swcnt::Reach DifferentiateAs(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                               const Drive& drive, Prediction* prediction,
                               Jacobian* jacobian) const {
    using swcnt::FullJet;
    std::array<FullJet, swcnt::kParameters> p;
    for (int k = 0; k < swcnt::kParameters; ++k)
      p[static_cast<size_t>(k)] = FullJet(parameters[k], k);
    swcnt::Simulation<Scalars> simulation(p, drive, options_, swcnt::kStepsPerRow);
    swcnt::ClearAbsent(drive, prediction);
    for (Eigen::MatrixXd& derivative : jacobian->outputs) derivative.setZero();
    simulation.Run([&](Eigen::Index row, int output, const auto& reading) {
      using Reading = std::decay_t<decltype(reading)>;
      prediction->outputs(row, output) = reading.a;
      auto place = jacobian->outputs[static_cast<size_t>(output)].row(row);
      place.template segment<Reading::kWidth>(swcnt::kFirstParameter<Reading>) =
          reading.v.transpose();
    });
    const auto abundance = swcnt::SumOverWindow(
        options_.chirality, simulation.sample().window,
        swcnt::EdgeEnergies<FullJet>{p[swcnt::kSigmaP], p[swcnt::kDgamma], p[swcnt::kEpsKink]});
    const auto outcome = swcnt::Outcomes(abundance, simulation.sample(), simulation.setup());
    jacobian->outcome.setZero();
    for (size_t k = 0; k < outcome.size(); ++k) {
      const auto row = static_cast<Eigen::Index>(k);
      prediction->outcome[row] = outcome[k].a;
      if (!std::isnan(outcome[k].a)) jacobian->outcome.row(row) = outcome[k].v.transpose();
    }
    return simulation.reach();
  }

  const swcnt::SwcntOptions options_;
  const Description description_ = DescribeSwcnt();
};

}  // namespace

std::unique_ptr<Twin> MakeSwcnt(const swcnt::SwcntOptions& options) {
  return std::make_unique<Swcnt>(options);
}

}  // namespace parallax::twin
