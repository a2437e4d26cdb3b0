#include "server/security/guard.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "server/security/client_certificate.h"
#include "server/security/permissions.h"

namespace parallax::server::security {
namespace {

absl::Status Needs(std::string_view option, std::string_view value, std::string_view bound) {
  return base::InvalidField(
      {.field = std::string(option), .value = std::string(value), .bound = std::string(bound)});
}

absl::Status TwoProofs(std::string found, std::string bound) {
  return base::FieldStatus(
      absl::StatusCode::kUnauthenticated,
      {.field = "authorization", .value = std::move(found), .bound = std::move(bound)});
}

}  // namespace

absl::Status Validate(const SecurityOptions& options) {
  const TlsPaths& tls = options.tls;
  if (tls.certificate.empty() != tls.key.empty()) {
    return Needs(tls.key.empty() ? "tls.key" : "tls.certificate", "",
                 "set where the other of certificate and key is");
  }
  if (!tls.client_ca.empty() && !options.HasTls()) {
    return Needs("tls.client_ca", tls.client_ca, "with tls.certificate and tls.key");
  }
  if (options.client_certificates == ClientCertificates::kRequired && tls.client_ca.empty()) {
    return Needs("tls.client_certificates", "required", "with tls.client_ca");
  }
  return absl::OkStatus();
}

Guard::Guard(const SecurityOptions& options, const base::Clock& clock)
    : asks_for_proof_(options.AsksForProof()), clock_(clock) {}

absl::StatusOr<std::unique_ptr<Guard>> Guard::Open(const SecurityOptions& options,
                                                   const base::Clock& clock, OnProblem on_problem) {
  PARALLAX_RETURN_IF_ERROR(Validate(options));
  std::unique_ptr<Guard> guard(new Guard(options, clock));
  if (options.HasTls()) {
    PARALLAX_ASSIGN_OR_RETURN(
        guard->tls_, TlsFiles::Open(options.tls, [on_problem](const absl::Status& problem) {
          on_problem("new certificates are not used", problem);
        }));
  }
  if (!options.token_file.empty()) {
    guard->tokens_ = std::make_unique<TokenFile>(options.token_file, clock);
    PARALLAX_RETURN_IF_ERROR(guard->tokens_->Check());
  }
  if (options.audit_log.empty()) return guard;
  PARALLAX_ASSIGN_OR_RETURN(std::unique_ptr<AuditLog> log, AuditLog::Open(options.audit_log));
  guard->audit_ = std::make_unique<AuditTrail>(std::move(log), options.audit,
                                               [on_problem](const absl::Status& problem) {
                                                 on_problem("audit log cannot be written", problem);
                                               });
  return guard;
}

absl::StatusOr<Identity> Guard::Identify(const Call& call) {
  if (call.authorization.size() > 1) {
    return TwoProofs(absl::StrFormat("%u headers", call.authorization.size()), "one header");
  }
  if (!call.certificate_pem.empty()) {
    PARALLAX_RETURN_IF_ERROR(VerifyClientCertificate(call.certificate_pem, call.chain_pem,
                                                     tls_->Current()->client_ca_pem, clock_.Now()));
    if (call.authorization.empty()) return IdentityOfCertificate(call.certificate_pem);
    return TwoProofs("a token beside a certificate", "one of them: who would it be?");
  }
  const std::string_view header =
      call.authorization.empty() ? std::string_view() : call.authorization.front();
  if (tokens_ != nullptr) return tokens_->Verify(header);
  return base::FieldStatus(absl::StatusCode::kUnauthenticated,
                           {.field = "certificate",
                            .value = "none",
                            .bound = "that of a rig: this daemon takes no tokens"});
}

absl::StatusOr<Identity> Guard::Admit(const Call& call) {
  Identity identity{.role = Role::kAdmin, .name = call.address, .rigs = {}};
  const Permission* const row = PermissionOf(call.method);
  if (asks_for_proof_ && (row == nullptr || row->callers != Callers::kAnybody)) {
    absl::StatusOr<Identity> proven = Identify(call);
    if (!proven.ok()) {
      TellDenied(call.address, call.method, "", proven.status());
      return proven;
    }
    identity = *std::move(proven);
    if (absl::Status may = CheckMethod(identity, call.method); !may.ok()) {
      return Refuse(call, identity, "", std::move(may));
    }
  }
  if (!IsRecorded(call.method) || audit_ == nullptr || audit_->health().ok()) return identity;
  // The record of this refusal is the next attempt to write.
  return Refuse(
      call, identity, "",
      absl::UnavailableError("this must be recorded, and the audit log cannot be written; "
                             "the daemon's log says why"));
}

absl::Status Guard::Refuse(const Call& call, const Identity& identity, std::string_view target,
                           absl::Status why) {
  TellDenied(identity.name, call.method, target, why);
  return why;
}

void Guard::Done(std::string_view method, const Identity& identity, std::string_view target,
                 const absl::Status& result) {
  if (audit_ == nullptr) return;
  // What could not be recorded is told by the trail.
  (void)audit_->Record({.time = clock_.Now(),
                        .identity = identity.name,
                        .method = std::string(method),
                        .target = std::string(target),
                        .decision = Decision::kAllowed,
                        .code = absl::StatusCodeToString(result.code())});
}

absl::StatusOr<AuditReport> Guard::VerifyAudit(const std::optional<AuditHead>& kept) const {
  if (audit_ == nullptr) {
    return absl::FailedPreconditionError("this daemon writes no audit log");
  }
  return audit_->Verify(kept);
}

void Guard::TurnedAway(std::string_view address, std::string_view what, const absl::Status& why) {
  TellDenied(address, what, "", why);
}

void Guard::TellDenied(std::string_view who, std::string_view method, std::string_view target,
                       const absl::Status& why) {
  if (audit_ == nullptr) return;
  audit_->Denied({.time = clock_.Now(),
                  .identity = std::string(who),
                  .method = std::string(method),
                  .target = std::string(target),
                  .decision = Decision::kDenied,
                  .code = absl::StatusCodeToString(why.code())});
}

}  // namespace parallax::server::security
