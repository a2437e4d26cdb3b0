#pragma once

#include "server/command_line.h"

namespace parallax::server {

/// Adds to a command line the commands that look at a store and end: `check DIR`, which exits 7
/// where something is damaged, and `backup DIR TARGET`.
void AddMaintenanceCommands(CLI::App& app, Command* chosen);

}  // namespace parallax::server
