#include "core/pipeline/divergence_codec.h"

#include <optional>
#include <string>
#include <utility>

#include "core/pipeline/canonical_json.h"

namespace parallax::pipeline {
namespace {

using nlohmann::json;

std::string KindName(SignalKind kind) {
  switch (kind) {
    case SignalKind::kChannel:
      return "CHANNEL";
    case SignalKind::kOutcome:
      return "OUTCOME";
    case SignalKind::kShares:
      return "SHARES";
    case SignalKind::kRaman:
      return "RAMAN";
    case SignalKind::kLatent:
      break;
  }
  return "LATENT";
}

json Reason(const std::string& reason) { return reason.empty() ? json(nullptr) : json(reason); }

json EncodeFloored(const FlooredFigure& figure) {
  return {{"value", JsonNumber(figure.value)}, {"floor", JsonNumber(figure.floor)}};
}

json EncodeOpening(const std::optional<GapOpening>& opens) {
  if (!opens) return nullptr;
  return {{"phase", opens->place.phase},
          {"from_s", JsonNumber(opens->place.from_s)},
          {"until_s", JsonNumber(opens->place.until_s)},
          {"mean_score", JsonNumber(opens->mean_score)},
          {"p_value", JsonNumber(opens->p_value)},
          {"p_sign_flip", JsonNumber(opens->p_sign_flip)}};
}

json EncodeFigures(const std::optional<DivergenceFigures>& figures) {
  if (!figures) return nullptr;
  json energy = EncodeFloored(figures->energy);
  energy["low"] = JsonNumber(figures->energy_low);
  energy["high"] = JsonNumber(figures->energy_high);
  return {{"energy", std::move(energy)},
          {"mmd2", EncodeFloored(figures->mmd)},
          {"transport", EncodeFloored(figures->transport)},
          {"kl", EncodeFloored(figures->kl)},
          {"js", EncodeFloored(figures->js)},
          {"p_value", JsonNumber(figures->p_value)},
          {"p_sign_flip", JsonNumber(figures->p_sign_flip)},
          {"opens", EncodeOpening(figures->opens)},
          {"opens_missing", Reason(figures->opens_missing)}};
}

json EncodePoints(const Eigen::MatrixXd& points) {
  json rows = json::array();
  for (Eigen::Index r = 0; r < points.rows(); ++r) {
    json row = json::array();
    for (Eigen::Index axis = 0; axis < points.cols(); ++axis) {
      row.push_back(JsonNumber(points(r, axis)));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

json EncodeMap(const std::optional<LatentMap>& map) {
  if (!map) return nullptr;
  return {{"moved_by", map->moved_by},
          {"runs", map->runs},
          {"as_assumed", EncodePoints(map->assumed)},
          {"at_fit", map->fitted.size() == 0 ? json(nullptr) : EncodePoints(map->fitted)}};
}

}  // namespace

json EncodeDivergences(const Divergences& divergences) {
  json signals = json::array();
  for (const SignalDivergence& one : divergences.signals) {
    const bool there = one.missing.empty();
    signals.push_back(
        {{"signal", one.signal},
         {"observable", one.observable},
         {"kind", KindName(one.kind)},
         {"runs", one.runs},
         {"dimensions", one.dimensions},
         {"missing", Reason(one.missing)},
         {"transport", !there ? json(nullptr) : json(one.dimensions == 1 ? "W1" : "SLICED_W2")},
         {"smallest_p_sign_flip", there ? JsonNumber(one.smallest_p_flip) : json(nullptr)},
         {"as_assumed", EncodeFigures(one.assumed)},
         {"at_fit", EncodeFigures(one.fitted)}});
  }
  return {{"unit", "run"},
          {"missing", Reason(divergences.missing)},
          {"signals", std::move(signals)},
          {"map", EncodeMap(divergences.map)}};
}

}  // namespace parallax::pipeline
