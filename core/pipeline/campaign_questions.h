#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "core/causal/graph.h"
#include "core/causal/replay.h"
#include "core/pipeline/campaign_rows.h"
#include "core/twin/twin.h"

namespace parallax::pipeline {

/// A question that what was measured in a run allows, with the least change that counts.
struct RunQuestion {
  causal::Question question;
  double least_absolute = 0.0;  ///< in the question's unit
  double least_relative = 0.0;  ///< of the figure before

  double LeastEffect(double before) const {
    return least_absolute + least_relative * std::abs(before);
  }
};

/// "(7,6)": the species of the largest predicted share; empty where the twin predicts none.
std::string CallOf(const twin::Description& description, const twin::Prediction& prediction);

/// Mean tube diameter and dominant species where shares were measured, final height where a height
/// was, and the surface temperature during growth, in this order; only what twin and graph know.
std::vector<RunQuestion> QuestionsFor(const twin::Description& description,
                                      const causal::Graph& graph, const CampaignRun& run);

}  // namespace parallax::pipeline
