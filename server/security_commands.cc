#include "server/security_commands.h"

#include <sys/stat.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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

/// Of certs init.
struct InitOptions {
  std::string folder;
  std::vector<std::string> hosts;
  std::string authority;
  int64_t authority_days = 3650;
  int64_t days = 365;
};

/// Of certs issue.
struct IssueOptions {
  std::string folder;
  std::vector<std::string> rigs;
  std::vector<std::string> hosts;
  int64_t days = 365;
  bool renew = false;
};

/// Of token create.
struct CreateOptions {
  std::string file;
  std::string label;
  std::string role;
  std::vector<std::string> rigs;
  int64_t days = 365;
  std::string out;
};

/// Of token list.
struct ListOptions {
  std::string file;
};

/// Of token revoke.
struct RevokeOptions {
  std::string file;
  std::string id;
};

/// Of audit verify.
struct VerifyOptions {
  std::string file;
  uint64_t count = 0;
  std::string hash;
};

absl::StatusOr<int> InitCerts(const InitOptions& options, std::ostream& out) {
  PARALLAX_RETURN_IF_ERROR(MakeFolder(options.folder));
  AuthoritySpec authority{.lifetime = Days(options.authority_days)};
  if (!options.authority.empty()) authority.name = options.authority;
  ServerSpec server{.hosts = options.hosts, .lifetime = Days(options.days)};
  if (server.hosts.empty()) server.hosts = {"localhost", "127.0.0.1"};
  PARALLAX_ASSIGN_OR_RETURN(const KeyPairPaths ca,
                            security::InitAuthority(options.folder, authority, absl::Now()));
  PARALLAX_ASSIGN_OR_RETURN(
      const KeyPairPaths pair,
      security::IssueServerInto(options.folder, server, absl::Now(), OnExisting::kRefuse));
  out << absl::StrFormat(
      "made %s and %s of the authority, %s and %s of the daemon\n"
      "serve: parallaxd --tls-cert %s --tls-key %s --tls-client-ca %s\n"
      "a rig: parallaxd certs issue %s --rig ID\n"
      "keep %s where nobody else can read it; the daemon does not need it\n",
      ca.certificate, ca.key, pair.certificate, pair.key, pair.certificate, pair.key,
      ca.certificate, options.folder, ca.key);
  return kExitDone;
}

absl::StatusOr<int> IssueCert(const IssueOptions& options, std::ostream& out) {
  if (options.rigs.empty() && options.hosts.empty()) {
    return absl::InvalidArgumentError("certs issue: say --rig ID or --host HOST");
  }
  const OnExisting on_existing = options.renew ? OnExisting::kReplace : OnExisting::kRefuse;
  PARALLAX_ASSIGN_OR_RETURN(
      const KeyPairPaths pair,
      options.rigs.empty()
          ? security::IssueServerInto(options.folder,
                                      {.hosts = options.hosts, .lifetime = Days(options.days)},
                                      absl::Now(), on_existing)
          : security::IssueRigInto(options.folder,
                                   {.rig = options.rigs.front(), .lifetime = Days(options.days)},
                                   absl::Now(), on_existing));
  out << absl::StrFormat("made %s and %s\n", pair.certificate, pair.key);
  return kExitDone;
}

absl::StatusOr<int> CreateToken(const CreateOptions& options, std::ostream& out) {
  const std::optional<Role> role = security::RoleNamed(options.role);
  if (!role.has_value()) {
    return base::InvalidField(
        {.field = "role", .value = options.role, .bound = "viewer, operator or admin"});
  }
  const TokenSpec spec{
      .label = options.label, .role = *role, .rigs = options.rigs, .lifetime = Days(options.days)};
  PARALLAX_ASSIGN_OR_RETURN(
      const NewToken token,
      security::AddToken(options.file, spec, absl::Now(), security::SystemEntropy));
  if (options.out.empty()) {
    out << token.text << "\n";
    return kExitDone;
  }
  if (absl::Status written =
          base::WriteNewFile(options.out, token.text + "\n", base::Readers::kOwner);
      !written.ok()) {
    // Nobody has seen it, so nobody shall have it.
    (void)security::RevokeToken(options.file, token.record.id, absl::Now());
    return written;
  }
  out << absl::StrFormat("made token %s in %s\n", token.record.id, options.out);
  return kExitDone;
}

absl::StatusOr<int> ListTokens(const ListOptions& options, std::ostream& out) {
  PARALLAX_ASSIGN_OR_RETURN(const TokenTable table, security::ReadTokens(options.file));
  for (const TokenRecord& token : table.records()) {
    out << absl::StrFormat("%s  %-8s  %-20s  %s  rigs: %s\n", token.id,
                           security::NameOf(token.role), StateOf(token, absl::Now()), token.label,
                           token.rigs.empty() ? "every" : absl::StrJoin(token.rigs, ","));
  }
  return kExitDone;
}

absl::StatusOr<int> RevokeToken(const RevokeOptions& options, std::ostream& /*out*/) {
  PARALLAX_RETURN_IF_ERROR(security::RevokeToken(options.file, options.id, absl::Now()));
  return kExitDone;
}

absl::StatusOr<int> VerifyAudit(const VerifyOptions& options, std::ostream& out) {
  std::optional<AuditHead> kept;
  if (!options.hash.empty()) kept = AuditHead{.count = options.count, .hash = options.hash};
  const absl::StatusOr<AuditReport> report = security::VerifyAuditLog(options.file, kept);
  if (absl::IsDataLoss(report.status())) {
    out << "broken: " << report.status().message() << "\n";
    return kExitCheckFailed;
  }
  PARALLAX_RETURN_IF_ERROR(report.status());
  out << absl::StrFormat("%u records, as they were written; head: --count %u --hash %s\n",
                         report->confirmed.count, report->confirmed.count, report->confirmed.hash);
  if (report->unconfirmed_records > 0 || report->torn_bytes > 0) {
    out << absl::StrFormat("behind them %u records that a crash left unconfirmed, %u torn bytes\n",
                           report->unconfirmed_records, report->torn_bytes);
  }
  return kExitDone;
}

void AddCerts(CLI::App& app, Command* chosen) {
  CLI::App* const certs = app.add_subcommand("certs", "certificates of a lab's own authority");
  certs->require_subcommand(1);
  CLI::App* const init =
      certs->add_subcommand("init", "make the authority and the daemon's certificate");
  const auto init_options = std::make_shared<InitOptions>();
  init->add_option("DIR", init_options->folder, "folder to make them in")->required();
  init->add_option("--host", init_options->hosts,
                   "name or address that clients call the daemon by [localhost, 127.0.0.1]");
  init->add_option("--name", init_options->authority, "name of the authority [parallax lab CA]");
  init->add_option("--authority-days", init_options->authority_days,
                   "days that it is valid [3650]");
  init->add_option("--days", init_options->days,
                   "days that the daemon's certificate is valid [365]");
  SetCommand(*init, chosen, init_options, InitCerts);

  CLI::App* const issue =
      certs->add_subcommand("issue", "sign a certificate for a rig or for the daemon");
  const auto options = std::make_shared<IssueOptions>();
  issue->add_option("DIR", options->folder, "folder of the authority")->required();
  auto* const rig = issue->add_option("--rig", options->rigs, "id of the rig")->expected(1);
  issue->add_option("--host", options->hosts, "name or address of the daemon")->excludes(rig);
  issue->add_option("--days", options->days, "days that it is valid [365]");
  issue->add_flag("--renew", options->renew, "replace the one that is there");
  SetCommand(*issue, chosen, options, IssueCert);
}

void AddToken(CLI::App& app, Command* chosen) {
  CLI::App* const token = app.add_subcommand("token", "tokens of people and of what acts for them");
  token->require_subcommand(1);
  CLI::App* const create = token->add_subcommand("create", "make a token and print it, this once");
  const auto options = std::make_shared<CreateOptions>();
  create->add_option("FILE", options->file, "file of tokens, made where there is none")->required();
  create->add_option("--label", options->label, "whose it is")->required();
  create->add_option("--role", options->role, "viewer, operator or admin")->required();
  create->add_option("--rig", options->rigs, "id of a rig that it is bound to [every rig]");
  create->add_option("--days", options->days, "days that it is valid [365]");
  create->add_option("--out", options->out, "new file to write it to, mode 0600, instead");
  SetCommand(*create, chosen, options, CreateToken);

  CLI::App* const list = token->add_subcommand("list", "show tokens, none of which is secret");
  const auto list_options = std::make_shared<ListOptions>();
  list->add_option("FILE", list_options->file, "file of tokens")->required();
  SetCommand(*list, chosen, list_options, ListTokens);

  CLI::App* const revoke = token->add_subcommand("revoke", "refuse a token from now on");
  const auto revoke_options = std::make_shared<RevokeOptions>();
  revoke->add_option("FILE", revoke_options->file, "file of tokens")->required();
  revoke->add_option("ID", revoke_options->id, "16 digits, as list shows them")->required();
  SetCommand(*revoke, chosen, revoke_options, RevokeToken);
}

void AddAudit(CLI::App& app, Command* chosen) {
  CLI::App* const audit = app.add_subcommand("audit", "the audit log");
  audit->require_subcommand(1);
  CLI::App* const verify = audit->add_subcommand(
      "verify",
      "check that no record was changed or taken away; exit code 7 where one was, which is named");
  const auto options = std::make_shared<VerifyOptions>();
  verify->add_option("FILE", options->file, "the log")->required();
  auto* const count = verify->add_option("--count", options->count, "of a head that was kept");
  auto* const hash = verify->add_option("--hash", options->hash, "of the same head");
  count->needs(hash);
  hash->needs(count);
  SetCommand(*verify, chosen, options, VerifyAudit);
}

}  // namespace

void AddSecurityCommands(CLI::App& app, Command* chosen) {
  AddCerts(app, chosen);
  AddToken(app, chosen);
  AddAudit(app, chosen);
}

}  // namespace parallax::server
