#include "server/forecast_worker.h"

#include <utility>

#include "server/priority.h"

namespace parallax::server {

ForecastWorker::ForecastWorker() : thread_([this] { Run(); }) {}

ForecastWorker::~ForecastWorker() {
  {
    base::MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void ForecastWorker::Post(Request request) {
  base::MutexLock lock(mutex_);
  requests_.push_back(std::move(request));
  changed_.NotifyOne();
}

void ForecastWorker::Run() {
  LowerOwnPriority(kBackgroundNice);
  for (;;) {
    Request request;
    {
      base::MutexLock lock(mutex_);
      while (requests_.empty() && !stopping_) changed_.Wait(mutex_);
      if (stopping_) return;
      request = std::move(requests_.front());
      requests_.pop_front();
    }
    absl::StatusOr<pipeline::Forecast> forecast =
        request.forecaster->Predict(request.rig, request.run);
    std::shared_ptr<const pipeline::Forecast> made;
    // A run too young to be driven, or whose boundary sensor is gone, has none for now.
    if (forecast.ok()) made = std::make_shared<const pipeline::Forecast>(*std::move(forecast));
    request.done(std::move(made));
  }
}

}  // namespace parallax::server
