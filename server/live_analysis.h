#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "server/commit_observer.h"
#include "server/forecast_worker.h"
#include "server/live_run.h"

namespace parallax::server {

/// Follows every open run as its batches are stored, and publishes what it finds. One thread works
/// through all runs, a run at a time with all its batches that wait; predictions are made on
/// another (ForecastWorker).
///
/// It never slows ingest: up to kMaxQueuedSamples wait, and where more come it lets go of the run
/// and counts what it does not read (ANALYSIS_BEHIND). Such a run is read anew from the store as
/// soon as somebody watches it and no batch came for a second; so whatever the speed of a stream,
/// what is said of a run in the end is the same. Thread-safe.
class LiveAnalysis final : public CommitObserver {
 public:
  static constexpr size_t kMaxQueuedSamples = 200'000;
  /// Followed at once; beyond them the one that has been quiet for longest is read anew from the
  /// store once it is heard of again.
  static constexpr size_t kMaxRuns = 1024;

  /// Listens to `relay` until it is destroyed.
  LiveAnalysis(const LiveContext& context, const base::Clock& clock, CommitRelay& relay);
  ~LiveAnalysis() override;

  void OnCommitted(const store::RunKey& run, std::span<store::AppendedBatch> batches) override;

  enum class RunState { kOpen, kClosed };
  /// A run was opened, or somebody watches it (kOpen), or it was closed: `then` is called on the
  /// worker's thread once all batches that were stored before have been published.
  void OnRunChanged(const std::string& rig, const std::string& run, RunState state,
                    std::function<void()> then);
  /// The current parameter set, or the current model, of a rig is another.
  void OnPromoted(const std::string& rig);

  /// What was told of the recipe of a run that is followed, where the rig's current model knows
  /// little of it.
  std::optional<v1::Detection> PoorlyUnderstood(const std::string& rig,
                                                const std::string& run) const;
  /// The newest prediction of a run that is followed, or null.
  std::shared_ptr<const pipeline::Forecast> ForecastOf(const std::string& rig,
                                                       const std::string& run) const;

 private:
  using Key = store::RunKey;
  /// What waits for one run.
  struct Inbox {
    std::vector<store::EncodedBatch> batches;
    size_t samples = 0;
    uint64_t dropped = 0;  ///< samples for which there was no room
    std::optional<RunState> state;
    std::vector<std::function<void()>> then;
    std::vector<ForecastWorker::Answer> answers;
  };
  /// What others ask of a run that is followed.
  struct Known {
    std::shared_ptr<const pipeline::Forecast> forecast;
    std::optional<v1::Detection> poorly_understood;
  };
  /// A run that is not followed since too much came at once.
  struct Unread {
    uint64_t samples = 0;
    uint64_t at_last_tick = 0;
  };

  void Run();
  void Process(const Key& key, Inbox inbox);
  /// The run, read from the store where it is not followed yet; null where it cannot be. What waits
  /// for it meanwhile is added to `batches`.
  LiveRun* Find(const Key& key, uint64_t not_live, std::vector<store::EncodedBatch>* batches);
  void Queue(const Key& key, store::EncodedBatch batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CountSkipped(uint64_t samples);
  void TellSkipped(const Key& key, uint64_t samples);
  void TakeWaiting(const Key& key, std::vector<store::EncodedBatch>* batches);
  void MakeRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LetGo(const Key& key, uint64_t samples);
  void CatchUp(const Key& key, uint64_t samples);
  void TakeAnswers(const Key& key, std::vector<ForecastWorker::Answer> answers, LiveRun* run);
  void Ask(const Key& key, LiveRun* run);
  /// Once a second.
  void Tick();
  /// Health of the next run that is due. It takes milliseconds a run, so one at a time: samples of
  /// others pass in between.
  void TellNext(absl::Time now);
  void TakePromoted(const std::set<std::string>& rigs);
  void ForgetQuietest();
  void Forget(std::map<Key, std::unique_ptr<LiveRun>>::iterator run);

  const LiveContext context_;
  const base::Clock& clock_;
  CommitRelay& relay_;
  std::map<Key, std::unique_ptr<LiveRun>> runs_;  ///< of the worker's thread
  std::deque<Key> due_;                           ///< likewise: since the last tick, not told yet

  mutable base::Mutex mutex_;
  base::CondVar changed_;
  std::map<Key, Inbox> inboxes_ ABSL_GUARDED_BY(mutex_);
  size_t queued_samples_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<Key, Unread> unread_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> promoted_rigs_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, Known> known_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<ForecastWorker> forecasts_worker_;  ///< constant until the thread has ended
  std::thread thread_;
};

}  // namespace parallax::server
