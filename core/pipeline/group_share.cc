#include "core/pipeline/group_share.h"

#include <cmath>
#include <utility>

#include "absl/strings/str_join.h"
#include "core/attribution/game.h"
#include "core/base/status_macros.h"
#include "core/pipeline/attribute.h"

namespace parallax::pipeline {

std::string NameOf(const GroupShare& group) {
  if (group.parameters.empty()) return "";
  const std::vector<std::string> head(group.parameters.begin(), group.parameters.end() - 1);
  return head.empty() ? group.parameters.back()
                      : absl::StrJoin(head, ", ") + " or " + group.parameters.back();
}

std::vector<UnionShare> UnionsIn(const std::vector<int>& union_of,
                                 const attribution::GapShares& shares,
                                 const std::vector<std::vector<std::string>>& named) {
  std::vector<UnionShare> unions;
  for (const std::vector<int>& members : attribution::MembersOfUnions(union_of)) {
    if (members.size() < 2) continue;
    UnionShare one{.parameters = {}, .together = attribution::TogetherOf(shares, members)};
    for (const int player : members) {
      const std::vector<std::string>& names = named[static_cast<size_t>(player)];
      one.parameters.insert(one.parameters.end(), names.begin(), names.end());
    }
    unions.push_back(std::move(one));
  }
  return unions;
}

absl::StatusOr<GroupedShares> ShareAmong(const ShareGame& game, std::vector<int> others,
                                         GroupShare group, const std::vector<std::string>& names) {
  GroupedShares out{.group = std::move(group), .others = std::move(others)};
  PARALLAX_ASSIGN_OR_RETURN(out.worths, WorthsOf(game));
  out.draws = DrawsOf(game, out.worths);
  PARALLAX_ASSIGN_OR_RETURN(out.shapley, ShareWorths(game, out.worths));
  std::vector<std::vector<std::string>> named;
  for (const int p : out.others) named.push_back({names[static_cast<size_t>(p)]});
  named.push_back(out.group.parameters);
  out.unions = UnionsIn(game.union_of, out.shapley, named);
  const auto last = static_cast<Eigen::Index>(out.others.size());
  out.group.share = out.shapley.share(last);
  out.group.low = out.shapley.low(last);
  out.group.high = out.shapley.high(last);
  return out;
}

void CountAsOne(const GroupedShares& grouped, Attribution* attribution) {
  attribution::GapShares& shares = attribution->shares;
  const Eigen::VectorXd none = Eigen::VectorXd::Constant(shares.share.size(), std::nan(""));
  shares.share = shares.low = shares.high = none;
  if (attribution->upstream.size() > 0) attribution->upstream = none;
  for (size_t i = 0; i < grouped.others.size(); ++i) {
    const auto k = static_cast<Eigen::Index>(i);
    const int p = grouped.others[i];
    shares.share(p) = grouped.shapley.share(k);
    shares.low(p) = grouped.shapley.low(k);
    shares.high(p) = grouped.shapley.high(k);
  }
  for (size_t p = 0; p < attribution->replay_removed.size(); ++p) {
    if (!std::isnan(shares.share(static_cast<Eigen::Index>(p)))) continue;
    attribution->replay_removed[p] = std::nan("");
  }
  shares.unexplained = grouped.shapley.unexplained;
  attribution->unions = grouped.unions;
  attribution->draws = grouped.draws;
  attribution->group = grouped.group;
}

}  // namespace parallax::pipeline
