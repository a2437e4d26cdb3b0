#pragma once

#include "absl/status/statusor.h"
#include "core/signal/sample_batch.h"
#include "core/store/store.h"

namespace parallax::store {

/// Encodes a batch losslessly: value bits, times and quality flags survive exactly. The result
/// lacks only `stream`.
EncodedBatch EncodeBatch(const signal::SampleBatch& batch, const signal::RejectCounts& rejected);

/// Inverse of EncodeBatch. Never trusts its input.
/// Errors: DataLoss where the bytes are not an encoded batch.
absl::StatusOr<signal::SampleBatch> DecodeBatch(uint64_t seq, std::string_view data);

}  // namespace parallax::store
