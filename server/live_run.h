#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/pipeline/forecast.h"
#include "core/pipeline/live_analyzer.h"
#include "core/store/store.h"
#include "core/twin/twin.h"
#include "parallax/v1/watch.pb.h"
#include "server/forecast_worker.h"
#include "server/live_counters.h"
#include "server/watch_hub.h"

namespace parallax::server {

/// What the live analysis works with; outlives it.
struct LiveContext {
  store::Store& store;
  const twin::Registry& twins;
  WatchHub& hub;
  LiveCounters& counters;
  pipeline::LiveOptions options;
};

/// Says what was told of one run and is not taken yet, in order by stream.
using WaitingBatches = std::function<const std::vector<store::EncodedBatch>&()>;

/// One run that the live analysis follows: the analyzer, what of the store it has read, and how
/// what it says reaches the hub. One-owner, not thread-safe.
class LiveRun {
 public:
  /// Reads what is stored of an open run, but for the batches that wait to be taken, and goes on
  /// from there; what that says is not published.
  /// Errors: NotFound; FailedPrecondition (closed); DataLoss.
  /// @param not_live  of its samples, how many came too fast to be passed on live.
  /// @param waiting  asked once, when all that was read was told.
  static absl::StatusOr<std::unique_ptr<LiveRun>> Load(const LiveContext& context,
                                                       const std::string& rig,
                                                       const std::string& run, absl::Time now,
                                                       uint64_t not_live,
                                                       const WaitingBatches& waiting);

  /// Takes a batch unless it was read from the store already.
  void Take(const store::EncodedBatch& batch);
  void TakeAnswer(ForecastWorker::Answer answer);
  /// The rig's current parameter set, or its current model, may be another.
  void ReadPromoted();
  /// No sample follows: all that was read becomes final.
  void Close();
  /// Publishes what was said since the last call.
  void Publish();
  /// Tests the sensors where samples came since the last call, and publishes how channels are.
  void Tell(absl::Time now);

  /// A request where there is reason for one, with `done` still to be set: the twin's prediction
  /// where there are newer samples, the model's once for each model that becomes current.
  std::optional<ForecastWorker::Request> AskForForecasts();

  /// Closed, and no prediction is on its way.
  bool IsOver() const { return closed_ && !awaits_answer_; }
  /// What was told of its recipe, where the rig's current model knows little of it.
  const std::optional<v1::Detection>& poorly_understood() const { return poorly_understood_; }
  absl::Time last_batch() const { return last_batch_; }

 private:
  LiveRun(const LiveContext& context, const store::RigRow& rig, const signal::Run& run,
          const twin::Description* twin, absl::Time now, uint64_t not_live);
  absl::Status ReadStored(const WaitingBatches& waiting);
  void ReadParameters();
  void ReadModel();
  void TakeRunForecast(const pipeline::RunForecast& forecast);
  void TakeStored(store::RunSamples stored, const std::vector<store::EncodedBatch>& waiting);

  const LiveContext& context_;
  const std::string name_;
  const std::string twin_;
  const absl::Time followed_since_;
  const uint64_t not_live_;
  pipeline::LiveAnalyzer analyzer_;
  std::shared_ptr<const pipeline::Forecaster> forecaster_;  ///< null where nothing predicts the rig
  int64_t set_ = -1;                                        ///< revision of its parameter set
  std::shared_ptr<const RigModel> unasked_model_;           ///< current, of which nothing is known
  int64_t model_ = -1;                                      ///< revision of the current model
  std::optional<v1::Detection> poorly_understood_;
  std::map<int64_t, uint64_t> read_;  ///< by stream: all below was read
  pipeline::LiveOutput output_;
  absl::Time last_batch_;
  bool tested_ = true;  ///< sensors, since the last sample
  bool awaits_answer_ = false;
  bool closed_ = false;
};

}  // namespace parallax::server
