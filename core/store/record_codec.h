#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"

namespace parallax::store {

/// Records as the JSON text of a row. Doubles survive bit for bit, infinities as strings.
/// Encoding errors: InvalidArgument where a text is not UTF-8. Decoding errors: DataLoss.
absl::StatusOr<std::string> EncodeRig(const signal::Rig& rig);
absl::StatusOr<signal::Rig> DecodeRig(std::string_view text);
absl::StatusOr<std::string> EncodeRun(const signal::Run& run);
absl::StatusOr<signal::Run> DecodeRun(std::string_view text);
absl::StatusOr<std::string> EncodeOutcome(const signal::Outcome& outcome);
absl::StatusOr<signal::Outcome> DecodeOutcome(std::string_view text);

/// Lists and maps of a row.
absl::StatusOr<std::string> EncodeNames(const std::vector<std::string>& names);
absl::StatusOr<std::vector<std::string>> DecodeNames(std::string_view text);
absl::StatusOr<std::string> EncodeSeconds(const std::map<std::string, double>& seconds);
absl::StatusOr<std::map<std::string, double>> DecodeSeconds(std::string_view text);

}  // namespace parallax::store
