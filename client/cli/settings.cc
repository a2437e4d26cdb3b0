#include "client/cli/settings.h"

#include <toml++/toml.h>

#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr char kSystemConfig[] = "/etc/parallax/config.toml";

/// A setting that is a text: its key in files and its variable.
struct TextSetting {
  std::string_view key;
  const char* variable;
  std::optional<std::string> PartialSettings::*value;
};

constexpr TextSetting kTextSettings[] = {
    {"server", "PARALLAX_SERVER", &PartialSettings::server},
    {"output", "PARALLAX_OUTPUT", &PartialSettings::output},
    {"tls_ca", "PARALLAX_TLS_CA", &PartialSettings::tls_ca},
    {"tls_cert", "PARALLAX_TLS_CERT", &PartialSettings::tls_cert},
    {"tls_key", "PARALLAX_TLS_KEY", &PartialSettings::tls_key},
    {"token_file", "PARALLAX_TOKEN_FILE", &PartialSettings::token_file},
};

/// A text that goes as it is into what a channel is made of.
struct PathSetting {
  std::optional<std::string> PartialSettings::*said;
  std::string CredentialPaths::*path;
};

constexpr PathSetting kPathSettings[] = {
    {&PartialSettings::tls_ca, &CredentialPaths::tls_ca},
    {&PartialSettings::tls_cert, &CredentialPaths::tls_cert},
    {&PartialSettings::tls_key, &CredentialPaths::tls_key},
    {&PartialSettings::token_file, &CredentialPaths::token_file},
};

absl::Status BadKey(const std::string& path, std::string_view key, const toml::node& node,
                    const std::string& bound) {
  return absl::InvalidArgumentError(absl::StrFormat("%s line %d: key \"%s\": must be %s", path,
                                                    node.source().begin.line, key, bound));
}

absl::Status ReadKey(const std::string& path, std::string_view key, const toml::node& node,
                     PartialSettings& settings) {
  if (key == "timeout") {
    settings.timeout_s = node.value<double>();
    return settings.timeout_s ? absl::OkStatus() : BadKey(path, key, node, "seconds");
  }
  for (const TextSetting& setting : kTextSettings) {
    if (setting.key != key) continue;
    settings.*setting.value = node.value<std::string>();
    return settings.*setting.value ? absl::OkStatus() : BadKey(path, key, node, "a string");
  }
  return BadKey(path, key, node,
                "one of server, output, tls_ca, tls_cert, tls_key, token_file, timeout");
}

absl::StatusOr<PartialSettings> ReadVariables(const Environment& environment) {
  PartialSettings settings;
  for (const TextSetting& setting : kTextSettings) {
    settings.*setting.value = environment.variable(setting.variable);
  }
  const std::optional<std::string> timeout = environment.variable("PARALLAX_TIMEOUT");
  double seconds = 0.0;
  if (timeout.has_value() && !absl::SimpleAtod(*timeout, &seconds)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("PARALLAX_TIMEOUT: is \"%s\", must be seconds", *timeout));
  }
  if (timeout.has_value()) settings.timeout_s = seconds;
  return settings;
}

std::optional<std::string> UserConfig(const Environment& environment) {
  const std::optional<std::string> config = environment.variable("XDG_CONFIG_HOME");
  if (config.has_value() && !config->empty()) return *config + "/parallax/config.toml";
  const std::optional<std::string> home = environment.variable("HOME");
  if (home.has_value()) return *home + "/.config/parallax/config.toml";
  return std::nullopt;
}

/// Takes over what `source` says and no better source has said.
absl::Status Apply(const PartialSettings& source, const std::string& name, PartialSettings& said,
                   Settings& settings) {
  if (source.server && !said.server) {
    settings.server = *source.server;
    settings.server_source = name;
    said.server = source.server;
  }
  if (source.output && !said.output) {
    PARALLAX_ASSIGN_OR_RETURN(settings.output, ParseOutputFormat(*source.output));
    said.output = source.output;
  }
  for (const PathSetting& setting : kPathSettings) {
    if (!(source.*setting.said) || said.*setting.said) continue;
    settings.credentials.*setting.path = *(source.*setting.said);
    said.*setting.said = source.*setting.said;
  }
  if (source.timeout_s && !said.timeout_s) {
    if (!(*source.timeout_s > 0.0) || !std::isfinite(*source.timeout_s)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("timeout of %s: is %g s, must be > 0", name, *source.timeout_s));
    }
    settings.timeout = absl::Seconds(*source.timeout_s);
    said.timeout_s = source.timeout_s;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<OutputFormat> ParseOutputFormat(const std::string& text) {
  if (text == "table") return OutputFormat::kTable;
  if (text == "json") return OutputFormat::kJson;
  if (text == "csv") return OutputFormat::kCsv;
  return absl::InvalidArgumentError(
      absl::StrFormat("output: is \"%s\", must be table, json or csv", text));
}

absl::StatusOr<PartialSettings> ReadConfigFile(const std::string& path) {
  PartialSettings settings;
  const absl::StatusOr<std::string> text = base::ReadFile(path);
  if (absl::IsNotFound(text.status())) return settings;
  PARALLAX_RETURN_IF_ERROR(text.status());
  try {
    const toml::table table = toml::parse(*text, path);
    for (const auto& entry : table) {
      PARALLAX_RETURN_IF_ERROR(ReadKey(path, entry.first.str(), entry.second, settings));
    }
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s line %d: %s", path, error.source().begin.line, error.description()));
  }
  return settings;
}

absl::StatusOr<Settings> ResolveSettings(const PartialSettings& flags,
                                         const Environment& environment) {
  Settings settings;
  PartialSettings said;
  PARALLAX_RETURN_IF_ERROR(Apply(flags, "flag", said, settings));
  PARALLAX_ASSIGN_OR_RETURN(const PartialSettings variables, ReadVariables(environment));
  PARALLAX_RETURN_IF_ERROR(Apply(variables, "environment", said, settings));
  std::vector<std::string> files;
  if (const std::optional<std::string> user = UserConfig(environment)) files.push_back(*user);
  files.emplace_back(kSystemConfig);
  for (const std::string& file : files) {
    PARALLAX_ASSIGN_OR_RETURN(const PartialSettings config, ReadConfigFile(file));
    PARALLAX_RETURN_IF_ERROR(Apply(config, file, said, settings));
  }
  return settings;
}

}  // namespace parallax::client
