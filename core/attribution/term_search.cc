#include "core/attribution/term_search.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"

namespace parallax::attribution {
namespace {

/// A model this far below the best is not worth growing [nats].
constexpr double kHopeless = 25.0;
constexpr int kMoveRounds = 3;

using Terms = std::vector<int>;

Terms With(Terms terms, int term) {
  terms.insert(std::lower_bound(terms.begin(), terms.end(), term), term);
  return terms;
}

Terms Without(Terms terms, int term) {
  std::erase(terms, term);
  return terms;
}

bool Has(const Terms& terms, int term) {
  return std::binary_search(terms.begin(), terms.end(), term);
}

absl::Status CheckEvidence(double log_evidence, size_t model) {
  if (log_evidence < std::numeric_limits<double>::infinity()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("log evidence of model %d is %g, must be a number", model, log_evidence));
}

/// The state of one search.
class Search {
 public:
  Search(const std::vector<double>& log_prior_odds, const RefitTerms& refit,
         const ProposeTerms& propose, const TermSearchOptions& options)
      : odds_(log_prior_odds), refit_(refit), propose_(propose), options_(options) {}

  absl::StatusOr<std::vector<TermModel>> Run() {
    std::vector<Terms> first = {{}};
    for (int t = 0; t < Count(); ++t) first.push_back({t});
    PARALLAX_RETURN_IF_ERROR(Refit(first));
    for (int size = 1; size < options_.max_terms; ++size) {
      const double before = Best();
      PARALLAX_RETURN_IF_ERROR(Grow(Parents(static_cast<size_t>(size))));
      // One size without a gain may hide a pair that gains together; a second does not.
      if (size > 1 && Best() <= before) break;
    }
    PARALLAX_RETURN_IF_ERROR(MoveOn());
    if (NeedsCatchAll(BestModel().terms)) {
      for (int size = 1; size < options_.max_terms - 1; ++size) {
        PARALLAX_RETURN_IF_ERROR(Grow(ParentsWithoutCatchAll(static_cast<size_t>(size))));
      }
      PARALLAX_RETURN_IF_ERROR(MoveOn());
    }
    return std::move(models_);
  }

 private:
  int Count() const { return static_cast<int>(odds_.size()); }

  double Weight(const TermModel& model) const {
    double weight = model.log_evidence;
    for (const int t : model.terms) weight += odds_[static_cast<size_t>(t)];
    return weight;
  }

  const TermModel& BestModel() const {
    return *std::max_element(
        models_.begin(), models_.end(),
        [this](const TermModel& a, const TermModel& b) { return Weight(a) < Weight(b); });
  }
  double Best() const { return Weight(BestModel()); }

  absl::Status Refit(const std::vector<Terms>& wanted) {
    std::vector<Terms> fresh;
    for (const Terms& terms : wanted) {
      if (known_.insert(terms).second) fresh.push_back(terms);
    }
    if (fresh.empty()) return absl::OkStatus();
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<double> evidence, refit_(fresh));
    for (size_t i = 0; i < fresh.size(); ++i) {
      PARALLAX_RETURN_IF_ERROR(CheckEvidence(evidence[i], i));
      models_.push_back({std::move(fresh[i]), evidence[i]});
    }
    return absl::OkStatus();
  }

  /// The most promising additions to a model.
  absl::StatusOr<std::vector<Terms>> Additions(const Terms& model, int count) {
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<double> proposed, propose_(model));
    std::vector<int> order;
    for (int t = 0; t < Count(); ++t) {
      if (!Has(model, t)) order.push_back(t);
    }
    const auto promise = [&](int t) {
      return proposed[static_cast<size_t>(t)] + odds_[static_cast<size_t>(t)];
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return promise(a) > promise(b); });
    order.resize(std::min(order.size(), static_cast<size_t>(count)));
    std::vector<Terms> models;
    for (const int t : order) models.push_back(With(model, t));
    return models;
  }

  bool NeedsCatchAll(const Terms& terms) const {
    return std::any_of(options_.catch_alls.begin(), options_.catch_alls.end(),
                       [&](int t) { return Has(terms, t); });
  }

  /// The terms of the best models for which the predicate holds, the best first.
  template <typename Wanted>
  std::vector<Terms> BestOf(int count, const Wanted& wanted) const {
    std::vector<const TermModel*> found;
    for (const TermModel& model : models_) {
      if (wanted(model)) found.push_back(&model);
    }
    std::stable_sort(found.begin(), found.end(),
                     [this](const auto* a, const auto* b) { return Weight(*a) > Weight(*b); });
    found.resize(std::min(found.size(), static_cast<size_t>(count)));
    std::vector<Terms> terms;
    for (const TermModel* model : found) terms.push_back(model->terms);
    return terms;
  }

  std::vector<Terms> Parents(size_t size) const {
    const double hopeless = Best() - kHopeless;
    return BestOf(options_.beam, [&](const TermModel& model) {
      return model.terms.size() == size && Weight(model) > hopeless;
    });
  }

  std::vector<Terms> ParentsWithoutCatchAll(size_t size) const {
    return BestOf(options_.catch_all_beam, [&](const TermModel& model) {
      return model.terms.size() == size && !NeedsCatchAll(model.terms);
    });
  }

  absl::Status Grow(const std::vector<Terms>& parents) {
    std::vector<Terms> grown;
    for (const Terms& parent : parents) {
      PARALLAX_ASSIGN_OR_RETURN(std::vector<Terms> more,
                                Additions(parent, options_.refits_per_model));
      grown.insert(grown.end(), more.begin(), more.end());
    }
    return Refit(grown);
  }

  absl::Status MoveOn() {
    for (int round = 0; round < kMoveRounds; ++round) {
      const double before = Best();
      PARALLAX_RETURN_IF_ERROR(Move());
      if (Best() <= before) break;
    }
    return absl::OkStatus();
  }

  /// Drops each term of the best model, and puts the most promising others in its place.
  absl::Status Move() {
    const Terms best = BestModel().terms;
    std::vector<Terms> dropped;
    for (const int t : best) dropped.push_back(Without(best, t));
    PARALLAX_RETURN_IF_ERROR(Refit(dropped));
    std::vector<Terms> swapped;
    for (const Terms& model : dropped) {
      PARALLAX_ASSIGN_OR_RETURN(std::vector<Terms> more,
                                Additions(model, options_.refits_per_model));
      swapped.insert(swapped.end(), more.begin(), more.end());
    }
    return Refit(swapped);
  }

  const std::vector<double>& odds_;
  const RefitTerms& refit_;
  const ProposeTerms& propose_;
  const TermSearchOptions options_;
  std::vector<TermModel> models_;
  std::set<Terms> known_;
};

}  // namespace

absl::StatusOr<std::vector<TermModel>> SearchTerms(const std::vector<double>& log_prior_odds,
                                                   const RefitTerms& refit,
                                                   const ProposeTerms& propose,
                                                   const TermSearchOptions& options) {
  if (log_prior_odds.empty()) return absl::InvalidArgumentError("terms = 0, must be >= 1");
  return Search(log_prior_odds, refit, propose, options).Run();
}

absl::StatusOr<std::vector<TermModel>> EnumerateTerms(int terms, const RefitTerms& refit) {
  if (terms < 1 || terms > kMostEnumerated) {
    return absl::InvalidArgumentError(
        absl::StrFormat("terms = %d, must be 1 to %d to try all subsets", terms, kMostEnumerated));
  }
  std::vector<Terms> subsets;
  for (uint32_t mask = 0; mask < uint32_t{1} << terms; ++mask) {
    Terms subset;
    for (int t = 0; t < terms; ++t) {
      if ((mask >> t & 1u) != 0) subset.push_back(t);
    }
    subsets.push_back(std::move(subset));
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<double> evidence, refit(subsets));
  if (evidence.size() != subsets.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("refit gave %d evidences for %d models", evidence.size(), subsets.size()));
  }
  std::vector<TermModel> models;
  bool any = false;
  for (size_t m = 0; m < subsets.size(); ++m) {
    PARALLAX_RETURN_IF_ERROR(CheckEvidence(evidence[m], m));
    any |= std::isfinite(evidence[m]);
    models.push_back({std::move(subsets[m]), evidence[m]});
  }
  if (!any) return absl::InvalidArgumentError("no model has any evidence");
  return models;
}

}  // namespace parallax::attribution
