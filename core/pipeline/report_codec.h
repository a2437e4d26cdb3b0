#pragma once

#include <string>

#include "core/pipeline/report.h"

namespace parallax::pipeline {

/// A report as canonical JSON, schema "parallax-report/1": what the store keeps, what its SHA-256
/// names and what every client reads. It holds no wall clock, duration, attempt or server-assigned
/// id. A figure that does not exist is null.
std::string EncodeReport(const Report& report);

}  // namespace parallax::pipeline
