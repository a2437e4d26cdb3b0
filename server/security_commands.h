#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace parallax::server {

/// What `parallaxd` does besides serving, on the machine of the daemon and with its files:
///
///   certs init DIR [--host HOST]… [--name NAME] [--days N]     an authority, and the daemon's pair
///   certs issue DIR --rig ID | --host HOST… [--days N] [--renew]
///   token create FILE --label TEXT --role ROLE [--rig ID]… [--days N] [--out FILE]
///   token list FILE
///   token revoke FILE ID
///   audit verify FILE [--count N --hash HASH]
///
/// A token is written once, to standard output or to a new file for its owner alone; no secret is
/// ever an argument.
class SecurityCommands {
 public:
  explicit SecurityCommands(CLI::App* app);

  /// Does what the command line asked for, if it did; nothing: it names none of these.
  std::optional<absl::Status> Run(std::ostream& out) const;

 private:
  void DeclareCerts(CLI::App* app);
  void DeclareToken(CLI::App* app);
  void DeclareAudit(CLI::App* app);
  absl::Status InitCerts(std::ostream& out) const;
  absl::Status IssueCert(std::ostream& out) const;
  absl::Status CreateToken(std::ostream& out) const;
  absl::Status ListTokens(std::ostream& out) const;
  absl::Status VerifyAudit(std::ostream& out) const;

  // What the command line says.
  std::string path_;
  std::vector<std::string> hosts_;
  std::vector<std::string> rigs_;
  std::string authority_;
  std::string label_;
  std::string role_;
  std::string out_;
  std::string id_;
  std::string hash_;
  int64_t days_ = 365;
  int64_t authority_days_ = 3650;
  uint64_t count_ = 0;
  bool renew_ = false;

  CLI::App* init_certs_ = nullptr;
  CLI::App* issue_cert_ = nullptr;
  CLI::App* create_token_ = nullptr;
  CLI::App* list_tokens_ = nullptr;
  CLI::App* revoke_token_ = nullptr;
  CLI::App* verify_audit_ = nullptr;
};

}  // namespace parallax::server
