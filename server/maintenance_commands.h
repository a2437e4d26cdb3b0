#pragma once

#include "server/command_line.h"

namespace parallax::server {

/// Adds to a command line the commands that work on a store and end: `check DIR`, which exits 7
/// where something is damaged, `backup DIR TARGET` and `shrink DIR`.
void AddMaintenanceCommands(CLI::App& app, Command* chosen);

}  // namespace parallax::server
