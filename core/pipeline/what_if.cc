#include "core/pipeline/what_if.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/pipeline/stored_analysis.h"

namespace parallax::pipeline {
namespace {

absl::Status NotAReport(const nlohmann::json::exception& error) {
  return absl::DataLossError(absl::StrFormat("report: %s", error.what()));
}

/// What a report was made from.
absl::StatusOr<StoredInputs> InputsOf(const store::ReportRow& row) {
  try {
    const nlohmann::json report = nlohmann::json::parse(row.bytes);
    return StoredInputs{.rig = row.rig,
                        .calibrate_runs = report.at("runs").at("calibrate"),
                        .validate_runs = report.at("runs").at("validate"),
                        .seed = report.at("provenance").at("seed")};
  } catch (const nlohmann::json::exception& error) {
    return NotAReport(error);
  }
}

}  // namespace

absl::StatusOr<VerdictSummary> SummariseVerdict(const std::string& report_json) {
  try {
    const nlohmann::json report = nlohmann::json::parse(report_json);
    const nlohmann::json& verdict = report.at("verdict");
    VerdictSummary summary{.kind = verdict.at("kind"),
                           .parameters = verdict.at("parameters"),
                           .channels = verdict.at("channels"),
                           .because = verdict.at("because")};
    const nlohmann::json& confidence = verdict.at("confidence");
    if (!confidence.is_null()) summary.confidence = confidence.get<double>();
    return summary;
  } catch (const nlohmann::json::exception& error) {
    return NotAReport(error);
  }
}

absl::StatusOr<WhatIf> AnalyzeWhatIf(store::Store& store, const twin::Registry& twins,
                                     const store::ReportRow& report,
                                     const store::ParameterSetRow& base,
                                     const ProgressCallback& progress) {
  WhatIf answer;
  PARALLAX_ASSIGN_OR_RETURN(answer.stored, SummariseVerdict(report.bytes));
  PARALLAX_ASSIGN_OR_RETURN(const StoredInputs inputs, InputsOf(report));
  PARALLAX_ASSIGN_OR_RETURN(const AnalysisResult result,
                            AnalyzeStored(store, twins, inputs, base, {}, progress));
  PARALLAX_ASSIGN_OR_RETURN(answer.other, SummariseVerdict(result.report_json));
  answer.flips = answer.stored.kind != answer.other.kind ||
                 answer.stored.parameters != answer.other.parameters ||
                 answer.stored.channels != answer.other.channels;
  return answer;
}

}  // namespace parallax::pipeline
