// parallax audit verify
#include "absl/strings/str_format.h"
#include "client/cli/verbs.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

struct VerifyOptions {
  uint64_t count = 0;
  std::string hash;
};

absl::StatusOr<ExitCode> Verify(const VerifyOptions& options, Context& context) {
  v1::VerifyAuditRequest request;
  if (options.count > 0) {
    request.mutable_kept_head()->set_count(options.count);
    request.mutable_kept_head()->set_hash(options.hash);
  }
  PARALLAX_ASSIGN_OR_RETURN(const v1::VerifyAuditResponse answer,
                            context.client().VerifyAudit(request));
  TextTable table{{"records", "hash", "broken"}, {}};
  if (answer.has_broken()) {
    table.rows.push_back({"-", "-", answer.broken().message()});
  } else {
    table.rows.push_back({std::to_string(answer.head().count()), answer.head().hash(), "-"});
  }
  context.Emit(MessageToJson(answer), table);
  if (answer.has_broken()) return kExitCheckFailed;
  context.Note(absl::StrFormat(
      "every record is as it was written; keep this head elsewhere, for --count %d --hash %s",
      answer.head().count(), answer.head().hash()));
  return kExitOk;
}

}  // namespace

void AddAuditVerbs(CLI::App& app, Selection& selection) {
  CLI::App* const noun = app.add_subcommand("audit", "the daemon's audit log");
  noun->require_subcommand(1);
  CLI::App* const verify = noun->add_subcommand(
      "verify", "whether no record was changed or taken away; exit 7 where one was");
  const auto options = std::make_shared<VerifyOptions>();
  auto* const count =
      verify->add_option("--count", options->count, "records of a head that was kept elsewhere")
          ->check(CLI::PositiveNumber);
  auto* const hash = verify->add_option("--hash", options->hash, "hash of the same head");
  count->needs(hash);
  hash->needs(count);
  SetAction(*verify, selection, options, Verify);
}

}  // namespace parallax::client
