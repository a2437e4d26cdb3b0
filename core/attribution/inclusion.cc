#include "core/attribution/inclusion.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <set>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"

namespace parallax::attribution {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Log evidence plus log prior odds of the members.
double Weight(const Model& model, const std::vector<double>& log_prior_odds) {
  double weight = model.log_evidence;
  for (size_t i = 0; i < log_prior_odds.size(); ++i) {
    if ((model.mask >> i) & 1u) weight += log_prior_odds[i];
  }
  return weight;
}

absl::Status CheckModels(const std::vector<Model>& models, size_t parameters) {
  if (models.empty() || parameters > 31) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d models of %d parameters, must be >= 1 and <= 31", models.size(), parameters));
  }
  std::set<uint32_t> seen;
  for (const Model& model : models) {
    if ((model.mask >> parameters) != 0 || !seen.insert(model.mask).second ||
        std::isnan(model.log_evidence) || model.log_evidence == kInfinity) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "model %#x with log evidence %g: masks must differ and name one of %d parameters, "
          "evidence must be a number",
          model.mask, model.log_evidence, parameters));
    }
  }
  return absl::OkStatus();
}

/// Refitted models so far, with their weights.
class ModelSearch {
 public:
  using Refit =
      std::function<absl::StatusOr<std::vector<double>>(const std::vector<uint32_t>& masks)>;

  ModelSearch(const std::vector<double>& log_prior_odds, const Refit& refit)
      : log_prior_odds_(log_prior_odds), refit_(refit) {}

  /// Refits those of the masks that are new.
  absl::Status Add(const std::set<uint32_t>& masks) {
    std::vector<uint32_t> fresh;
    for (uint32_t mask : masks) {
      if (known_.insert(mask).second) fresh.push_back(mask);
    }
    if (fresh.empty()) return absl::OkStatus();
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<double> evidence, refit_(fresh));
    if (evidence.size() != fresh.size()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("refit gave %d evidences for %d models", evidence.size(), fresh.size()));
    }
    for (size_t k = 0; k < fresh.size(); ++k) models_.push_back({fresh[k], evidence[k]});
    return absl::OkStatus();
  }

  /// Masks of the best models, of one size or (size < 0) of any.
  std::vector<uint32_t> Best(int size, size_t count) const {
    std::vector<Model> some;
    for (const Model& model : models_) {
      if (size < 0 || std::popcount(model.mask) == size) some.push_back(model);
    }
    std::sort(some.begin(), some.end(), [&](const Model& a, const Model& b) {
      const double wa = Weight(a, log_prior_odds_), wb = Weight(b, log_prior_odds_);
      return wa != wb ? wa > wb : a.mask < b.mask;
    });
    std::vector<uint32_t> masks;
    for (size_t k = 0; k < std::min(count, some.size()); ++k) masks.push_back(some[k].mask);
    return masks;
  }

  std::vector<Model> Sorted() && {
    std::sort(models_.begin(), models_.end(),
              [](const Model& a, const Model& b) { return a.mask < b.mask; });
    return std::move(models_);
  }

 private:
  const std::vector<double>& log_prior_odds_;
  const Refit& refit_;
  std::vector<Model> models_;
  std::set<uint32_t> known_;
};

/// Models one swap or one drop away.
std::set<uint32_t> Neighbours(uint32_t mask, int parameters) {
  std::set<uint32_t> neighbours;
  for (int out = 0; out < parameters; ++out) {
    if (((mask >> out) & 1u) == 0) continue;
    const uint32_t dropped = mask & ~(uint32_t{1} << out);
    neighbours.insert(dropped);
    for (int in = 0; in < parameters; ++in) {
      if (((mask >> in) & 1u) == 0) neighbours.insert(dropped | (uint32_t{1} << in));
    }
  }
  return neighbours;
}

std::set<uint32_t> Additions(const std::vector<uint32_t>& masks, int parameters) {
  std::set<uint32_t> grown;
  for (uint32_t mask : masks) {
    for (int i = 0; i < parameters; ++i) grown.insert(mask | (uint32_t{1} << i));
  }
  return grown;
}

}  // namespace

absl::StatusOr<Inclusion> InclusionProbabilities(const std::vector<Model>& models,
                                                 const std::vector<double>& log_prior_odds) {
  const size_t parameters = log_prior_odds.size();
  PARALLAX_RETURN_IF_ERROR(CheckModels(models, parameters));
  std::vector<double> weights;
  for (const Model& model : models) weights.push_back(Weight(model, log_prior_odds));
  const auto top = std::max_element(weights.begin(), weights.end());
  if (!std::isfinite(*top)) return absl::InvalidArgumentError("no model has any evidence");
  Inclusion inclusion;
  inclusion.best = static_cast<int>(top - weights.begin());
  double total = 0.0;
  for (double weight : weights) total += std::exp(weight - *top);
  for (double weight : weights) {
    inclusion.model_probability.push_back(std::exp(weight - *top) / total);
  }
  for (size_t i = 0; i < parameters; ++i) {
    double probability = 0.0, with = -kInfinity, without = -kInfinity;
    for (size_t k = 0; k < models.size(); ++k) {
      const bool in = ((models[k].mask >> i) & 1u) != 0;
      if (in) probability += inclusion.model_probability[k];
      double& best = in ? with : without;
      best = std::max(best, weights[k]);
    }
    inclusion.probability.push_back(std::min(probability, 1.0));
    inclusion.loss_without.push_back(with - without);
  }
  return inclusion;
}

double GroupProbability(const std::vector<Model>& models, const Inclusion& inclusion,
                        uint32_t group_mask) {
  double probability = 0.0;
  for (size_t k = 0; k < models.size(); ++k) {
    if ((models[k].mask & group_mask) != 0) probability += inclusion.model_probability[k];
  }
  return std::min(probability, 1.0);
}

uint32_t RivalGroup(const std::vector<Model>& models, const std::vector<double>& log_prior_odds,
                    double nats) {
  double top = -kInfinity;
  int size = 0;
  for (const Model& model : models) {
    const double weight = Weight(model, log_prior_odds);
    if (weight > top) {
      top = weight;
      size = std::popcount(model.mask);
    }
  }
  uint32_t group = 0;
  for (const Model& model : models) {
    const bool rival = std::popcount(model.mask) == size;
    if (rival && Weight(model, log_prior_odds) >= top - nats) group |= model.mask;
  }
  return group;
}

absl::StatusOr<std::vector<Model>> SearchModels(
    int parameters, const std::vector<double>& log_prior_odds,
    const std::function<absl::StatusOr<std::vector<double>>(const std::vector<uint32_t>&)>& refit,
    const SearchOptions& options) {
  if (parameters < 1 || parameters > 31 || options.enumerate_up_to > 12 ||
      static_cast<int>(log_prior_odds.size()) != parameters) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "search of %d parameters with %d prior odds, all models up to %d: must be 1 to 31, equal, "
        "and <= 12",
        parameters, log_prior_odds.size(), options.enumerate_up_to));
  }
  ModelSearch search(log_prior_odds, refit);
  std::set<uint32_t> masks = {0};
  if (parameters <= options.enumerate_up_to) {
    for (uint32_t mask = 1; mask < (uint32_t{1} << parameters); ++mask) masks.insert(mask);
    PARALLAX_RETURN_IF_ERROR(search.Add(masks));
    return std::move(search).Sorted();
  }
  PARALLAX_RETURN_IF_ERROR(search.Add(masks));
  PARALLAX_RETURN_IF_ERROR(search.Add(Additions({0}, parameters)));
  for (int size = 1; size < options.max_size; ++size) {
    PARALLAX_RETURN_IF_ERROR(
        search.Add(Additions(search.Best(size, static_cast<size_t>(options.beam)), parameters)));
  }
  // Swap and drop until the best model stays the best.
  for (uint32_t best = search.Best(-1, 1).front();;) {
    PARALLAX_RETURN_IF_ERROR(search.Add(Neighbours(best, parameters)));
    const uint32_t next = search.Best(-1, 1).front();
    if (next == best) return std::move(search).Sorted();
    best = next;
  }
}

}  // namespace parallax::attribution
