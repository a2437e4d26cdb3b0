#include "core/pipeline/campaign_group.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/pipeline/campaign_causes.h"

namespace parallax::pipeline {
namespace {

constexpr int kGroupDraws = 32;

/// Which rival each draw takes: as many as its probability among them says.
std::vector<size_t> RivalOfDraws(const std::vector<double>& probability) {
  double total = 0.0;
  for (const double p : probability) total += p;
  std::vector<size_t> rivals;
  size_t rival = 0;
  double upto = probability.front();
  for (int k = 0; k < kGroupDraws; ++k) {
    while (upto < (k + 0.5) / kGroupDraws * total && rival + 1 < probability.size()) {
      upto += probability[++rival];
    }
    rivals.push_back(rival);
  }
  return rivals;
}

/// Suspects that are no member of the group.
std::vector<int> Others(const CampaignSearch& search, const Cause& group,
                        const std::vector<int>& suspects) {
  std::vector<int> others;
  for (const int p : suspects) {
    const bool member = std::any_of(group.begin(), group.end(), [&](int t) {
      return search.terms()[static_cast<size_t>(t)].parameter == p;
    });
    if (!member) others.push_back(p);
  }
  return others;
}

/// All coordinates with the free ones of a fit where its draws put them.
std::vector<Eigen::VectorXd> DrawCoordinates(const CampaignModel& model, const CampaignFit& fit,
                                             uint64_t seed) {
  const Eigen::MatrixXd draws = DrawFree(fit, kGroupDraws, seed);
  std::vector<Eigen::VectorXd> drawn(kGroupDraws, model.base());
  for (int k = 0; k < kGroupDraws; ++k) {
    for (size_t i = 0; i < fit.parameters.size(); ++i) {
      drawn[static_cast<size_t>(k)](fit.parameters[i]) = draws(static_cast<Eigen::Index>(i), k);
    }
  }
  return drawn;
}

/// The same of the rivals, each draw from one of them.
absl::StatusOr<std::vector<Eigen::VectorXd>> DrawRivals(
    CampaignSearch* search, const std::vector<attribution::TermModel>& models,
    const CauseWeights& weights, uint64_t seed) {
  const std::vector<size_t> rivals = weights.RivalModels();
  if (rivals.empty()) return absl::FailedPreconditionError("no model has rivals of its size");
  std::vector<double> probability;
  for (const size_t m : rivals) probability.push_back(weights.inclusion().model_probability[m]);
  const std::vector<size_t> rival_of = RivalOfDraws(probability);
  std::vector<Eigen::VectorXd> drawn(kGroupDraws);
  for (size_t r = 0; r < rivals.size(); ++r) {
    PARALLAX_ASSIGN_OR_RETURN(const CampaignFit* fit, search->Fit(models[rivals[r]].terms));
    const std::vector<Eigen::VectorXd> of_rival = DrawCoordinates(search->model(), *fit, seed);
    for (size_t k = 0; k < drawn.size(); ++k) {
      if (rival_of[k] == r) drawn[k] = of_rival[k];
    }
  }
  return drawn;
}

}  // namespace

std::string NameOf(const GroupShare& group) {
  if (group.parameters.empty()) return "";
  const std::vector<std::string> head(group.parameters.begin(), group.parameters.end() - 1);
  return head.empty() ? group.parameters.back()
                      : absl::StrJoin(head, ", ") + " or " + group.parameters.back();
}

absl::StatusOr<GroupedShares> ShareWithGroup(CampaignSearch* search,
                                             const std::vector<attribution::TermModel>& models,
                                             const CampaignExplanation& explanation,
                                             const CampaignGauge& gauge, uint64_t seed) {
  const CampaignModel& model = search->model();
  const CauseWeights weights(*search, models);
  const Cause members = weights.RivalGroup();
  GroupedShares out;
  out.group = {.parameters = explanation.evidence.rival_group,
               .pip = explanation.evidence.rival_probability,
               .loss_without = weights.LossWithout(members)};
  out.others = Others(*search, members, explanation.suspects);
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<Eigen::VectorXd> of_group,
                            DrawRivals(search, models, weights, seed));
  std::vector<Eigen::VectorXd> of_others;
  if (!out.others.empty()) of_others = DrawCoordinates(model, explanation.fit, seed);
  // The others' bits come first, the group's is the last.
  const int players = static_cast<int>(out.others.size()) + 1;
  const auto coordinates = [&](int draw, uint32_t coalition) {
    const auto k = static_cast<size_t>(draw);
    const bool joins = coalition >> static_cast<uint32_t>(players - 1) & 1u;
    Eigen::VectorXd z = joins ? of_group[k] : model.base();
    for (size_t i = 0; i < out.others.size(); ++i) {
      if (coalition >> i & 1u) z(out.others[i]) = of_others[k](out.others[i]);
    }
    return z;
  };
  const auto gap = [&](const Eigen::VectorXd& residuals) {
    return gauge.Gap(WithoutChannels(model, explanation.accused, residuals));
  };
  PARALLAX_ASSIGN_OR_RETURN(const Eigen::MatrixXd worth,
                            CoalitionGaps(model, players, kGroupDraws, coordinates, gap));
  const int draws = static_cast<int>(worth.cols());
  out.draws = {.drawn = kGroupDraws, .failed = kGroupDraws - draws};
  out.shapley = UnknownShares(players);
  out.group.share = out.group.low = out.group.high = out.group.replay_removed = std::nan("");
  if (draws == 0) return out;
  PARALLAX_ASSIGN_OR_RETURN(out.shapley,
                            attribution::ShareGap(players, draws, [&](int k, uint32_t coalition) {
                              return worth(coalition, k);
                            }));
  const auto last = static_cast<Eigen::Index>(out.others.size());
  out.group.share = out.shapley.share(last);
  out.group.low = out.shapley.low(last);
  out.group.high = out.shapley.high(last);
  out.group.replay_removed =
      ExcessRemoved(worth(0, 0), worth.bottomRows(1).mean(), gauge.Centre(explanation.accused));
  return out;
}

}  // namespace parallax::pipeline
