#include "client/cli/cli.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "client/cli/context.h"
#include "client/cli/exit_code.h"
#include "client/cli/verbs.h"
#include "core/base/edit_distance.h"

namespace parallax::client {
namespace {

struct GlobalFlags {
  PartialSettings settings;
  bool plaintext = false;
  bool quiet = false;
  bool utc = false;
};

void AddGlobalFlags(CLI::App& app, GlobalFlags& flags) {
  app.add_option("-o,--output", flags.settings.output, "table, json or csv")
      ->check(CLI::IsMember({"table", "json", "csv"}))
      ->type_name("FORMAT");
  app.add_option("--server", flags.settings.server, "daemon's address, host:port")
      ->type_name("ADDRESS");
  app.add_option("--tls-ca", flags.settings.tls_ca, "PEM of the daemon's authority; turns TLS on")
      ->type_name("FILE");
  app.add_option("--tls-cert", flags.settings.tls_cert, "PEM of a certificate to show")
      ->type_name("FILE");
  app.add_option("--tls-key", flags.settings.tls_key, "PEM of its key, mode 0600")
      ->type_name("FILE");
  app.add_option("--token-file", flags.settings.token_file, "file of a token, mode 0600")
      ->type_name("FILE");
  app.add_flag("--plaintext", flags.plaintext, "no TLS, and a token all the same");
  app.add_option("--timeout", flags.settings.timeout_s, "longest time of one call [s]")
      ->check(CLI::PositiveNumber)
      ->type_name("SECONDS");
  app.add_flag("--quiet", flags.quiet, "no notes and no progress on stderr");
  app.add_flag("--utc", flags.utc, "times of tables in UTC");
  app.set_version_flag("--version", std::string("parallax ") + PARALLAX_VERSION);
}

void AddVerbs(CLI::App& app, Selection& selection) {
  AddRigVerbs(app, selection);
  AddRunVerbs(app, selection);
  CLI::App* const campaign = app.add_subcommand("campaign", "recorded campaigns");
  campaign->require_subcommand(1);
  AddCampaignReplay(*campaign, selection);
  AddCampaignAnalyze(*campaign, selection);
  AddCampaignEvaluate(*campaign, selection);
  AddReportVerbs(app, selection);
  AddJobVerbs(app, selection);
  AddParamVerbs(app, selection);
  AddDesignVerbs(app, selection);
  AddModelVerbs(app, selection);
  AddTwinVerbs(app, selection);
  AddSeriesVerbs(app, selection);
  AddExport(app, selection);
  AddBackup(app, selection);
  AddAuditVerbs(app, selection);
  AddDoctor(app, selection);
  AddCompletion(app, selection);
}

/// The format of an error about the command line itself, which could not be parsed.
OutputFormat RawFormat(const std::vector<std::string>& arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool pair = (arguments[i] == "-o" || arguments[i] == "--output") &&
                      i + 1 < arguments.size() && arguments[i + 1] == "json";
    if (pair || arguments[i] == "-ojson" || arguments[i] == "--output=json") {
      return OutputFormat::kJson;
    }
  }
  return OutputFormat::kTable;
}

/// Says which word is no verb and which was meant, or nothing where all words are verbs.
std::string UnknownVerb(const CLI::App& root, const std::vector<std::string>& arguments) {
  const CLI::App* noun = &root;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (absl::StartsWith(word, "-")) {
      const CLI::Option* const option = root.get_option_no_throw(word);
      if (option != nullptr && option->get_items_expected_max() > 0) ++i;
      continue;
    }
    const CLI::App* verb = nullptr;
    std::vector<std::string> verbs;
    for (const CLI::App* one : noun->get_subcommands({})) {
      verbs.push_back(one->get_name());
      if (one->check_name(word)) verb = one;
    }
    if (verbs.empty()) return "";
    if (verb == nullptr) {
      const std::string near = base::NearestName(word, verbs);
      return absl::StrFormat("\"%s\" is no command%s", word,
                             near.empty() ? "" : "; did you mean \"" + near + "\"?");
    }
    noun = verb;
  }
  return "";
}

int ReportParseError(const CLI::App& app, const CLI::ParseError& error,
                     const std::vector<std::string>& arguments, Environment& environment) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    return app.exit(error, environment.out, environment.err);  // --help, --version
  }
  const std::string unknown = UnknownVerb(app, arguments);
  const std::string hint = " (parallax --help tells what there is)";
  WriteError(environment, RawFormat(arguments),
             absl::InvalidArgumentError((unknown.empty() ? error.what() : unknown) + hint),
             kExitUsage);
  return kExitUsage;
}

int RunAction(const Selection& selection, const GlobalFlags& flags, Environment& environment,
              OutputFormat raw_format) {
  absl::StatusOr<Settings> settings = ResolveSettings(flags.settings, environment);
  if (!settings.ok()) {
    WriteError(environment, raw_format, settings.status(), kExitUsage);
    return kExitUsage;
  }
  if (flags.plaintext) settings->credentials.plain_text = PlainText::kAccepted;
  absl::StatusOr<Credentials> credentials =
      ReadCredentials(settings->credentials, settings->server);
  if (!credentials.ok() && selection.bad_credentials == BadCredentials::kRefused) {
    WriteError(environment, settings->output, credentials.status(), kExitUsage);
    return kExitUsage;
  }
  Context context(environment, std::move(*settings), std::move(credentials),
                  flags.quiet ? Verbosity::kQuiet : Verbosity::kNormal,
                  flags.utc ? TimeZone::kUtc : TimeZone::kLocal);
  const absl::StatusOr<ExitCode> result = selection.action(context);
  context.Progress("");
  if (result.ok()) return *result;
  const ExitCode code = ExitCodeOf(result.status());
  context.Error(result.status(), code);
  return code;
}

}  // namespace

int RunCli(const std::vector<std::string>& arguments, Environment& environment) {
  CLI::App app("Finds what causes the gap between a rig and its digital twin.", "parallax");
  app.fallthrough();
  app.require_subcommand(1);
  GlobalFlags flags;
  Selection selection;
  AddGlobalFlags(app, flags);
  AddVerbs(app, selection);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    return ReportParseError(app, error, arguments, environment);
  }
  return RunAction(selection, flags, environment, RawFormat(arguments));
}

}  // namespace parallax::client
