#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace parallax::server {

/// The two ids of "rigs/{rig}/runs/{run}" and the like.
struct RunName {
  std::string rig;
  std::string run;
};
struct ReportName {
  std::string rig;
  std::string report;
};
struct ParameterSetName {
  std::string rig;
  int64_t revision = 0;  ///< -1 stands for "current"
};

struct DesignName {
  std::string rig;
  std::string design;
};
struct ModelName {
  std::string rig;
  int64_t revision = 0;  ///< -1 stands for "current"
};

/// Resource names taken apart. Every id has 1 to 63 characters of [A-Za-z0-9_.-].
/// Errors: InvalidArgument with the field, the name and the pattern that it should have.
absl::StatusOr<std::string> ParseRigName(std::string_view field, std::string_view name);
absl::StatusOr<RunName> ParseRunName(std::string_view field, std::string_view name);
absl::StatusOr<ReportName> ParseReportName(std::string_view field, std::string_view name);
absl::StatusOr<ParameterSetName> ParseParameterSetName(std::string_view field,
                                                       std::string_view name);
absl::StatusOr<DesignName> ParseDesignName(std::string_view field, std::string_view name);
absl::StatusOr<ModelName> ParseModelName(std::string_view field, std::string_view name);
absl::StatusOr<std::string> ParseJobName(std::string_view field, std::string_view name);
absl::StatusOr<std::string> ParseTwinName(std::string_view field, std::string_view name);

/// Resource names put together.
std::string RigNameOf(std::string_view rig);
std::string RunNameOf(std::string_view rig, std::string_view run);
std::string ReportNameOf(std::string_view rig, std::string_view report);
std::string ParameterSetNameOf(std::string_view rig, int64_t revision);
std::string DesignNameOf(std::string_view rig, std::string_view design);
std::string ModelNameOf(std::string_view rig, int64_t revision);
std::string JobNameOf(std::string_view job);
std::string TwinNameOf(std::string_view twin);

}  // namespace parallax::server
