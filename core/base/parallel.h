#pragma once

#include <cstddef>
#include <functional>

namespace parallax::base {

/// Runs task(0) … task(count - 1) on all cores and waits. Tasks must write only slots of their own
/// index; the caller sums serially, so results do not depend on the number of threads.
void ParallelFor(size_t count, const std::function<void(size_t)>& task);

}  // namespace parallax::base
