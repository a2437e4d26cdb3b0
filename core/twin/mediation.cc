#include "core/twin/mediation.h"

#include <limits>

namespace parallax::twin {

double Course::Mean() const {
  double sum = 0.0, count = 0.0;
  for (size_t i = 0; i < value.size(); ++i) {
    sum += weight[i] * value[i];
    count += weight[i];
  }
  return count > 0.0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

int MediatorIndex(const Mediation& mediation, std::string_view name) {
  const std::vector<Mediator>& list = mediation.mediators();
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace parallax::twin
