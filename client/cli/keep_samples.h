#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "parallax/v1/resources.pb.h"

namespace parallax::client {

/// Gives a verb the option --keep-samples AGE|forever; anything else is an error of usage.
void AddKeepSamples(CLI::App& verb, std::string& typed);

/// Puts what was typed into a rig; nothing leaves it as it is.
void SetKeepSamples(const std::string& typed, v1::Rig& rig);

/// How long a rig keeps samples, as people type it: "90d", "forever".
std::string KeepSamplesText(const v1::Rig& rig);

}  // namespace parallax::client
