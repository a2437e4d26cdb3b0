#include "core/pipeline/campaign_places.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace parallax::pipeline {
namespace {

/// Name of the phase that a row was read in; of what was measured on the sample, nothing.
std::string PhaseOf(const CampaignRun& run, const EvidenceBlock& block, Eigen::Index row) {
  if (block.source[static_cast<size_t>(row)].output < 0) return "";
  std::string phase;
  for (const signal::Segment& segment : run.clean.run.recipe.segments) {
    if (segment.start_s <= block.time_s(row)) phase = segment.name;
  }
  return phase;
}

}  // namespace

std::string WhereInRun(const CampaignPlace& place) {
  return place.phase.empty() ? "on the sample" : "in phase " + place.phase;
}

std::vector<CampaignPlace> PlacesOf(const CampaignModel& model, const Eigen::VectorXd& in_sds) {
  struct Sum {
    CampaignPlace place;
    double squares = 0.0, rows = 0.0;
  };
  std::map<std::pair<std::string, std::string>, Sum> sums;
  for (const EvidenceBlock& block : model.blocks()) {
    const CampaignRun& run = model.runs()[static_cast<size_t>(block.run)];
    for (Eigen::Index i = 0; i < block.rows(); ++i) {
      const std::string phase = PhaseOf(run, block, i);
      Sum& sum = sums[{block.observable, phase}];
      sum.place = {.observable = block.observable, .instrument = block.channel, .phase = phase};
      sum.squares += in_sds(block.begin + i) * in_sds(block.begin + i);
      sum.rows += 1.0;
    }
  }
  std::vector<const Sum*> order;
  for (auto& [key, sum] : sums) {
    sum.place.sds = std::sqrt(sum.squares / sum.rows);
    order.push_back(&sum);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Sum* a, const Sum* b) { return a->squares > b->squares; });
  std::vector<CampaignPlace> places;
  for (const Sum* sum : order) places.push_back(sum->place);
  return places;
}

Eigen::VectorXd MissingInSds(const CampaignSearch& search, const CampaignFit& fit) {
  const Eigen::Index rows = search.model().rows();
  Eigen::Index width = 0;
  for (const int t : fit.terms) width += search.terms()[static_cast<size_t>(t)].columns.cols();
  Eigen::MatrixXd columns(rows, width);
  Eigen::VectorXd missing = Eigen::VectorXd::Zero(width);  // 1 where a column is a missing term's
  Eigen::Index place = 0;
  for (const int t : fit.terms) {
    const Term& term = search.terms()[static_cast<size_t>(t)];
    const Eigen::Index n = term.columns.cols();
    if (n == 0) continue;
    columns.middleCols(place, n) = term.columns;
    if (term.kind == TermKind::kMissing) missing.segment(place, n).setOnes();
    place += n;
  }
  if (!(missing.sum() > 0.0)) return Eigen::VectorXd::Zero(rows);
  const Eigen::MatrixXd precision =
      Eigen::MatrixXd::Identity(width, width) + columns.transpose() * columns;
  const Eigen::VectorXd weights = precision.llt().solve(columns.transpose() * fit.whitened);
  const Eigen::VectorXd part = columns * missing.cwiseProduct(weights);
  return search.noise().Colour(part).cwiseQuotient(search.noise().row_sd());
}

}  // namespace parallax::pipeline
