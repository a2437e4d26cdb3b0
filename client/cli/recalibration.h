#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "parallax/v1/resources.pb.h"

namespace parallax::client {

/// Gives a verb the option --recalibration hold|promote|off.
void AddRecalibration(CLI::App& verb, std::string& typed, const std::string& help);

/// What was typed, as the wire's mode; UNSPECIFIED for nothing.
v1::Recalibration RecalibrationOf(const std::string& typed);

/// The mode of a rig as people type it: "hold".
std::string RecalibrationText(const v1::Rig& rig);

}  // namespace parallax::client
