#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "parallax/v1/ingest.pb.h"

namespace parallax::client {

/// The longest step of a device's clock from row to row that counts as time that passed: one that
/// is longer, or back, is the clock's doing.
inline constexpr absl::Duration kLongestStep = absl::Hours(1);

/// Where a batch ends: after so many rows, and where `span` of the device's time has passed.
struct BatchCut {
  size_t rows = 2000;
  absl::Duration span = absl::InfiniteDuration();
};

/// Collects the samples of a file's rows into batches with fixed boundaries. One owner.
class BatchBuilder {
 public:
  /// @param channel_index  of each column of the file, in the file's order.
  BatchBuilder(std::vector<uint32_t> channel_index, BatchCut cut);

  /// The row that the next samples belong to.
  void BeginRow(int64_t time_unix_ns);
  /// One sample of the current row.
  void Add(size_t column, double value);
  /// Ends the row; rows without a sample do not count.
  void EndRow();
  /// The batches, the last one short.
  std::vector<v1::SampleBatch> Finish();
  /// Of each batch so far: when its last row was measured, since the first row.
  const std::vector<absl::Duration>& measured() const { return measured_; }

 private:
  void Flush();

  const std::vector<uint32_t> channel_index_;
  const BatchCut cut_;
  std::vector<size_t> ascending_;  ///< columns in order of their channel index
  std::vector<v1::ChannelSamples> columns_;
  std::vector<int64_t> last_time_unix_ns_;
  size_t rows_ = 0;
  bool any_row_ = false;
  bool row_has_sample_ = false;
  int64_t row_unix_ns_ = 0;
  absl::Duration passed_;    ///< since the first row
  absl::Duration last_row_;  ///< `passed_` at the last row with a sample
  int64_t span_ = 0;         ///< that rows now belong to, counted from the first row's
  std::vector<v1::SampleBatch> batches_;
  std::vector<absl::Duration> measured_;
};

}  // namespace parallax::client
