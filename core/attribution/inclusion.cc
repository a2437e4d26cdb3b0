#include "core/attribution/inclusion.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace parallax::attribution {
namespace {

bool Has(const TermModel& model, int term) {
  return std::binary_search(model.terms.begin(), model.terms.end(), term);
}

bool HasOneOf(const TermModel& model, const std::vector<int>& group) {
  return std::any_of(group.begin(), group.end(), [&](int term) { return Has(model, term); });
}

}  // namespace

TermInclusion IncludeTerms(const std::vector<TermModel>& models,
                           const std::vector<double>& log_prior_odds) {
  TermInclusion out;
  for (const TermModel& model : models) {
    double weight = model.log_evidence;
    for (const int t : model.terms) weight += log_prior_odds[static_cast<size_t>(t)];
    out.weight.push_back(weight);
  }
  const auto best = std::max_element(out.weight.begin(), out.weight.end());
  out.best = static_cast<size_t>(best - out.weight.begin());
  double total = 0.0;
  for (const double weight : out.weight) total += std::exp(weight - *best);
  for (const double weight : out.weight) {
    out.model_probability.push_back(std::exp(weight - *best) / total);
  }
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  std::vector<double> with(log_prior_odds.size(), kNone), without(with);
  out.probability.assign(log_prior_odds.size(), 0.0);
  for (size_t m = 0; m < models.size(); ++m) {
    for (size_t t = 0; t < with.size(); ++t) {
      const bool in = Has(models[m], static_cast<int>(t));
      double& side = in ? with[t] : without[t];
      side = std::max(side, out.weight[m]);
      if (in) out.probability[t] += out.model_probability[m];
    }
  }
  for (size_t t = 0; t < with.size(); ++t) {
    out.probability[t] = std::min(out.probability[t], 1.0);
    out.loss_without.push_back(with[t] - without[t]);
  }
  return out;
}

double GroupProbability(const std::vector<TermModel>& models, const TermInclusion& inclusion,
                        const std::vector<int>& group) {
  double probability = 0.0;
  for (size_t m = 0; m < models.size(); ++m) {
    if (HasOneOf(models[m], group)) probability += inclusion.model_probability[m];
  }
  return std::min(probability, 1.0);
}

double GroupLossWithout(const std::vector<TermModel>& models, const TermInclusion& inclusion,
                        const std::vector<int>& group) {
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  double with = kNone, without = kNone;
  for (size_t m = 0; m < models.size(); ++m) {
    double& side = HasOneOf(models[m], group) ? with : without;
    side = std::max(side, inclusion.weight[m]);
  }
  return with - without;
}

double NothingProbability(const std::vector<TermModel>& models, const TermInclusion& inclusion) {
  const auto none = std::find_if(models.begin(), models.end(),
                                 [](const TermModel& model) { return model.terms.empty(); });
  if (none == models.end()) return 0.0;
  const double nothing = inclusion.model_probability[static_cast<size_t>(none - models.begin())];
  double better = 0.0;
  for (size_t m = 0; m < models.size(); ++m) {
    if (models[m].log_evidence > none->log_evidence) better += inclusion.model_probability[m];
  }
  return nothing > 0.0 ? nothing / (nothing + better) : 0.0;
}

std::vector<int> RivalTerms(const std::vector<TermModel>& models, const TermInclusion& inclusion,
                            double nats) {
  const size_t size = models[inclusion.best].terms.size();
  const double bound = inclusion.weight[inclusion.best] - nats;
  std::set<int> rivals;
  for (size_t m = 0; m < models.size(); ++m) {
    if (models[m].terms.size() != size || inclusion.weight[m] < bound) continue;
    rivals.insert(models[m].terms.begin(), models[m].terms.end());
  }
  return {rivals.begin(), rivals.end()};
}

}  // namespace parallax::attribution
