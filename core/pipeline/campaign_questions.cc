#include "core/pipeline/campaign_questions.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/pipeline/chirality.h"
#include "core/pipeline/readback.h"

namespace parallax::pipeline {
namespace {

constexpr double kLeastDiameterNm = 1e-3;
constexpr double kLeastHeightShare = 5e-3;
constexpr double kLeastSurfaceK = 0.5;

Eigen::Index SignalIndex(const std::vector<twin::Signal>& signals, const std::string& id) {
  const auto found = std::find_if(signals.begin(), signals.end(), [&](const twin::Signal& signal) {
    return signal.channel_id == id;
  });
  return found == signals.end() ? -1 : found - signals.begin();
}

/// Name of the graph's node that has a signal, empty where none has.
std::string NodeOf(const causal::Graph& graph, const std::string& signal) {
  const int node = graph.FindSignal(signal);
  return node < 0 ? std::string() : graph.nodes()[static_cast<size_t>(node)].name;
}

bool HeightWasMeasured(const CampaignRun& run) {
  return std::any_of(run.blocks.begin(), run.blocks.end(), [](const EvidenceBlock& block) {
    return block.observable == "height" || block.observable == "height_ex_situ";
  });
}

/// Rows of the run's drive at which it grows at rest.
std::vector<Eigen::Index> GrowthRows(const CampaignRun& run) {
  std::vector<Eigen::Index> rows;
  for (const SteadyPhase& phase : SteadyPhases(run.clean.run.recipe, true, kSettleS)) {
    for (Eigen::Index row = 0; row < run.drive.time_s.size(); ++row) {
      const double t = run.drive.time_s(row);
      if (t >= phase.begin_s && t < phase.end_s) rows.push_back(row);
    }
  }
  return rows;
}

std::optional<RunQuestion> AskDiameter(const twin::Description& description,
                                       const causal::Graph& graph, const CampaignRun& run) {
  const Eigen::Index outcome = SignalIndex(description.outcomes, "mean_diameter");
  const std::string node = NodeOf(graph, "mean_diameter");
  if (outcome < 0 || node.empty() || !DominantMeasured(run.clean.outcome)) return std::nullopt;
  return RunQuestion{
      .question = {node, "mean tube diameter", "nm",
                   [outcome](const twin::Prediction& p) { return p.outcome(outcome) * 1e9; },
                   "dominant tube",
                   [&description](const twin::Prediction& p) { return CallOf(description, p); }},
      .least_absolute = kLeastDiameterNm};
}

std::optional<RunQuestion> AskHeight(const twin::Description& description,
                                     const causal::Graph& graph, const CampaignRun& run) {
  const Eigen::Index outcome = SignalIndex(description.outcomes, "height");
  const std::string node = NodeOf(graph, "height");
  if (outcome < 0 || node.empty() || !HeightWasMeasured(run)) return std::nullopt;
  return RunQuestion{
      .question = {node, "final height", "um",
                   [outcome](const twin::Prediction& p) { return p.outcome(outcome) * 1e6; }},
      .least_relative = kLeastHeightShare};
}

std::optional<RunQuestion> AskSurface(const twin::Description& description,
                                      const causal::Graph& graph, const CampaignRun& run) {
  const Eigen::Index output = SignalIndex(description.outputs, "surface_t");
  const std::string node = NodeOf(graph, "surface_t");
  std::vector<Eigen::Index> rows = GrowthRows(run);
  if (output < 0 || node.empty() || rows.empty()) return std::nullopt;
  return RunQuestion{.question = {node, "surface temperature during growth", "K",
                                  [output, rows = std::move(rows)](const twin::Prediction& p) {
                                    double sum = 0.0;
                                    for (const Eigen::Index row : rows)
                                      sum += p.outputs(row, output);
                                    return sum / static_cast<double>(rows.size());
                                  }},
                     .least_absolute = kLeastSurfaceK};
}

}  // namespace

std::string CallOf(const twin::Description& description, const twin::Prediction& prediction) {
  const std::optional<Chirality> species = DominantPredicted(description, prediction.outcome);
  return species ? ToString(*species) : std::string();
}

std::vector<RunQuestion> QuestionsFor(const twin::Description& description,
                                      const causal::Graph& graph, const CampaignRun& run) {
  std::vector<RunQuestion> questions;
  for (auto ask : {AskDiameter, AskHeight, AskSurface}) {
    std::optional<RunQuestion> question = ask(description, graph, run);
    if (question) questions.push_back(*std::move(question));
  }
  return questions;
}

}  // namespace parallax::pipeline
