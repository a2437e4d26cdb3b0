#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace parallax::store {

/// The status that ended a job, as JSON: code, message and, where it carries a base::FieldError,
/// the four of that. OK is the empty text. Decoding errors: DataLoss.
std::string EncodeJobFailure(const absl::Status& failure);
absl::Status DecodeJobFailure(std::string_view text, absl::Status* failure);

}  // namespace parallax::store
