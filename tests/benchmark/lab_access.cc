#include "tests/benchmark/lab_access.h"

#include <unistd.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"

namespace parallax::benchmarks {
namespace {

constexpr char kLoopback[] = "127.0.0.1";

}  // namespace

const char* NameOf(Wire wire) { return wire == Wire::kPlainText ? "plain text" : "mTLS"; }

std::vector<Wire> WiresNamed(const std::string& name) {
  if (name == "plain") return {Wire::kPlainText};
  if (name == "mtls") return {Wire::kMutualTls};
  return {Wire::kPlainText, Wire::kMutualTls};
}

absl::StatusOr<LabAccess> LabAccess::Make(Wire wire, const std::string& daemon,
                                          const std::string& folder) {
  LabAccess access(wire, daemon);
  if (wire == Wire::kPlainText) return access;
  access.certificates_ = folder + "/certs";
  access.tokens_ = folder + "/tokens.json";
  access.operator_token_ = folder + "/operator.token";
  PARALLAX_RETURN_IF_ERROR(
      RunProgram({daemon, "certs", "init", access.certificates_, "--host", kLoopback}));
  PARALLAX_RETURN_IF_ERROR(
      RunProgram({daemon, "token", "create", access.tokens_, "--label", "benchmark", "--role",
                  "operator", "--out", access.operator_token_}));
  return access;
}

std::vector<std::string> LabAccess::DaemonArguments() const {
  if (wire_ == Wire::kPlainText) return {};
  return {"--tls-cert",      certificates_ + "/server.crt",
          "--tls-key",       certificates_ + "/server.key",
          "--tls-client-ca", certificates_ + "/ca.crt",
          "--token-file",    tokens_};
}

absl::StatusOr<client::Credentials> LabAccess::OfRig(const std::string& rig_id) const {
  if (wire_ == Wire::kPlainText) return client::Credentials{};
  PARALLAX_RETURN_IF_ERROR(RunProgram({daemon_, "certs", "issue", certificates_, "--rig", rig_id}));
  const std::string pair = absl::StrFormat("%s/rig-%s", certificates_, rig_id);
  return client::ReadCredentials({.tls_ca = certificates_ + "/ca.crt",
                                  .tls_cert = pair + ".crt",
                                  .tls_key = pair + ".key",
                                  .token_file = ""},
                                 kLoopback);
}

absl::StatusOr<client::Credentials> LabAccess::OfOperator() const {
  if (wire_ == Wire::kPlainText) return client::Credentials{};
  return client::ReadCredentials({.tls_ca = certificates_ + "/ca.crt",
                                  .tls_cert = "",
                                  .tls_key = "",
                                  .token_file = operator_token_},
                                 kLoopback);
}

std::shared_ptr<grpc::ChannelCredentials> ChannelCredentialsFor(
    const client::Credentials& credentials) {
  if (credentials.transport == client::Transport::kPlainText) {
    return grpc::InsecureChannelCredentials();
  }
  return grpc::SslCredentials({.pem_root_certs = credentials.ca_pem,
                               .pem_private_key = credentials.key_pem,
                               .pem_cert_chain = credentials.certificate_pem});
}

absl::StatusOr<std::unique_ptr<ChildProcess>> StartDaemon(const std::string& daemon,
                                                          const std::string& folder,
                                                          const LabAccess& access) {
  const std::string ports = folder + "/ports.json";
  std::vector<std::string> arguments = {daemon,        "--data",      folder + "/data",
                                        "--listen",    "127.0.0.1:0", "--http",
                                        "127.0.0.1:0", "--port-file", ports};
  for (std::string& argument : access.DaemonArguments()) arguments.push_back(std::move(argument));
  return ChildProcess::Start(std::move(arguments), ports);
}

ScratchFolder::ScratchFolder(const std::string& parent, const std::string& name)
    : path_(absl::StrFormat("%s/parallax-%s-%d", parent, name, getpid())) {
  std::filesystem::remove_all(path_);  // of a former process of the same id
  std::filesystem::create_directories(path_);
}

ScratchFolder::~ScratchFolder() {
  std::error_code error;  // what cannot be removed stays
  std::filesystem::remove_all(path_, error);
}

}  // namespace parallax::benchmarks
