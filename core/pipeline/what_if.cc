#include "core/pipeline/what_if.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/pipeline/parameter_set_codec.h"
#include "core/pipeline/run_loader.h"

namespace parallax::pipeline {
namespace {

/// What a report was made from.
struct ReportInputs {
  std::vector<std::string> calibrate_runs;
  std::vector<std::string> validate_runs;
  uint64_t seed = 0;
};

absl::Status NotAReport(const nlohmann::json::exception& error) {
  return absl::DataLossError(absl::StrFormat("report: %s", error.what()));
}

absl::StatusOr<ReportInputs> InputsOf(const std::string& report_json) {
  try {
    const nlohmann::json report = nlohmann::json::parse(report_json);
    return ReportInputs{.calibrate_runs = report.at("runs").at("calibrate"),
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
  PARALLAX_ASSIGN_OR_RETURN(const ReportInputs inputs, InputsOf(report.bytes));
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow rig, store.GetRig(report.rig));
  PARALLAX_ASSIGN_OR_RETURN(const twin::Twin* twin, twins.Find(rig.twin));
  PARALLAX_ASSIGN_OR_RETURN(const calibration::ParameterSet assumed,
                            DecodeParameterSet(base.bytes));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<signal::RunRecord> calibrate,
                            LoadRunRecords(store, rig.rig, inputs.calibrate_runs));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<signal::RunRecord> validate,
                            LoadRunRecords(store, rig.rig, inputs.validate_runs));
  PARALLAX_ASSIGN_OR_RETURN(const AnalysisResult result, Analyze({.rig = rig.rig,
                                                                  .twin = *twin,
                                                                  .base = assumed,
                                                                  .calibrate_runs = calibrate,
                                                                  .validate_runs = validate,
                                                                  .seed = inputs.seed},
                                                                 progress));
  PARALLAX_ASSIGN_OR_RETURN(answer.other, SummariseVerdict(result.report_json));
  answer.flips = answer.stored.kind != answer.other.kind ||
                 answer.stored.parameters != answer.other.parameters ||
                 answer.stored.channels != answer.other.channels;
  return answer;
}

}  // namespace parallax::pipeline
