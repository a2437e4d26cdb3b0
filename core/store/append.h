#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "core/signal/sample_batch.h"

namespace parallax::store {

/// A batch that is validated, encoded and check-summed, ready to be bound to a row. Made by
/// batch_codec.h outside the writer thread.
struct EncodedBatch {
  int64_t stream = 0;
  uint64_t seq = 0;
  uint32_t samples = 0;  ///< admitted samples, those to be stored
  signal::RejectCounts rejected;
  int64_t first_time_unix_ns = 0;  ///< least source time; 0 where there are no samples
  int64_t last_time_unix_ns = 0;
  int64_t received_unix_ns = 0;  ///< by the daemon's clock, no part of content, checksum or digest
  uint64_t checksum = 0;         ///< XXH3-64 of `data`
  std::string data;              ///< the grammar opens batch_codec.cc

  /// All samples that it brought.
  uint64_t Received() const { return samples + rejected.Total(); }
};

enum class AppendResult {
  kCommitted,
  kDuplicate,  ///< this seq is on disk with the same content
  kGap,        ///< seq is beyond next_seq
  kConflict,   ///< this seq is on disk with other content
};

struct AppendOutcome {
  AppendResult result = AppendResult::kCommitted;
  uint64_t next_seq = 0;  ///< of the stream, after this append
};

/// A batch of which it is decided whether it is stored.
struct AppendedBatch {
  EncodedBatch batch;
  absl::StatusOr<AppendOutcome> outcome = AppendOutcome{};
};

/// Told on the answering thread of the store what became of its batches, once that is on disk; must
/// not block and must not wait for the store.
class AppendObserver {
 public:
  virtual ~AppendObserver() = default;
  /// All its batches of one commit, in the order in which they were queued. They may be moved from.
  virtual void OnAppended(std::span<AppendedBatch> batches) = 0;
};

}  // namespace parallax::store
