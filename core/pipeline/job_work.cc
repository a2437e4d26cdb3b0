#include "core/pipeline/job_work.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/pipeline/design.h"
#include "core/pipeline/learn.h"
#include "core/pipeline/parameter_set_codec.h"
#include "core/pipeline/stored_analysis.h"

namespace parallax::pipeline {
namespace {

StoredInputs InputsOfJob(const store::JobRow& job) {
  return {.rig = job.rig,
          .calibrate_runs = job.calibrate_runs,
          .validate_runs = job.validate_runs,
          .seed = job.seed};
}

std::vector<std::string> RunsOf(const store::JobRow& job) {
  std::vector<std::string> runs = job.calibrate_runs;
  runs.insert(runs.end(), job.validate_runs.begin(), job.validate_runs.end());
  return runs;
}

std::optional<store::ParameterSetRow> MakeParameterSetRow(const store::JobRow& job,
                                                          const AnalysisResult& result) {
  if (!result.parameter_set.has_value()) return std::nullopt;
  const std::string bytes = EncodeParameterSet(*result.parameter_set);
  return store::ParameterSetRow{
      .rig = job.rig,
      .parent = job.base_parameter_set,
      .state = result.accepted ? "CURRENT" : "REJECTED",
      .bytes = bytes,
      .sha256 = base::Sha256Hex(bytes),
      .reason = absl::StrFormat("calibrated on %u runs, held out %u: %s", job.calibrate_runs.size(),
                                job.validate_runs.size(), result.because)};
}

/// What a recalibration needs before it is worth loading anything.
absl::Status CheckRuns(const store::JobRow& job) {
  if (job.kind != store::JobKind::kRecalibration || !job.calibrate_runs.empty()) {
    return absl::OkStatus();
  }
  return base::FieldStatus(
      absl::StatusCode::kFailedPrecondition,
      {.field = "calibrate_runs",
       .value = "0",
       .bound = ">= 1 closed run of split CALIBRATE",
       .next_step = "close one: that queues the next recalibration"},
      absl::StrFormat("rig \"%s\", with %u closed runs of split VALIDATE: closed runs of split "
                      "CALIBRATE",
                      job.rig, job.validate_runs.size()));
}

absl::StatusOr<store::JobProduct> DoAnalysis(store::Store& store, const twin::Registry& twins,
                                             const store::JobRow& job,
                                             const store::ParameterSetRow& base,
                                             const std::function<void()>& on_loaded,
                                             const ProgressCallback& progress) {
  PARALLAX_ASSIGN_OR_RETURN(
      const AnalysisResult result,
      AnalyzeStored(store, twins, InputsOfJob(job), base, on_loaded, progress));
  return store::AnalysisProduct{.report = {.rig = job.rig,
                                           .verdict = result.verdict,
                                           .bytes = result.report_json,
                                           .sha256 = base::Sha256Hex(result.report_json),
                                           .runs = RunsOf(job)},
                                .parameter_set = MakeParameterSetRow(job, result)};
}

std::vector<KnobLimit> LimitsOf(const store::DesignOrder& order) {
  std::vector<KnobLimit> limits;
  for (const store::KnobRange& range : order.limits) {
    limits.push_back({.knob = range.knob, .low = range.low, .high = range.high});
  }
  return limits;
}

DesignAim AimOf(store::DesignAim aim) {
  switch (aim) {
    case store::DesignAim::kOutcome:
      return DesignAim::kOutcome;
    case store::DesignAim::kTarget:
      return DesignAim::kTarget;
    case store::DesignAim::kGroup:
    case store::DesignAim::kGoal:
      break;
  }
  return DesignAim::kGroup;
}

absl::StatusOr<DesignResult> Design(const DesignInput& input, const store::DesignOrder& order,
                                    const ProgressCallback& progress) {
  const GoalDirection direction = order.direction == store::Direction::kMinimize
                                      ? GoalDirection::kMinimize
                                      : GoalDirection::kMaximize;
  if (order.aim == store::DesignAim::kGoal) {
    return SeekGoal(input,
                    {.outcome = order.outcome,
                     .direction = direction,
                     .threshold = order.threshold,
                     .limits = LimitsOf(order)},
                    progress);
  }
  return SuggestExperiments(input,
                            {.aim = AimOf(order.aim),
                             .outcome = order.outcome,
                             .direction = direction,
                             .count = order.count,
                             .limits = LimitsOf(order)},
                            progress);
}

absl::StatusOr<store::JobProduct> DoDesign(store::Store& store, const twin::Registry& twins,
                                           const store::JobRow& job,
                                           const store::ParameterSetRow& base,
                                           const std::function<void()>& on_loaded,
                                           const ProgressCallback& progress) {
  const store::DesignOrder order = job.order.value_or(store::DesignOrder{});
  PARALLAX_ASSIGN_OR_RETURN(const store::ReportRow report, store.GetReport(job.rig, order.report));
  PARALLAX_ASSIGN_OR_RETURN(const LoadedInputs loaded,
                            LoadInputs(store, twins, InputsOfJob(job), base));
  on_loaded();
  PARALLAX_ASSIGN_OR_RETURN(const DesignResult result,
                            Design({.rig = loaded.rig.rig,
                                    .twin = *loaded.twin,
                                    .base = loaded.base,
                                    .calibrate_runs = loaded.calibrate_runs,
                                    .validate_runs = loaded.validate_runs,
                                    .report_json = report.bytes,
                                    .seed = job.seed},
                                   order, progress));
  return store::DesignRow{.rig = job.rig,
                          .report = order.report,
                          .kind = order.aim == store::DesignAim::kGoal ? "GOAL" : "SUGGESTION",
                          .headline = result.headline,
                          .bytes = result.json,
                          .sha256 = base::Sha256Hex(result.json)};
}

/// Ids of the runs that were measured, in order.
std::vector<std::string> MeasuredRuns(const std::vector<signal::RunRecord>& records) {
  std::vector<std::string> runs;
  for (const signal::RunRecord& record : records) {
    if (record.outcome.has_value()) runs.push_back(record.run.id);
  }
  std::sort(runs.begin(), runs.end());
  return runs;
}

/// How often trainings have looked at the locked runs of a card, these being of `runs`; nothing
/// where they are others. A card that cannot be read is nobody's.
std::optional<int> QueriesOf(const std::string& card, const std::vector<std::string>& runs) {
  const nlohmann::json json = nlohmann::json::parse(card, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("locked_set")) return std::nullopt;
  try {
    std::vector<std::string> locked = json.at("locked_set").at("runs");
    std::sort(locked.begin(), locked.end());
    if (locked != runs) return std::nullopt;
    return json.at("locked_set").at("queries").get<int>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

/// That of the newest model of the rig whose locked runs are these, whatever was measured on them
/// by then: another measurement of a run is no new run.
absl::StatusOr<int> CountLockedQueries(store::Store& store, const std::string& rig,
                                       const std::vector<signal::RunRecord>& locked) {
  const std::vector<std::string> runs = MeasuredRuns(locked);
  store::PageRequest page{.limit = 16};
  for (;;) {
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::ModelRow> models,
                              store.ListModels(rig, page));
    for (const store::ModelRow& model : models) {
      if (const std::optional<int> queries = QueriesOf(model.card, runs)) return *queries;
    }
    if (models.size() < page.limit) return 0;
    page.after = absl::StrFormat("%d", models.back().revision);
  }
}

absl::StatusOr<store::JobProduct> DoTraining(store::Store& store, const twin::Registry& twins,
                                             const store::JobRow& job,
                                             const store::ParameterSetRow& base,
                                             const std::function<void()>& on_loaded,
                                             const ProgressCallback& progress) {
  PARALLAX_ASSIGN_OR_RETURN(const LoadedInputs loaded,
                            LoadInputs(store, twins, InputsOfJob(job), base));
  on_loaded();
  PARALLAX_ASSIGN_OR_RETURN(const int queries,
                            CountLockedQueries(store, job.rig, loaded.validate_runs));
  PARALLAX_ASSIGN_OR_RETURN(const LearnResult result,
                            LearnResidual({.rig = loaded.rig.rig,
                                           .twin = *loaded.twin,
                                           .set = loaded.base,
                                           .calibrate_runs = loaded.calibrate_runs,
                                           .validate_runs = loaded.validate_runs,
                                           .locked_queries = queries,
                                           .seed = job.seed},
                                          progress));
  return store::ModelRow{.rig = job.rig,
                         .state = result.accepted ? "CANDIDATE" : "REFUSED",
                         .parameter_set = job.base_parameter_set,
                         .card = result.card_json,
                         .card_sha256 = base::Sha256Hex(result.card_json),
                         .bytes = result.model_bytes,
                         .sha256 = base::Sha256Hex(result.model_bytes),
                         .runs = RunsOf(job),
                         .reason = result.because};
}

}  // namespace

absl::StatusOr<store::JobProduct> DoJob(store::Store& store, const twin::Registry& twins,
                                        const store::JobRow& job,
                                        const std::function<void()>& on_loaded,
                                        const ProgressCallback& progress) {
  PARALLAX_RETURN_IF_ERROR(CheckRuns(job));
  PARALLAX_ASSIGN_OR_RETURN(const store::ParameterSetRow base,
                            store.GetParameterSet(job.rig, job.base_parameter_set));
  switch (job.kind) {
    case store::JobKind::kAnalysis:
    case store::JobKind::kRecalibration:
      break;
    case store::JobKind::kDesign:
      return DoDesign(store, twins, job, base, on_loaded, progress);
    case store::JobKind::kTraining:
      return DoTraining(store, twins, job, base, on_loaded, progress);
  }
  return DoAnalysis(store, twins, job, base, on_loaded, progress);
}

}  // namespace parallax::pipeline
