#pragma once

#include <string>
#include <vector>

#include "client/cli/environment.h"

namespace parallax::client {

/// Runs the command `parallax ARGUMENTS...`. @return its exit code (exit_code.h).
int RunCli(const std::vector<std::string>& arguments, Environment& environment);

}  // namespace parallax::client
