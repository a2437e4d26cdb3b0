#include "server/config.h"

#include <toml++/toml.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/edit_distance.h"
#include "core/base/status_macros.h"

namespace parallax::server {
namespace {

constexpr int64_t kMaxCount = 1'000'000'000;

using Setter = std::function<absl::Status(const toml::node&, Config*)>;

absl::Status Wrong(std::string_view bound) {
  return absl::InvalidArgumentError(absl::StrFormat("must be %s", bound));
}

template <typename Assign>
Setter Text(Assign assign) {
  return [assign](const toml::node& node, Config* config) {
    const std::optional<std::string> value = node.value_exact<std::string>();
    return value.has_value() ? assign(*value, config) : Wrong("a string");
  };
}

template <typename Assign>
Setter Count(Assign assign) {
  return [assign](const toml::node& node, Config* config) -> absl::Status {
    const std::optional<int64_t> value = node.value_exact<int64_t>();
    if (!value.has_value() || *value < 1 || *value > kMaxCount) {
      return Wrong("a whole number in [1, 1000000000]");
    }
    assign(*value, config);
    return absl::OkStatus();
  };
}

template <typename Assign>
Setter Seconds(Assign assign) {
  return [assign](const toml::node& node, Config* config) -> absl::Status {
    const std::optional<double> value = node.value<double>();
    if (!value.has_value() || !(*value > 0.0) || *value > 1e6) {
      return Wrong("a number of seconds in (0, 1e6]");
    }
    assign(absl::Seconds(*value), config);
    return absl::OkStatus();
  };
}

absl::Status SetRunsPerFalseAlarm(const toml::node& node, Config* config) {
  const std::optional<double> value = node.value<double>();
  if (!value.has_value() || !(*value >= 1.0) || *value > static_cast<double>(kMaxCount)) {
    return Wrong("a number of runs in [1, 1e9]");
  }
  config->daemon.live.runs_per_false_alarm = *value;
  return absl::OkStatus();
}

absl::Status SetOrigins(const toml::node& node, Config* config) {
  const toml::array* list = node.as_array();
  if (list == nullptr) return Wrong("a list of strings");
  config->daemon.http.origins.clear();
  for (const toml::node& entry : *list) {
    const std::optional<std::string> origin = entry.value_exact<std::string>();
    if (!origin.has_value()) return Wrong("a list of strings");
    PARALLAX_RETURN_IF_ERROR(http::ValidateOrigin(*origin));
    config->daemon.http.origins.push_back(*origin);
  }
  return absl::OkStatus();
}

absl::Status SetInsecure(const toml::node& node, Config* config) {
  const std::optional<bool> value = node.value_exact<bool>();
  if (!value.has_value()) return Wrong("true or false");
  config->daemon.exposure = *value ? Exposure::kAnyAddress : Exposure::kLoopbackOnly;
  return absl::OkStatus();
}

absl::Status SetClientCertificates(const toml::node& node, Config* config) {
  const std::optional<std::string> value = node.value_exact<std::string>();
  if (value != "judged" && value != "required") return Wrong("\"judged\" or \"required\"");
  config->daemon.security.client_certificates = value == "required"
                                                    ? security::ClientCertificates::kRequired
                                                    : security::ClientCertificates::kJudged;
  return absl::OkStatus();
}

const std::map<std::string, Setter>& Setters() {
  static const auto* const setters = new std::map<std::string, Setter>{
      {"server.listen", Text([](const std::string& value, Config* config) {
         config->daemon.listen = value;
         return absl::OkStatus();
       })},
      {"server.insecure", SetInsecure},
      {"server.port_file", Text([](const std::string& value, Config* config) {
         config->port_file = value;
         return absl::OkStatus();
       })},
      {"server.threads",
       Count([](int64_t n, Config* config) { config->daemon.threads = static_cast<int>(n); })},
      {"server.max_waiting_calls", Count([](int64_t n, Config* config) {
         config->daemon.max_waiting_calls = static_cast<size_t>(n);
       })},
      {"server.max_call_bytes", Count([](int64_t n, Config* config) {
         config->daemon.calls.in_all = static_cast<size_t>(n);
       })},
      {"server.max_call_bytes_per_caller", Count([](int64_t n, Config* config) {
         config->daemon.calls.per_caller = static_cast<size_t>(n);
       })},
      {"server.max_transport_bytes", Count([](int64_t n, Config* config) {
         config->daemon.max_transport_bytes = static_cast<size_t>(n);
       })},
      {"server.drain_timeout_s",
       Seconds([](absl::Duration t, Config* config) { config->daemon.drain_timeout = t; })},
      {"server.max_connection_age_s",
       Seconds([](absl::Duration t, Config* config) { config->daemon.max_connection_age = t; })},
      {"tls.certificate", Text([](const std::string& value, Config* config) {
         config->daemon.security.tls.certificate = value;
         return absl::OkStatus();
       })},
      {"tls.key", Text([](const std::string& value, Config* config) {
         config->daemon.security.tls.key = value;
         return absl::OkStatus();
       })},
      {"tls.client_ca", Text([](const std::string& value, Config* config) {
         config->daemon.security.tls.client_ca = value;
         return absl::OkStatus();
       })},
      {"tls.client_certificates", SetClientCertificates},
      {"access.token_file", Text([](const std::string& value, Config* config) {
         config->daemon.security.token_file = value;
         return absl::OkStatus();
       })},
      {"access.audit_log", Text([](const std::string& value, Config* config) {
         config->daemon.security.audit_log = value;
         return absl::OkStatus();
       })},
      {"http.listen", Text([](const std::string& value, Config* config) {
         config->daemon.http.server.listen = value;
         return absl::OkStatus();
       })},
      {"http.web", Text([](const std::string& value, Config* config) {
         config->daemon.http.web = value;
         return absl::OkStatus();
       })},
      {"http.origins", SetOrigins},
      {"http.max_connections", Count([](int64_t n, Config* config) {
         config->daemon.http.server.max_connections = static_cast<size_t>(n);
       })},
      {"http.idle_timeout_s", Seconds([](absl::Duration t, Config* config) {
         config->daemon.http.server.idle_timeout = t;
       })},
      {"store.data", Text([](const std::string& value, Config* config) {
         config->data_directory = value;
         return absl::OkStatus();
       })},
      {"store.compaction_interval_s",
       Seconds([](absl::Duration t, Config* config) { config->daemon.compaction_interval = t; })},
      {"analysis.recalibration_interval_s",
       Seconds([](absl::Duration t, Config* config) { config->recalibration_interval = t; })},
      {"live.runs_per_false_alarm", SetRunsPerFalseAlarm},
      {"ingest.credit", Count([](int64_t n, Config* config) {
         config->daemon.ingest.credit = static_cast<uint32_t>(n);
       })},
      {"ingest.max_inbox_bytes", Count([](int64_t n, Config* config) {
         config->daemon.ingest.max_inbox_bytes = static_cast<size_t>(n);
       })},
      {"ingest.max_bytes", Count([](int64_t n, Config* config) {
         config->daemon.ingest.max_bytes = static_cast<size_t>(n);
       })},
      {"ingest.max_bytes_per_caller", Count([](int64_t n, Config* config) {
         config->daemon.ingest.max_bytes_per_caller = static_cast<size_t>(n);
       })},
      {"ingest.max_streams", Count([](int64_t n, Config* config) {
         config->daemon.ingest.max_streams = static_cast<size_t>(n);
       })},
      {"ingest.max_streams_per_caller", Count([](int64_t n, Config* config) {
         config->daemon.ingest.max_streams_per_caller = static_cast<size_t>(n);
       })},
      {"ingest.idle_timeout_s",
       Seconds([](absl::Duration t, Config* config) { config->daemon.ingest.idle_timeout = t; })},
      {"ingest.workers", Count([](int64_t n, Config* config) {
         config->daemon.ingest.workers = static_cast<int>(n);
       })},
      {"log.format", Text([](const std::string& value, Config* config) -> absl::Status {
         PARALLAX_ASSIGN_OR_RETURN(config->log_format, ParseLogFormat(value));
         return absl::OkStatus();
       })},
  };
  return *setters;
}

absl::Status Apply(std::string_view source, const std::string& key, const toml::node& node,
                   Config* config) {
  const auto where = absl::StrFormat("%s:%d: %s", source, node.source().begin.line, key);
  const auto setter = Setters().find(key);
  if (setter == Setters().end()) {
    const std::string nearest = base::NearestName(key, ConfigKeys());
    return absl::InvalidArgumentError(
        absl::StrFormat("%s is not a key%s", where,
                        nearest.empty() ? "" : absl::StrFormat("; did you mean \"%s\"?", nearest)));
  }
  const absl::Status status = setter->second(node, config);
  if (status.ok()) return status;
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %s", where, std::string(status.message())));
}

}  // namespace

std::string DefaultDataDirectory() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0') {
    return std::string(state) + "/parallax";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "") + "/.local/state/parallax";
}

absl::StatusOr<LogFormat> ParseLogFormat(std::string_view name) {
  if (name == "json") return LogFormat::kJson;
  if (name == "text") return LogFormat::kText;
  return absl::InvalidArgumentError(
      absl::StrFormat("log format = \"%s\", must be \"json\" or \"text\"", name));
}

std::vector<std::string> ConfigKeys() {
  std::vector<std::string> keys;
  for (const auto& [key, setter] : Setters()) keys.push_back(key);
  return keys;
}

absl::StatusOr<Config> ParseConfig(std::string_view toml_text, std::string_view source) {
  Config config;
  config.data_directory = DefaultDataDirectory();
  toml::table table;
  try {
    table = toml::parse(toml_text, source);
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s:%d: %s", source, error.source().begin.line, std::string(error.description())));
  }
  for (const auto& [section_key, section] : table) {
    const std::string section_name(section_key.str());
    if (!section.is_table()) {
      PARALLAX_RETURN_IF_ERROR(Apply(source, section_name, section, &config));
      continue;
    }
    for (const auto& [key, node] : *section.as_table()) {
      PARALLAX_RETURN_IF_ERROR(
          Apply(source, section_name + "." + std::string(key.str()), node, &config));
    }
  }
  return config;
}

}  // namespace parallax::server
