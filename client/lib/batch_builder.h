#pragma once

#include <cstdint>
#include <vector>

#include "parallax/v1/ingest.pb.h"

namespace parallax::client {

/// Collects the samples of a file's rows into batches with fixed boundaries. One owner.
class BatchBuilder {
 public:
  /// @param channel_index  of each column of the file, in the file's order.
  BatchBuilder(std::vector<uint32_t> channel_index, size_t rows_per_batch);

  /// One sample of the current row.
  void Add(size_t column, int64_t time_unix_ns, double value);
  /// Ends the row; rows without a sample do not count.
  void EndRow();
  /// The batches, the last one short.
  std::vector<v1::SampleBatch> Finish();

 private:
  void Flush();

  const std::vector<uint32_t> channel_index_;
  const size_t rows_per_batch_;
  std::vector<size_t> ascending_;  ///< columns in order of their channel index
  std::vector<v1::ChannelSamples> columns_;
  std::vector<int64_t> last_time_unix_ns_;
  size_t rows_ = 0;
  bool row_has_sample_ = false;
  std::vector<v1::SampleBatch> batches_;
};

}  // namespace parallax::client
