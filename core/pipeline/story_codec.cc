#include "core/pipeline/story_codec.h"

#include <utility>
#include <vector>

#include "core/pipeline/canonical_json.h"

namespace parallax::pipeline {
namespace {

using nlohmann::json;

json EncodeShares(const std::vector<HeldOutShare>& shares) {
  json list = json::array();
  for (const HeldOutShare& share : shares) {
    list.push_back({{"species", EncodeSpecies(share.species)},
                    {"measured", JsonNumber(share.measured)},
                    {"as_assumed", JsonNumber(share.as_assumed)},
                    {"as_calibrated", JsonNumber(share.as_calibrated)}});
  }
  return list;
}

json EncodeCallCounts(const std::vector<causal::CallCount>& counts) {
  json list = json::array();
  for (const causal::CallCount& count : counts) {
    list.push_back({{"call", count.call}, {"draws", count.draws}});
  }
  return list;
}

/// Null where nothing was drawn.
json EncodeDrawn(const causal::DrawnCalls& drawn) {
  if (drawn.fitted.empty()) return nullptr;
  return {{"as_calibrated", EncodeCallCounts(drawn.fitted)},
          {"imagined", EncodeCallCounts(drawn.imagined)}};
}

}  // namespace

nlohmann::json EncodeSpecies(const Chirality& species) {
  return json::array({species.n, species.m});
}

nlohmann::json EncodeEffects(const std::vector<MechanismEffect>& effects) {
  json list = json::array();
  for (const MechanismEffect& one : effects) {
    json mediators = json::array();
    for (const causal::MediatorShare& mediator : one.effect.mediators) {
      mediators.push_back({{"name", mediator.name},
                           {"label", mediator.label},
                           {"through", JsonNumber(mediator.through)},
                           {"left_when_held", JsonNumber(mediator.left)}});
    }
    list.push_back({{"run", one.run},
                    {"mechanism", one.mechanism},
                    {"observable", one.observable},
                    {"unit", one.unit},
                    {"before", JsonNumber(one.effect.before)},
                    {"after", JsonNumber(one.effect.after)},
                    {"effect", JsonNumber(one.effect.total)},
                    {"mediators", std::move(mediators)}});
  }
  return list;
}

nlohmann::json EncodeCounterfactuals(const std::vector<CounterfactualCall>& calls) {
  json list = json::array();
  for (const CounterfactualCall& call : calls) {
    list.push_back({{"run", call.run},
                    {"measured", call.measured},
                    {"as_assumed", call.as_assumed},
                    {"as_calibrated", call.as_calibrated},
                    {"imagined", call.imagined},
                    {"sentence", call.sentence},
                    {"shares", EncodeShares(call.shares)},
                    {"draws", EncodeDrawn(call.drawn)}});
  }
  return list;
}

}  // namespace parallax::pipeline
