#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "core/signal/quality.h"
#include "core/signal/rig.h"

namespace parallax::signal {

/// Samples of one channel, columnar: the three vectors are parallel.
struct ChannelColumn {
  uint32_t channel_index = 0;         ///< ChannelRef::index
  std::vector<int64_t> time_unix_ns;  ///< the device's clock, any order
  std::vector<double> value;          ///< in the channel's unit
  std::vector<Quality> quality;       ///< empty: all good
};

/// One immutable unit of ingest: what a producer sends under one sequence number.
struct SampleBatch {
  uint64_t seq = 0;                    ///< contiguous from 0 within a stream
  std::vector<ChannelColumn> columns;  ///< ascending channel_index, each at most once
  size_t SampleCount() const;
};

inline constexpr size_t kMaxBatchSamples = 262'144;

/// Counts of samples refused one by one, by reason; the rest of their batch is kept.
struct RejectCounts {
  uint64_t not_finite = 0;         ///< NaN or infinite value
  uint64_t time_out_of_range = 0;  ///< no base::IsDeviceTime: before 1980, after 2200
  uint64_t Total() const { return not_finite + time_out_of_range; }
};

/// Removes samples that may not be stored, marks those outside their channel's range
/// BAD/kOutOfRange and counts what it removed.
/// Errors: InvalidArgument where the batch as a whole is malformed (unknown channel index, columns
/// out of order, ragged columns, more than kMaxBatchSamples): such a batch is refused whole.
absl::Status AdmitBatch(const std::vector<ChannelRef>& channels, SampleBatch* batch,
                        RejectCounts* rejects);

}  // namespace parallax::signal
