#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/signal/rig.h"
#include "core/signal/run.h"

namespace parallax::testing {

/// A JSON file of a test's own data; a null value where the file is missing.
nlohmann::json ReadJsonFile(const std::string& path);

/// The rig of a rig.json.
signal::Rig ReadRig(const std::string& path);

/// A run folder of a campaign: run.json, one CSV a device of the rig, outcome.json if there is one.
signal::RunRecord ReadRunFolder(const signal::Rig& rig, const std::string& folder);

/// The rig of tests/data/furnace: mA of command, a pyrometer that reads nothing below 800 Cel.
signal::Rig InductionFurnaceRig();

/// A recording of tests/data/furnace by the first words of its name: "IFrun073".
signal::RunRecord FurnaceRecording(const std::string& prefix);

}  // namespace parallax::testing
