// parallax doctor
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/doctor_files.h"
#include "client/cli/doctor_tls.h"
#include "client/cli/finding.h"
#include "client/cli/verbs.h"
#include "client/lib/probe.h"
#include "client/lib/tcp_socket.h"
#include "client/lib/tls_probe.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr absl::Duration kClockTolerance = absl::Seconds(1);

void AddVersion(const DaemonFacts& facts, Findings& findings) {
  if (!facts.version.has_value()) {
    findings.Add({.check = "version",
                  .result = CheckResult::kUnknown,
                  .text = "client " PARALLAX_VERSION "; the daemon does not say its own"});
    return;
  }
  const bool same = *facts.version == PARALLAX_VERSION;
  findings.Add({.check = "version",
                .result = same ? CheckResult::kOk : CheckResult::kDiffers,
                .text = absl::StrFormat("client %s, daemon %s", PARALLAX_VERSION, *facts.version)});
}

void AddClock(const DaemonFacts& facts, Findings& findings) {
  if (!facts.clock_ahead.has_value()) {
    findings.Add({.check = "clock",
                  .result = CheckResult::kUnknown,
                  .text = "the daemon does not say its time"});
    return;
  }
  const bool near = absl::AbsDuration(*facts.clock_ahead) <= kClockTolerance + facts.round_trip;
  findings.Add({.check = "clock",
                .result = near ? CheckResult::kOk : CheckResult::kDiffers,
                .text = absl::StrFormat("daemon minus client: %s",
                                        absl::FormatDuration(*facts.clock_ahead))});
}

/// What is wrong with the files that the client was told to use.
void ExamineFiles(Context& context, Findings& findings) {
  const CredentialPaths& paths = context.settings().credentials;
  const absl::Time now = context.environment().clock.Now();
  const bool tls = paths.plain_text != PlainText::kAccepted;
  if (tls && !paths.tls_ca.empty()) findings.Add(ExamineAuthorities(paths.tls_ca, now));
  if (tls && !(paths.tls_cert.empty() && paths.tls_key.empty())) {
    findings.Add(ExamineClientCertificate(paths, now));
  }
  if (!paths.token_file.empty()) findings.Add(ExamineToken(paths.token_file));
}

/// What speaks at the port; first asked in the way that the client is set to.
absl::StatusOr<PortAnswer> AskPort(const HostPort& address, Transport transport,
                                   const Credentials& credentials, absl::Duration timeout) {
  PortAnswer answer;
  if (transport == Transport::kPlainText) {
    PARALLAX_ASSIGN_OR_RETURN(answer.wire, ProbePlainText(address, timeout));
    if (answer.wire == Wire::kHttp2) return answer;
  }
  PARALLAX_ASSIGN_OR_RETURN(answer.tls, ProbeTls(address, credentials, timeout));
  if (answer.tls.speaks_tls) {
    answer.wire = Wire::kTls;
  } else if (transport == Transport::kTls) {
    PARALLAX_ASSIGN_OR_RETURN(answer.wire, ProbePlainText(address, timeout));
  }
  return answer;
}

/// Whether the way to the port is open. Returns whether there is reason to go on.
bool ExamineNetwork(const HostPort& address, absl::Duration timeout, Findings& findings) {
  const absl::StatusOr<std::vector<std::string>> hosts = ResolveHost(address);
  if (!hosts.ok()) {
    findings.Add(Failure("dns", hosts.status()));
    return false;
  }
  findings.Add(Passed("dns", absl::StrJoin(*hosts, ", ")));
  const absl::Status tcp = TcpSocket::Connect(address, timeout).status();
  findings.Add(tcp.ok() ? Passed("tcp", "port " + address.port + " accepts connections")
                        : Failure("tcp", tcp));
  return tcp.ok();
}

ShownProof ProofOf(const Context& context) {
  const absl::StatusOr<Credentials>& credentials = context.credentials();
  if (!credentials.ok()) return {};
  const bool certified = !credentials->certificate_pem.empty();
  return {.certificate = certified ? context.settings().credentials.tls_cert : "",
          .token = credentials->token.empty() ? "" : TokenName(credentials->token)};
}

/// What came of a TLS handshake, with that proof to show. Returns whether there is reason to go on.
bool ExamineSession(const TlsSession& session, const std::string& host, const ShownProof& proof,
                    Context& context, Findings& findings) {
  const std::string& path = context.settings().credentials.tls_ca;
  const absl::StatusOr<std::string> ca_pem = path.empty() ? "" : base::ReadFile(path);
  if (!ca_pem.ok() || findings.Failed("authorities")) return false;  // told of already
  findings.Add(JudgeServerCertificate(session, {.host = host, .ca_pem = *ca_pem, .ca_path = path},
                                      context.environment().clock.Now()));
  if (findings.Failed("server_certificate")) return false;
  if (!context.credentials().ok()) return true;
  findings.Add(JudgeHandshake(session, proof));
  return !findings.Failed("handshake");
}

/// Whether the server is the one that is meant, and speaks as the client does. Returns whether
/// there is reason to go on. @param proof  loses what the server does not ask for
bool ExamineTransport(const HostPort& address, ShownProof& proof, Context& context,
                      Findings& findings) {
  const Settings& settings = context.settings();
  const Transport transport = TransportOf(settings.credentials);
  // Files that cannot be used are told of already; what the server shows can be seen without them.
  const Credentials shown = context.credentials().value_or(Credentials());
  const absl::StatusOr<PortAnswer> answer = AskPort(address, transport, shown, settings.timeout);
  if (!answer.ok()) {
    findings.Add(Failure("transport", answer.status()));
    return false;
  }
  findings.Add(JudgeTransport(
      {.transport = transport, .plain_text = settings.credentials.plain_text}, *answer));
  if (findings.Failed("transport")) return false;
  if (transport == Transport::kPlainText) return true;
  if (!ExamineSession(answer->tls, address.host, proof, context, findings)) return false;
  if (!answer->tls.asked_for_certificate) proof.certificate.clear();
  return true;
}

/// What the daemon says to calls.
void ExamineDaemon(const ShownProof& proof, Context& context, Findings& findings) {
  const absl::Duration timeout = context.settings().timeout;
  const absl::Status health = CheckHealth(context.client().channel(), timeout);
  findings.Add(health.ok() ? Passed("health", "the server says that it serves")
                           : Failure("health", health));
  if (!health.ok()) return;
  const absl::StatusOr<DaemonFacts> facts =
      AskDaemon(context.client().channel(), timeout, context.environment().clock);
  const std::optional<Finding> access = JudgeAccess(facts.status(), proof);
  if (access.has_value()) findings.Add(*access);
  if (!facts.ok()) {
    if (!access.has_value()) findings.Add(Failure("protocol", facts.status()));
    return;
  }
  findings.Add(
      Passed("protocol", absl::StrFormat("parallax.v1, %d twins, round trip %s", facts->twins,
                                         absl::FormatDuration(facts->round_trip))));
  AddVersion(*facts, findings);
  AddClock(*facts, findings);
}

absl::StatusOr<ExitCode> Examine(const NoOptions&, Context& context) {
  const Settings& settings = context.settings();
  Findings findings;
  const absl::StatusOr<HostPort> address = SplitAddress(settings.server);
  findings.Add(address.ok() ? Passed("server", absl::StrFormat("%s, said by %s", settings.server,
                                                               settings.server_source))
                            : Failure("server", address.status()));
  ExamineFiles(context, findings);
  ShownProof proof = ProofOf(context);
  if (!address.ok() || !ExamineNetwork(*address, settings.timeout, findings) ||
      !ExamineTransport(*address, proof, context, findings)) {
    return findings.Emit(context);
  }
  if (context.credentials().ok()) {
    ExamineDaemon(proof, context, findings);
  } else if (!findings.AnyFailed()) {  // each file is good, together they are refused
    Finding refused = Failure("credentials", context.credentials().status());
    refused.code = kExitUsage;
    findings.Add(refused);
  }
  return findings.Emit(context);
}

}  // namespace

void AddDoctor(CLI::App& app, Selection& selection) {
  CLI::App* const verb = app.add_subcommand(
      "doctor",
      "finds out why a connection does not work: files of keys and tokens, DNS, TCP, TLS, "
      "certificates of both sides, access, version, clock");
  SetAction(*verb, selection, std::make_shared<NoOptions>(), Examine, BadCredentials::kTold);
}

}  // namespace parallax::client
