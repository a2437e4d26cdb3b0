#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/environment.h"
#include "client/lib/credentials.h"

namespace parallax::client {

enum class OutputFormat { kTable, kJson, kCsv };

/// "table", "json" or "csv". Errors: InvalidArgument.
absl::StatusOr<OutputFormat> ParseOutputFormat(const std::string& text);

/// What one source (flags, environment, a file) says; nothing where it is silent.
struct PartialSettings {
  std::optional<std::string> server;
  std::optional<std::string> output;
  std::optional<std::string> tls_ca;
  std::optional<std::string> tls_cert;
  std::optional<std::string> tls_key;
  std::optional<std::string> token_file;
  std::optional<double> timeout_s;
};

/// What a command goes by.
struct Settings {
  std::string server = "127.0.0.1:50051";
  std::string server_source = "default";  ///< where `server` was said, for doctor
  OutputFormat output = OutputFormat::kTable;
  absl::Duration timeout = absl::Seconds(30);
  CredentialPaths credentials;
};

/// Flags before PARALLAX_SERVER, PARALLAX_OUTPUT, PARALLAX_TLS_CA, PARALLAX_TLS_CERT,
/// PARALLAX_TLS_KEY, PARALLAX_TOKEN_FILE, PARALLAX_TIMEOUT before the user's
/// $XDG_CONFIG_HOME/parallax/config.toml (or ~/.config/...) before /etc/parallax/config.toml, whose
/// keys are `server`, `output`, `tls_ca`, `tls_cert`, `tls_key`, `token_file` and `timeout` [s].
/// There is none for a token itself: it would stand in every process's environment.
/// Errors: InvalidArgument naming file, line, key or variable, and value.
absl::StatusOr<Settings> ResolveSettings(const PartialSettings& flags,
                                         const Environment& environment);

/// One config file; all silent where there is none. Errors: InvalidArgument.
absl::StatusOr<PartialSettings> ReadConfigFile(const std::string& path);

}  // namespace parallax::client
