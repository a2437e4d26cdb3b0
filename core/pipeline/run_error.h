#pragma once

#include <string>

#include "absl/status/status.h"

namespace parallax::pipeline {

/// An error about one run of several: names the run in the message and before the field,
/// "runs[a].FIELD".
absl::Status OfRun(const std::string& run, const absl::Status& status);

}  // namespace parallax::pipeline
