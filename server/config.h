#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/daemon.h"
#include "server/log.h"

namespace parallax::server {

/// What a configuration file or the command line sets.
struct Config {
  DaemonOptions daemon;
  std::string data_directory;                                 ///< DefaultDataDirectory() unless set
  absl::Duration recalibration_interval = absl::Seconds(30);  ///< SqliteStoreOptions
  std::string port_file;                                      ///< empty: none is written
  LogFormat log_format = LogFormat::kText;
};

/// $XDG_STATE_HOME/parallax, or ~/.local/state/parallax.
std::string DefaultDataDirectory();

/// Reads TOML over the defaults. `source` names the file in errors.
/// Errors: InvalidArgument with line, key, value and bound; an unknown key with "did you mean".
absl::StatusOr<Config> ParseConfig(std::string_view toml, std::string_view source);

/// Every key that ParseConfig knows, as "section.key", for the test of its documentation.
std::vector<std::string> ConfigKeys();

/// Errors: InvalidArgument.
absl::StatusOr<LogFormat> ParseLogFormat(std::string_view name);

}  // namespace parallax::server
