#pragma once

#include <vector>

#include "core/signal/run.h"

namespace parallax::signal {

/// Positions of `series` in order of (source time, arrival).
std::vector<size_t> TimeOrder(const Series& series);

}  // namespace parallax::signal
