#include "core/signal/time_order.h"

#include <algorithm>
#include <numeric>

namespace parallax::signal {

std::vector<size_t> TimeOrder(const Series& series) {
  std::vector<size_t> order(series.time_unix_ns.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return series.time_unix_ns[a] < series.time_unix_ns[b];
  });
  return order;
}

}  // namespace parallax::signal
