#include "core/calibration/identifiability.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/base/svd.h"
#include "core/base/symmetric_eigen.h"

namespace parallax::calibration {
namespace {

Eigen::MatrixXd Columns(const Eigen::MatrixXd& matrix, const std::vector<int>& indices) {
  Eigen::MatrixXd chosen(matrix.rows(), static_cast<Eigen::Index>(indices.size()));
  for (size_t k = 0; k < indices.size(); ++k) {
    chosen.col(static_cast<Eigen::Index>(k)) = matrix.col(indices[k]);
  }
  return chosen;
}

/// γ of some columns from the cosines between all of them.
double GammaOfCosines(const Eigen::MatrixXd& cosines, const std::vector<int>& indices) {
  const auto k = static_cast<Eigen::Index>(indices.size());
  Eigen::MatrixXd part(k, k);
  for (Eigen::Index i = 0; i < k; ++i) {
    for (Eigen::Index j = 0; j < k; ++j) part(i, j) = cosines(indices[i], indices[j]);
  }
  // Rounding leaves the least eigenvalue of dependent columns anywhere near 1e-16.
  return 1.0 / std::sqrt(std::max(base::SymmetricEigenvalues(part)(0), 1e-16));
}

bool Includes(const std::vector<int>& whole, const std::vector<int>& part) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

/// Appends subsets of `strong` of one size at the limit of which no found subset is a part.
void FindMinimal(const Eigen::MatrixXd& cosines, const std::vector<int>& strong, int size,
                 double limit, std::vector<Cluster>* minimal) {
  std::vector<bool> chosen(strong.size(), false);
  std::fill(chosen.begin(), chosen.begin() + size, true);
  std::vector<Cluster> found;
  do {
    std::vector<int> subset;
    for (size_t k = 0; k < strong.size(); ++k) {
      if (chosen[k]) subset.push_back(strong[k]);
    }
    const bool known = std::any_of(minimal->begin(), minimal->end(), [&](const Cluster& cluster) {
      return Includes(subset, cluster.parameters);
    });
    if (known) continue;
    const double gamma = GammaOfCosines(cosines, subset);
    if (gamma >= limit) found.push_back({subset, gamma});
  } while (std::prev_permutation(chosen.begin(), chosen.end()));
  minimal->insert(minimal->end(), found.begin(), found.end());
}

/// Joins minimal subsets that share a parameter.
std::vector<Cluster> Merge(const Eigen::MatrixXd& cosines, const std::vector<Cluster>& minimal) {
  std::vector<Cluster> merged;
  for (const Cluster& next : minimal) {
    std::vector<int> joined = next.parameters;
    for (auto it = merged.begin(); it != merged.end();) {
      const bool touches = std::any_of(it->parameters.begin(), it->parameters.end(), [&](int i) {
        return std::find(joined.begin(), joined.end(), i) != joined.end();
      });
      if (!touches) {
        ++it;
        continue;
      }
      joined.insert(joined.end(), it->parameters.begin(), it->parameters.end());
      it = merged.erase(it);
    }
    std::sort(joined.begin(), joined.end());
    joined.erase(std::unique(joined.begin(), joined.end()), joined.end());
    merged.push_back({joined, GammaOfCosines(cosines, joined)});
  }
  std::sort(merged.begin(), merged.end(), [](const Cluster& a, const Cluster& b) {
    return a.parameters.front() < b.parameters.front();
  });
  return merged;
}

std::string WhyUnidentifiable(const std::string& name, double sensitivity, double contraction,
                              const std::vector<std::string>& rivals) {
  if (sensitivity == 0.0) return name + " has no effect on any reading of these runs";
  std::string because = absl::StrFormat(
      "%s stays as uncertain as it was assumed: the data narrow it by %.1f %%, and "
      "one prior sd of it moves the readings by %.2g of their sd in all",
      name, 100.0 * std::max(contraction, 0.0), sensitivity);
  for (size_t k = 0; k < rivals.size(); ++k) {
    because += (k == 0 ? "; its effect can be taken over by " : ", ") + rivals[k];
  }
  return because;
}

void ListUnidentifiable(const Posterior& posterior, const std::vector<std::string>& names,
                        double limit, Identifiability* result) {
  for (int i = 0; i < static_cast<int>(names.size()); ++i) {
    if (!(posterior.contraction(i) < limit)) continue;
    std::vector<std::string> rivals;
    if (result->cluster_of[i] >= 0) {
      for (int j : result->clusters[result->cluster_of[i]].parameters) {
        if (j != i) rivals.push_back(names[j]);
      }
    }
    result->unidentifiable.push_back(
        {i, posterior.contraction(i),
         WhyUnidentifiable(names[i], result->sensitivity(i), posterior.contraction(i), rivals)});
  }
}

/// Cosines between columns; the diagonal is 1, columns too weak are 0 elsewhere.
Eigen::MatrixXd Cosines(const Eigen::MatrixXd& scaled, const std::vector<int>& strong) {
  Eigen::MatrixXd cosines = Eigen::MatrixXd::Identity(scaled.cols(), scaled.cols());
  for (int i : strong) {
    for (int j : strong) {
      if (i == j) continue;
      cosines(i, j) = scaled.col(i).normalized().dot(scaled.col(j).normalized());
    }
  }
  return cosines;
}

absl::Status CheckShapes(const Eigen::Ref<const Eigen::MatrixXd>& jacobian,
                         const Eigen::VectorXd& prior_sd, const Posterior& posterior,
                         const std::vector<std::string>& names) {
  const Eigen::Index p = jacobian.cols();
  if (p == 0 || prior_sd.size() != p || posterior.contraction.size() != p ||
      static_cast<Eigen::Index>(names.size()) != p) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "Jacobian, prior, posterior and names have %d, %d, %d and %d parameters, must be equal", p,
        prior_sd.size(), posterior.contraction.size(), names.size()));
  }
  if (!jacobian.allFinite() || !prior_sd.allFinite() || !(prior_sd.minCoeff() > 0.0)) {
    return absl::InvalidArgumentError("Jacobian and prior sds must be finite, prior sds > 0");
  }
  return absl::OkStatus();
}

}  // namespace

double CollinearityIndex(const Eigen::Ref<const Eigen::MatrixXd>& columns) {
  const Eigen::VectorXd norm = columns.colwise().norm();
  if (!(norm.minCoeff() > 0.0)) return std::numeric_limits<double>::infinity();
  // Singular values of S̃ itself: forming S̃ᵀ S̃ would lose half the digits.
  const Eigen::VectorXd s = base::SingularValues(columns * norm.cwiseInverse().asDiagonal());
  const bool thin = columns.rows() < columns.cols();
  const double least = thin ? 0.0 : s(columns.cols() - 1);
  return least > 1e-15 ? 1.0 / least : std::numeric_limits<double>::infinity();
}

absl::StatusOr<Identifiability> AnalyzeIdentifiability(
    const Eigen::Ref<const Eigen::MatrixXd>& data_jacobian, const Eigen::VectorXd& prior_sd,
    const Posterior& posterior, const std::vector<std::string>& names,
    const IdentifiabilityOptions& options) {
  PARALLAX_RETURN_IF_ERROR(CheckShapes(data_jacobian, prior_sd, posterior, names));
  const auto p = static_cast<int>(data_jacobian.cols());
  const Eigen::MatrixXd scaled = data_jacobian * prior_sd.asDiagonal();
  Identifiability result;
  result.singular_values = base::SingularValues(scaled);
  result.sensitivity = scaled.colwise().norm();
  std::vector<int> strong;
  for (int i = 0; i < p; ++i) {
    if (result.sensitivity(i) > options.sensitivity_limit) strong.push_back(i);
  }
  const Eigen::MatrixXd cosines = Cosines(scaled, strong);
  result.pair_gamma = Eigen::MatrixXd::Zero(p, p);
  for (int i = 0; i < p; ++i) {
    result.pair_gamma(i, i) = 1.0;
    for (int j : strong) {
      if (i == j || !(result.sensitivity(i) > options.sensitivity_limit)) continue;
      result.pair_gamma(i, j) = CollinearityIndex(Columns(scaled, {i, j}));
    }
  }
  std::vector<int> undetermined;
  for (int i : strong) {
    if (posterior.contraction(i) < options.determined_limit) undetermined.push_back(i);
  }
  const int largest = std::min<int>(options.max_subset, static_cast<int>(undetermined.size()));
  for (int size = 2; size <= largest; ++size) {
    FindMinimal(cosines, undetermined, size, options.gamma_limit, &result.minimal);
  }
  result.clusters = Merge(cosines, result.minimal);
  result.cluster_of.assign(p, -1);
  for (size_t c = 0; c < result.clusters.size(); ++c) {
    for (int i : result.clusters[c].parameters) result.cluster_of[i] = static_cast<int>(c);
  }
  ListUnidentifiable(posterior, names, options.contraction_limit, &result);
  return result;
}

}  // namespace parallax::calibration
