#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/store/store.h"

namespace parallax::store {

/// What a job was asked to do (runs, base parameter set, seed, order, fingerprint), as JSON; the
/// rest of a job changes while it runs and has columns of its own. Decoding errors: DataLoss.
absl::StatusOr<std::string> EncodeJobRequest(const JobRow& job);
absl::Status DecodeJobRequest(std::string_view text, JobRow* job);

}  // namespace parallax::store
