#include "core/pipeline/campaign_search.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "core/base/status_macros.h"
#include "core/calibration/least_squares.h"
#include "core/pipeline/campaign_solver.h"
#include "core/pipeline/campaign_start.h"

namespace parallax::pipeline {
namespace {

/// Starts of a single parameter, in prior sds: linearising at the assumed value ranks the true
/// cause badly where it is far.
constexpr double kScan[] = {-3.5, -2.0, -1.0, 1.0, 2.0, 3.5};
/// Starts that are followed to their minimum, by how many parameters are free.
constexpr size_t kFollowedOfOne = 2;
constexpr size_t kFollowedOfTwo = 2;
constexpr size_t kFollowedOfMore = 1;

/// −½ log |I + Jᵀ J|, and the covariance (I + Jᵀ J)⁻¹.
double HalfLogDeterminant(const Eigen::MatrixXd& jacobian, Eigen::MatrixXd* covariance) {
  const Eigen::Index d = jacobian.cols();
  const Eigen::MatrixXd hessian = jacobian.transpose() * jacobian + Eigen::MatrixXd::Identity(d, d);
  const Eigen::LLT<Eigen::MatrixXd> factor(hessian);
  *covariance = factor.solve(Eigen::MatrixXd::Identity(d, d));
  return -Eigen::MatrixXd(factor.matrixL()).diagonal().array().log().sum();
}

Eigen::VectorXd Pick(const Eigen::VectorXd& z, const std::vector<int>& which) {
  Eigen::VectorXd picked(static_cast<Eigen::Index>(which.size()));
  for (size_t i = 0; i < which.size(); ++i) picked(static_cast<Eigen::Index>(i)) = z(which[i]);
  return picked;
}

/// Rows of a model as a function of the coordinates that it sets free: whitened, then those of the
/// prior. Borrows its arguments.
class FreeRows {
 public:
  FreeRows(const CampaignModel& model, const CampaignNoise& noise, const LowRankWhitener& columns,
           const std::vector<int>& free)
      : model_(model), noise_(noise), columns_(columns), free_(free) {}

  /// All coordinates.
  Eigen::VectorXd Full(const Eigen::VectorXd& x) const {
    return model_.Moved(model_.base(), free_, x);
  }

  /// As a solver wants it; borrows this.
  calibration::LeastSquaresProblem Problem() const {
    calibration::LeastSquaresProblem problem;
    problem.parameters = static_cast<int>(free_.size());
    problem.lower.resize(problem.parameters);
    problem.upper.resize(problem.parameters);
    for (int i = 0; i < problem.parameters; ++i) {
      problem.lower(i) = model_.lower(free_[static_cast<size_t>(i)]);
      problem.upper(i) = model_.upper(free_[static_cast<size_t>(i)]);
    }
    problem.evaluate = [this](const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                              Eigen::MatrixXd* jacobian) {
      return Evaluate(x, residuals, jacobian);
    };
    return problem;
  }

 private:
  /// False where the twin fails.
  bool Evaluate(const Eigen::VectorXd& x, Eigen::VectorXd* residuals,
                Eigen::MatrixXd* jacobian) const {
    const Eigen::Index d = x.size();
    Eigen::VectorXd raw;
    Eigen::MatrixXd slope;
    const std::vector<int> which = jacobian == nullptr ? std::vector<int>() : free_;
    const absl::Status status =
        model_.Differentiate(Full(x), which, &raw, jacobian == nullptr ? nullptr : &slope);
    if (!status.ok()) return false;
    residuals->resize(model_.rows() + d);
    *residuals << columns_.Whiten(noise_.Whiten(raw)), x;
    if (jacobian == nullptr) return true;
    jacobian->resize(model_.rows() + d, d);
    *jacobian << columns_.Whiten(noise_.Whiten(slope)), Eigen::MatrixXd::Identity(d, d);
    return true;
  }

  const CampaignModel& model_;
  const CampaignNoise& noise_;
  const LowRankWhitener& columns_;
  const std::vector<int>& free_;
};

struct Start {
  Eigen::VectorXd z;  ///< of the free coordinates
  double cost = 0.0;
};

size_t Followed(size_t free) {
  return free == 1 ? kFollowedOfOne : free == 2 ? kFollowedOfTwo : kFollowedOfMore;
}

void SortByCost(std::vector<Start>* starts) {
  std::stable_sort(starts->begin(), starts->end(),
                   [](const Start& a, const Start& b) { return a.cost < b.cost; });
}

/// Of a scan the best of each side: two starts on one side lead to one minimum. The cost of a point
/// at which the twin fails is infinite.
std::vector<Start> BestOfEachSide(const std::vector<std::pair<double, Eigen::VectorXd>>& scan,
                                  const LowRankWhitener& columns) {
  std::vector<Start> starts;
  for (const auto& [at, rows] : scan) {
    if (rows.size() == 0) continue;
    starts.push_back({Eigen::VectorXd::Constant(1, at),
                      0.5 * columns.Whiten(rows).squaredNorm() + 0.5 * at * at});
  }
  SortByCost(&starts);
  if (starts.empty()) return starts;
  const double best = starts.front().z(0);
  const auto other = std::find_if(starts.begin(), starts.end(),
                                  [best](const Start& start) { return start.z(0) * best < 0.0; });
  std::vector<Start> kept = {starts.front()};
  if (other != starts.end()) kept.push_back(*other);
  return kept;
}

/// Points at which the problem can be evaluated.
std::vector<Start> LowestFirst(std::vector<Eigen::VectorXd> points,
                               const calibration::LeastSquaresProblem& problem) {
  std::vector<Start> starts;
  for (Eigen::VectorXd& z : points) {
    Eigen::VectorXd rows;
    if (!problem.evaluate(z, &rows, nullptr)) continue;
    starts.push_back({std::move(z), 0.5 * rows.squaredNorm()});
  }
  SortByCost(&starts);
  return starts;
}

/// The lowest minimum that starts lead to; its cost is infinite where none leads anywhere.
calibration::FitResult Follow(const std::vector<Start>& starts,
                              const calibration::LeastSquaresProblem& problem) {
  calibration::FitResult lowest;
  for (const Start& start : starts) {
    // A second start so far up the hill leads to no better minimum.
    if (start.cost > lowest.cost + 200.0 && start.cost > 3.0 * lowest.cost) continue;
    absl::StatusOr<calibration::FitResult> found =
        calibration::MinimizeLeastSquares(problem, start.z, CampaignSolverOptions());
    if (found.ok() && found->cost < lowest.cost) lowest = *std::move(found);
  }
  return lowest;
}

}  // namespace

calibration::LeastSquaresOptions CampaignSolverOptions() {
  calibration::LeastSquaresOptions options;
  options.max_iterations = 25;
  options.max_evaluations = 60;
  options.function_tolerance = 1e-6;
  options.gradient_tolerance = 1e-6;
  options.parameter_tolerance = 1e-5;
  return options;
}

CampaignSearch::CampaignSearch(const CampaignModel& model, const CampaignNoise& noise,
                               const std::vector<Term>& terms, Progress progress)
    : model_(&model), noise_(&noise), terms_(&terms), progress_(std::move(progress)) {}

std::vector<double> CampaignSearch::log_prior_odds() const {
  std::vector<double> odds;
  for (const Term& term : *terms_) odds.push_back(term.log_prior_odds);
  return odds;
}

LowRankWhitener CampaignSearch::ColumnsOf(const std::vector<int>& terms) const {
  Eigen::Index width = 0;
  const Term* only = nullptr;
  for (const int t : terms) {
    const Term& term = (*terms_)[static_cast<size_t>(t)];
    if (term.columns.cols() == 0) continue;
    only = width == 0 ? &term : nullptr;
    width += term.columns.cols();
  }
  if (only != nullptr) return only->whitener;
  Eigen::MatrixXd columns(model_->rows(), width);
  Eigen::Index place = 0;
  for (const int t : terms) {
    const Term& term = (*terms_)[static_cast<size_t>(t)];
    columns.middleCols(place, term.columns.cols()) = term.columns;
    place += term.columns.cols();
  }
  return LowRankWhitener(columns);
}

absl::StatusOr<const CampaignFit*> CampaignSearch::Fit(const std::vector<int>& terms) {
  const auto known = fits_.find(terms);
  if (known != fits_.end()) return &known->second;
  std::vector<int> free;
  for (const int t : terms) {
    const Term& term = (*terms_)[static_cast<size_t>(t)];
    if (term.kind == TermKind::kParameter) free.push_back(term.parameter);
  }
  const LowRankWhitener columns = ColumnsOf(terms);
  if (!free.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(CampaignFit fit, FitParameters(terms, free, columns));
    return &fits_.emplace(terms, std::move(fit)).first->second;
  }
  CampaignFit fit{.terms = terms, .parameters = {}, .z = model_->base()};
  const auto assumed = fits_.find({});
  if (assumed != fits_.end()) {
    fit.residuals = assumed->second.residuals;
    fit.whitened = assumed->second.whitened;
  } else {
    PARALLAX_RETURN_IF_ERROR(model_->Residuals(fit.z, &fit.residuals));
    fit.whitened = noise_->Whiten(fit.residuals);
  }
  fit.jacobian.resize(model_->rows(), 0);
  fit.covariance.resize(0, 0);
  fit.log_evidence =
      -0.5 * columns.Whiten(fit.whitened).squaredNorm() - 0.5 * columns.log_determinant();
  return &fits_.emplace(terms, std::move(fit)).first->second;
}

const CampaignSearch::Scan& CampaignSearch::ScanOf(int parameter) {
  Scan& scan = scans_[parameter];
  if (!scan.empty()) return scan;
  for (const double at : kScan) {
    Eigen::VectorXd z = model_->base();
    z(parameter) = std::clamp(at, model_->lower(parameter), model_->upper(parameter));
    Eigen::VectorXd residuals, rows;
    if (model_->Residuals(z, &residuals).ok()) rows = noise_->Whiten(residuals);
    scan.emplace_back(z(parameter), std::move(rows));
  }
  return scan;
}

std::vector<int> CampaignSearch::FailingParameters() const {
  std::vector<int> failing;
  for (const auto& [parameter, scan] : scans_) {
    const bool fails = std::any_of(scan.begin(), scan.end(),
                                   [](const auto& point) { return point.second.size() == 0; });
    if (fails) failing.push_back(parameter);
  }
  return failing;
}

std::vector<Eigen::VectorXd> CampaignSearch::Starts(const std::vector<int>& terms,
                                                    const std::vector<int>& free) const {
  std::vector<Eigen::VectorXd> starts;
  for (const int dropped : terms) {
    std::vector<int> rest = terms;
    std::erase(rest, dropped);
    const auto parent = fits_.find(rest);
    if (parent == fits_.end()) continue;
    starts.push_back(Pick(parent->second.z, free));
    const auto alone = fits_.find({dropped});
    const int p = (*terms_)[static_cast<size_t>(dropped)].parameter;
    if (alone == fits_.end() || p < 0) continue;
    Eigen::VectorXd z = parent->second.z;
    z(p) = alone->second.z(p);
    starts.push_back(Pick(z, free));
    // Half of what it would take alone: the parent has closed some of the gap already.
    z(p) = 0.5 * (z(p) + model_->base()(p));
    starts.push_back(Pick(z, free));
  }
  if (starts.empty()) starts.push_back(Pick(model_->base(), free));
  return starts;
}

absl::StatusOr<CampaignFit> CampaignSearch::FitParameters(const std::vector<int>& terms,
                                                          const std::vector<int>& free,
                                                          const LowRankWhitener& columns) {
  const FreeRows rows(*model_, *noise_, columns, free);
  const calibration::LeastSquaresProblem problem = rows.Problem();
  std::vector<Start> starts = free.size() == 1 ? BestOfEachSide(ScanOf(free[0]), columns)
                                               : LowestFirst(Starts(terms, free), problem);
  starts.resize(std::min(starts.size(), Followed(free.size())));
  calibration::FitResult found = Follow(starts, problem);
  if (!std::isfinite(found.cost)) {
    PARALLAX_ASSIGN_OR_RETURN(Eigen::VectorXd start, EnsembleStart(problem));
    found = Follow({{std::move(start), 0.0}}, problem);
  }
  if (!std::isfinite(found.cost)) {
    return absl::FailedPreconditionError("a fit could not go on from where the twin does not fail");
  }
  CampaignFit fit{.terms = terms, .parameters = free, .z = rows.Full(found.x)};
  fit.jacobian = found.jacobian.topRows(model_->rows());
  fit.log_evidence = -found.cost + HalfLogDeterminant(fit.jacobian, &fit.covariance) -
                     0.5 * columns.log_determinant();
  PARALLAX_RETURN_IF_ERROR(model_->Residuals(fit.z, &fit.residuals));
  fit.whitened = noise_->Whiten(fit.residuals);
  return fit;
}

absl::StatusOr<std::vector<double>> CampaignSearch::Propose(const std::vector<int>& terms) {
  PARALLAX_ASSIGN_OR_RETURN(const CampaignFit* fit, Fit(terms));
  Eigen::VectorXd residuals;
  Eigen::MatrixXd slope;
  PARALLAX_RETURN_IF_ERROR(model_->DifferentiateAll(fit->z, &residuals, &slope));
  const Eigen::MatrixXd jacobian = noise_->Whiten(slope);
  // Everything that the model holds, as columns with standard normal weights.
  const auto d = static_cast<Eigen::Index>(fit->parameters.size());
  Eigen::MatrixXd free(model_->rows(), d);
  for (Eigen::Index i = 0; i < d; ++i) {
    free.col(i) = jacobian.col(fit->parameters[static_cast<size_t>(i)]);
  }
  const LowRankWhitener columns = ColumnsOf(terms);
  const Eigen::VectorXd centred = fit->whitened - free * Pick(fit->z, fit->parameters);
  const LowRankWhitener held(columns.Whiten(free));
  const auto whiten = [&](const Eigen::Ref<const Eigen::MatrixXd>& rows) {
    return held.Whiten(columns.Whiten(rows));
  };
  const Eigen::VectorXd rest = whiten(centred);
  const double constant = 0.5 * columns.log_determinant() + 0.5 * held.log_determinant();
  std::vector<double> proposed;
  for (size_t t = 0; t < terms_->size(); ++t) {
    const Term& term = (*terms_)[t];
    if (std::binary_search(terms.begin(), terms.end(), static_cast<int>(t))) {
      proposed.push_back(fit->log_evidence);
      continue;
    }
    Eigen::VectorXd left = rest;
    Eigen::MatrixXd added;
    if (term.kind == TermKind::kParameter) {
      added = whiten(jacobian.col(term.parameter));
      left -= added * model_->base()(term.parameter);
    } else {
      added = whiten(term.columns);
    }
    const LowRankWhitener more(added);
    proposed.push_back(-0.5 * more.Whiten(left).squaredNorm() - 0.5 * more.log_determinant() -
                       constant);
  }
  return proposed;
}

absl::StatusOr<Eigen::VectorXd> CampaignSearch::CostOfRuns(const std::vector<int>& terms) {
  PARALLAX_ASSIGN_OR_RETURN(const CampaignFit* fit, Fit(terms));
  const Eigen::VectorXd rows = ColumnsOf(terms).Whiten(fit->whitened);
  Eigen::VectorXd costs = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(model_->runs().size()));
  for (const EvidenceBlock& block : model_->blocks()) {
    costs(block.run) += 0.5 * rows.segment(block.begin, block.rows()).squaredNorm();
  }
  return costs;
}

absl::StatusOr<std::vector<attribution::TermModel>> CampaignSearch::Run() {
  const auto refit =
      [this](const std::vector<std::vector<int>>& models) -> absl::StatusOr<std::vector<double>> {
    std::vector<double> evidence;
    for (const std::vector<int>& terms : models) {
      // A search ends after a few refits a term; how many more, nobody knows.
      const auto refits = static_cast<double>(fits_.size());
      PARALLAX_RETURN_IF_ERROR(progress_(refits / (refits + static_cast<double>(terms_->size()))));
      PARALLAX_ASSIGN_OR_RETURN(const CampaignFit* fit, Fit(terms));
      evidence.push_back(fit->log_evidence);
    }
    return evidence;
  };
  const auto propose = [this](const std::vector<int>& terms) { return Propose(terms); };
  attribution::TermSearchOptions options;
  for (size_t t = 0; t < terms_->size(); ++t) {
    if ((*terms_)[t].kind == TermKind::kMissing) options.catch_alls.push_back(static_cast<int>(t));
  }
  return attribution::SearchTerms(log_prior_odds(), refit, propose, options);
}

}  // namespace parallax::pipeline
