#include "core/pipeline/campaign_belief.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "absl/strings/str_join.h"
#include "core/attribution/verdict_thresholds.h"
#include "core/base/status_macros.h"
#include "core/base/symmetric_eigen.h"
#include "core/pipeline/campaign_causes.h"

namespace parallax::pipeline {
namespace {

std::vector<int> ParametersOf(const std::vector<Term>& terms, const std::vector<int>& of) {
  std::vector<int> parameters;
  for (const int t : of) parameters.push_back(terms[static_cast<size_t>(t)].parameter);
  std::sort(parameters.begin(), parameters.end());
  return parameters;
}

std::string NameOfParameters(const twin::Description& description, const std::vector<int>& which) {
  std::vector<std::string> names;
  for (const int p : which) names.push_back(description.parameters[static_cast<size_t>(p)].name);
  return names.empty() ? "nothing" : absl::StrJoin(names, " and ");
}

/// What a cause is called whichever of its interchangeable parameters stands for it.
std::set<int> CausesOf(const std::vector<Cause>& causes, const std::vector<int>& terms) {
  std::set<int> of;
  for (size_t c = 0; c < causes.size(); ++c) {
    if (HasAny(terms, causes[c])) of.insert(static_cast<int>(c));
  }
  return of;
}

/// Posterior of a linear-Gaussian state. @param prior_variance  of independent entries.
struct LinearState {
  Eigen::VectorXd mean;
  Eigen::MatrixXd covariance;
};

LinearState Condition(const Eigen::VectorXd& prior_mean, const Eigen::VectorXd& prior_variance,
                      const Eigen::MatrixXd& whitened, const Eigen::VectorXd& observed) {
  Eigen::MatrixXd precision = whitened.transpose() * whitened;
  precision.diagonal() += prior_variance.cwiseInverse();
  const Eigen::LLT<Eigen::MatrixXd> factor(precision);
  const Eigen::Index n = prior_mean.size();
  LinearState state;
  state.mean =
      factor.solve(prior_mean.cwiseQuotient(prior_variance) + whitened.transpose() * observed);
  state.covariance = factor.solve(Eigen::MatrixXd::Identity(n, n));
  state.covariance = (0.5 * (state.covariance + state.covariance.transpose())).eval();
  return state;
}

}  // namespace

CampaignBelief::CampaignBelief(CampaignSearch* search, std::vector<twin::Trust> trust)
    : search_(search), trust_(std::move(trust)) {
  for (const EvidenceBlock& block : search_->model().blocks()) {
    for (Eigen::Index i = 0; i < block.rows(); ++i) kinds_.try_emplace(RowKindOf(block, i), 0);
    if (!block.OfSampleAlone()) gaps_.try_emplace(block.observable, 0);
  }
  int place = 0;
  for (auto& [kind, index] : kinds_) index = place++;
  place = 0;
  for (auto& [observable, index] : gaps_) index = place++;
}

absl::StatusOr<CampaignBelief> CampaignBelief::Create(
    CampaignSearch* search, const std::vector<std::vector<int>>& hypotheses,
    const std::vector<double>& log_weights, const std::vector<twin::Trust>& trust) {
  CampaignBelief belief(search, trust);
  const double best = *std::max_element(log_weights.begin(), log_weights.end());
  double total = 0.0;
  for (size_t h = 0; h < hypotheses.size(); ++h) {
    PARALLAX_ASSIGN_OR_RETURN(CampaignHypothesis one, belief.Explain(hypotheses[h]));
    one.log_weight = log_weights[h];
    one.probability = std::exp(log_weights[h] - best);
    total += one.probability;
    belief.hypotheses_.push_back(std::move(one));
  }
  for (CampaignHypothesis& one : belief.hypotheses_) one.probability /= total;
  return belief;
}

Eigen::Index CampaignBelief::state_size() const {
  return parameters() + 2 * std::ssize(kinds_) + std::ssize(gaps_);
}

Eigen::VectorXd CampaignBelief::MeanCoordinates() const {
  Eigen::VectorXd z = Eigen::VectorXd::Zero(parameters());
  for (const CampaignHypothesis& one : hypotheses_) {
    z += one.probability * one.mean.head(parameters());
  }
  return z;
}

Eigen::MatrixXd CampaignBelief::Sensitivities(const std::vector<EvidenceBlock>& blocks,
                                              const Eigen::MatrixXd& slope) const {
  Eigen::MatrixXd out = Eigen::MatrixXd::Zero(slope.rows(), state_size());
  const Eigen::Index p = parameters();
  const Eigen::Index first_gap = p + 2 * std::ssize(kinds_);
  out.leftCols(p) = slope;
  for (const EvidenceBlock& block : blocks) {
    const twin::Trust& stated = *FindTrust(trust_, block.observable);
    const auto gap = gaps_.find(block.observable);
    for (Eigen::Index i = 0; i < block.rows(); ++i) {
      const Eigen::Index row = block.begin + i;
      if (gap != gaps_.end()) {
        out(row, first_gap + gap->second) =
            attribution::kForgivenErrors.gap_share * (block.level(i) - block.assumed(i));
      }
      const auto kind = kinds_.find(RowKindOf(block, i));
      if (kind == kinds_.end()) continue;
      const Eigen::Index first_of_kind = p + Eigen::Index{2} * kind->second;
      out(row, first_of_kind) = stated.campaign_sd;
      out(row, first_of_kind + 1) = stated.campaign_share * block.level(i);
    }
  }
  return out;
}

Eigen::MatrixXd CampaignBelief::OwnCovariance(const PlannedRun& planned) const {
  Eigen::MatrixXd covariance = Eigen::MatrixXd::Zero(planned.rows, planned.rows);
  for (const EvidenceBlock& block : planned.blocks) {
    const twin::Trust& stated = *FindTrust(trust_, block.observable);
    covariance.block(block.begin, block.begin, block.rows(), block.rows()) =
        EvidenceCovariance(block, stated);
    const Eigen::VectorXd shared = Scale(block, stated.campaign_sd, stated.campaign_share);
    for (Eigen::Index i = 0; i < block.rows(); ++i) {
      if (kinds_.contains(RowKindOf(block, i))) continue;
      covariance(block.begin + i, block.begin + i) += shared(i) * shared(i);
    }
  }
  return covariance;
}

absl::StatusOr<CampaignHypothesis> CampaignBelief::Explain(const std::vector<int>& terms) const {
  const CampaignModel& model = search_->model();
  PARALLAX_ASSIGN_OR_RETURN(const CampaignFit* fit, search_->Fit(terms));
  Eigen::VectorXd residuals;
  Eigen::MatrixXd slope;
  PARALLAX_RETURN_IF_ERROR(model.DifferentiateAll(fit->z, &residuals, &slope));
  Eigen::MatrixXd rows = Sensitivities(model.blocks(), -slope);
  // Rows beyond what z = fit->z predicts, as if the twin were linear there.
  Eigen::VectorXd observed = residuals - slope * fit->z;
  for (const EvidenceBlock& block : model.blocks()) {
    const Eigen::LLT<Eigen::MatrixXd> factor(
        EvidenceCovariance(block, *FindTrust(trust_, block.observable)));
    auto part = rows.middleRows(block.begin, block.rows());
    factor.matrixL().solveInPlace(part);
    auto seen = observed.segment(block.begin, block.rows());
    factor.matrixL().solveInPlace(seen);
  }
  CampaignHypothesis out;
  out.information = rows.transpose() * rows;
  out.free = ParametersOf(search_->terms(), terms);
  out.name = NameOfParameters(model.description(), out.free);
  Eigen::VectorXd mean = Eigen::VectorXd::Zero(state_size());
  mean.head(parameters()) = model.base();
  Eigen::VectorXd variance = Eigen::VectorXd::Ones(state_size());
  const LinearState wide = Condition(mean, variance, rows, observed);
  variance.head(parameters())
      .setConstant(attribution::kForgivenErrors.wobble_sd * attribution::kForgivenErrors.wobble_sd);
  for (const int p : out.free) {
    mean(p) = 0.0;
    variance(p) = 1.0;
  }
  LinearState own = Condition(mean, variance, rows, observed);
  out.mean = std::move(own.mean);
  out.covariance = std::move(own.covariance);
  out.wide_covariance = wide.covariance;
  // Linearised, a mode at a bound lies beyond it.
  for (const int p : out.free) {
    out.mean(p) = std::clamp(out.mean(p), model.lower(p), model.upper(p));
  }
  return out;
}

double LeadToResolve(const CampaignHypothesis& one, const CampaignHypothesis& other,
                     Eigen::Index parameters, const Eigen::MatrixXd& information) {
  std::set<int> both(one.free.begin(), one.free.end());
  both.insert(other.free.begin(), other.free.end());
  const std::vector<int> which(both.begin(), both.end());
  if (which.size() < 2) return attribution::kVerdictThresholds.loss_nats;
  // Errors that runs have in common may take any size that their prior allows.
  const Eigen::Index errors = information.rows() - parameters;
  const Eigen::MatrixXd shared =
      information.bottomRightCorner(errors, errors) + Eigen::MatrixXd::Identity(errors, errors);
  const Eigen::MatrixXd across =
      information.bottomLeftCorner(errors, parameters)(Eigen::all, which);
  const Eigen::MatrixXd left =
      information(which, which) - across.transpose() * shared.llt().solve(across);
  const Eigen::VectorXd size = left.diagonal().cwiseMax(1e-300).cwiseSqrt().cwiseInverse();
  const double least =
      base::SymmetricEigenvalues(size.asDiagonal() * left * size.asDiagonal()).minCoeff();
  const double gamma = 1.0 / std::sqrt(std::max(1e-12, least));
  return gamma >= attribution::kEvidenceRules.cluster_gamma
             ? attribution::kVerdictThresholds.loss_nats_clustered
             : attribution::kVerdictThresholds.loss_nats;
}

CampaignRivals RivalsOf(const CampaignSearch& search,
                        const std::vector<attribution::TermModel>& models) {
  const CauseWeights weights(search, models);
  std::vector<size_t> rivals = weights.RivalModels();
  if (rivals.empty()) rivals.push_back(weights.inclusion().best);
  const std::vector<double>& weight = weights.inclusion().weight;
  std::stable_sort(rivals.begin(), rivals.end(),
                   [&](size_t a, size_t b) { return weight[a] > weight[b]; });
  CampaignRivals out;
  std::set<std::set<int>> taken;
  for (const size_t m : rivals) {
    std::vector<std::string> beside;
    for (const int t : models[m].terms) {
      const Term& term = search.terms()[static_cast<size_t>(t)];
      if (term.kind != TermKind::kParameter) {
        beside.push_back(NameOf(term, search.model().description()));
      }
    }
    if (!beside.empty()) {
      out.others.push_back(absl::StrJoin(beside, " and "));
      continue;
    }
    if (!taken.insert(CausesOf(weights.causes(), models[m].terms)).second) continue;
    out.terms.push_back(models[m].terms);
    out.log_weights.push_back(weight[m]);
  }
  return out;
}

}  // namespace parallax::pipeline
