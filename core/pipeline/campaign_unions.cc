#include "core/pipeline/campaign_unions.h"

#include <algorithm>
#include <string>

#include "core/attribution/verdict_thresholds.h"
#include "core/calibration/identifiability.h"
#include "core/twin/trust.h"

namespace parallax::pipeline {
namespace {

/// Parameters that are one cause with this one, itself among them.
std::vector<int> InterchangeableWith(const twin::Description& description, int parameter) {
  const std::string& name = description.parameters[static_cast<size_t>(parameter)].name;
  for (const std::vector<std::string>& set : twin::InterchangeableIn(description.name)) {
    if (std::find(set.begin(), set.end(), name) == set.end()) continue;
    std::vector<int> found;
    for (const std::string& other : set) {
      const int p = twin::ParameterIndex(description, other);
      if (p >= 0) found.push_back(p);
    }
    return found;
  }
  return {parameter};
}

bool Contains(const std::vector<int>& list, int value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

}  // namespace

bool AreCollinear(const Eigen::MatrixXd& slope, int a, int b) {
  Eigen::MatrixXd pair(slope.rows(), 2);
  pair << slope.col(a), slope.col(b);
  return calibration::CollinearityIndex(pair) >= attribution::kEvidenceRules.cluster_gamma;
}

std::vector<int> UnionOfEach(const twin::Description& description,
                             const std::vector<int>& parameters, const Eigen::MatrixXd& slope) {
  std::vector<int> union_of;
  int fresh = 0;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const std::vector<int> same = InterchangeableWith(description, parameters[i]);
    int own = -1;
    for (size_t j = 0; j < i; ++j) {
      if (!Contains(same, parameters[j]) && !AreCollinear(slope, parameters[i], parameters[j])) {
        continue;
      }
      const int other = union_of[j];
      if (own < 0) own = other;
      // A parameter that is in the place of two joins their unions.
      std::replace(union_of.begin(), union_of.end(), std::max(own, other), std::min(own, other));
      own = std::min(own, other);
    }
    union_of.push_back(own < 0 ? fresh++ : own);
  }
  return union_of;
}

std::vector<std::vector<int>> MovedTogether(const twin::Description& description,
                                            const std::vector<int>& parameters) {
  std::vector<std::vector<int>> moved;
  std::vector<int> taken = parameters;
  for (const int p : parameters) {
    moved.push_back({p});
    for (const int other : InterchangeableWith(description, p)) {
      if (Contains(taken, other)) continue;
      moved.back().push_back(other);
      taken.push_back(other);
    }
  }
  return moved;
}

}  // namespace parallax::pipeline
