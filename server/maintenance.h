#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace parallax::server {

/// Adds to a command line the commands that look at a store and end: `check DIR` and
/// `backup DIR TARGET`. Parsing sets `run` to the one that was given, which returns the program's
/// exit code: 0; 1 where it could not be done; 7 where the check found damage.
void DeclareMaintenance(std::function<int()>* run, CLI::App* app);

}  // namespace parallax::server
