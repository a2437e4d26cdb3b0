#pragma once

#include <vector>

#include "core/signal/run.h"

namespace parallax::server {

/// Positions of `series` in order of (source time, arrival).
std::vector<size_t> TimeOrder(const signal::Series& series);

}  // namespace parallax::server
