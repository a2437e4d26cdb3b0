#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "parallax/v1/ingest.pb.h"
#include "parallax/v1/resources.pb.h"

namespace parallax::client {

/// What one DEVICE.csv becomes on the wire.
struct DeviceRecording {
  /// SHA-256 of the file's bytes, so that a repetition is recognised; another one for every way of
  /// cutting it into batches.
  std::string producer_id;
  uint64_t samples = 0;  ///< cells that hold a number or nan; empty cells are not delivered
  std::vector<v1::SampleBatch> batches;
  int64_t first_row_unix_ns = 0;
  /// Of each batch: how long after the first row its last one was measured, by the device's clock;
  /// steps of that clock back, or by more than kLongestStep, count as none.
  std::vector<absl::Duration> measured;
  std::vector<std::string> silent;  ///< ids of channels whose column is empty throughout
};

/// Rows of a file that make one batch: 2,000, or fewer where a row is wider than 65 cells so that a
/// message stays below gRPC's limit of 4 MiB. Depends on the file alone: batch boundaries must be
/// the same in every replay of one speed.
size_t RowsPerBatch(size_t channels);

/// Turns the text of a DEVICE.csv (see the campaign format: `time_ns`, then one column a channel)
/// into batches. Values keep the bits that strtod gives, times are sent as they stand, empty cells
/// give no sample, rows without a sample take no part in a batch.
/// @param path   named in errors only.
/// @param first_channel_index  position of the device's first channel in its rig.
/// @param span  of the device's time that one batch holds at most.
/// Errors: InvalidArgument `PATH line L, column C (NAME): is VALUE, must be BOUND` for an empty
/// file, a header that names no channel of the device or one twice, a row that is too short or too
/// long, a time that is not a whole number of nanoseconds or that the daemon would reject (a row
/// shifted to the left may begin with a whole number as well), a cell that is not a number.
absl::StatusOr<DeviceRecording> ParseDeviceCsv(const std::string& path, std::string_view text,
                                               const v1::Device& device,
                                               uint32_t first_channel_index,
                                               absl::Duration span = absl::InfiniteDuration());

}  // namespace parallax::client
