#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/calibration/parameter_set.h"

namespace parallax::pipeline {

/// What a set or a report was made from, as a part of its JSON.
nlohmann::json EncodeProvenance(const calibration::Provenance& provenance);

/// Canonical JSON of a parameter set: sorted keys, shortest round-trip doubles, so that equal sets
/// are equal bytes. `sha256` of it names the set in provenance.
std::string EncodeParameterSet(const calibration::ParameterSet& set);

/// Inverse. Errors: DataLoss where the bytes are not an encoded parameter set.
absl::StatusOr<calibration::ParameterSet> DecodeParameterSet(std::string_view bytes);

}  // namespace parallax::pipeline
