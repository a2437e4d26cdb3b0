#include "core/pipeline/design_json.h"

#include <cmath>
#include <utility>

#include "core/pipeline/canonical_json.h"
#include "core/pipeline/run_outcomes.h"

namespace parallax::pipeline {

using nlohmann::json;

json RecipeJson(const signal::Run& run) {
  json segments = json::array();
  for (const signal::Segment& segment : run.recipe.segments) {
    json setpoints = json::object();
    for (const auto& [id, setpoint] : segment.setpoints) {
      setpoints[id] = setpoint.ramp ? json{{"ramp_to", setpoint.value}} : json(setpoint.value);
    }
    segments.push_back({{"name", segment.name},
                        {"start_s", segment.start_s},
                        {"end_s", segment.end_s},
                        {"setpoints", std::move(setpoints)}});
  }
  json out = {{"segments", std::move(segments)}, {"substrate", nullptr}, {"catalyst", nullptr}};
  if (run.substrate) {
    out["substrate"] = {{"material", run.substrate->material},
                        {"thickness_m", run.substrate->thickness_m}};
  }
  if (run.catalyst) {
    out["catalyst"] = {{"set", run.catalyst->set},
                       {"feed", run.catalyst->feed},
                       {"reduction_s", run.catalyst->reduction_s},
                       {"anneal_s", run.catalyst->anneal_s}};
  }
  return out;
}

json ChangesJson(const RecipeBox& box, const Eigen::VectorXd& point) {
  json changes = json::array();
  for (Eigen::Index k = 0; k < point.size(); ++k) {
    if (point(k) == box.usual()(k)) continue;
    const auto i = static_cast<size_t>(k);
    const design::Knob& knob = box.box().knobs()[i];
    changes.push_back(
        {{"knob", knob.name},
         {"unit", box.units()[i]},
         {"from", JsonNumber(box.usual()(k))},
         {"to", JsonNumber(point(k))},
         {"low", JsonNumber(knob.choices.empty() ? knob.low : knob.choices.front())},
         {"high", JsonNumber(knob.choices.empty() ? knob.high : knob.choices.back())}});
  }
  return changes;
}

double ExpectedOutcome::Sd() const { return std::hypot(epistemic_sd, scatter_sd); }

double ExpectedOutcome::EpistemicShare() const {
  const double variance = Sd() * Sd();
  return variance > 0.0 ? epistemic_sd * epistemic_sd / variance : 0.0;
}

ExpectedOutcome ExpectOutcome(const DesignBench& bench, const std::vector<twin::Trust>& trust,
                              const DesignCandidate& candidate, Eigen::Index outcome) {
  const std::vector<CampaignHypothesis>& hypotheses = bench.belief.hypotheses();
  const Eigen::Index parameters = bench.belief.parameters();
  ExpectedOutcome out;
  Eigen::VectorXd all = Eigen::VectorXd::Zero(candidate.foreseen.front().outcome.size());
  for (size_t h = 0; h < hypotheses.size(); ++h) {
    all += hypotheses[h].probability * candidate.foreseen[h].outcome;
  }
  out.mean = all(outcome);
  double variance = 0.0;
  for (size_t h = 0; h < hypotheses.size(); ++h) {
    const ForeseenRun& run = candidate.foreseen[h];
    const Eigen::RowVectorXd slope = run.outcome_slope.row(outcome);
    const double within = slope *
                          hypotheses[h].wide_covariance.topLeftCorner(parameters, parameters) *
                          slope.transpose();
    variance += hypotheses[h].probability * (within + std::pow(run.outcome(outcome) - out.mean, 2));
  }
  out.epistemic_sd = std::sqrt(std::max(0.0, variance));
  const std::string& id =
      bench.twin.description().outcomes[static_cast<size_t>(outcome)].channel_id;
  out.scatter_sd = OutcomeScatter(bench.twin.description(), trust, id, all);
  return out;
}

json ExpectedJson(const DesignBench& bench, const std::vector<twin::Trust>& trust,
                  const DesignCandidate& candidate, const std::vector<Eigen::Index>& outcomes) {
  json list = json::array();
  for (const Eigen::Index outcome : outcomes) {
    const ExpectedOutcome expected = ExpectOutcome(bench, trust, candidate, outcome);
    const twin::Signal& signal = bench.twin.description().outcomes[static_cast<size_t>(outcome)];
    list.push_back({{"observable", signal.channel_id},
                    {"unit", signal.unit},
                    {"mean", JsonNumber(expected.mean)},
                    {"sd", JsonNumber(expected.Sd())},
                    {"epistemic_share", JsonNumber(expected.EpistemicShare())}});
  }
  return list;
}

}  // namespace parallax::pipeline
