#pragma once

#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/lib/credentials.h"
#include "tests/benchmark/child_process.h"

namespace parallax::benchmarks {

/// What a daemon and its callers speak.
enum class Wire { kPlainText, kMutualTls };

/// "plain text", "mTLS".
const char* NameOf(Wire wire);

/// Wires by what an option of a program says: "plain", "mtls" or "both".
std::vector<Wire> WiresNamed(const std::string& name);

/// Who calls a daemon, and how. In plain text anybody may do everything. By mutual TLS each rig
/// shows a certificate of its own and who registers and reads rigs an operator's token; `parallaxd
/// certs` and `parallaxd token` make both, in a folder of the benchmark's.
class LabAccess {
 public:
  /// @param daemon  the parallaxd that makes them.   @param folder  is there; "certs" in it is not.
  /// Errors: those of RunProgram.
  static absl::StatusOr<LabAccess> Make(Wire wire, const std::string& daemon,
                                        const std::string& folder);

  Wire wire() const { return wire_; }
  /// Of parallaxd; none in plain text.
  std::vector<std::string> DaemonArguments() const;
  /// Folder with "ca.crt", "server.crt" and "server.key"; empty in plain text.
  const std::string& certificates() const { return certificates_; }

  /// Issues the rig's certificate. Errors: those of RunProgram and of client::ReadCredentials.
  absl::StatusOr<client::Credentials> OfRig(const std::string& rig_id) const;
  /// Errors: those of client::ReadCredentials.
  absl::StatusOr<client::Credentials> OfOperator() const;

 private:
  LabAccess(Wire wire, std::string daemon) : wire_(wire), daemon_(std::move(daemon)) {}

  Wire wire_;
  std::string daemon_;
  std::string certificates_;
  std::string tokens_;          ///< the daemon's file
  std::string operator_token_;  ///< file of the operator's token
};

/// Of a connection. A token is none of them: see client::OpenChannel.
std::shared_ptr<grpc::ChannelCredentials> ChannelCredentialsFor(
    const client::Credentials& credentials);

/// Starts `daemon` on loopback, with its store in "data" of `folder`. Errors: ChildProcess::Start.
absl::StatusOr<std::unique_ptr<ChildProcess>> StartDaemon(const std::string& daemon,
                                                          const std::string& folder,
                                                          const LabAccess& access);

/// A folder of this process under `parent`, empty at first and removed in the end.
class ScratchFolder {
 public:
  ScratchFolder(const std::string& parent, const std::string& name);
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace parallax::benchmarks
