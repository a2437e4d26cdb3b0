#include "core/pipeline/attribute.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/attribution/term_search.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/calibration/evidence.h"
#include "core/twin/parameters.h"

namespace parallax::pipeline {
namespace {

constexpr int kInformedDraws = 32;
constexpr uint64_t kDrawStream = 2'000'000;
/// Relative change of cost at which a refit for evidence ends: a thousandth of a nat is enough.
constexpr double kEvidenceTolerance = 1e-5;
constexpr int kEvidenceIterations = 30;

using Players = uint32_t;

/// Whether a coalition of parameters sets a coordinate free. A parameter of a run has a coordinate
/// in every run, so that coordinates outnumber the bits of a mask.
bool IsFree(const ParameterSpace& space, Players players, int coordinate) {
  const int parameter = space.coordinates()[static_cast<size_t>(coordinate)].parameter;
  return (players >> parameter & 1u) != 0u;
}

std::vector<int> FreeCoordinates(const ParameterSpace& space, Players players) {
  std::vector<int> free;
  for (int k = 0; k < space.size(); ++k) {
    if (IsFree(space, players, k)) free.push_back(k);
  }
  return free;
}

Eigen::VectorXd Restrict(const ParameterSpace& space, const Eigen::VectorXd& z, Players players) {
  Eigen::VectorXd restricted = z;
  for (int k = 0; k < space.size(); ++k) {
    if (!IsFree(space, players, k)) restricted(k) = 0.0;
  }
  return restricted;
}

double GapAt(const Model& model, const GapMeter& meter, const Eigen::VectorXd& z) {
  Eigen::VectorXd residuals;
  if (!model.Residuals(z, &residuals, nullptr).ok()) return std::nan("");
  return meter.Gap(residuals);
}

/// Posterior of the rig-wide coordinates alone: deviations and steps are marginalised.
calibration::Posterior RigWide(const calibration::Posterior& posterior, int parameters) {
  calibration::Posterior rig;
  rig.mean = posterior.mean.head(parameters);
  rig.covariance = posterior.covariance.topLeftCorner(parameters, parameters);
  rig.sd = posterior.sd.head(parameters);
  rig.correlation = posterior.correlation.topLeftCorner(parameters, parameters);
  rig.contraction = posterior.contraction.head(parameters);
  rig.log_det_hessian = posterior.log_det_hessian;
  return rig;
}

absl::Status WeighEvidence(const Model& model, const MapFit& fit, Attribution* out) {
  const ParameterSpace& space = model.space();
  const int players = space.parameter_count();
  const calibration::EvidenceProblem problem{.data = DataProblem(model, fit.noise),
                                             .assumed = Eigen::VectorXd::Zero(space.size()),
                                             .prior_sd = Eigen::VectorXd::Ones(space.size())};
  calibration::EvidenceOptions options{.solver = FitSolverOptions()};
  options.solver.function_tolerance = kEvidenceTolerance;
  options.solver.max_iterations = kEvidenceIterations;
  const std::vector<double> odds(static_cast<size_t>(players), attribution::kLogParameterOdds);
  auto refit =
      [&](const std::vector<std::vector<int>>& free) -> absl::StatusOr<std::vector<double>> {
    std::vector<std::vector<int>> coordinates;
    for (const std::vector<int>& subset : free) {
      uint32_t mask = 0;
      for (const int p : subset) mask |= 1u << p;
      coordinates.push_back(FreeCoordinates(space, mask));
    }
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<calibration::SubsetEvidence> found,
                              calibration::EvidenceOfSubsets(problem, coordinates, options));
    std::vector<double> evidence;
    for (const calibration::SubsetEvidence& subset : found) evidence.push_back(subset.log_evidence);
    return evidence;
  };
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<attribution::TermModel> models,
                            attribution::EnumerateTerms(players, refit));
  const attribution::TermInclusion inclusion = attribution::IncludeTerms(models, odds);
  out->pip = inclusion.probability;
  out->loss_without = inclusion.loss_without;
  out->gain_alone.assign(static_cast<size_t>(players), 0.0);
  // The model without any comes first.
  for (const attribution::TermModel& m : models) {
    if (m.terms.size() != 1) continue;
    out->gain_alone[static_cast<size_t>(m.terms[0])] = m.log_evidence - models.front().log_evidence;
  }
  out->nothing_probability = attribution::NothingProbability(models, inclusion);
  const std::vector<int> rivals =
      attribution::RivalTerms(models, inclusion, attribution::kEvidenceRules.rival_nats);
  for (const int p : rivals) {
    out->rivals.push_back(space.description().parameters[static_cast<size_t>(p)].name);
  }
  out->rival_probability = attribution::GroupProbability(models, inclusion, rivals);
  out->rival_loss_without = attribution::GroupLossWithout(models, inclusion, rivals);
  return absl::OkStatus();
}

/// Parameters of one cluster share a union; every other parameter is a union of its own.
std::vector<int> Unions(const std::vector<int>& cluster_of) {
  std::vector<int> unions(cluster_of.size());
  const auto clusters = static_cast<int>(cluster_of.size());
  for (size_t p = 0; p < cluster_of.size(); ++p) {
    unions[p] = cluster_of[p] >= 0 ? cluster_of[p] : clusters + static_cast<int>(p);
  }
  return unions;
}

/// Every parameter is a player; draws are from the posterior of all of them.
ShareGame GameOfBoard(const Model& model, const MapFit& fit, const GapMeter& meter,
                      const std::vector<int>& cluster_of, uint64_t seed) {
  const ParameterSpace& space = model.space();
  ShareGame game{.players = {},
                 .union_of = Unions(cluster_of),
                 .assumed = Eigen::VectorXd::Zero(space.size()),
                 .informed = {},
                 .gap = [&model, &meter](const Eigen::VectorXd& z) -> absl::StatusOr<double> {
                   Eigen::VectorXd residuals;
                   PARALLAX_RETURN_IF_ERROR(model.Residuals(z, &residuals, nullptr));
                   return meter.Gap(residuals);
                 }};
  for (int p = 0; p < space.parameter_count(); ++p) game.players.push_back(space.CoordinatesOf(p));
  base::Random random(seed, kDrawStream);
  game.informed = calibration::DrawPosterior(fit.posterior, kInformedDraws, random, space.lower(),
                                             space.upper());
  return game;
}

/// A gap within what a perfect twin shows is nobody's: its division would be a division of noise.
bool HasGapToDivide(const Attribution& attribution, const GapMeter& meter) {
  return attribution.gap_before > meter.floor();
}

attribution::GapShares Undivided(Eigen::Index players, double gap) {
  return {.share = Eigen::VectorXd::Zero(players),
          .low = Eigen::VectorXd::Zero(players),
          .high = Eigen::VectorXd::Zero(players),
          .gap = gap,
          .unexplained = 1.0,
          .unexplained_low = 1.0,
          .unexplained_high = 1.0,
          .of_draw = {}};
}

/// Part of the closable gap that setting some parameters, and nothing else, removes.
double RemovedBy(const Model& model, const MapFit& fit, const GapMeter& meter,
                 const Attribution& attribution, Players players) {
  const double excess = attribution.gap_before - std::max(0.0, attribution.gap_after);
  if (!(excess > 0.0)) return 0.0;
  const double left = GapAt(model, meter, Restrict(model.space(), fit.z, players));
  return (attribution.gap_before - left) / excess;
}

absl::Status DivideGap(const Model& model, const MapFit& fit, const GapMeter& meter, uint64_t seed,
                       Attribution* out) {
  const int players = model.space().parameter_count();
  out->shares = Undivided(players, out->gap_before);
  out->replay_removed.assign(static_cast<size_t>(players), 0.0);
  if (!HasGapToDivide(*out, meter)) return absl::OkStatus();
  const ShareGame game = GameOfBoard(model, fit, meter, out->identifiability.cluster_of, seed);
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::MatrixXd worths, WorthsOf(game));
  out->draws = DrawsOf(game, worths);
  PARALLAX_ASSIGN_OR_RETURN(out->shares, ShareWorths(game, worths));
  std::vector<std::vector<std::string>> named;
  for (const std::string& name : twin::ParameterNames(model.space().description()))
    named.push_back({name});
  out->unions = UnionsIn(game.union_of, out->shares, named);
  for (int p = 0; p < players; ++p) {
    out->replay_removed[static_cast<size_t>(p)] = RemovedBy(model, fit, meter, *out, 1u << p);
    if (out->pip[static_cast<size_t>(p)] >= attribution::kVerdictThresholds.pip &&
        out->shares.low(p) > 0.0) {
      out->causes |= 1u << p;
    }
  }
  out->joint_replay_removed = RemovedBy(model, fit, meter, *out, out->causes);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Attribution> Attribute(const Model& model, const MapFit& fit, const GapMeter& meter,
                                      uint64_t seed) {
  const ParameterSpace& space = model.space();
  const int parameters = space.parameter_count();
  Attribution out;
  out.gap_before = GapAt(model, meter, Eigen::VectorXd::Zero(space.size()));
  out.gap_after = GapAt(model, meter, fit.z);
  const std::vector<std::string> names = twin::ParameterNames(model.space().description());
  PARALLAX_ASSIGN_OR_RETURN(
      out.identifiability,
      calibration::AnalyzeIdentifiability(
          (RowWeights(model, fit.noise).asDiagonal() * fit.jacobian).leftCols(parameters),
          Eigen::VectorXd::Ones(parameters), RigWide(fit.posterior, parameters), names,
          {.gamma_limit = attribution::kEvidenceRules.cluster_gamma}));
  PARALLAX_RETURN_IF_ERROR(WeighEvidence(model, fit, &out));
  PARALLAX_RETURN_IF_ERROR(DivideGap(model, fit, meter, seed, &out));
  return out;
}

absl::Status CountRivalsAsOne(const Model& model, const MapFit& fit, const GapMeter& meter,
                              uint64_t seed, Attribution* attribution) {
  const std::vector<std::string> names = twin::ParameterNames(model.space().description());
  std::vector<int> members, others;
  Players group = 0;
  for (int p = 0; p < model.space().parameter_count(); ++p) {
    const std::string& name = names[static_cast<size_t>(p)];
    const bool member = std::find(attribution->rivals.begin(), attribution->rivals.end(), name) !=
                        attribution->rivals.end();
    (member ? members : others).push_back(p);
    if (member) group |= 1u << p;
  }
  GroupShare share{.parameters = attribution->rivals,
                   .pip = attribution->rival_probability,
                   .loss_without = attribution->rival_loss_without};
  GroupedShares grouped;
  if (HasGapToDivide(*attribution, meter)) {
    const ShareGame game =
        GameOfBoard(model, fit, meter, attribution->identifiability.cluster_of, seed);
    PARALLAX_ASSIGN_OR_RETURN(grouped, ShareAmong(AsOnePlayer(game, members), std::move(others),
                                                  std::move(share), names));
    grouped.group.replay_removed = RemovedBy(model, fit, meter, *attribution, group);
  } else {
    share.share = share.low = share.high = share.replay_removed = 0.0;
    const auto players = static_cast<Eigen::Index>(others.size() + 1);
    grouped = {.group = std::move(share),
               .others = std::move(others),
               .shapley = Undivided(players, attribution->gap_before)};
  }
  CountAsOne(grouped, attribution);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<attribution::ChannelMisfit>> Misfit(const Model& model,
                                                               const MapFit& fit) {
  Eigen::VectorXd assumed;
  const Eigen::VectorXd zero = Eigen::VectorXd::Zero(model.space().size());
  PARALLAX_RETURN_IF_ERROR(model.Residuals(zero, &assumed, nullptr));
  const NoiseModel sensor = SensorNoise(model);
  std::vector<attribution::ChannelMisfit> channels;
  for (size_t output = 0; output < sensor.size(); ++output) {
    double before = 0.0;
    double after = 0.0;
    double wobble = 0.0;
    double bins = 0.0;
    std::string name;
    for (const RowBlock& block : model.blocks()) {
      const ChannelObservations& channel = model.Channel(block);
      if (static_cast<size_t>(channel.output) != output) continue;
      name = channel.channel;
      before += assumed.segment(block.begin, block.bins).squaredNorm();
      after += fit.residuals.segment(block.begin, block.bins).squaredNorm();
      wobble += fit.jacobian.middleRows(block.begin, block.bins).squaredNorm();
      bins += static_cast<double>(block.bins);
    }
    if (bins == 0.0) continue;
    const double allowed = sensor[output].scale * sensor[output].scale +
                           attribution::kForgivenErrors.gap_share *
                               attribution::kForgivenErrors.gap_share * before / bins +
                           attribution::kForgivenErrors.wobble_sd *
                               attribution::kForgivenErrors.wobble_sd * wobble / bins;
    channels.push_back({.channel = name, .calibrate_mean_z2 = after / bins / allowed});
  }
  return channels;
}

}  // namespace parallax::pipeline
