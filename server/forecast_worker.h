#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "core/base/mutex.h"
#include "core/calibration/parameter_set.h"
#include "core/pipeline/forecast.h"
#include "core/pipeline/residual_model.h"
#include "core/signal/clean.h"
#include "core/signal/rig.h"
#include "core/twin/twin.h"

namespace parallax::server {

/// A rig's current model, and what it was trained with. Borrows the twin.
struct RigModel {
  const twin::Twin& twin;
  calibration::ParameterSet set;
  pipeline::ResidualModel residual;
};

/// Makes predictions of runs in progress, in order of request, on a thread of its own and of low
/// priority: whatever they cost, samples are passed on meanwhile. Thread-safe.
class ForecastWorker {
 public:
  struct Answer {
    /// By `forecaster`: null where there is no prediction, nothing where none was asked for.
    std::optional<std::shared_ptr<const pipeline::Forecast>> forecast;
    /// By `model`, of the run's recipe; nothing where there is none.
    std::optional<pipeline::RunForecast> run_forecast;
  };
  struct Request {
    std::shared_ptr<const pipeline::Forecaster> forecaster;  ///< null: not asked
    std::shared_ptr<const RigModel> model;                   ///< null: not asked
    signal::Rig rig;
    signal::CleanRun run;
    std::function<void(Answer)> done;  ///< called on the worker's thread; must not block
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
