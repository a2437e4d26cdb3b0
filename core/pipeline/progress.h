#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "core/pipeline/analysis.h"

namespace parallax::pipeline {

/// Reports progress; a false answer becomes the status that unwinds the analysis.
absl::Status EnterPhase(const ProgressCallback& progress, std::string_view phase,
                        double share_done);

}  // namespace parallax::pipeline
