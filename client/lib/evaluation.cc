#include "client/lib/evaluation.h"

#include <initializer_list>

#include "absl/strings/str_format.h"
#include "client/lib/ledger.h"

namespace parallax::client {
namespace {

constexpr char kReportSchema[] = "parallax-report/1";

/// The named members of an object, null where one is absent or `from` is no object.
Json Pick(const Json& from, std::initializer_list<const char*> keys) {
  Json picked = Json::object();
  for (const char* key : keys) picked[key] = At(from, key);
  return picked;
}

/// The named members of every element; an empty array where there is none.
Json PickEach(const Json& from, std::initializer_list<const char*> keys) {
  Json picked = Json::array();
  if (!from.is_array()) return picked;
  for (const Json& element : from) picked.push_back(Pick(element, keys));
  return picked;
}

Json Verdict(const Json& report) {
  Json verdict = Pick(At(report, "verdict"),
                      {"kind", "parameters", "group", "channels", "confidence", "because"});
  for (const char* key : {"parameters", "group", "channels"}) {
    if (verdict[key].is_null()) verdict[key] = Json::array();
  }
  return verdict;
}

Json Validation(const Json& report) {
  const Json& from = At(report, "validation");
  Json validation =
      Pick(from, {"accepted", "gap_before", "gap_after", "floor", "rmse",
                  "chirality_success_before", "chirality_success_after", "coverage_90"});
  validation["rmse"] = PickEach(At(from, "rmse"), {"channel", "before", "after", "unit"});
  return validation;
}

Json Ingest(const v1::Ledger& ledger) {
  Json ingest;
  ingest["received"] = ledger.received();
  ingest["stored"] = ledger.stored();
  ingest["duplicate"] = ledger.duplicate();
  ingest["rejected"] = RejectedSamples(ledger);
  return ingest;
}

}  // namespace

void AddPhases(const v1::Job& job, EvaluationSeconds& seconds) {
  for (const auto& phase : job.phase_seconds()) {
    if (phase.first == "calibrate") {
      seconds.calibrate += phase.second;
    } else if (phase.first == "validate") {
      seconds.validate += phase.second;
    } else {
      seconds.analyse += phase.second;
    }
  }
}

absl::StatusOr<Json> ParseReport(const v1::Report& report) {
  Json parsed = Json::parse(report.json(), nullptr, false);
  if (!parsed.is_object()) {
    return absl::DataLossError(absl::StrFormat("%s: is not JSON", report.name()));
  }
  if (At(parsed, "schema") != kReportSchema) {
    return absl::DataLossError(absl::StrFormat("%s: schema is %s, must be \"%s\"", report.name(),
                                               At(parsed, "schema").dump(), kReportSchema));
  }
  return parsed;
}

Json ComposeEvaluation(const std::string& campaign, const Json& report, const v1::Ledger& ledger,
                       const EvaluationSeconds& seconds) {
  Json evaluation;
  evaluation["campaign"] = campaign;
  evaluation["verdict"] = Verdict(report);
  evaluation["attribution"] = PickEach(At(report, "attribution"),
                                       {"parameter", "mechanism", "shapley", "low", "high", "pip"});
  const Json& group = At(report, "attribution_group");
  if (group.is_object()) {
    evaluation["attribution_group"] =
        Pick(group, {"name", "parameters", "shapley", "low", "high", "pip"});
  }
  evaluation["unexplained"] = At(report, "unexplained");
  evaluation["calibrated"] =
      PickEach(At(report, "calibrated"), {"parameter", "run", "assumed", "value", "sd", "unit"});
  evaluation["validation"] = Validation(report);
  evaluation["ingest"] = Ingest(ledger);
  evaluation["seconds"] = {{"replay", seconds.replay},
                           {"analyse", seconds.analyse},
                           {"calibrate", seconds.calibrate},
                           {"validate", seconds.validate}};
  return evaluation;
}

}  // namespace parallax::client
