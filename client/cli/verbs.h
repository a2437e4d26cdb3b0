#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "client/cli/exit_code.h"

namespace parallax::client {

/// What a verb does: an exit code, or why it could not.
using Action = std::function<absl::StatusOr<ExitCode>(Context&)>;

/// What becomes of a verb where files of keys or tokens cannot be used.
enum class BadCredentials {
  kRefused,  ///< it does not run, and the command is a usage error
  kTold,     ///< it runs, and looks at Context::credentials() before it asks the daemon anything
};

/// Remembers which verb the command line named.
struct Selection {
  Action action;
  BadCredentials bad_credentials = BadCredentials::kRefused;
};

/// Declares `noun verb` and what it does; its options are filled in before it runs.
template <typename Options>
void SetAction(CLI::App& verb, Selection& selection, std::shared_ptr<Options> options,
               absl::StatusOr<ExitCode> (*run)(const Options&, Context&),
               BadCredentials bad_credentials = BadCredentials::kRefused) {
  verb.callback([&selection, options = std::move(options), run, bad_credentials] {
    selection.bad_credentials = bad_credentials;
    selection.action = [options, run](Context& context) { return run(*options, context); };
  });
}

/// For verbs that take nothing of their own.
struct NoOptions {};

/// For verbs that take one name.
struct NameOptions {
  std::string name;
};

void AddRigVerbs(CLI::App& app, Selection& selection);
void AddRunVerbs(CLI::App& app, Selection& selection);
void AddRunWatch(CLI::App& noun, Selection& selection);
void AddCampaignReplay(CLI::App& noun, Selection& selection);
void AddCampaignAnalyze(CLI::App& noun, Selection& selection);
void AddCampaignEvaluate(CLI::App& noun, Selection& selection);
void AddReportVerbs(CLI::App& app, Selection& selection);
void AddReportDiff(CLI::App& noun, Selection& selection);
void AddJobVerbs(CLI::App& app, Selection& selection);
void AddParamVerbs(CLI::App& app, Selection& selection);
void AddParamPromotion(CLI::App& noun, Selection& selection);
void AddParamWhatIf(CLI::App& noun, Selection& selection);
void AddDesignVerbs(CLI::App& app, Selection& selection);
void AddModelVerbs(CLI::App& app, Selection& selection);
void AddTwinVerbs(CLI::App& app, Selection& selection);
void AddTwinSimulate(CLI::App& noun, Selection& selection);
void AddSeriesVerbs(CLI::App& app, Selection& selection);
void AddExport(CLI::App& app, Selection& selection);
void AddBackup(CLI::App& app, Selection& selection);
void AddAuditVerbs(CLI::App& app, Selection& selection);
void AddDoctor(CLI::App& app, Selection& selection);
void AddCompletion(CLI::App& app, Selection& selection);

}  // namespace parallax::client
