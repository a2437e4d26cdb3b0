#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/pipeline/campaign_belief.h"
#include "core/pipeline/design.h"
#include "core/pipeline/design_candidates.h"
#include "core/pipeline/planned_run.h"
#include "core/pipeline/recipe_box.h"

namespace parallax::pipeline {

/// The verdict of a report, as far as designs need it.
struct ReportVerdict {
  std::string kind;                     ///< "AMBIGUOUS", …
  std::vector<std::string> parameters;  ///< blamed, or the group
};

/// Errors: DataLoss where the bytes are not a report's.
absl::StatusOr<ReportVerdict> ReadVerdict(const std::string& report_json);

/// All runs of a design's input, those to calibrate on first.
std::vector<const signal::RunRecord*> AllRuns(const DesignInput& input);

/// The recipe box of all runs. Errors: those of RecipeBox::Create; InvalidArgument without a run.
absl::StatusOr<RecipeBox> BoxOf(const DesignInput& input, const std::vector<KnobLimit>& limits);

/// Everything that a design is made with, after the campaign was searched once more.
struct DesignSetup {
  std::unique_ptr<WeighedCampaign> campaign;
  std::optional<CampaignBelief> belief;  ///< borrows the campaign
  Instruments instruments;
  std::vector<std::string> warnings;  ///< what the belief leaves out, in sentences

  /// Borrows.
  DesignBench Bench(const DesignInput& input, const RecipeBox& box) const {
    return {input.rig, input.twin, *belief, box, instruments};
  }
};

/// Searches the campaign as its analysis did and takes its rival explanations; where each of these
/// needs a fault or a missing mechanism, the parameters of the best alone.
/// Errors: those of SearchCampaign.
absl::StatusOr<DesignSetup> SetUpDesign(const DesignInput& input, const ProgressCallback& progress);

/// SuggestExperiments and SeekGoal once the request was checked and the campaign searched.
absl::StatusOr<DesignResult> SuggestFrom(const DesignInput& input, const SuggestRequest& request,
                                         const RecipeBox& box, const DesignSetup& setup,
                                         const ProgressCallback& progress);
absl::StatusOr<DesignResult> SeekFrom(const DesignInput& input, const GoalRequest& request,
                                      const RecipeBox& box, const DesignSetup& setup,
                                      const ProgressCallback& progress);

}  // namespace parallax::pipeline
