#pragma once

#include <string>
#include <vector>

#include "core/causal/graph.h"
#include "core/causal/replay.h"
#include "core/twin/mediation.h"
#include "core/twin/twin.h"

/// A structural causal model small enough for closed forms, in the clothes of a twin.
namespace parallax::causal::testing {

/// m1 = alpha p;  m2 = beta m1 + delta p;  y = c0 p + c1 m1 + c2 m2 + kappa m1 m2 + q.
/// m1 is tapped on its way to m2 and to y, m2 on its way to y. Every row of the drive is one step.
struct Coefficients {
  double alpha = 2.0, beta = -3.0, delta = 0.5, c0 = 0.7, c1 = 1.5, c2 = 0.25, kappa = 0.0;
};

/// Its parameters.
inline Eigen::VectorXd Values(double p, double q = 0.0) { return Eigen::Vector2d(p, q); }

class LinearTwin final : public twin::Twin, public twin::Mediation {
 public:
  explicit LinearTwin(const Coefficients& c = {}) : c_(c) {
    description_.name = "linear";
    description_.parameters = {Named("p", "push"), Named("q", "offset")};
    description_.outputs = {{"y", "1", "what comes out"}};
    description_.outcomes = {{"y_end", "1", "the same, of the last row"}};
  }
  const twin::Description& description() const override { return description_; }
  absl::StatusOr<twin::Drive> Prepare(const signal::Rig&, const signal::CleanRun&,
                                      twin::DriveMode) const override {
    return Drive(2);
  }
  absl::Status Predict(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                       const twin::Drive& drive, twin::Prediction* prediction,
                       twin::Jacobian*) const override {
    return PredictHolding(parameters, drive, {nullptr, nullptr, nullptr}, prediction, nullptr);
  }
  const twin::Mediation* mediation() const override { return this; }
  const std::vector<twin::Mediator>& mediators() const override { return mediators_; }
  absl::Status PredictHolding(const Eigen::Ref<const Eigen::VectorXd>& parameters,
                              const twin::Drive& drive,
                              const std::vector<const twin::Course*>& held,
                              twin::Prediction* prediction, twin::Courses* natural) const override {
    twin::Courses made(3);
    prediction->outputs.resize(drive.time_s.size(), 1);
    prediction->outcome.resize(1);
    for (Eigen::Index row = 0; row < drive.time_s.size(); ++row) {
      const auto pass = [&](size_t m, double value) {
        made[m].value.push_back(value);
        made[m].weight.push_back(1.0);
        return held[m] == nullptr ? value : held[m]->value[static_cast<size_t>(row)];
      };
      const double p = parameters[0];
      const double m1 = c_.alpha * p;
      const double m2 = pass(2, c_.beta * pass(0, m1) + c_.delta * p);
      const double m1_at_y = pass(1, m1);
      prediction->outputs(row, 0) =
          c_.c0 * p + c_.c1 * m1_at_y + c_.c2 * m2 + c_.kappa * m1_at_y * m2 + parameters[1];
    }
    prediction->outcome[0] = prediction->outputs(drive.time_s.size() - 1, 0);
    if (natural != nullptr) *natural = std::move(made);
    return absl::OkStatus();
  }

  static twin::Drive Drive(Eigen::Index rows) {
    twin::Drive drive;
    drive.time_s = Eigen::VectorXd::LinSpaced(rows, 0.0, static_cast<double>(rows - 1));
    return drive;
  }
  static Graph MakeGraph() {
    return Graph::Make({{"hand", "hand", "1"},
                        {"m1", "first mediator", "K"},
                        {"m2", "second mediator", "nm"},
                        {"y", "what comes out", "1", Visibility::kMeasured, {"y", "y_end"}}},
                       {{"hand", "m1", "push", Sign::kRises, {{"p", Sign::kRises}}},
                        {"hand", "m2", "push", Sign::kRises, {{"p", Sign::kRises}}},
                        {"hand", "y", "push", Sign::kRises, {{"p", Sign::kRises}}},
                        {"hand", "y", "offset", Sign::kRises, {{"q", Sign::kRises}}},
                        {"m1", "m2", "chain", Sign::kFalls, {}, "m1@m2"},
                        {"m1", "y", "first", Sign::kRises, {}, "m1@y"},
                        {"m2", "y", "second", Sign::kRises, {}, "m2@y"}})
        .value();
  }

 private:
  static twin::Parameter Named(const std::string& name, const std::string& mechanism) {
    twin::Parameter parameter;
    parameter.name = parameter.symbol = name;
    parameter.unit = "1";
    parameter.lower = -100.0;
    parameter.upper = 100.0;
    parameter.prior_sd = 1.0;
    parameter.mechanism = mechanism;
    return parameter;
  }

  const Coefficients c_;
  twin::Description description_;
  const std::vector<twin::Mediator> mediators_ = {{"m1@m2", "first mediator at the second", "K"},
                                                  {"m1@y", "first mediator at the end", "K"},
                                                  {"m2@y", "second mediator at the end", "nm"}};
};

/// What comes out at the end.
inline Question AskY() {
  return {"y", "what comes out", "1", [](const twin::Prediction& p) { return p.outcome[0]; }};
}

}  // namespace parallax::causal::testing
