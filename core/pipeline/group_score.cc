#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "core/attribution/verdict_thresholds.h"
#include "core/base/parallel.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/design/noise.h"
#include "core/pipeline/aim_score.h"

namespace parallax::pipeline {
namespace {

constexpr int kInnerDraws = 128;
constexpr int kOuterDraws = 128;
constexpr uint64_t kInnerStream = 0x696e6e72, kOuterStream = 0x6f757472;
/// Of what there is to be known, no more needs to be told.
constexpr double kEnoughShare = 0.002;

double LogMeanExp(const Eigen::VectorXd& values) {
  const double most = values.maxCoeff();
  return most + std::log((values.array() - most).exp().mean());
}

/// What an explanation leaves open of the state where every assumption is free within its prior but
/// for those that its rivals blame, which are as assumed. A verdict takes all others as assumed; a
/// run that tells rivals apart only as long as they are (by the temperature, if its effect is
/// known) is worth less than one that does so whatever they are.
Eigen::MatrixXd OpenCovariance(const CampaignBelief& belief, size_t h) {
  const CampaignHypothesis& one = belief.hypotheses()[h];
  constexpr double kWobble = attribution::kForgivenErrors.wobble_sd;
  Eigen::VectorXd weight = Eigen::VectorXd::Ones(belief.state_size());
  for (const CampaignHypothesis& rival : belief.hypotheses()) {
    for (const int p : rival.free) weight(p) = 1.0 / (kWobble * kWobble);
  }
  for (const int p : one.free) weight(p) = 1.0;
  Eigen::MatrixXd precision = one.information;
  precision.diagonal() += weight;
  const Eigen::MatrixXd covariance =
      precision.llt().solve(Eigen::MatrixXd::Identity(weight.size(), weight.size()));
  return 0.5 * (covariance + covariance.transpose());
}

/// One explanation's rows of a run, by draws of what it sets free: normal about each.
class DrawnExplanation {
 public:
  /// @param open   covariance of the state.   @param draws  of the free coordinates.
  static absl::StatusOr<DrawnExplanation> Create(const DesignBench& bench,
                                                 const DesignCandidate& candidate, size_t h,
                                                 const Eigen::MatrixXd& open, int draws,
                                                 uint64_t seed, uint64_t stream) {
    const CampaignHypothesis& one = bench.belief.hypotheses()[h];
    const Eigen::MatrixXd& sensitivity = candidate.foreseen[h].sensitivity;
    const Eigen::MatrixXd own = open(one.free, one.free);
    const Eigen::MatrixXd root = own.llt().matrixL();
    const Eigen::MatrixXd carried =
        own.llt().solve(open(one.free, Eigen::all)).transpose();  // state by free
    DrawnExplanation out;
    const Eigen::MatrixXd left = open - carried * open(one.free, Eigen::all);
    out.factor_.compute(sensitivity * left * sensitivity.transpose() + candidate.own_covariance);
    out.rows_.resize(candidate.planned.rows, draws);
    std::vector<absl::Status> statuses(static_cast<size_t>(draws));
    base::ParallelFor(statuses.size(), [&](size_t i) {
      base::Random random(seed, stream + (static_cast<uint64_t>(h) << 16) + i);
      Eigen::VectorXd chance(root.rows());
      for (double& x : chance) x = random.Normal();
      statuses[i] = Draw(bench, candidate, h, one.mean + carried * (root * chance),
                         out.rows_.col(static_cast<Eigen::Index>(i)));
    });
    for (const absl::Status& status : statuses) PARALLAX_RETURN_IF_ERROR(status);
    return out;
  }

  /// Data of draw i with its noise.
  Eigen::VectorXd Data(Eigen::Index i, base::Random* random) const {
    Eigen::VectorXd chance(rows_.rows());
    for (double& x : chance) x = random->Normal();
    return rows_.col(i) + factor_.matrixL() * chance;
  }

  /// ln p(data | explanation), but for a constant that all explanations share.
  double LogEvidence(const Eigen::VectorXd& data) const {
    const Eigen::MatrixXd off = factor_.matrixL().solve(rows_.colwise() - data);
    const Eigen::VectorXd each = -0.5 * off.colwise().squaredNorm().transpose();
    return LogMeanExp(each) - Eigen::MatrixXd(factor_.matrixL()).diagonal().array().log().sum();
  }

 private:
  static absl::Status Draw(const DesignBench& bench, const DesignCandidate& candidate, size_t h,
                           const Eigen::VectorXd& state, Eigen::Ref<Eigen::VectorXd> rows) {
    const CampaignModel& coordinates = bench.belief.coordinates();
    const Eigen::Index parameters = bench.belief.parameters();
    Eigen::VectorXd z = state.head(parameters);
    for (Eigen::Index p = 0; p < parameters; ++p) {
      const int k = static_cast<int>(p);
      z(p) = std::clamp(z(p), coordinates.lower(k), coordinates.upper(k));
    }
    PARALLAX_ASSIGN_OR_RETURN(
        const PlannedPrediction prediction,
        PredictPlanned(bench.twin, coordinates, candidate.planned, z, Derivatives::kNone));
    const Eigen::Index errors = state.size() - parameters;
    rows =
        prediction.rows + candidate.foreseen[h].sensitivity.rightCols(errors) * state.tail(errors);
    return absl::OkStatus();
  }

  Eigen::MatrixXd rows_;
  Eigen::LLT<Eigen::MatrixXd> factor_;
};

class GroupScore final : public AimScore {
 public:
  explicit GroupScore(const DesignBench& bench) : bench_(bench) {
    for (size_t h = 0; h < bench.belief.hypotheses().size(); ++h) {
      const double p = bench.belief.hypotheses()[h].probability;
      entropy_ -= p > 0.0 ? p * std::log(p) : 0.0;
      open_.push_back(OpenCovariance(bench.belief, h));
    }
  }

  absl::StatusOr<AimedRun> Read(const DesignCandidate& candidate) const override {
    PARALLAX_ASSIGN_OR_RETURN(const design::Noise noise,
                              design::Noise::Full(candidate.own_covariance));
    std::vector<design::Explanation> explanations;
    for (size_t h = 0; h < candidate.foreseen.size(); ++h) {
      const CampaignHypothesis& one = bench_.belief.hypotheses()[h];
      explanations.push_back({.name = one.name,
                              .weight = std::max(one.probability, 1e-12),
                              .prediction = candidate.foreseen[h].rows,
                              .sensitivities = candidate.foreseen[h].sensitivity,
                              .covariance = open_[h]});
    }
    PARALLAX_ASSIGN_OR_RETURN(design::RivalPredictions rivals,
                              design::RivalPredictions::Make(explanations, noise));
    return AimedRun{.rivals = std::move(rivals)};
  }

  double Joint(const std::vector<const AimedRun*>& runs) const override {
    std::vector<const design::RivalPredictions*> rivals;
    for (const AimedRun* run : runs) rivals.push_back(&*run->rivals);
    return design::BoundSeparation(design::RivalPredictions::Join(rivals).Reduce()).lower;
  }

  bool AsGood(double nats, double best) const override {
    const double open = std::max(1.25 * (entropy_ - best), kEnoughShare * entropy_);
    return nats >= 0.97 * best && entropy_ - nats <= open;
  }

  absl::StatusOr<design::Estimate> Check(const DesignCandidate& candidate,
                                         uint64_t seed) const override {
    const std::vector<CampaignHypothesis>& hypotheses = bench_.belief.hypotheses();
    std::vector<DrawnExplanation> inner, outer;
    for (size_t h = 0; h < hypotheses.size(); ++h) {
      for (const bool contrast : {true, false}) {
        PARALLAX_ASSIGN_OR_RETURN(
            DrawnExplanation drawn,
            DrawnExplanation::Create(bench_, candidate, h, open_[h],
                                     contrast ? kInnerDraws : kOuterDraws, seed,
                                     contrast ? kInnerStream : kOuterStream));
        (contrast ? inner : outer).push_back(std::move(drawn));
      }
    }
    design::Estimate out{.draws = kOuterDraws * static_cast<int>(hypotheses.size())};
    double variance = 0.0;
    for (size_t h = 0; h < hypotheses.size(); ++h) {
      Eigen::VectorXd gains(kOuterDraws);
      base::ParallelFor(kOuterDraws, [&](size_t i) {
        base::Random random(seed, kOuterStream + 0x10000000 + (static_cast<uint64_t>(h) << 16) + i);
        const Eigen::VectorXd data = outer[h].Data(static_cast<Eigen::Index>(i), &random);
        gains(static_cast<Eigen::Index>(i)) = Gain(inner, h, data);
      });
      const double weight = hypotheses[h].probability;
      out.value += weight * gains.mean();
      variance += weight * weight * (gains.array() - gains.mean()).square().mean() / kOuterDraws;
    }
    out.standard_error = std::sqrt(variance);
    return out;
  }

 private:
  /// ln p(data | h) / p(data).
  double Gain(const std::vector<DrawnExplanation>& explanations, size_t h,
              const Eigen::VectorXd& data) const {
    Eigen::VectorXd logs(std::ssize(explanations));
    for (Eigen::Index k = 0; k < logs.size(); ++k) {
      logs(k) = explanations[static_cast<size_t>(k)].LogEvidence(data) +
                std::log(std::max(bench_.belief.hypotheses()[static_cast<size_t>(k)].probability,
                                  1e-300));
    }
    const double own = logs(static_cast<Eigen::Index>(h)) -
                       std::log(std::max(bench_.belief.hypotheses()[h].probability, 1e-300));
    return own - (LogMeanExp(logs) + std::log(static_cast<double>(logs.size())));
  }

  const DesignBench bench_;
  std::vector<Eigen::MatrixXd> open_;  ///< by hypothesis
  double entropy_ = 0.0;
};

}  // namespace

std::unique_ptr<AimScore> AboutGroup(const DesignBench& bench) {
  return std::make_unique<GroupScore>(bench);
}

size_t MostProbable(const CampaignBelief& belief) {
  const auto& all = belief.hypotheses();
  return static_cast<size_t>(
      std::max_element(all.begin(), all.end(),
                       [](const CampaignHypothesis& a, const CampaignHypothesis& b) {
                         return a.probability < b.probability;
                       }) -
      all.begin());
}

}  // namespace parallax::pipeline
