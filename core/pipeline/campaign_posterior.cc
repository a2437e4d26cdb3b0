#include "core/pipeline/campaign_posterior.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "core/base/status_macros.h"
#include "core/calibration/hierarchical.h"
#include "core/calibration/laplace.h"
#include "core/calibration/least_squares.h"
#include "core/calibration/local_emulator.h"
#include "core/calibration/log_density.h"
#include "core/calibration/mcmc.h"
#include "core/calibration/profile_likelihood.h"
#include "core/divergence/resampling.h"

namespace parallax::pipeline {
namespace {

constexpr size_t kFewestForSpread = 3;  ///< for a spread between them
/// Half-normal prior of the spread between runs, prior sds: what is one rig's seldom varies by
/// more.
constexpr double kSpreadScale = 0.5;
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
    PARALLAX_RETURN_IF_ERROR(Linearise());
    PARALLAX_RETURN_IF_ERROR(Emulate());
    PARALLAX_RETURN_IF_ERROR(Sample());
    PARALLAX_RETURN_IF_ERROR(Profile());
    PARALLAX_RETURN_IF_ERROR(CompareRuns());
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
    return columns_.Whiten(search_.noise().Whiten(rows));
  }

  absl::Status Linearise() {
    Eigen::VectorXd raw;
    Eigen::MatrixXd jacobian;
    PARALLAX_RETURN_IF_ERROR(model_.DifferentiateAll(fit_.z, &raw, &jacobian));
    columns_ = search_.ColumnsOf(fit_.terms);
    rows_ = Whiten(raw);
    const Eigen::MatrixXd slope = Whiten(jacobian);
    centre_.resize(d_);
    free_.resize(slope.rows(), d_);
    std::vector<int> others;
    for (int p = 0; p < model_.parameters(); ++p) {
      const auto place = std::find(fit_.parameters.begin(), fit_.parameters.end(), p);
      if (place == fit_.parameters.end()) {
        others.push_back(p);
        continue;
      }
      const Eigen::Index i = place - fit_.parameters.begin();
      centre_(i) = fit_.z(p);
      free_.col(i) = slope.col(p);
    }
    others_ = LowRankWhitener(slope(Eigen::all, others));
    return absl::OkStatus();
  }

  /// Emulates around the fit. Setting the rest free may move the posterior away from there: where
  /// the emulator errs it is made again around what it found.
  absl::Status Emulate() {
    Eigen::MatrixXd jacobian(free_.rows() + d_, d_);
    jacobian << others_.Whiten(free_), Eigen::MatrixXd::Identity(d_, d_);
    const Eigen::VectorXd prior_sd = Eigen::VectorXd::Ones(d_);
    PARALLAX_ASSIGN_OR_RETURN(calibration::Posterior around,
                              calibration::LaplacePosterior(centre_, jacobian, prior_sd));
    for (int round = 0; round < kEmulators; ++round) {
      PARALLAX_ASSIGN_OR_RETURN(calibration::LocalEmulator emulator, EmulateAround(around));
      out_.twin_evaluations += emulator.evaluations();
      if (emulator_ && emulator.cost_error() >= emulator_->cost_error()) break;
      emulator_ = std::move(emulator);
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

  absl::StatusOr<calibration::LocalEmulator> EmulateAround(
      const calibration::Posterior& posterior) const {
    const auto rows = [this](const Eigen::VectorXd& x, Eigen::VectorXd* whitened) {
      Eigen::VectorXd raw;
      if (!model_.Residuals(model_.Moved(fit_.z, fit_.parameters, x), &raw).ok()) return false;
      *whitened = others_.Whiten(Whiten(raw));
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

  /// Rows of one run, linear in the i-th free coordinate (its own in each run) and the others.
  calibration::HierarchicalProblem::RunRows RowsOfRun(int run, Eigen::Index i) const {
    std::vector<Eigen::Index> which;
    for (const EvidenceBlock& block : model_.blocks()) {
      if (block.run != run) continue;
      for (Eigen::Index k = 0; k < block.rows(); ++k) which.push_back(block.begin + k);
    }
    std::vector<Eigen::Index> order;  // shared ones, then the quantity
    for (Eigen::Index j = 0; j < d_; ++j) {
      if (j != i) order.push_back(j);
    }
    order.push_back(i);
    const Eigen::MatrixXd slope = free_(which, order);
    const Eigen::VectorXd centre = centre_(order);
    const Eigen::VectorXd constant = rows_(which) - slope * centre;
    return [slope, constant](const Eigen::VectorXd& shared, double quantity,
                             Eigen::VectorXd* residuals, Eigen::MatrixXd* jacobian) {
      Eigen::VectorXd x(shared.size() + 1);
      x << shared, quantity;
      *residuals = constant + slope * x;
      if (jacobian != nullptr) *jacobian = slope;
      return true;
    };
  }

  absl::Status CompareRuns() {
    if (model_.runs().size() < kFewestForSpread) return absl::OkStatus();
    for (Eigen::Index i = 0; i < d_; ++i) {
      calibration::HierarchicalProblem problem;
      for (size_t r = 0; r < model_.runs().size(); ++r) {
        problem.runs.push_back(RowsOfRun(static_cast<int>(r), i));
      }
      problem.shared_prior_mean = Eigen::VectorXd::Zero(d_ - 1);
      problem.shared_prior_sd = Eigen::VectorXd::Ones(d_ - 1);
      problem.mean_prior_sd = 1.0;
      PARALLAX_ASSIGN_OR_RETURN(const calibration::Hierarchy hierarchy,
                                calibration::FitHierarchy(problem, {.scale = kSpreadScale}));
      ParameterPosterior& one = out_.parameters[static_cast<size_t>(i)];
      one.spread = hierarchy.spread_mean;
      one.spread_low = hierarchy.spread_low;
      one.spread_high = hierarchy.spread_high;
    }
    return absl::OkStatus();
  }

  const CampaignSearch& search_;
  const CampaignModel& model_;
  const CampaignFit& fit_;
  const uint64_t seed_;
  const Eigen::Index d_;
  Eigen::VectorXd rows_;            ///< whitened, at the fit
  Eigen::MatrixXd free_;            ///< whitened slopes of what the fit moved
  Eigen::VectorXd centre_;          ///< its free coordinates
  calibration::Posterior laplace_;  ///< of them, the rest free within its prior
  LowRankWhitener columns_{Eigen::MatrixXd(0, 0)};
  LowRankWhitener others_{Eigen::MatrixXd(0, 0)};  ///< spanned by what the fit did not move
  std::optional<calibration::LocalEmulator> emulator_;
  CampaignPosterior out_;
};

}  // namespace

absl::StatusOr<CampaignPosterior> SampleCampaign(const CampaignSearch& search,
                                                 const CampaignFit& fit, uint64_t seed) {
  return Sampler(search, fit, seed).Run();
}

}  // namespace parallax::pipeline
