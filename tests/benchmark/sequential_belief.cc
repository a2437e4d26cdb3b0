#include "tests/benchmark/sequential_belief.h"

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"
#include "core/pipeline/campaign_search.h"
#include "core/pipeline/campaign_terms.h"
#include "core/twin/trust.h"

namespace parallax::pipeline::testing {
namespace {

constexpr int kRefits = 4;

struct Linearised {
  Eigen::VectorXd rows;
  Eigen::MatrixXd sensitivity;
};

Eigen::VectorXd Clamped(const CampaignModel& model, Eigen::VectorXd state) {
  for (int p = 0; p < model.parameters(); ++p) {
    state(p) = std::clamp(state(p), model.lower(p), model.upper(p));
  }
  return state;
}

absl::StatusOr<Linearised> Linearise(const DesignBench& bench, const DesignCandidate& run,
                                     const Eigen::VectorXd& state) {
  const Eigen::Index parameters = bench.belief.parameters();
  PARALLAX_ASSIGN_OR_RETURN(const PlannedPrediction prediction,
                            PredictPlanned(bench.twin, bench.belief.coordinates(), run.planned,
                                           state.head(parameters), Derivatives::kByParameters));
  Linearised out{.rows = prediction.rows,
                 .sensitivity = bench.belief.Sensitivities(run.planned.blocks, prediction.slope)};
  const Eigen::Index errors = state.size() - parameters;
  out.rows += out.sensitivity.rightCols(errors) * state.tail(errors);
  return out;
}

double LogDeterminant(const Eigen::MatrixXd& matrix) {
  const Eigen::MatrixXd lower = matrix.llt().matrixL();
  return 2.0 * lower.diagonal().array().log().sum();
}

}  // namespace

TrueState DrawTrueState(const CampaignBelief& belief, uint64_t seed, uint64_t stream) {
  base::Random random(seed, stream);
  double left = random.Uniform();
  TrueState truth;
  while (truth.hypothesis + 1 < belief.hypotheses().size() &&
         left > belief.hypotheses()[truth.hypothesis].probability) {
    left -= belief.hypotheses()[truth.hypothesis++].probability;
  }
  const CampaignHypothesis& one = belief.hypotheses()[truth.hypothesis];
  Eigen::VectorXd chance(one.mean.size());
  for (double& x : chance) x = random.Normal();
  const Eigen::MatrixXd root = one.covariance.llt().matrixL();
  truth.state = Clamped(belief.coordinates(), one.mean + root * chance);
  return truth;
}

absl::StatusOr<Eigen::VectorXd> SimulateRows(const DesignBench& bench, const DesignCandidate& run,
                                             const TrueState& truth, base::Random* noise) {
  PARALLAX_ASSIGN_OR_RETURN(const Linearised exact, Linearise(bench, run, truth.state));
  Eigen::VectorXd chance(exact.rows.size());
  for (double& x : chance) x = noise->Normal();
  const Eigen::MatrixXd root = run.own_covariance.llt().matrixL();
  return Eigen::VectorXd(exact.rows + root * chance);
}

SequentialBelief::SequentialBelief(const DesignBench& bench) : bench_(bench) {
  for (const CampaignHypothesis& one : bench.belief.hypotheses()) {
    mean_.push_back(one.mean);
    const Eigen::Index n = one.mean.size();
    precision_.emplace_back(one.covariance.llt().solve(Eigen::MatrixXd::Identity(n, n)));
    information_.push_back(one.information);
    log_weight_.push_back(one.log_weight);
  }
}

absl::Status SequentialBelief::Learn(const DesignCandidate& run, const Eigen::VectorXd& rows) {
  for (size_t h = 0; h < mean_.size(); ++h) PARALLAX_RETURN_IF_ERROR(LearnOne(run, rows, h));
  return absl::OkStatus();
}

absl::Status SequentialBelief::LearnOne(const DesignCandidate& run, const Eigen::VectorXd& rows,
                                        size_t h) {
  const Eigen::LLT<Eigen::MatrixXd> own(run.own_covariance);
  const Eigen::VectorXd before = mean_[h];
  Eigen::VectorXd at = before;
  for (int refit = 0; refit < kRefits; ++refit) {
    PARALLAX_ASSIGN_OR_RETURN(const Linearised here, Linearise(bench_, run, at));
    const Eigen::MatrixXd weighted = own.solve(here.sensitivity);
    const Eigen::MatrixXd precision = precision_[h] + here.sensitivity.transpose() * weighted;
    const Eigen::VectorXd beyond = rows - here.rows + here.sensitivity * at;
    at = Clamped(bench_.belief.coordinates(),
                 precision.llt().solve(precision_[h] * before + weighted.transpose() * beyond));
  }
  PARALLAX_ASSIGN_OR_RETURN(const Linearised here, Linearise(bench_, run, at));
  const Eigen::MatrixXd told = here.sensitivity.transpose() * own.solve(here.sensitivity);
  const Eigen::VectorXd left = rows - here.rows, moved = at - before;
  const Eigen::MatrixXd precision = precision_[h] + told;
  log_weight_[h] += -0.5 * left.dot(own.solve(left)) - 0.5 * moved.dot(precision_[h] * moved) +
                    0.5 * (LogDeterminant(precision_[h]) - LogDeterminant(precision));
  mean_[h] = at;
  precision_[h] = precision;
  information_[h] += told;
  return absl::OkStatus();
}

size_t SequentialBelief::Leader() const {
  return static_cast<size_t>(std::max_element(log_weight_.begin(), log_weight_.end()) -
                             log_weight_.begin());
}

bool SequentialBelief::Resolved() const {
  const size_t leader = Leader();
  const std::vector<CampaignHypothesis>& all = bench_.belief.hypotheses();
  for (size_t h = 0; h < all.size(); ++h) {
    if (h == leader) continue;
    if (Lead(leader, h) <
        LeadToResolve(all[leader], all[h], bench_.belief.parameters(), information_[leader])) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<LeadCheck> CheckLead(const DesignBench& bench, const WeighedCampaign& campaign,
                                    const DesignCandidate& run, uint64_t seed, uint64_t stream) {
  base::Random noise(seed, stream + 1);
  PARALLAX_ASSIGN_OR_RETURN(
      const Eigen::VectorXd rows,
      SimulateRows(bench, run, DrawTrueState(bench.belief, seed, stream), &noise));
  SequentialBelief belief(bench);
  LeadCheck check{.before = belief.Lead(0, 1)};
  PARALLAX_RETURN_IF_ERROR(belief.Learn(run, rows));
  check.sequential = belief.Lead(0, 1);

  std::vector<CampaignRun> runs = campaign.runs;
  CampaignRun planned{.id = "planned", .started_at_unix_ns = runs.back().started_at_unix_ns + 1};
  planned.clean.run = run.planned.run;
  planned.drive = run.planned.drive;
  planned.blocks = run.planned.blocks;
  const CampaignModel& model = *campaign.model;
  twin::Prediction before;
  PARALLAX_RETURN_IF_ERROR(
      bench.twin.Predict(model.Natural(model.base()), planned.drive, &before, nullptr));
  for (EvidenceBlock& block : planned.blocks) {
    block.value = rows.segment(block.begin, block.rows());
    FillLevelOf(before, &block);
  }
  runs.push_back(std::move(planned));
  const std::vector<twin::Trust> trust = twin::TrustIn(bench.twin.description().name);
  const CampaignModel joined(bench.twin, runs, model.Natural(model.base()));
  Eigen::VectorXd residuals;
  Eigen::MatrixXd jacobian;
  PARALLAX_RETURN_IF_ERROR(joined.DifferentiateAll(joined.base(), &residuals, &jacobian));
  PARALLAX_ASSIGN_OR_RETURN(const CampaignNoise joined_noise,
                            CampaignNoise::Create(joined, trust, jacobian));
  const std::vector<Term> terms = MakeTerms(joined, trust, joined_noise, jacobian);
  CampaignSearch search(joined, joined_noise, terms, [](double) { return absl::OkStatus(); });
  double log_evidence[2] = {0.0, 0.0};
  for (size_t h = 0; h < 2; ++h) {
    const CampaignHypothesis& one = bench.belief.hypotheses()[h];
    (h == 0 ? check.one : check.other) = one.name;
    std::vector<int> wanted;
    for (size_t t = 0; t < terms.size(); ++t) {
      const bool in =
          std::find(one.free.begin(), one.free.end(), terms[t].parameter) != one.free.end();
      if (terms[t].kind == TermKind::kParameter && in) wanted.push_back(static_cast<int>(t));
    }
    PARALLAX_ASSIGN_OR_RETURN(const CampaignFit* fit, search.Fit(wanted));
    log_evidence[h] = fit->log_evidence;
  }
  check.refitted = log_evidence[0] - log_evidence[1];
  return check;
}

}  // namespace parallax::pipeline::testing
