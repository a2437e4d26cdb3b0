// parallax param what-if
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/verbs.h"
#include "client/lib/names.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

/// Whom a verdict blames or accuses, in one cell.
std::string Blamed(const v1::VerdictSummary& verdict) {
  std::vector<std::string> all(verdict.parameters().begin(), verdict.parameters().end());
  all.insert(all.end(), verdict.channels().begin(), verdict.channels().end());
  return all.empty() ? "-" : absl::StrJoin(all, " ");
}

absl::StatusOr<ExitCode> WhatIf(const NameOptions& options, Context& context) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string set, ParameterSetName(options.name));
  v1::WhatIfRequest request;
  request.set_rig(set.substr(0, set.find("/parameterSets/")));
  request.set_parameter_set(set);
  Json json = Json::array();
  TextTable table{{"report", "verdict", "blamed", "what if", "what if blamed", "flips"}, {}};
  int flips = 0;
  context.Progress("what-if: analysing the newest report");
  const absl::Status status =
      context.client().WhatIf(request, [&](const v1::WhatIfResponse& answer) {
        json.push_back(MessageToJson(answer));
        const bool failed = answer.has_failure();
        table.rows.push_back({LastPart(answer.report()), answer.stored().kind(),
                              Blamed(answer.stored()), failed ? "-" : answer.what_if().kind(),
                              failed ? "-" : Blamed(answer.what_if()),
                              failed           ? "failed"
                              : answer.flips() ? "yes"
                                               : "no"});
        if (failed) context.Note(answer.report() + ": " + answer.failure().message());
        flips += answer.flips() ? 1 : 0;
        context.Progress(absl::StrFormat("what-if: %d reports, %d flip", json.size(), flips));
        return absl::OkStatus();
      });
  context.Progress("");
  PARALLAX_RETURN_IF_ERROR(status);
  context.Emit(json, table);
  context.Note(absl::StrFormat("%d of %d verdicts flip under %s", flips, json.size(), set));
  return kExitOk;
}

}  // namespace

void AddParamWhatIf(CLI::App& noun, Selection& selection) {
  CLI::App* const verb = noun.add_subcommand(
      "what-if", "which past verdicts another set flips: analyses all of them once more");
  const auto options = std::make_shared<NameOptions>();
  verb->add_option("SET", options->name, "RIG/REVISION that the simulation is to assume")
      ->required();
  SetAction(*verb, selection, options, WhatIf);
}

}  // namespace parallax::client
