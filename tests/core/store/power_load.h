#pragma once

#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <string>

#include "core/store/store.h"

namespace parallax::store {

/// What a careful client does with a store: a rig, two runs, two streams whose batches commit in
/// groups, a job with its report and set, compaction, a batch sent again, a run that is retired.
/// Each step may be done again after it failed. Remembers what the store promised, to hold it to
/// that.
class PowerLoad {
 public:
  /// Every fourth batch has this many samples a channel, the others a few.
  explicit PowerLoad(size_t long_batch = 3000) : long_batch_(long_batch) {}

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

  const size_t long_batch_;
  std::set<std::string> promised_;  ///< steps that the store said are done
  Progress progress_[std::size(kStreams)];
  std::optional<JobRow> claimed_;
};

}  // namespace parallax::store
