#include "core/pipeline/campaign_causes.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "core/attribution/verdict_thresholds.h"
#include "core/twin/trust.h"

namespace parallax::pipeline {
namespace {

std::vector<Cause> FindCauses(const std::vector<Term>& terms,
                              const twin::Description& description) {
  const auto name_of = [&](size_t t) -> const std::string& {
    return description.parameters[static_cast<size_t>(terms[t].parameter)].name;
  };
  std::vector<Cause> causes;
  std::set<int> pooled;
  for (const std::vector<std::string>& set : twin::InterchangeableIn(description.name)) {
    Cause cause;
    for (size_t t = 0; t < terms.size(); ++t) {
      if (terms[t].kind != TermKind::kParameter) continue;
      if (std::find(set.begin(), set.end(), name_of(t)) != set.end()) {
        cause.push_back(static_cast<int>(t));
      }
    }
    pooled.insert(cause.begin(), cause.end());
    if (!cause.empty()) causes.push_back(std::move(cause));
  }
  for (size_t t = 0; t < terms.size(); ++t) {
    const int term = static_cast<int>(t);
    if (terms[t].kind == TermKind::kParameter && !pooled.contains(term)) causes.push_back({term});
  }
  return causes;
}

}  // namespace

bool HasAny(const std::vector<int>& terms, const Cause& cause) {
  return std::any_of(cause.begin(), cause.end(),
                     [&](int t) { return std::binary_search(terms.begin(), terms.end(), t); });
}

CauseWeights::CauseWeights(const CampaignSearch& search,
                           const std::vector<attribution::TermModel>& models)
    : terms_(search.terms()),
      models_(models),
      included_(attribution::IncludeTerms(models, search.log_prior_odds())),
      causes_(FindCauses(search.terms(), search.model().description())) {}

double CauseWeights::Pip(const Cause& cause) const {
  return attribution::GroupProbability(models_, included_, cause);
}

int CauseWeights::BestWith(const Cause& cause) const {
  return BestWhere([&](const std::vector<int>& terms) { return HasAny(terms, cause); });
}

int CauseWeights::BestWithout(const Cause& cause) const {
  return BestWhere([&](const std::vector<int>& terms) { return !HasAny(terms, cause); });
}

int CauseWeights::BestWhere(const std::function<bool(const std::vector<int>&)>& wanted) const {
  int best = -1;
  for (size_t m = 0; m < models_.size(); ++m) {
    if (!wanted(models_[m].terms)) continue;
    if (best < 0 || included_.weight[m] > included_.weight[static_cast<size_t>(best)]) {
      best = static_cast<int>(m);
    }
  }
  return best;
}

double CauseWeights::LossWithout(const Cause& cause) const {
  return attribution::GroupLossWithout(models_, included_, cause);
}

bool CauseWeights::HoldsMissing(const std::vector<int>& terms) const {
  return std::any_of(terms.begin(), terms.end(), [this](int t) {
    return terms_[static_cast<size_t>(t)].kind == TermKind::kMissing;
  });
}

bool CauseWeights::MissingStandsInFor(const Cause& cause) const {
  const int without = BestWithout(cause);
  return without >= 0 && HoldsMissing(models_[static_cast<size_t>(without)].terms) &&
         !HoldsMissing(BestTerms());
}

int CauseWeights::Representative(const Cause& cause) const {
  return *std::max_element(cause.begin(), cause.end(), [this](int a, int b) {
    return included_.probability[static_cast<size_t>(a)] <
           included_.probability[static_cast<size_t>(b)];
  });
}

std::vector<size_t> CauseWeights::RivalModels() const {
  const double bound = included_.weight[included_.best] - attribution::kEvidenceRules.rival_nats;
  std::vector<size_t> rivals;
  for (size_t m = 0; m < models_.size(); ++m) {
    if (included_.weight[m] < bound) continue;
    const size_t size = models_[m].terms.size();
    if (!rivals.empty() && size > models_[rivals.front()].terms.size()) continue;
    if (!rivals.empty() && size < models_[rivals.front()].terms.size()) rivals.clear();
    rivals.push_back(m);
  }
  return models_[rivals.front()].terms.empty() ? std::vector<size_t>() : rivals;
}

Cause CauseWeights::RivalGroup() const {
  std::set<int> members;
  for (const size_t m : RivalModels()) {
    for (const int t : models_[m].terms) {
      if (terms_[static_cast<size_t>(t)].kind == TermKind::kParameter) members.insert(t);
    }
  }
  return {members.begin(), members.end()};
}

double CauseWeights::ProbabilityOfNothing() const {
  return attribution::NothingProbability(models_, included_);
}

double CauseWeights::LogEvidence(const std::vector<int>& terms) const {
  for (const attribution::TermModel& model : models_) {
    if (model.terms == terms) return model.log_evidence;
  }
  return std::nan("");
}

}  // namespace parallax::pipeline
