#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>

#include "core/base/mutex.h"
#include "core/pipeline/forecast.h"
#include "core/signal/clean.h"
#include "core/signal/rig.h"

namespace parallax::server {

/// Makes predictions of runs in progress, in order of request, on a thread of its own and of low
/// priority: whatever they cost, samples are passed on meanwhile. Thread-safe.
class ForecastWorker {
 public:
  struct Request {
    std::shared_ptr<const pipeline::Forecaster> forecaster;
    signal::Rig rig;
    signal::CleanRun run;
    /// Called on the worker's thread; null where there is no prediction. Must not block.
    std::function<void(std::shared_ptr<const pipeline::Forecast>)> done;
  };

  ForecastWorker();
  ~ForecastWorker();  ///< drops what waits

  void Post(Request request);

 private:
  void Run();

  base::Mutex mutex_;
  base::CondVar changed_;
  std::deque<Request> requests_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace parallax::server
