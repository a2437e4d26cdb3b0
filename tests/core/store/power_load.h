#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <string>

#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/store/store.h"

namespace parallax::store {

/// A clock that stands still until told. While its gate is closed it also holds up whoever asks for
/// the time, as the writer does when it begins a group: meanwhile the next group can be queued
/// whole, so that equal loads commit equal groups.
class GatedClock final : public base::Clock {
 public:
  absl::Time Now() const override;
  void Close();
  void Open();
  /// Waits until somebody is held up, or the gate is open.
  void AwaitHeld();

  absl::Time now = absl::FromUnixSeconds(1'700'000'000);

 private:
  mutable base::Mutex mutex_;
  mutable base::CondVar changed_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  mutable bool held_ ABSL_GUARDED_BY(mutex_) = false;
};

/// What a careful client does with a store: a rig, two runs, two streams whose batches commit in
/// groups, a job with its report and set, compaction, a batch sent again, a run that is retired.
/// Each step may be done again after it failed. Remembers what the store promised, to hold it to
/// that.
class PowerLoad {
 public:
  /// @param clock       that of the stores; outlives the load
  /// @param long_batch  so many samples a channel has every fourth batch, the others a few
  explicit PowerLoad(GatedClock& clock, size_t long_batch = 3000)
      : clock_(clock), long_batch_(long_batch) {}

  static constexpr uint32_t kChannels = 3;
  static constexpr int kParts = 2;  ///< the store is closed and opened between them
  /// How long the rig keeps samples: the clock has to move by as much before the last part.
  static constexpr absl::Duration kKeep = absl::Minutes(1);

  /// Does one part from where the store stands. Ends with the first error.
  absl::Status Run(int part, Store& store);
  /// The process that spoke to the store is gone.
  void NoteRestart() { claimed_.reset(); }

  /// OK where the store holds what it promised, only what was sent, and all of it unchanged; else
  /// DataLoss saying what is wrong. Errors of reading the store are passed on.
  absl::Status Verify(Store& store) const;
  /// What a store holds that all parts were done with, but for what depends on how often a step was
  /// tried.
  absl::StatusOr<std::string> Contents(Store& store) const;

 private:
  struct StreamPlan {
    const char* run;
    const char* producer;
    uint64_t batches;
  };
  static constexpr StreamPlan kStreams[] = {{"a", "p", 14}, {"b", "q", 6}};

  /// Batches of one stream, counted from its first.
  struct Progress {
    uint64_t sent = 0;
    uint64_t promised = 0;         ///< called back as committed
    uint64_t duplicates_sent = 0;  ///< of batch 0
    uint64_t duplicates_promised = 0;
  };

  absl::Status Ingest(Store& store);
  absl::Status Analyse(Store& store);
  absl::Status SendAll(size_t stream, Store& store);
  absl::Status SendAgain(Store& store);
  absl::Status FinishJob(Store& store);
  absl::Status VerifyStream(size_t stream, const LedgerCounts& ledger, Store& store) const;
  absl::Status VerifyRetired(const RunRow& run, Store& store) const;
  absl::Status VerifyJob(Store& store) const;

  GatedClock& clock_;
  const size_t long_batch_;
  std::set<std::string> promised_;  ///< steps that the store said are done
  Progress progress_[std::size(kStreams)];
  std::optional<JobRow> claimed_;
};

}  // namespace parallax::store
