#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/attribution/term_search.h"
#include "core/pipeline/campaign_search.h"

namespace parallax::pipeline {

/// Terms that are weighed as one: the parameters of one mechanism, all faults of one channel.
using Cause = std::vector<int>;

/// Whether a model holds any term of a cause.
bool HasAny(const std::vector<int>& terms, const Cause& cause);

/// What the models of a search say of causes. Borrows its arguments.
class CauseWeights {
 public:
  CauseWeights(const CampaignSearch& search, const std::vector<attribution::TermModel>& models);

  /// Every parameter that moves something, interchangeable ones pooled.
  const std::vector<Cause>& causes() const { return causes_; }
  const std::vector<attribution::TermModel>& models() const { return models_; }
  const attribution::TermInclusion& inclusion() const { return included_; }
  const std::vector<int>& BestTerms() const { return models_[included_.best].terms; }

  double Pip(const Cause& cause) const;  ///< P(any of its terms)
  /// The most probable model that holds any of its terms; -1: none does.
  int BestWith(const Cause& cause) const;
  /// Nats by which the best model without the cause is worse than the best with it.
  double LossWithout(const Cause& cause) const;
  /// Whether that best model without it has a missing mechanism in its place.
  bool MissingStandsInFor(const Cause& cause) const;
  /// The member that stands for a cause: the most probable.
  int Representative(const Cause& cause) const;
  /// Models of the fewest terms that are within EvidenceRules::rival_nats of the best, in the
  /// search's order; empty where the model without a term is one.
  std::vector<size_t> RivalModels() const;
  /// Terms of parameters in those.
  Cause RivalGroup() const;
  /// P(no term), against models whose evidence is above that of none.
  double ProbabilityOfNothing() const;
  /// Of one model; NaN where it was not refitted.
  double LogEvidence(const std::vector<int>& terms) const;

 private:
  int BestWithout(const Cause& cause) const;  ///< model; -1: all hold it
  int BestWhere(const std::function<bool(const std::vector<int>&)>& wanted) const;
  bool HoldsMissing(const std::vector<int>& terms) const;

  const std::vector<Term>& terms_;
  const std::vector<attribution::TermModel>& models_;
  const attribution::TermInclusion included_;
  std::vector<Cause> causes_;
};

}  // namespace parallax::pipeline
