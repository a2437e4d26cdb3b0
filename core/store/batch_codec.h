#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/signal/sample_batch.h"
#include "core/store/decimal_scale.h"
#include "core/store/store.h"

namespace parallax::store {

/// Encodes batches losslessly: value bits, times and quality flags survive exactly. Allocates
/// nothing but the bytes it returns once it has seen a batch as large. Not thread-safe.
class BatchEncoder {
 public:
  /// The result lacks `stream` and `received_unix_ns`.
  EncodedBatch Encode(const signal::SampleBatch& batch, const signal::RejectCounts& rejected);

 private:
  void PutColumn(const signal::ChannelColumn& column, const signal::ChannelColumn* previous);
  void PutValues(const std::vector<double>& values);

  std::string out_;
  ScaledColumn scaled_;
};

/// The same with an encoder of its own.
EncodedBatch EncodeBatch(const signal::SampleBatch& batch, const signal::RejectCounts& rejected);

/// Inverse of EncodeBatch. Never trusts its input.
/// Errors: DataLoss where the bytes are not an encoded batch.
absl::StatusOr<signal::SampleBatch> DecodeBatch(uint64_t seq, std::string_view data);

}  // namespace parallax::store
