#pragma once

#include <functional>

namespace parallax::base {

/// Runs `task` on the calling thread; ParallelFor calls within it take no other one, so that work
/// that may wait leaves the other cores to work that may not. Results are the same (parallel.h).
void OnOneThread(const std::function<void()>& task);

/// Whether the calling thread is within OnOneThread.
bool IsOnOneThread();

}  // namespace parallax::base
