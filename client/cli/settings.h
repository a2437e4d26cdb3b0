#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/environment.h"

namespace parallax::client {

enum class OutputFormat { kTable, kJson, kCsv };

/// "table", "json" or "csv". Errors: InvalidArgument.
absl::StatusOr<OutputFormat> ParseOutputFormat(const std::string& text);

/// What one source (flags, environment, a file) says; nothing where it is silent.
struct PartialSettings {
  std::optional<std::string> server;
  std::optional<std::string> output;
  std::optional<double> timeout_s;
};

/// What a command goes by.
struct Settings {
  std::string server = "127.0.0.1:50051";
  std::string server_source = "default";  ///< where `server` was said, for doctor
  OutputFormat output = OutputFormat::kTable;
  absl::Duration timeout = absl::Seconds(30);
};

/// Flags before PARALLAX_SERVER, PARALLAX_OUTPUT, PARALLAX_TIMEOUT before the user's
/// $XDG_CONFIG_HOME/parallax/config.toml (or ~/.config/...) before /etc/parallax/config.toml, whose
/// keys are `server`, `output` and `timeout` [s].
/// Errors: InvalidArgument naming file, line, key or variable, and value.
absl::StatusOr<Settings> ResolveSettings(const PartialSettings& flags,
                                         const Environment& environment);

/// One config file; all silent where there is none. Errors: InvalidArgument.
absl::StatusOr<PartialSettings> ReadConfigFile(const std::string& path);

}  // namespace parallax::client
