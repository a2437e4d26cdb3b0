#include "core/pipeline/campaign_posterior.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/base/status_macros.h"
#include "core/calibration/laplace.h"
#include "core/calibration/least_squares.h"
#include "core/calibration/local_emulator.h"
#include "core/calibration/log_density.h"
#include "core/calibration/mcmc.h"
#include "core/calibration/profile_likelihood.h"
#include "core/divergence/resampling.h"
#include "core/pipeline/linear_fit.h"

namespace parallax::pipeline {
namespace {

constexpr int kEmulators = 3;
constexpr double kSmallErrorNats = 0.2;
constexpr uint64_t kTrainingStream = 0x656d756c;
constexpr uint64_t kChainStream = 0x63686169;

class Sampler {
 public:
  Sampler(const CampaignSearch& search, const CampaignFit& fit, uint64_t seed)
      : search_(search),
        model_(search.model()),
        fit_(fit),
        seed_(seed),
        d_(static_cast<Eigen::Index>(fit.parameters.size())) {}

  absl::StatusOr<CampaignPosterior> Run() {
    PARALLAX_ASSIGN_OR_RETURN(linear_, LineariseFit(search_, fit_));
    PARALLAX_RETURN_IF_ERROR(Emulate());
    if (!emulator_) {
      FillLinearCovariance();
      return std::move(out_);
    }
    PARALLAX_RETURN_IF_ERROR(Sample());
    PARALLAX_RETURN_IF_ERROR(Profile());
    return std::move(out_);
  }

 private:
  int ParameterAt(Eigen::Index i) const { return fit_.parameters[static_cast<size_t>(i)]; }

  /// Natural value of the i-th free parameter at a coordinate.
  double Natural(Eigen::Index i, double coordinate) const {
    Eigen::VectorXd z = fit_.z;
    z(ParameterAt(i)) = coordinate;
    return model_.Natural(z)(ParameterAt(i));
  }

  /// Natural values of free coordinates, one draw a column.
  Eigen::MatrixXd NaturalOf(Eigen::MatrixXd draws) const {
    for (Eigen::Index i = 0; i < d_; ++i) {
      for (double& coordinate : draws.row(i)) coordinate = Natural(i, coordinate);
    }
    return draws;
  }

  /// Rows [SI], whitened by the noise and by what the fit's terms with columns span.
  Eigen::MatrixXd Whiten(const Eigen::Ref<const Eigen::MatrixXd>& rows) const {
    return linear_->columns.Whiten(search_.noise().Whiten(rows));
  }

  /// Emulates around the fit. Setting the rest free may move the posterior away from there: where
  /// the emulator errs it is made again around what it found. Where the twin fails near the fit
  /// there is no emulator, but the reason.
  absl::Status Emulate() {
    const Eigen::VectorXd prior_sd = Eigen::VectorXd::Ones(d_);
    PARALLAX_ASSIGN_OR_RETURN(calibration::Posterior around, MarginalPosterior(*linear_));
    for (int round = 0; round < kEmulators; ++round) {
      absl::StatusOr<calibration::LocalEmulator> emulator = EmulateAround(around);
      if (absl::IsFailedPrecondition(emulator.status())) {
        if (emulator_) break;  // the one there is stays, with its error
        laplace_ = std::move(around);
        out_.missing = std::string(emulator.status().message());
        return absl::OkStatus();
      }
      PARALLAX_RETURN_IF_ERROR(emulator.status());
      out_.twin_evaluations += emulator->evaluations();
      if (emulator_ && emulator->cost_error() >= emulator_->cost_error()) break;
      emulator_ = *std::move(emulator);
      laplace_ = std::move(around);
      if (emulator_->cost_error() <= kSmallErrorNats) break;
      PARALLAX_ASSIGN_OR_RETURN(const calibration::FitResult least,
                                calibration::MinimizeLeastSquares(Problem(-1), laplace_.mean));
      PARALLAX_ASSIGN_OR_RETURN(around,
                                calibration::LaplacePosterior(least.x, least.jacobian, prior_sd));
    }
    out_.emulator_error_nats = emulator_->cost_error();
    return absl::OkStatus();
  }

  /// Covariance of the natural values in the linearised posterior.
  void FillLinearCovariance() {
    Eigen::VectorXd slope(d_);
    for (Eigen::Index i = 0; i < d_; ++i) slope(i) = model_.NaturalSlope(fit_.z, ParameterAt(i));
    out_.covariance = slope.asDiagonal() * laplace_.covariance * slope.asDiagonal();
  }

  absl::StatusOr<calibration::LocalEmulator> EmulateAround(
      const calibration::Posterior& posterior) const {
    const auto rows = [this](const Eigen::VectorXd& x, Eigen::VectorXd* whitened) {
      Eigen::VectorXd raw;
      if (!model_.Residuals(model_.Moved(fit_.z, fit_.parameters, x), &raw).ok()) return false;
      *whitened = linear_->others.Whiten(Whiten(raw));
      return true;
    };
    const Eigen::MatrixXd spread = posterior.covariance.llt().matrixL();
    return calibration::LocalEmulator::Fit(rows, posterior.mean, spread,
                                           {.seed = seed_, .stream = kTrainingStream});
  }

  /// Emulated rows, then prior rows of all free coordinates but `without_prior` (-1: none).
  calibration::LeastSquaresProblem Problem(Eigen::Index without_prior) const {
    calibration::LeastSquaresProblem problem;
    problem.parameters = static_cast<int>(d_);
    problem.lower.resize(d_);
    problem.upper.resize(d_);
    for (Eigen::Index i = 0; i < d_; ++i) {
      problem.lower(i) = model_.lower(ParameterAt(i));
      problem.upper(i) = model_.upper(ParameterAt(i));
    }
    Eigen::MatrixXd prior = Eigen::MatrixXd::Identity(d_, d_);
    if (without_prior >= 0) prior(without_prior, without_prior) = 0.0;
    problem.evaluate = [this, prior](const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                                     Eigen::MatrixXd* jacobian) {
      Eigen::VectorXd rows;
      Eigen::MatrixXd slope;
      emulator_->Evaluate(x, &rows, jacobian == nullptr ? nullptr : &slope);
      residuals->resize(rows.size() + d_);
      *residuals << rows, prior * x;
      if (jacobian == nullptr) return true;
      jacobian->resize(rows.size() + d_, d_);
      *jacobian << slope, prior;
      return true;
    };
    return problem;
  }

  absl::Status Sample() {
    PARALLAX_ASSIGN_OR_RETURN(
        const calibration::McmcResult chains,
        calibration::SamplePosterior(calibration::LogDensityOf(Problem(-1)), {laplace_},
                                     {.seed = seed_, .stream = kChainStream}));
    out_.converged = chains.converged;
    const Eigen::MatrixXd draws = NaturalOf(calibration::PooledDraws(chains));
    out_.draws = NaturalOf(calibration::ThinnedDraws(chains, kPosteriorDraws));
    const Eigen::VectorXd mean = draws.rowwise().mean();
    const Eigen::MatrixXd centred = draws.colwise() - mean;
    out_.covariance = centred * centred.transpose() / static_cast<double>(draws.cols());
    for (Eigen::Index i = 0; i < d_; ++i) {
      const std::vector<double> values(draws.row(i).begin(), draws.row(i).end());
      const calibration::ChainDiagnostics& chain = chains.parameters[static_cast<size_t>(i)];
      const auto p = static_cast<size_t>(ParameterAt(i));
      out_.parameters.push_back({.parameter = model_.description().parameters[p].name,
                                 .mean = mean(i),
                                 .sd = std::sqrt(out_.covariance(i, i)),
                                 .low = divergence::Quantile(values, 0.05),
                                 .high = divergence::Quantile(values, 0.95),
                                 .r_hat = chain.r_hat,
                                 .ess = chain.ess_bulk});
    }
    return absl::OkStatus();
  }

  absl::Status Profile() {
    for (Eigen::Index i = 0; i < d_; ++i) {
      const calibration::LeastSquaresProblem problem = Problem(i);
      PARALLAX_ASSIGN_OR_RETURN(const calibration::FitResult minimum,
                                calibration::MinimizeLeastSquares(problem, laplace_.mean));
      PARALLAX_ASSIGN_OR_RETURN(
          const calibration::Profile profile,
          calibration::ProfileParameter(problem, minimum, static_cast<int>(i), laplace_.sd(i)));
      ParameterPosterior& one = out_.parameters[static_cast<size_t>(i)];
      if (profile.low_side == calibration::ProfileSide::kLimited) {
        one.profile_low = Natural(i, profile.low);
      }
      if (profile.high_side == calibration::ProfileSide::kLimited) {
        one.profile_high = Natural(i, profile.high);
      }
    }
    return absl::OkStatus();
  }

  const CampaignSearch& search_;
  const CampaignModel& model_;
  const CampaignFit& fit_;
  const uint64_t seed_;
  const Eigen::Index d_;
  std::optional<LinearFit> linear_;
  calibration::Posterior laplace_;  ///< of what the fit moved, the rest free within its prior
  std::optional<calibration::LocalEmulator> emulator_;
  CampaignPosterior out_;
};

}  // namespace

absl::StatusOr<CampaignPosterior> SampleCampaign(const CampaignSearch& search,
                                                 const CampaignFit& fit, uint64_t seed) {
  return Sampler(search, fit, seed).Run();
}

}  // namespace parallax::pipeline
