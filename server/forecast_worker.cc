#include "server/forecast_worker.h"

#include <utility>

#include "server/priority.h"

namespace parallax::server {

namespace {

ForecastWorker::Answer AnswerTo(const ForecastWorker::Request& request) {
  ForecastWorker::Answer answer;
  if (request.forecaster != nullptr) {
    absl::StatusOr<pipeline::Forecast> forecast =
        request.forecaster->Predict(request.rig, request.run);
    // A run too young to be driven, or whose boundary sensor is gone, has none for now.
    answer.forecast =
        forecast.ok() ? std::make_shared<const pipeline::Forecast>(*std::move(forecast)) : nullptr;
  }
  if (request.model != nullptr) {
    absl::StatusOr<pipeline::RunForecast> forecast = request.model->residual.Predict(
        request.rig, request.model->twin, request.model->set, request.run.run);
    // A recipe without a knob that was learnt from is none that the model can speak of.
    if (forecast.ok()) answer.run_forecast = *std::move(forecast);
  }
  return answer;
}

}  // namespace

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
    request.done(AnswerTo(request));
  }
}

}  // namespace parallax::server
