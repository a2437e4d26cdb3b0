#include "core/pipeline/campaign_evidence.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/attribution/detectable.h"
#include "core/base/normal.h"
#include "core/base/status_macros.h"
#include "core/pipeline/campaign_causes.h"
#include "core/pipeline/campaign_local.h"
#include "core/pipeline/campaign_places.h"
#include "core/pipeline/campaign_unions.h"
#include "core/pipeline/ruled_out.h"
#include "core/twin/trust.h"

namespace parallax::pipeline {
namespace {

using attribution::TermModel;

constexpr size_t kMostSuspects = 6;
constexpr double kListedPip = 0.01;

class Weigher {
 public:
  Weigher(CampaignSearch* search, const std::vector<TermModel>& models, const CampaignGauge& gauge,
          const causal::Graph& graph, uint64_t seed)
      : search_(search),
        models_(models),
        gauge_(gauge),
        graph_(graph),
        seed_(seed),
        terms_(search->terms()),
        weights_(*search, models) {}

  absl::StatusOr<CampaignExplanation> Run() {
    out_.silent = SilentParameters(search_->model(), terms_);
    PARALLAX_ASSIGN_OR_RETURN(const CampaignFit* assumed, search_->Fit({}));
    assumed_ = *assumed;
    PARALLAX_ASSIGN_OR_RETURN(assumed_slope_,
                              WhitenedSlope(search_->model(), search_->noise(), assumed_.z));
    AccuseChannels();
    PARALLAX_RETURN_IF_ERROR(ChooseSuspects());
    PARALLAX_ASSIGN_OR_RETURN(out_.slope,
                              WhitenedSlope(search_->model(), search_->noise(), out_.fit.z));
    PARALLAX_RETURN_IF_ERROR(ShareGap());
    PARALLAX_ASSIGN_OR_RETURN(
        winners_, BootstrapWinners(search_, models_, weights_.inclusion().weight, seed_));
    PARALLAX_RETURN_IF_ERROR(WeighParameters());
    WeighSensors();
    PARALLAX_RETURN_IF_ERROR(WeighMissing());
    FindRivals();
    ListHypotheses();
    SummariseGap();
    return std::move(out_);
  }

 private:
  const Term& TermAt(int t) const { return terms_[static_cast<size_t>(t)]; }
  const std::string& ParameterName(int parameter) const {
    return search_->model().description().parameters[static_cast<size_t>(parameter)].name;
  }

  void AccuseChannels() {
    std::map<std::string, Cause> by_channel;
    for (size_t t = 0; t < terms_.size(); ++t) {
      if (terms_[t].kind == TermKind::kSensor) {
        by_channel[terms_[t].channel].push_back(static_cast<int>(t));
      }
    }
    for (auto& [channel, terms] : by_channel) {
      const double probability = weights_.Pip(terms);
      if (probability >= attribution::kEvidenceRules.accused_probability)
        out_.accused.push_back(channel);
      if (probability >= kListedPip) sensors_.emplace_back(channel, std::move(terms));
    }
  }

  bool IsAccused(const std::string& channel) const {
    return std::find(out_.accused.begin(), out_.accused.end(), channel) != out_.accused.end();
  }

  /// Residuals without the rows of channels that are accused.
  Eigen::VectorXd Trusted(const Eigen::VectorXd& residuals) const {
    return WithoutChannels(search_->model(), out_.accused, residuals);
  }
  double TrustedGap(const Eigen::VectorXd& residuals) const {
    return gauge_.Gap(Trusted(residuals));
  }

  /// Causes that are probable; where there is none, the parameters of the best model.
  absl::Status ChooseSuspects() {
    std::vector<int> chosen;
    for (const Cause& cause : weights_.causes()) {
      if (weights_.Pip(cause) < attribution::kVerdictThresholds.pip) continue;
      const size_t before = chosen.size();
      // Both of two interchangeable parameters may be needed: size and slope.
      for (const int t : cause) {
        if (std::binary_search(weights_.BestTerms().begin(), weights_.BestTerms().end(), t))
          chosen.push_back(t);
      }
      if (chosen.size() == before) chosen.push_back(weights_.Representative(cause));
    }
    const bool none = chosen.empty();
    for (const int t : weights_.BestTerms()) {
      if (none && TermAt(t).kind == TermKind::kParameter) chosen.push_back(t);
    }
    std::stable_sort(chosen.begin(), chosen.end(), [this](int a, int b) {
      return weights_.inclusion().loss_without[static_cast<size_t>(a)] >
             weights_.inclusion().loss_without[static_cast<size_t>(b)];
    });
    chosen.resize(std::min(chosen.size(), kMostSuspects));
    for (const int t : chosen) out_.suspects.push_back(TermAt(t).parameter);
    for (const int t : weights_.BestTerms()) {
      if (TermAt(t).kind != TermKind::kParameter) chosen.push_back(t);
    }
    PARALLAX_ASSIGN_OR_RETURN(const CampaignFit* best, search_->Fit(weights_.BestTerms()));
    out_.best = *best;
    std::sort(chosen.begin(), chosen.end());
    std::sort(out_.suspects.begin(), out_.suspects.end());
    PARALLAX_ASSIGN_OR_RETURN(const CampaignFit* fit, search_->Fit(chosen));
    out_.fit = *fit;
    return absl::OkStatus();
  }

  /// Shift of a parameter alone that would have been seen, by the twin linearised as assumed.
  double DetectableSd(int parameter) const {
    return attribution::DetectableShift(assumed_slope_.col(parameter).norm(),
                                        attribution::kVerdictThresholds.no_gap_nats);
  }

  /// Shares of the suspects, and what replaying all of them removes.
  absl::Status ShareGap() {
    if (out_.suspects.empty()) return absl::OkStatus();
    const auto gap = [this](const Eigen::VectorXd& residuals) { return TrustedGap(residuals); };
    PARALLAX_ASSIGN_OR_RETURN(out_.shares, ShareCampaignGap(search_, weights_, out_.suspects,
                                                            out_.slope, graph_, gap, seed_));
    const auto misfit = [this](const Eigen::VectorXd& residuals) {
      return search_->noise().Whiten(Trusted(residuals)).squaredNorm();
    };
    local_steps_ = LocalSteps(search_->model(), out_.fit, out_.suspects, misfit, seed_);
    removed_ = ExcessRemoved(TrustedGap(assumed_.residuals), TrustedGap(out_.fit.residuals),
                             gauge_.Centre(out_.accused));
    return absl::OkStatus();
  }

  /// Prior sds that a fit moves a parameter by at least: the near end of its 90 % interval.
  static double LeastShift(const CampaignFit& fit, int parameter) {
    const auto place = std::find(fit.parameters.begin(), fit.parameters.end(), parameter);
    const Eigen::Index i = place - fit.parameters.begin();
    return std::max(
        0.0, std::abs(fit.z(parameter)) - base::kCentral90 * std::sqrt(fit.covariance(i, i)));
  }

  double Stability(const Cause& cause) const {
    const auto wins = std::count_if(winners_.begin(), winners_.end(),
                                    [&](const auto& terms) { return HasAny(terms, cause); });
    return static_cast<double>(wins) / static_cast<double>(winners_.size());
  }

  std::vector<std::string> ChannelsMovedBy(int parameter) const {
    std::map<std::string, double> norm;
    for (const EvidenceBlock& block : search_->model().blocks()) {
      norm[block.channel] +=
          out_.slope.col(parameter).segment(block.begin, block.rows()).squaredNorm();
    }
    std::vector<std::string> channels;
    for (const auto& [channel, squared] : norm) {
      if (squared >= attribution::kEvidenceRules.moved_sd * attribution::kEvidenceRules.moved_sd)
        channels.push_back(channel);
    }
    return channels;
  }

  /// Whether another parameter could stand in for this one.
  bool HasDouble(const Cause& cause) const {
    const int parameter = TermAt(weights_.Representative(cause)).parameter;
    for (const Cause& other : weights_.causes()) {
      const int rival = TermAt(weights_.Representative(other)).parameter;
      if (&other == &cause || out_.slope.col(rival).norm() < attribution::kEvidenceRules.moved_sd)
        continue;
      if (AreCollinear(out_.slope, parameter, rival)) return true;
    }
    return false;
  }

  /// Share of a cause: of interchangeable suspects together, for how it divides says nothing.
  attribution::JointShare ShareOf(const Cause& cause) const {
    std::vector<int> players;
    for (size_t i = 0; i < out_.suspects.size(); ++i) {
      const bool own = std::any_of(cause.begin(), cause.end(),
                                   [&](int t) { return TermAt(t).parameter == out_.suspects[i]; });
      if (own) players.push_back(static_cast<int>(i));
    }
    return attribution::TogetherOf(out_.shares.shapley, players);
  }

  void ListTwin(int term) {
    const auto t = static_cast<size_t>(term);
    out_.twins.push_back({.name = ParameterName(TermAt(term).parameter),
                          .pip = weights_.inclusion().probability[t],
                          .loss_without = weights_.inclusion().loss_without[t],
                          .gain_alone = weights_.LogEvidence({term}) - weights_.LogEvidence({}),
                          .detectable_sd = DetectableSd(TermAt(term).parameter)});
  }

  absl::Status WeighParameters() {
    const double none = weights_.LogEvidence({});
    for (size_t c = 0; c < weights_.causes().size(); ++c) {
      const Cause& cause = weights_.causes()[c];
      const int term = weights_.Representative(cause);
      const int parameter = TermAt(term).parameter;
      PARALLAX_ASSIGN_OR_RETURN(const CampaignFit* alone, search_->Fit({term}));
      attribution::ParameterEvidence evidence{
          .name = ParameterName(parameter),
          .pip = weights_.Pip(cause),
          .loss_without = weights_.LossWithout(cause),
          .gain_alone = alone->log_evidence - none,
          .contraction = 1.0 - std::sqrt(alone->covariance(0, 0)),
          .shift_sd = LeastShift(*alone, parameter),
          .stability = Stability(cause),
          .channels = ChannelsMovedBy(parameter),
          .detectable_sd = DetectableSd(parameter)};
      const auto place = std::find(out_.suspects.begin(), out_.suspects.end(), parameter);
      if (place != out_.suspects.end()) {
        const auto i = static_cast<Eigen::Index>(place - out_.suspects.begin());
        // A share that no draw tells is not above 0.
        if (!out_.shares.draws.AllFailed()) {
          const attribution::JointShare share = ShareOf(cause);
          evidence.shapley = share.share;
          evidence.shapley_low = share.low;
          evidence.shapley_high = share.high;
        }
        evidence.local_step = local_steps_(i);
        evidence.shift_sd = LeastShift(out_.fit, parameter);
        evidence.replay_removed = removed_;
        const bool rivalled = HasDouble(cause) || weights_.MissingStandsInFor(cause);
        evidence.cluster = rivalled ? static_cast<int>(c) : -1;
      }
      out_.evidence.parameters.push_back(std::move(evidence));
      for (const int other : cause) {
        if (other != term) ListTwin(other);
      }
    }
    return absl::OkStatus();
  }

  void WeighSensors() {
    std::vector<int> faults;
    for (const int t : weights_.BestTerms()) {
      if (TermAt(t).kind == TermKind::kSensor) faults.push_back(t);
    }
    const double none = weights_.LogEvidence({});
    const double all = weights_.LogEvidence(weights_.BestTerms()) - none;
    const double by_faults = weights_.LogEvidence(faults) - none;
    // A combination that was never refitted is not one that explains the gap alone.
    const double explained =
        faults.empty() || std::isnan(by_faults) || all <= 0.0 ? 0.0 : by_faults / all;
    for (const auto& [channel, terms] : sensors_) {
      out_.evidence.sensors.push_back({.channel = channel,
                                       .fault = TermAt(weights_.Representative(terms)).fault,
                                       .probability = weights_.Pip(terms),
                                       .explained = IsAccused(channel) ? explained : 0.0,
                                       .inferred = true});
    }
  }

  /// Where a missing term shows is told by the best model that holds one.
  absl::Status WeighMissing() {
    Cause missing;
    for (size_t t = 0; t < terms_.size(); ++t) {
      if (terms_[t].kind == TermKind::kMissing) missing.push_back(static_cast<int>(t));
    }
    if (missing.empty()) return absl::OkStatus();
    out_.evidence.large_discrepancy_probability = weights_.Pip(missing);
    const int model = weights_.BestWith(missing);
    if (model < 0) return absl::OkStatus();
    PARALLAX_ASSIGN_OR_RETURN(const CampaignFit* fit,
                              search_->Fit(models_[static_cast<size_t>(model)].terms));
    const CampaignPlace place = PlacesOf(search_->model(), MissingInSds(*search_, *fit)).front();
    out_.evidence.discrepancy_where =
        absl::StrFormat("%s %s, by %.2g sds", place.observable, WhereInRun(place), place.sds);
    out_.evidence.discrepancy_channel = place.instrument;
    return absl::OkStatus();
  }

  void FindRivals() {
    const Cause group = weights_.RivalGroup();
    for (const int t : group) {
      out_.evidence.rival_group.push_back(ParameterName(TermAt(t).parameter));
    }
    out_.evidence.rival_probability = group.empty() ? 0.0 : weights_.Pip(group);
    out_.evidence.separating_experiment =
        SeparatingExperiment(search_->model().description(), out_.evidence.rival_group);
  }

  void ListHypotheses() {
    const double none = weights_.LogEvidence({});
    for (size_t t = 0; t < terms_.size(); ++t) {
      const int term = static_cast<int>(t);
      const double alone = weights_.LogEvidence({term}) - none;
      if (weights_.inclusion().probability[t] < kListedPip && alone < 3.0) continue;
      const absl::StatusOr<const CampaignFit*> fit = search_->Fit({term});
      const bool physics = TermAt(term).kind == TermKind::kParameter;
      out_.hypotheses.push_back(
          {.name = NameOf(TermAt(term), search_->model().description()),
           .kind = TermAt(term).kind,
           .pip = weights_.inclusion().probability[t],
           .loss_without = weights_.inclusion().loss_without[t],
           .gain_alone = alone,
           .shift_sd = physics && fit.ok() ? (*fit)->z(TermAt(term).parameter) : std::nan("")});
    }
    std::stable_sort(
        out_.hypotheses.begin(), out_.hypotheses.end(),
        [](const HypothesisSummary& a, const HypothesisSummary& b) { return a.pip > b.pip; });
  }

  void SummariseGap() {
    attribution::Evidence& evidence = out_.evidence;
    evidence.gap = gauge_.Gap(assumed_.residuals);
    evidence.floor = gauge_.floor();
    evidence.gap_measure = "mean squared residual";
    evidence.gap_p_value = 1.0;
    evidence.smallest_p_value = gauge_.smallest_p();
    evidence.nothing_probability = weights_.ProbabilityOfNothing();
    const std::map<std::string, double> chance = gauge_.Chance();
    const Eigen::VectorXd left = Trusted(out_.best.residuals);
    const std::map<std::string, double> p_value = gauge_.MisfitPValues(left);
    std::map<std::string, std::string> instrument;
    for (const EvidenceBlock& block : search_->model().blocks()) {
      instrument.emplace(block.observable, block.channel);
    }
    for (const auto& [observable, p] : gauge_.PValues(assumed_.residuals)) {
      evidence.gap_p_value = std::min(evidence.gap_p_value, p);
      double& of_channel = out_.p_value.emplace(instrument.at(observable), 1.0).first->second;
      of_channel = std::min(of_channel, p);
    }
    const std::vector<CampaignPlace> places =
        PlacesOf(search_->model(), left.cwiseQuotient(search_->noise().fitted_sd()));
    for (const auto& misfit : gauge_.Misfit(left)) {
      const std::string& observable = misfit.first;
      const auto worst =
          std::find_if(places.begin(), places.end(),
                       [&](const CampaignPlace& place) { return place.observable == observable; });
      evidence.channels.push_back({.channel = observable,
                                   .calibrate_mean_z2 = misfit.second,
                                   .calibrate_chance = chance.at(observable),
                                   .calibrate_p_value = p_value.at(observable),
                                   .instrument = instrument.at(observable),
                                   .where = worst->phase.empty() ? "" : WhereInRun(*worst)});
    }
  }

  CampaignSearch* search_;
  const std::vector<TermModel>& models_;
  const CampaignGauge& gauge_;
  const causal::Graph& graph_;
  const uint64_t seed_;
  const std::vector<Term>& terms_;
  const CauseWeights weights_;
  std::vector<std::pair<std::string, Cause>> sensors_;
  std::vector<std::vector<int>> winners_;
  CampaignFit assumed_;
  Eigen::MatrixXd assumed_slope_;  ///< whitened, as assumed
  double removed_ = 0.0;
  Eigen::VectorXd local_steps_;  ///< of the suspects
  CampaignExplanation out_;
};

}  // namespace

absl::StatusOr<CampaignExplanation> ExplainCampaign(CampaignSearch* search,
                                                    const std::vector<TermModel>& models,
                                                    const CampaignGauge& gauge,
                                                    const causal::Graph& graph, uint64_t seed) {
  return Weigher(search, models, gauge, graph, seed).Run();
}

}  // namespace parallax::pipeline
