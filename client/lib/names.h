#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace parallax::client {

/// Full resource names from what people type: "tclab" or "rigs/tclab"; "tclab/step" or
/// "rigs/tclab/runs/step". Errors: InvalidArgument naming what was typed and the two forms.
absl::StatusOr<std::string> RigName(const std::string& typed);
absl::StatusOr<std::string> RunName(const std::string& typed);
absl::StatusOr<std::string> ReportName(const std::string& typed);
absl::StatusOr<std::string> ParameterSetName(const std::string& typed);
absl::StatusOr<std::string> DesignName(const std::string& typed);
absl::StatusOr<std::string> ModelName(const std::string& typed);
absl::StatusOr<std::string> JobName(const std::string& typed);
absl::StatusOr<std::string> TwinName(const std::string& typed);

/// The last part of a name: "step" of "rigs/tclab/runs/step".
std::string LastPart(const std::string& name);

/// Whether an id may be joined to a folder's path: it names something in that folder and nothing
/// outside of it, is not hidden and holds no NUL.
bool IsFileName(std::string_view id);

}  // namespace parallax::client
