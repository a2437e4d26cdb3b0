#pragma once

#include <Eigen/Dense>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/signal/clean.h"
#include "core/signal/rig.h"

namespace parallax::twin {

/// Coordinate in which a parameter's prior and posterior are normal.
enum class Transform { kIdentity, kLog, kLogit };

/// Whether one value holds for the rig or each run has its own.
enum class Scope { kRig, kRun };

/// One uncertain assumption of a twin.
struct Parameter {
  std::string name;    ///< ASCII, key of a campaign's assumptions
  std::string symbol;  ///< for display
  std::string unit;    ///< of all values below
  double nominal = 0.0;
  double prior_sd = 0.0;  ///< in the transformed coordinate: log-sd for kLog
  double lower = 0.0;
  double upper = 0.0;
  Transform transform = Transform::kIdentity;
  Scope scope = Scope::kRig;
  double run_sd = 0.0;     ///< kRun only: spread from run to run, in the transformed coordinate
  std::string step_input;  ///< kRun only: input that multiplies it, so that it may step in a run
  std::string mechanism;   ///< what it stands for: "convection"
  std::string source;      ///< of nominal and prior
  std::string description;
  std::string best_signal{};  ///< what to measure to learn it; may be empty
};

/// A signal that a twin reads or predicts, bound to the rig's channel of that id. An input named
/// "coupling_ratio" is no channel: Prepare sets it to 1 and analysis may write what it detects. An
/// outcome is no channel either but a quantity measured on the sample afterwards: "share_6_5".
struct Signal {
  std::string channel_id;
  std::string unit;  ///< SI, UCUM
  std::string description;
  /// Outputs: how the instrument turns the quantity into its reading ("tau dT/dt = H - T", "reads
  /// no less than its floor"), by the names of the parameters and geometry keys that say so. Empty:
  /// the reading is the quantity.
  std::string sensor{};
  double line_per_cm = 0.0;  ///< of an outcome that is a line of a Raman spectrum: its shift [1/cm]
};

/// A range outside of which a prediction is extrapolation.
struct DomainRange {
  std::string quantity;
  std::string unit;
  double low = 0.0;
  double high = 0.0;
};

struct Description {
  std::string name;  ///< "two_heater"
  std::string summary;
  std::vector<std::string> rig_kinds;  ///< signal::Rig::kind that it can predict
  std::vector<Parameter> parameters;
  std::vector<Signal> inputs;
  std::vector<Signal> outputs;
  std::vector<Signal> outcomes;  ///< measured on the sample after the run; may be none
  std::vector<DomainRange> domain;
  std::string version;  ///< changes whenever predictions change
};

/// SHA-256 over name, version and parameters; provenance of what was calibrated with it.
std::string Digest(const Description& description);

/// Whether a twin predicts rigs of this kind.
bool PredictsRigKind(const Description& description, std::string_view kind);

/// Position of a parameter, or -1.
int ParameterIndex(const Description& description, std::string_view name);

/// What drives a prediction.
enum class DriveMode {
  kRecipe,    ///< the recipe alone, before the run
  kMeasured,  ///< what actuators and boundary sensors really did
};

/// One run prepared for a twin: everything but the parameters. All SI; rows are times.
struct Drive {
  DriveMode mode = DriveMode::kMeasured;
  Eigen::VectorXd time_s;     ///< n, strictly increasing, from the run's start
  Eigen::MatrixXd inputs;     ///< n × inputs, held from row i to row i+1
  Eigen::VectorXd initial;    ///< outputs; reading at time_s[0], NaN where it is not known
  Eigen::VectorXd constants;  ///< geometry, substrate, catalyst, phases; in the twin's own order
  /// kMeasured only: inputs without a good sample, which the recipe's set-points stand in for.
  std::vector<std::string> by_setpoint;
};

/// Predicted readings at Drive::time_s, and what the sample will measure afterwards, before noise.
/// An output or outcome that the drive's rig does not have (a zone of a heated stage) is NaN
/// throughout, its derivatives zero. Reusable: Predict resizes only when it must.
struct Prediction {
  DriveMode mode = DriveMode::kMeasured;
  Eigen::MatrixXd outputs;                  ///< n × outputs, SI
  Eigen::VectorXd outcome;                  ///< outcomes, SI
  std::vector<DomainRange> outside_domain;  ///< ranges it leaves; low and high are what it reaches
};

/// Derivatives of a prediction by the parameters, in natural units.
struct Jacobian {
  std::vector<Eigen::MatrixXd> outputs;  ///< one n × parameters matrix an output
  Eigen::MatrixXd outcome;               ///< outcomes × parameters
};

class Mediation;

/// A digital twin: a deterministic, thread-safe map from parameters and drive to readings.
class Twin {
 public:
  virtual ~Twin() = default;
  virtual const Description& description() const = 0;

  /// Readies a run. Uses the rig's geometry, the recipe and, for kMeasured, good samples only.
  /// Errors: InvalidArgument naming a geometry key, channel or segment that is missing or unfit.
  virtual absl::StatusOr<Drive> Prepare(const signal::Rig& rig, const signal::CleanRun& run,
                                        DriveMode mode) const = 0;

  /// Predicts. `parameters` is in the order of description().parameters, natural units.
  /// @param jacobian  may be null; else filled with derivatives (automatic differentiation).
  /// Errors: InvalidArgument on a wrong size or a value that is not finite or out of bounds.
  virtual absl::Status Predict(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                               const Drive& drive, Prediction* prediction,
                               Jacobian* jacobian) const = 0;

  /// Replaces an assumed boundary condition of `drive` by what the run's own first readings say of
  /// it (two_heater: the ambient). A prediction under the rig's assumptions does without; a fit may
  /// call it on every run. Does nothing where a twin has no such condition or a reading is missing.
  virtual void AdoptFirstReadings(Drive* /*drive*/) const {}

  /// Predictions in which inner quantities come from another world (core/twin/mediation.h), or null
  /// where a twin cannot. Lives as long as the twin.
  virtual const Mediation* mediation() const { return nullptr; }
};

/// Twins by name. Constant after construction, so thread-safe.
class Registry {
 public:
  void Add(std::unique_ptr<Twin> twin);
  /// Errors: NotFound naming the known twins.
  absl::StatusOr<const Twin*> Find(std::string_view name) const;
  std::vector<const Twin*> List() const;  ///< by name

 private:
  std::vector<std::unique_ptr<Twin>> twins_;
};

/// All twins of this build: two_heater, furnace, swcnt_cvd.
Registry BuiltInTwins();

/// Parameter vector of a twin: nominal values, replaced by `assumptions`.
/// Errors: InvalidArgument naming an unknown parameter ("did you mean") or a value out of bounds.
absl::StatusOr<Eigen::VectorXd> ParametersFromAssumptions(
    const Description& description, const std::map<std::string, double>& assumptions);

/// Natural value to the coordinate of its prior, and back; derivative of the way back.
double ToCoordinate(const Parameter& parameter, double value);
double FromCoordinate(const Parameter& parameter, double coordinate);
double FromCoordinateDerivative(const Parameter& parameter, double coordinate);

}  // namespace parallax::twin
