#include "server/security_commands.h"

#include <sys/stat.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "core/base/field_error.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"
#include "server/security/audit_log.h"
#include "server/security/certificate_folder.h"
#include "server/security/token_file.h"

namespace parallax::server {
namespace {

using security::AuditHead;
using security::AuditReport;
using security::AuthoritySpec;
using security::KeyPairPaths;
using security::NewToken;
using security::OnExisting;
using security::Role;
using security::ServerSpec;
using security::TokenRecord;
using security::TokenSpec;
using security::TokenTable;

absl::Duration Days(int64_t days) { return days * absl::Hours(24); }

std::string Day(absl::Time time) {
  if (time == absl::InfiniteFuture()) return "never";
  return absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone());
}

absl::Status MakeFolder(const std::string& path) {
  if (mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return absl::UnavailableError(absl::StrFormat("cannot make %s: %s", path, std::strerror(errno)));
}

std::string StateOf(const TokenRecord& token, absl::Time now) {
  if (token.revoke_time.has_value()) return "revoked " + Day(*token.revoke_time);
  return (now < token.expire_time ? "until " : "expired ") + Day(token.expire_time);
}

}  // namespace

SecurityCommands::SecurityCommands(CLI::App* app) {
  DeclareCerts(app);
  DeclareToken(app);
  DeclareAudit(app);
}

void SecurityCommands::DeclareCerts(CLI::App* app) {
  CLI::App* const certs = app->add_subcommand("certs", "certificates of a lab's own authority");
  certs->require_subcommand(1);
  init_certs_ = certs->add_subcommand("init", "make the authority and the daemon's certificate");
  init_certs_->add_option("DIR", path_, "folder to make them in")->required();
  init_certs_->add_option("--host", hosts_,
                          "name or address that clients call the daemon by [localhost, 127.0.0.1]");
  init_certs_->add_option("--name", authority_, "name of the authority [parallax lab CA]");
  init_certs_->add_option("--authority-days", authority_days_, "days that it is valid [3650]");
  init_certs_->add_option("--days", days_, "days that the daemon's certificate is valid [365]");
  issue_cert_ = certs->add_subcommand("issue", "sign a certificate for a rig or for the daemon");
  issue_cert_->add_option("DIR", path_, "folder of the authority")->required();
  auto* const rig = issue_cert_->add_option("--rig", rigs_, "id of the rig")->expected(1);
  issue_cert_->add_option("--host", hosts_, "name or address of the daemon")->excludes(rig);
  issue_cert_->add_option("--days", days_, "days that it is valid [365]");
  issue_cert_->add_flag("--renew", renew_, "replace the one that is there");
}

void SecurityCommands::DeclareToken(CLI::App* app) {
  CLI::App* const token =
      app->add_subcommand("token", "tokens of people and of what acts for them");
  token->require_subcommand(1);
  create_token_ = token->add_subcommand("create", "make a token and print it, this once");
  create_token_->add_option("FILE", path_, "file of tokens, made where there is none")->required();
  create_token_->add_option("--label", label_, "whose it is")->required();
  create_token_->add_option("--role", role_, "viewer, operator or admin")->required();
  create_token_->add_option("--rig", rigs_, "id of a rig that it is bound to [every rig]");
  create_token_->add_option("--days", days_, "days that it is valid [365]");
  create_token_->add_option("--out", out_, "new file to write it to, mode 0600, instead");
  list_tokens_ = token->add_subcommand("list", "show tokens, none of which is secret");
  list_tokens_->add_option("FILE", path_, "file of tokens")->required();
  revoke_token_ = token->add_subcommand("revoke", "refuse a token from now on");
  revoke_token_->add_option("FILE", path_, "file of tokens")->required();
  revoke_token_->add_option("ID", id_, "16 digits, as list shows them")->required();
}

void SecurityCommands::DeclareAudit(CLI::App* app) {
  CLI::App* const audit = app->add_subcommand("audit", "the audit log");
  audit->require_subcommand(1);
  verify_audit_ = audit->add_subcommand("verify", "check that no record was changed or taken away");
  verify_audit_->add_option("FILE", path_, "the log")->required();
  auto* const count = verify_audit_->add_option("--count", count_, "of a head that was kept");
  auto* const hash = verify_audit_->add_option("--hash", hash_, "of the same head");
  count->needs(hash);
  hash->needs(count);
}

std::optional<absl::Status> SecurityCommands::Run(std::ostream& out) const {
  if (init_certs_->parsed()) return InitCerts(out);
  if (issue_cert_->parsed()) return IssueCert(out);
  if (create_token_->parsed()) return CreateToken(out);
  if (list_tokens_->parsed()) return ListTokens(out);
  if (revoke_token_->parsed()) return security::RevokeToken(path_, id_, absl::Now());
  if (verify_audit_->parsed()) return VerifyAudit(out);
  return std::nullopt;
}

absl::Status SecurityCommands::InitCerts(std::ostream& out) const {
  PARALLAX_RETURN_IF_ERROR(MakeFolder(path_));
  AuthoritySpec authority{.lifetime = Days(authority_days_)};
  if (!authority_.empty()) authority.name = authority_;
  ServerSpec server{.hosts = hosts_, .lifetime = Days(days_)};
  if (server.hosts.empty()) server.hosts = {"localhost", "127.0.0.1"};
  PARALLAX_ASSIGN_OR_RETURN(const KeyPairPaths ca,
                            security::InitAuthority(path_, authority, absl::Now()));
  PARALLAX_ASSIGN_OR_RETURN(
      const KeyPairPaths pair,
      security::IssueServerInto(path_, server, absl::Now(), OnExisting::kRefuse));
  out << absl::StrFormat(
      "made %s and %s of the authority, %s and %s of the daemon\n"
      "serve: parallaxd --tls-cert %s --tls-key %s --tls-client-ca %s\n"
      "a rig: parallaxd certs issue %s --rig ID\n"
      "keep %s where nobody else can read it; the daemon does not need it\n",
      ca.certificate, ca.key, pair.certificate, pair.key, pair.certificate, pair.key,
      ca.certificate, path_, ca.key);
  return absl::OkStatus();
}

absl::Status SecurityCommands::IssueCert(std::ostream& out) const {
  if (rigs_.empty() && hosts_.empty()) {
    return absl::InvalidArgumentError("certs issue: say --rig ID or --host HOST");
  }
  const OnExisting on_existing = renew_ ? OnExisting::kReplace : OnExisting::kRefuse;
  PARALLAX_ASSIGN_OR_RETURN(
      const KeyPairPaths pair,
      rigs_.empty() ? security::IssueServerInto(path_, {.hosts = hosts_, .lifetime = Days(days_)},
                                                absl::Now(), on_existing)
                    : security::IssueRigInto(path_, {.rig = rigs_.front(), .lifetime = Days(days_)},
                                             absl::Now(), on_existing));
  out << absl::StrFormat("made %s and %s\n", pair.certificate, pair.key);
  return absl::OkStatus();
}

absl::Status SecurityCommands::CreateToken(std::ostream& out) const {
  const std::optional<Role> role = security::RoleNamed(role_);
  if (!role.has_value()) {
    return base::InvalidField(
        {.field = "role", .value = role_, .bound = "viewer, operator or admin"});
  }
  const TokenSpec spec{.label = label_, .role = *role, .rigs = rigs_, .lifetime = Days(days_)};
  PARALLAX_ASSIGN_OR_RETURN(const NewToken token,
                            security::AddToken(path_, spec, absl::Now(), security::SystemEntropy));
  if (out_.empty()) {
    out << token.text << "\n";
    return absl::OkStatus();
  }
  if (absl::Status written = base::WriteNewFile(out_, token.text + "\n", base::Readers::kOwner);
      !written.ok()) {
    // Nobody has seen it, so nobody shall have it.
    (void)security::RevokeToken(path_, token.record.id, absl::Now());
    return written;
  }
  out << absl::StrFormat("made token %s in %s\n", token.record.id, out_);
  return absl::OkStatus();
}

absl::Status SecurityCommands::ListTokens(std::ostream& out) const {
  PARALLAX_ASSIGN_OR_RETURN(const TokenTable table, security::ReadTokens(path_));
  for (const TokenRecord& token : table.records()) {
    out << absl::StrFormat("%s  %-8s  %-20s  %s  rigs: %s\n", token.id,
                           security::NameOf(token.role), StateOf(token, absl::Now()), token.label,
                           token.rigs.empty() ? "every" : absl::StrJoin(token.rigs, ","));
  }
  return absl::OkStatus();
}

absl::Status SecurityCommands::VerifyAudit(std::ostream& out) const {
  std::optional<AuditHead> kept;
  if (!hash_.empty()) kept = AuditHead{.count = count_, .hash = hash_};
  PARALLAX_ASSIGN_OR_RETURN(const AuditReport report, security::VerifyAuditLog(path_, kept));
  out << absl::StrFormat("%u records, as they were written; head: --count %u --hash %s\n",
                         report.confirmed.count, report.confirmed.count, report.confirmed.hash);
  if (report.unconfirmed_records > 0 || report.torn_bytes > 0) {
    out << absl::StrFormat("behind them %u records that a crash left unconfirmed, %u torn bytes\n",
                           report.unconfirmed_records, report.torn_bytes);
  }
  return absl::OkStatus();
}

}  // namespace parallax::server
