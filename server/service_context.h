#pragma once

#include <functional>
#include <string>

#include "core/base/clock.h"
#include "core/store/store.h"
#include "core/twin/twin.h"
#include "server/session_registry.h"

namespace parallax::server {

/// What the handlers of unary calls work with. Everything outlives them; all of it is thread-safe.
struct ServiceContext {
  store::Store& store;
  const twin::Registry& twins;
  const base::Clock& clock;
  SessionRegistry& registry;
  std::function<void()> on_run_closed;                       ///< its batches can be compacted
  std::function<void()> on_job_queued;                       ///< or may be: the runner should look
  std::function<void(const std::string&)> on_job_cancelled;  ///< the runner should stop it
  /// A rig, run, parameter set, model or job of this name was stored or changed: who watches should
  /// know.
  std::function<void(const std::string&)> on_changed;
  /// Something was refused for a bound that was met: its name in the metrics.
  std::function<void(const std::string&)> on_refused;
};

}  // namespace parallax::server
