#pragma once

#include <string>

#include "client/lib/message_json.h"

namespace parallax::client {

/// The part of an explanation that tells what was found on the sensors: each fault with its run,
/// then one sentence a device with its ordinary vices; runs calibrated on and held-out runs apart.
/// Empty where nothing was found.
std::string ExplainSensors(const Json& report);

}  // namespace parallax::client
