// Stan's model of lynx and hare: eight parameters, a differential equation, and a reference
// posterior made by another sampler on another integrator.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <fstream>
#include <regex>
#include <sstream>

#include "core/calibration/least_squares.h"
#include "core/calibration/mcmc.h"
#include "tests/support/replicates.h"

namespace parallax::calibration {
namespace {

constexpr int kYears = 20;
constexpr int kStepsAYear = 10;
constexpr int kParameters = 8;  // θ1 … θ4, z_init, σ; sampled as logarithms

std::string ReadFile(const std::string& name) {
  std::ifstream file(PARALLAX_TEST_DATA "/posteriordb/" + name);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Numbers of the array or nested array after "key".
std::vector<double> Numbers(const std::string& json, const std::string& key) {
  const size_t first = json.find("\"" + key + "\"") + key.size() + 2;
  const std::string text = json.substr(first, json.find_first_of("\"}", first) - first);
  static const std::regex number("-?[0-9][0-9.eE+-]*");
  std::vector<double> values;
  for (std::sregex_iterator it(text.begin(), text.end(), number), end; it != end; ++it) {
    values.push_back(std::stod(it->str()));
  }
  return values;
}

using State = std::array<double, 2>;

State Rate(const double* theta, const State& z) {
  return {(theta[0] - theta[1] * z[1]) * z[0], (-theta[2] + theta[3] * z[0]) * z[1]};
}

State Moved(const State& z, const State& rate, double step) {
  return {z[0] + step * rate[0], z[1] + step * rate[1]};
}

/// One year by the classical fourth-order Runge–Kutta method.
State Year(const double* theta, State z, int steps) {
  const double h = 1.0 / steps;
  for (int s = 0; s < steps; ++s) {
    const State k1 = Rate(theta, z), k2 = Rate(theta, Moved(z, k1, 0.5 * h)),
                k3 = Rate(theta, Moved(z, k2, 0.5 * h)), k4 = Rate(theta, Moved(z, k3, h));
    for (size_t i = 0; i < 2; ++i) z[i] += h / 6.0 * (k1[i] + 2.0 * (k2[i] + k3[i]) + k4[i]);
  }
  return z;
}

struct LynxHare {
  std::vector<double> log_y;  // year by year, hare and lynx; the first is y_init
  LynxHare() {
    const std::string json = ReadFile("hudson_lynx_hare.json");
    for (const char* key : {"y_init", "y"}) {
      for (const double y : Numbers(json, key)) log_y.push_back(std::log(y));
    }
  }

  /// log y − log z, 2·21 rows. False where the populations leave the positive quadrant.
  bool Residuals(const Eigen::VectorXd& log_parameters, Eigen::VectorXd* rows) const {
    const Eigen::VectorXd parameters = log_parameters.array().exp();
    State z = {parameters(4), parameters(5)};
    rows->resize(static_cast<Eigen::Index>(log_y.size()));
    for (Eigen::Index year = 0; year <= kYears; ++year) {
      if (year > 0) z = Year(parameters.data(), z, kStepsAYear);
      if (!(z[0] > 0.0 && z[1] > 0.0)) return false;
      for (Eigen::Index i = 0; i < 2; ++i) {
        (*rows)(2 * year + i) =
            log_y[static_cast<size_t>(2 * year + i)] - std::log(z[static_cast<size_t>(i)]);
      }
    }
    return true;
  }

  double LogDensity(const Eigen::VectorXd& log_parameters) const {
    Eigen::VectorXd rows;
    if (!Residuals(log_parameters, &rows)) return -HUGE_VAL;
    const double* u = log_parameters.data();
    const auto normal = [](double value, double mean, double sd) {
      return -0.5 * std::pow((value - mean) / sd, 2);
    };
    double log_density = u[0] + u[1] + u[2] + u[3];  // Jacobian of the logarithms
    for (int i = 0; i < 4; ++i) {
      const double centre = i % 2 == 0 ? 1.0 : 0.05, sd = i % 2 == 0 ? 0.5 : 0.05;
      log_density += normal(std::exp(u[i]), centre, sd);
    }
    for (int i = 0; i < 2; ++i) {
      log_density += normal(u[4 + i], std::log(10.0), 1.0) + normal(u[6 + i], -1.0, 1.0);
      const Eigen::Map<const Eigen::VectorXd, 0, Eigen::InnerStride<2>> series(rows.data() + i,
                                                                               rows.size() / 2);
      log_density -= static_cast<double>(series.size()) * u[6 + i];
      log_density -= 0.5 * series.squaredNorm() * std::exp(-2.0 * u[6 + i]);
    }
    return log_density;
  }

  /// Rows of a fit with noise 0.25 and prior rows; σ itself enters as two prior rows.
  LeastSquaresProblem Problem() const {
    LeastSquaresProblem problem;
    problem.parameters = kParameters;
    const auto rows_at = [this](const Eigen::VectorXd& u, Eigen::VectorXd* rows) {
      Eigen::VectorXd data;
      if (!Residuals(u, &data)) return false;
      rows->resize(data.size() + kParameters);
      const double sigma_sd = 1.0 / std::sqrt(2.0 * (kYears + 1));
      Eigen::VectorXd prior(kParameters), sd(kParameters);
      prior << 0.0, std::log(0.05), 0.0, std::log(0.05), std::log(10.0), std::log(10.0),
          std::log(0.25), std::log(0.25);
      sd << 0.5, 1.0, 0.5, 1.0, 1.0, 1.0, sigma_sd, sigma_sd;
      *rows << data / 0.25, (u - prior).cwiseQuotient(sd);
      return true;
    };
    problem.evaluate = [rows_at](const Eigen::VectorXd& u, Eigen::VectorXd* rows,
                                 Eigen::MatrixXd* jacobian) {
      if (!rows_at(u, rows)) return false;
      if (jacobian == nullptr) return true;
      jacobian->resize(rows->size(), kParameters);
      for (Eigen::Index i = 0; i < kParameters; ++i) {
        Eigen::VectorXd up = u, down = u, above, below;
        up(i) += 1e-5;
        down(i) -= 1e-5;
        if (!rows_at(up, &above) || !rows_at(down, &below)) return false;
        jacobian->col(i) = (above - below) / 2e-5;
      }
      return true;
    };
    return problem;
  }
};

// V = θ4 z1 − θ3 log z1 + θ2 z2 − θ1 log z2 is constant along a solution.
TEST(LotkaVolterra, IntegratorKeepsTheFirstIntegralAndDoesNotChangeWithTheStep) {
  const double theta[] = {0.545, 0.0277, 0.8, 0.024};
  const auto integral = [&](const State& z) {
    return theta[3] * z[0] - theta[2] * std::log(z[0]) + theta[1] * z[1] -
           theta[0] * std::log(z[1]);
  };
  State coarse = {34.0, 5.9}, fine = coarse;
  const double before = integral(coarse);
  for (int year = 0; year < kYears; ++year) {
    coarse = Year(theta, coarse, kStepsAYear);
    fine = Year(theta, fine, 20 * kStepsAYear);
  }
  EXPECT_NEAR(integral(coarse), before, 1e-5);
  EXPECT_NEAR(coarse[0] / fine[0], 1.0, 2e-4);  // data and posterior know z to some per cent
  EXPECT_NEAR(coarse[1] / fine[1], 1.0, 2e-4);
}

TEST(LotkaVolterra, PosteriorMeansAreThoseOfTheReferenceWithinFourStandardErrors) {
  const LynxHare data;
  ASSERT_EQ(data.log_y.size(), 42u);
  const LeastSquaresProblem problem = data.Problem();
  Eigen::VectorXd start(kParameters);
  start << 0.0, std::log(0.05), 0.0, std::log(0.05), data.log_y[0], data.log_y[1], -1.4, -1.4;
  const Eigen::VectorXd width = Eigen::VectorXd::Ones(kParameters);
  const MultiStartResult fit =
      *MinimizeFromManyStarts(problem, start, start - width, start + width, {.starts = 20});
  const Posterior laplace = *LaplacePosterior(fit.best.x, fit.best.jacobian, width);

  // The reference has some 10,000 effective draws: with 4,000 ours are the larger errors, but not
  // by much; with a quarter of them, twice as large.
  constexpr double kEffectiveDraws = test_support::Replicates(4000, 1000);
  const auto density = [&](const Eigen::VectorXd& u) { return data.LogDensity(u); };
  const McmcResult result =
      *SamplePosterior(density, {laplace}, {.limits = {.ess = kEffectiveDraws}, .seed = 12});
  ASSERT_TRUE(result.converged);

  const std::string mean_json = ReadFile("hudson_lynx_hare-lotka_volterra.mean_value.json");
  const std::vector<double> mean = Numbers(mean_json, "mean_value");
  const std::vector<double> mcse = Numbers(mean_json, "mcse_mean");
  ASSERT_EQ(mean.size(), 8u);
  ASSERT_EQ(mcse.size(), 8u);
  for (Eigen::Index i = 0; i < kParameters; ++i) {
    std::vector<Eigen::MatrixXd> chains;
    for (const Eigen::MatrixXd& ensemble : result.ensembles) {
      const Eigen::VectorXd draws = ensemble.row(i).array().exp();
      chains.emplace_back(
          draws.reshaped(result.walkers, draws.size() / result.walkers).transpose());
    }
    const ChainDiagnostics own = *DiagnoseChains(chains);
    const double reference = mcse[static_cast<size_t>(i)];
    EXPECT_LT(own.mcse_mean, 2.0 * std::sqrt(4000.0 / kEffectiveDraws) * reference) << i;
    EXPECT_NEAR(own.mean, mean[static_cast<size_t>(i)], 4.0 * std::hypot(own.mcse_mean, reference))
        << i;
    RecordProperty("parameter_" + std::to_string(i),
                   std::to_string((own.mean - mean[static_cast<size_t>(i)]) / reference));
  }
}

}  // namespace
}  // namespace parallax::calibration
