#include "client/cli/doctor_tls.h"

#include <openssl/x509v3.h>

#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/cli/doctor_files.h"
#include "core/base/certificate.h"
#include "core/base/openssl.h"

namespace parallax::client {
namespace {

constexpr char kTransport[] = "transport";
constexpr char kServerCertificate[] = "server_certificate";
constexpr char kHandshake[] = "handshake";
constexpr char kAccess[] = "access";
constexpr char kGrpcPort[] = "give --server the daemon's gRPC port, 50051 unless --listen says so";

Finding Broken(const std::string& check, std::string text, std::string next_step,
               ExitCode code = kExitUnavailable) {
  return {.check = check,
          .result = CheckResult::kFailed,
          .text = std::move(text),
          .next_step = std::move(next_step),
          .code = code};
}

/// A port that speaks TLS to a client that is set to it.
Finding JudgeTls(const TlsSession& session) {
  if (session.chain_pem.empty()) {
    return Broken(kTransport, "TLS, but the handshake fails: " + session.refusal,
                  "the daemon takes TLS 1.2 and later; its log may say more");
  }
  if (session.protocol != "h2") {
    return Broken(kTransport, "the port speaks TLS, but no HTTP/2: it may be the dashboard's",
                  kGrpcPort);
  }
  return Passed(kTransport, session.version + ", as the --tls options ask");
}

/// A port that speaks TLS to a client that is set to plain text.
Finding TlsIsMissing(PlainText plain_text) {
  const bool said = plain_text == PlainText::kAccepted;
  return Broken(kTransport, "the server speaks TLS, the client is set to plain text",
                said ? "leave out --plaintext, and give --tls-ca FILE: the daemon's authority"
                     : "give --tls-ca FILE: the daemon's authority, ca.crt");
}

bool HasHost(X509& certificate, const std::string& host) {
  return X509_check_ip_asc(&certificate, host.c_str(), 0) == 1 ||
         X509_check_host(&certificate, host.data(), host.size(), 0, nullptr) == 1;
}

/// The store of `trust`; that of the system's authorities where it names none.
absl::StatusOr<base::X509StorePtr> TrustedBy(const ServerTrust& trust) {
  if (trust.ca_pem.empty()) {
    base::X509StorePtr store = base::StoreOf({});
    if (X509_STORE_set_default_paths(store.get()) == 1) return store;
    return base::OpenSslError("cannot read the system's authorities");
  }
  absl::StatusOr<std::vector<base::X509Ptr>> authorities =
      base::ParseCertificates("tls-ca", trust.ca_pem);
  if (!authorities.ok()) return authorities.status();
  return base::StoreOf(*authorities);
}

/// OpenSSL's words for why `trust` does not vouch for the chain; empty: it does.
/// @param now  nothing: whatever the dates are
absl::StatusOr<std::string> WhyNotTrusted(const std::vector<base::X509Ptr>& chain,
                                          const ServerTrust& trust, std::optional<absl::Time> now) {
  const absl::StatusOr<base::X509StorePtr> store = TrustedBy(trust);
  if (!store.ok()) return store.status();
  // As gRPC: any certificate in the file is an anchor, be it the daemon's own.
  const int problem = base::VerifyChain(
      *chain.front(), chain, **store,
      {.purpose = X509_PURPOSE_SSL_SERVER, .flags = X509_V_FLAG_PARTIAL_CHAIN, .now = now});
  return problem == X509_V_OK ? "" : X509_verify_cert_error_string(problem);
}

/// Adds to `finding` what is wrong with a certificate that is trusted, dates apart.
absl::Status JudgeTrusted(const std::vector<base::X509Ptr>& chain, const ServerTrust& trust,
                          absl::Time now, Finding& finding) {
  const absl::StatusOr<base::Validity> validity = base::ValidityOf(*chain.front());
  if (!validity.ok()) return validity.status();
  JudgeValidity(*validity, now, "have it renewed: parallaxd certs issue DIR --host HOST --renew",
                kExitUnavailable, finding);
  if (finding.result == CheckResult::kFailed) return absl::OkStatus();
  const std::vector<std::string> hosts = base::HostsOf(*chain.front());
  if (!HasHost(*chain.front(), trust.host)) {
    finding = Broken(
        kServerCertificate,
        absl::StrFormat("is for %s, and is called %s", Printable(hosts), trust.host),
        absl::StrFormat(
            "call it by a name that stands there, or: parallaxd certs issue DIR --host %s --renew",
            trust.host));
    return absl::OkStatus();
  }
  const absl::StatusOr<std::string> problem = WhyNotTrusted(chain, trust, now);
  if (!problem.ok()) return problem.status();
  if (!problem->empty()) {
    finding = Broken(kServerCertificate, "the chain behind it: " + *problem,
                     "have the authority's own certificate looked at");
  }
  return absl::OkStatus();
}

absl::StatusOr<Finding> ExamineServer(const TlsSession& session, const ServerTrust& trust,
                                      absl::Time now) {
  const absl::StatusOr<std::vector<base::X509Ptr>> chain =
      base::ParseCertificates("server", session.chain_pem);
  if (!chain.ok()) return chain.status();
  const absl::StatusOr<std::string> problem = WhyNotTrusted(*chain, trust, std::nullopt);
  if (!problem.ok()) return problem.status();
  const std::string by = trust.ca_pem.empty() ? "the system's authorities" : trust.ca_path;
  if (!problem->empty()) {
    return Broken(kServerCertificate,
                  absl::StrFormat("signed by \"%s\", which is not trusted by %s: %s",
                                  base::IssuerOf(*chain->front()), by, *problem),
                  "give --tls-ca the ca.crt of the authority that signed it");
  }
  Finding finding = Passed(
      kServerCertificate,
      absl::StrFormat("for %s, trusted by %s", Printable(base::HostsOf(*chain->front())), by));
  const absl::Status judged = JudgeTrusted(*chain, trust, now, finding);
  if (!judged.ok()) return judged;
  return finding;
}

/// How a proof is called in a sentence.
std::string NameOfProof(const ShownProof& proof) {
  if (!proof.token.empty() && !proof.certificate.empty()) {
    return proof.token + " beside the certificate " + proof.certificate;
  }
  if (!proof.token.empty()) return proof.token;
  return proof.certificate.empty() ? "nobody" : "the certificate " + proof.certificate;
}

/// What to do about a proof that does not count.
std::string NextStepFor(const ShownProof& proof) {
  if (!proof.token.empty() && !proof.certificate.empty()) {
    return "give either --token-file or --tls-cert and --tls-key";
  }
  if (!proof.token.empty()) {
    return "ask for a token in force, which parallaxd token list shows on the daemon's machine";
  }
  if (!proof.certificate.empty()) {
    return "have one issued by the daemon's client CA: parallaxd certs issue DIR --rig ID";
  }
  return "give --token-file FILE, or a rig's --tls-cert and --tls-key";
}

/// A handshake that succeeded: what became of the client's certificate.
Finding JudgeAsking(const TlsSession& session, const ShownProof& proof) {
  if (!session.asked_for_certificate && !proof.certificate.empty()) {
    return {.check = kHandshake,
            .result = CheckResult::kWarning,
            .text = "the daemon asks for no client certificate, and does not look at " +
                    proof.certificate,
            .next_step = "start parallaxd with --tls-client-ca, or leave out --tls-cert"};
  }
  if (!session.asked_for_certificate) {
    return Passed(kHandshake, "the daemon asks for no client certificate");
  }
  return Passed(kHandshake, proof.certificate.empty()
                                ? "the daemon asks for a client certificate, and goes on without"
                                : "the daemon has seen the certificate " + proof.certificate);
}

}  // namespace

Finding JudgeTransport(const ClientTransport& wanted, const PortAnswer& answer) {
  const bool tls = wanted.transport == Transport::kTls;
  switch (answer.wire) {
    case Wire::kTls:
      return tls ? JudgeTls(answer.tls) : TlsIsMissing(wanted.plain_text);
    case Wire::kHttp2:
      if (!tls) return Passed(kTransport, "plain text, as no --tls option asks for more");
      return Broken(kTransport, "the server speaks plain text, the client is set to TLS",
                    "start parallaxd with --tls-cert and --tls-key, or leave out --tls-ca, "
                    "--tls-cert and --tls-key here");
    case Wire::kHttp1:
      return Broken(kTransport, "the port speaks HTTP/1.1: it may be the dashboard's", kGrpcPort);
    case Wire::kSilent:
      break;
  }
  return Broken(kTransport, "the port answers neither TLS nor HTTP/2", kGrpcPort);
}

Finding JudgeServerCertificate(const TlsSession& session, const ServerTrust& trust,
                               absl::Time now) {
  absl::StatusOr<Finding> finding = ExamineServer(session, trust, now);
  return finding.ok() ? *std::move(finding) : Failure(kServerCertificate, finding.status());
}

Finding JudgeHandshake(const TlsSession& session, const ShownProof& proof) {
  if (session.refusal.empty()) return JudgeAsking(session, proof);
  if (!session.asked_for_certificate) {
    return Broken(kHandshake, "the server ends it: " + session.refusal,
                  "the daemon's log may say more");
  }
  if (proof.certificate.empty()) {
    return Broken(kHandshake,
                  "the daemon asks for a client certificate, none is shown: " + session.refusal,
                  "give a rig's --tls-cert and --tls-key; tokens need tls.client_certificates = "
                  "\"judged\"",
                  kExitDenied);
  }
  return Broken(kHandshake,
                absl::StrFormat("the daemon refuses %s: %s", NameOfProof(proof), session.refusal),
                NextStepFor(proof), kExitDenied);
}

std::optional<Finding> JudgeAccess(const absl::Status& status, const ShownProof& proof) {
  const bool anonymous = proof.token.empty() && proof.certificate.empty();
  if (status.ok()) {
    return Passed(kAccess, anonymous ? "the daemon asks nobody who they are"
                                     : "the daemon lets in " + NameOfProof(proof));
  }
  const std::string words = Failure(kAccess, status).text;
  if (absl::IsUnauthenticated(status)) {
    return Broken(kAccess,
                  anonymous ? "the daemon asks who calls, and nothing is shown: " + words
                            : "the daemon does not accept " + NameOfProof(proof) + ": " + words,
                  NextStepFor(proof), kExitDenied);
  }
  if (absl::IsPermissionDenied(status)) {
    return Broken(
        kAccess,
        absl::StrFormat("the daemon knows %s, and refuses it: %s", NameOfProof(proof), words),
        "ask an admin for a role that may, or for more rigs", kExitDenied);
  }
  return std::nullopt;
}

}  // namespace parallax::client
