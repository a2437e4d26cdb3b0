// parallaxd: takes in what rigs stream, keeps it, and answers what causes the gap to their twins.
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/clock.h"
#include "core/base/field_error.h"
#include "core/base/file.h"
#include "core/base/memory_policy.h"
#include "core/base/status_macros.h"
#include "core/store/sqlite_store.h"
#include "server/command_line.h"
#include "server/config.h"
#include "server/daemon.h"
#include "server/log.h"
#include "server/maintenance_commands.h"
#include "server/security_commands.h"
#include "server/version.h"

namespace parallax::server {
namespace {

/// What the command line says; empty where it says nothing.
struct Flags {
  std::string config_file;
  std::string data_directory;
  std::string listen;
  std::string http;
  std::string web;
  std::string port_file;
  std::string log_format;
  security::TlsPaths tls;
  std::string token_file;
  std::string audit_log;
  bool insecure = false;
};

void Declare(Flags* flags, CLI::App* app) {
  app->add_option("--config", flags->config_file, "TOML file; see deploy/parallaxd.toml");
  app->add_option("--data", flags->data_directory,
                  "directory of the store [$XDG_STATE_HOME/parallax or ~/.local/state/parallax]");
  app->add_option("--listen", flags->listen,
                  "host:port; port 0 takes a free one [127.0.0.1:50051]");
  app->add_option("--http", flags->http,
                  "host:port of dashboard, gRPC-Web, JSON, /metrics and /healthz; port 0 takes a "
                  "free one [127.0.0.1:8080]");
  app->add_option("--web", flags->web,
                  "folder of the dashboard's files [share/parallax/web beside bin]");
  app->add_option(
      "--port-file", flags->port_file,
      "file to write once ready: {\"grpc\": port, \"http\": port}; removed at start and "
      "at the end");
  app->add_option("--log-format", flags->log_format, "json or text [text]");
  app->add_option("--tls-cert", flags->tls.certificate,
                  "PEM file of the daemon's certificate; both ports then speak TLS alone");
  app->add_option("--tls-key", flags->tls.key, "PEM file of its private key, mode 0600");
  app->add_option("--tls-client-ca", flags->tls.client_ca,
                  "PEM file of the authority that signs rigs' certificates");
  app->add_option("--token-file", flags->token_file,
                  "file of tokens, mode 0600; see parallaxd token");
  app->add_option("--audit-log", flags->audit_log, "file of the audit log [DATA/audit.log]");
  app->add_flag("--insecure", flags->insecure,
                "accept an address that others can reach without TLS, or without asking who they "
                "are");
  app->set_version_flag("--version", absl::StrFormat("parallaxd %s", kVersion));
}

/// Flags win over the file, the file over the defaults.
absl::StatusOr<Config> MakeConfig(const Flags& flags) {
  std::string toml;
  if (!flags.config_file.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(toml, base::ReadFile(flags.config_file));
  }
  PARALLAX_ASSIGN_OR_RETURN(Config config, ParseConfig(toml, flags.config_file));
  if (!flags.data_directory.empty()) config.data_directory = flags.data_directory;
  if (!flags.listen.empty()) config.daemon.listen = flags.listen;
  if (!flags.http.empty()) config.daemon.http.server.listen = flags.http;
  if (!flags.web.empty()) config.daemon.http.web = flags.web;
  if (!flags.port_file.empty()) config.port_file = flags.port_file;
  security::SecurityOptions& security = config.daemon.security;
  if (!flags.tls.certificate.empty()) security.tls.certificate = flags.tls.certificate;
  if (!flags.tls.key.empty()) security.tls.key = flags.tls.key;
  if (!flags.tls.client_ca.empty()) security.tls.client_ca = flags.tls.client_ca;
  if (!flags.token_file.empty()) security.token_file = flags.token_file;
  if (!flags.audit_log.empty()) security.audit_log = flags.audit_log;
  if (security.audit_log.empty()) security.audit_log = config.data_directory + "/audit.log";
  if (flags.insecure) config.daemon.exposure = Exposure::kAnyAddress;
  if (!flags.log_format.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(config.log_format, ParseLogFormat(flags.log_format));
  }
  PARALLAX_RETURN_IF_ERROR(Validate(config.daemon));
  return config;
}

/// SIGTERM and SIGINT, held back from every thread and taken by sigwait.
sigset_t HoldSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

absl::Status WritePortFile(const Config& config, const Daemon& daemon) {
  if (config.port_file.empty()) return absl::OkStatus();
  nlohmann::json ports = {{"grpc", daemon.port()}};
  if (daemon.http_port() != 0) ports["http"] = daemon.http_port();
  return base::WriteFileAtomically(config.port_file, ports.dump() + "\n");
}

void RemovePortFile(const Config& config) {
  if (!config.port_file.empty()) (void)unlink(config.port_file.c_str());
}

/// The message, and what to do next where it does not say so itself.
std::string ToPeople(const absl::Status& status) {
  const std::string message(status.message());
  const std::optional<base::FieldError> error = base::FieldErrorOf(status);
  const bool said = !error || message.find(error->next_step) != std::string::npos;
  return said ? message : message + "; " + error->next_step;
}

/// Serves until a signal. Errors: whatever kept the daemon from starting, or ended its store.
absl::Status Serve(const Config& config) {
  base::KeepFreedMemory();
  const sigset_t signals = HoldSignals();
  RemovePortFile(config);
  const base::SystemClock clock;
  std::atomic<bool> store_failed{false};
  const auto end_process = [&store_failed](const absl::Status& status) {
    store_failed = true;
    Log(LogLevel::kError, "store failed", {{"error", base::Plain(status)}});
    (void)kill(getpid(), SIGTERM);
  };
  PARALLAX_ASSIGN_OR_RETURN(
      std::unique_ptr<store::Store> store,
      store::OpenSqliteStore({.directory = config.data_directory,
                              .on_failed = end_process,
                              .recalibration_interval = config.recalibration_interval},
                             clock));
  PARALLAX_ASSIGN_OR_RETURN(std::unique_ptr<Daemon> daemon,
                            Daemon::Start(config.daemon, std::move(store), clock));
  PARALLAX_RETURN_IF_ERROR(WritePortFile(config, *daemon));
  Log(LogLevel::kInfo, "ready",
      {{"version", kVersion},
       {"port", absl::StrFormat("%d", daemon->port())},
       {"http", absl::StrFormat("%d", daemon->http_port())},
       {"data", config.data_directory},
       {"tls", config.daemon.security.HasTls() ? "on" : "off"},
       {"callers", config.daemon.security.AsksForProof() ? "asked who they are" : "anybody"}});
  (void)sd_notify(0, "READY=1");

  int signal = 0;
  sigwait(&signals, &signal);
  (void)sd_notify(0, "STOPPING=1");
  Log(LogLevel::kInfo, "draining", {{"signal", absl::StrFormat("%d", signal)}});
  daemon->Drain();
  daemon.reset();
  RemovePortFile(config);
  if (store_failed) return absl::UnavailableError("the store failed; restart to recover");
  Log(LogLevel::kInfo, "stopped", {});
  return absl::OkStatus();
}

int Run(const Command& command) {
  const absl::StatusOr<int> code = command(std::cout);
  if (code.ok()) return *code;
  std::cerr << "error: " << ToPeople(code.status()) << "\n";
  return kExitError;
}

int Main(int argc, char** argv) {
  CLI::App app("parallaxd: the daemon of parallax");
  Flags flags;
  Declare(&flags, &app);
  Command command;
  AddMaintenanceCommands(app, &command);
  AddSecurityCommands(app, &command);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (command) return Run(command);
  const absl::StatusOr<Config> config = MakeConfig(flags);
  if (!config.ok()) {
    Log(LogLevel::kError, "cannot start", {{"error", std::string(config.status().message())}});
    return kExitUsage;
  }
  SetLogFormat(config->log_format);
  if (const absl::Status status = Serve(*config); !status.ok()) {
    Log(LogLevel::kError, "ended with an error", {{"error", ToPeople(status)}});
    return kExitError;
  }
  return 0;
}

}  // namespace
}  // namespace parallax::server

int main(int argc, char** argv) { return parallax::server::Main(argc, argv); }
