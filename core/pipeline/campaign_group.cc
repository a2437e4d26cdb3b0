#include "core/pipeline/campaign_group.h"

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"
#include "core/pipeline/campaign_causes.h"
#include "core/twin/parameters.h"

namespace parallax::pipeline {
namespace {

/// Suspects that are no member of the group.
std::vector<int> BesideGroup(const std::vector<int>& suspects, const std::vector<int>& members) {
  std::vector<int> others;
  for (const int p : suspects) {
    if (std::find(members.begin(), members.end(), p) == members.end()) others.push_back(p);
  }
  return others;
}

}  // namespace

absl::StatusOr<GroupedShares> ShareWithGroup(CampaignSearch* search,
                                             const std::vector<attribution::TermModel>& models,
                                             const CampaignExplanation& explanation,
                                             const CampaignGauge& gauge, uint64_t seed) {
  const CampaignModel& model = search->model();
  const CauseWeights weights(*search, models);
  const Cause group = weights.RivalGroup();
  if (group.empty()) return absl::FailedPreconditionError("no model has rivals of its size");
  std::vector<int> members;
  for (const int t : group) members.push_back(search->terms()[static_cast<size_t>(t)].parameter);
  std::vector<int> others = BesideGroup(explanation.suspects, members);
  // The others' players come first, then the members', who become the last.
  std::vector<int> parameters = others, joined;
  for (const int p : members) {
    joined.push_back(static_cast<int>(parameters.size()));
    parameters.push_back(p);
  }
  const auto gap = [&](const Eigen::VectorXd& residuals) {
    return gauge.Gap(WithoutChannels(model, explanation.accused, residuals));
  };
  PARALLAX_ASSIGN_OR_RETURN(const ShareGame game, GameOfCampaign(search, weights, parameters,
                                                                 explanation.slope, gap, seed));
  PARALLAX_ASSIGN_OR_RETURN(GroupedShares out,
                            ShareAmong(AsOnePlayer(game, joined), std::move(others),
                                       {.parameters = explanation.evidence.rival_group,
                                        .pip = explanation.evidence.rival_probability,
                                        .loss_without = weights.LossWithout(group)},
                                       twin::ParameterNames(model.description())));
  out.group.replay_removed = ExcessRemoved(out.worths(0, 0), out.worths.bottomRows(1).mean(),
                                           gauge.Centre(explanation.accused));
  return out;
}

}  // namespace parallax::pipeline
