#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/pipeline/forecast.h"
#include "core/pipeline/live_channel.h"
#include "core/pipeline/live_detector.h"
#include "core/pipeline/live_sensor_tests.h"
#include "core/pipeline/live_types.h"
#include "core/pipeline/residual_model.h"
#include "core/signal/clean.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/signal/sample_batch.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// Follows one run in progress: one filter a channel, the twin's prediction of it, the residual
/// between the two, and detectors of change and of sensor faults.
///
/// A prediction takes milliseconds and is made elsewhere: WantsForecast() says when there is reason
/// for one, ForecastInput() what it is made from, TakeForecast() takes it. Rows are held against
/// the newest prediction there is, whose inputs are a few seconds older than they: for people to
/// look at. Detectors see residuals only once they are settle_s old, against a prediction that
/// knows what the inputs did meanwhile. Filtered values depend on the samples alone; what is said
/// of the twin also on how often it was asked. One-owner, not thread-safe, neither copied nor
/// moved.
class LiveAnalyzer {
 public:
  /// @param twin  null where none predicts the rig; outlives the analyzer.
  LiveAnalyzer(signal::Rig rig, signal::Run run, const twin::Description* twin,
               const LiveOptions& options);
  LiveAnalyzer(const LiveAnalyzer&) = delete;
  LiveAnalyzer& operator=(const LiveAnalyzer&) = delete;

  /// Takes a batch that AdmitBatch let pass.
  /// @param received_unix_ns  by the daemon's clock; 0 where it is not known.
  void Push(const signal::SampleBatch& batch, int64_t received_unix_ns, LiveOutput* out);
  /// Makes everything final: the run is closed.
  void Flush();

  bool WantsForecast() const;
  /// The run as it is known, for Forecaster::Predict. WantsForecast() is false until the next
  /// TakeForecast().
  signal::CleanRun ForecastInput();
  /// @param forecast  null where it failed: the next is asked for once there are newer samples.
  void TakeForecast(std::shared_ptr<const Forecast> forecast, LiveOutput* out);
  /// Forgets the prediction: the parameter set is another. One that was asked for and is not here
  /// yet is of the former set, and will not be taken.
  void ForgetForecast();
  const std::shared_ptr<const Forecast>& forecast() const { return forecast_; }

  /// Takes what the rig's model of residuals foretells of the run: once when the run opened, and
  /// again where the model is another. Where its recipe is poorly understood a finding asks for
  /// more data, at the set-point that leaves what was learnt from, or the first there is.
  void TakeRunForecast(const RunForecast& forecast, LiveOutput* out) const;

  /// Tests the sensors on their newest samples; some milliseconds.
  void TestSensors(LiveOutput* out);

  const signal::Rig& rig() const { return rig_; }
  const signal::Run& run() const { return run_; }
  const std::vector<signal::ChannelRef>& channels() const { return refs_; }
  /// One entry a channel; sensor tests as of the last TestSensors().
  std::vector<LiveHealth> Health() const;

 private:
  /// Largest of what came in the last one to two hundred batches.
  struct RecentMaximum {
    std::optional<double> former, current;
    int batches = 0;
    void Add(double value);
    double Value() const;
  };
  struct Channel {
    LiveChannel live;
    int output = -1;  ///< of the twin
    std::optional<LiveDetector> detector;
    std::optional<double> next_judged_s;
    int64_t last_received_unix_ns = 0;
    RecentMaximum skew_s;
    uint64_t clock_steps = 0;  ///< that were told
    LiveSensorTests::Result sensor;
  };

  void Predict(const Channel& channel, std::vector<LiveRow>* rows) const;
  void Judge(uint32_t index, Channel* channel, LiveOutput* out) const;
  void JudgeOne(uint32_t index, double begin_s, Channel* channel, LiveOutput* out) const;
  void TellClockStep(uint32_t index, Channel* channel, LiveOutput* out) const;
  double NewestBinS() const;

  const signal::Rig rig_;
  const signal::Run run_;
  const LiveOptions options_;
  const std::vector<signal::ChannelRef> refs_;  ///< borrow from rig_
  const bool has_twin_;
  std::vector<Channel> channels_;
  LiveSensorTests sensor_tests_;
  std::shared_ptr<const Forecast> forecast_;
  double asked_until_s_;   ///< newest sample of the last ForecastInput
  bool asked_ = false;     ///< it was not answered yet
  bool outdated_ = false;  ///< and its answer will be of a former parameter set
};

}  // namespace parallax::pipeline
