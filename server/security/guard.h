#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "server/security/audit_trail.h"
#include "server/security/identity.h"
#include "server/security/tls_files.h"
#include "server/security/token_file.h"

namespace parallax::server::security {

/// Whether who has no certificate of the client CA gets as far as being told so.
enum class ClientCertificates {
  kJudged,    ///< asked for and judged with every call, which is answered and audited
  kRequired,  ///< without a good one the handshake fails, and gRPC reads nothing of a stranger
};

struct SecurityOptions {
  TlsPaths tls;  ///< no certificate: plain text
  ClientCertificates client_certificates = ClientCertificates::kJudged;
  std::string token_file;  ///< empty: there are no tokens
  std::string audit_log;   ///< empty: none is written
  AuditTrailOptions audit;

  bool HasTls() const { return !tls.certificate.empty(); }
  /// Whether callers must prove who they are at all.
  bool AsksForProof() const { return !tls.client_ca.empty() || !token_file.empty(); }
};

/// Errors: InvalidArgument naming the option that another one needs.
absl::Status Validate(const SecurityOptions& options);

/// What a call shows of who makes it, whichever way it came in. The HTTP gateway passes on what its
/// client sent and adds nothing: that a call comes from within this process proves nothing.
struct Call {
  std::string method;                      ///< as the table of permissions has it
  std::string address;                     ///< where it comes from: "ipv4:10.0.0.7"
  std::vector<std::string> authorization;  ///< every header of that name
  std::string certificate_pem;             ///< of the peer, whose key TLS has seen in use
  std::string chain_pem;                   ///< what the peer sent beside it
};

/// Decides who may call what, for both ports alike, and tells the audit log. Thread-safe.
class Guard {
 public:
  using OnProblem = std::function<void(std::string_view what, const absl::Status& problem)>;

  /// `clock` outlives it. @param on_problem  told what goes wrong later on, by any thread.
  /// Errors: those of Validate, TlsFiles::Open, TokenFile::Check and AuditLog::Open.
  static absl::StatusOr<std::unique_ptr<Guard>> Open(const SecurityOptions& options,
                                                     const base::Clock& clock,
                                                     OnProblem on_problem);

  /// Who makes `call`, if it may be made; what it refuses it has told the audit log. Where nobody
  /// is asked for proof everybody is an admin, named by their address. Looks at files, and writes
  /// none.
  /// Errors: Unauthenticated (no proof, or none that counts); PermissionDenied (CheckMethod);
  /// Unavailable (the tokens cannot be checked; what must be recorded cannot be).
  absl::StatusOr<Identity> Admit(const Call& call);

  /// Tells the audit log that a call was refused for who makes it, after it was admitted; gives
  /// `why` back. @param target  what it was about, "rigs/7"
  absl::Status Refuse(const Call& call, const Identity& identity, std::string_view target,
                      absl::Status why);

  /// Tells the audit log what came of a call whose method IsRecorded, be it an error. Waits for the
  /// disk.
  void Done(std::string_view method, const Identity& identity, std::string_view target,
            const absl::Status& result);

  /// Whether the audit log is as it was written, and still contains `kept`; reads all of it.
  /// Errors: those of AuditLog::Verify; FailedPrecondition where none is written.
  absl::StatusOr<AuditReport> VerifyAudit(const std::optional<AuditHead>& kept) const;

  /// Tells the audit log of a request to the HTTP port that is no call and was turned away.
  void TurnedAway(std::string_view address, std::string_view what, const absl::Status& why);

  /// Whether callers have to prove who they are; else everybody is let in.
  bool asks_for_proof() const { return asks_for_proof_; }
  /// Certificates of this moment; null without TLS.
  TlsFiles* tls() const { return tls_.get(); }
  AuditCounts audit_counts() const { return audit_ == nullptr ? AuditCounts() : audit_->counts(); }

 private:
  Guard(const SecurityOptions& options, const base::Clock& clock);

  absl::StatusOr<Identity> Identify(const Call& call);
  void TellDenied(std::string_view who, std::string_view method, std::string_view target,
                  const absl::Status& why);

  const bool asks_for_proof_;
  const base::Clock& clock_;
  std::unique_ptr<TlsFiles> tls_;
  std::unique_ptr<TokenFile> tokens_;
  std::unique_ptr<AuditTrail> audit_;
};

}  // namespace parallax::server::security
