#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/pipeline/residual_model.h"
#include "core/surrogate/model_file.h"

// A residual model as bytes: kMagic, the SHA-256 of the body in hexadecimal, the body. The body is
// CBOR (RFC 8949) of one map, keys sorted; models within it are byte strings of their own formats.
namespace parallax::pipeline {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "parallax.residual/1\n";
constexpr size_t kDigestSize = 64;

json ToJson(const Eigen::Ref<const Eigen::MatrixXd>& matrix) {
  json values = json::array();
  for (Eigen::Index j = 0; j < matrix.cols(); ++j) {
    for (Eigen::Index i = 0; i < matrix.rows(); ++i) values.push_back(matrix(i, j));
  }
  return {{"rows", matrix.rows()}, {"columns", matrix.cols()}, {"values", std::move(values)}};
}

Eigen::MatrixXd MatrixFrom(const json& from) {
  const auto values = from.at("values").get<std::vector<double>>();
  const auto rows = from.at("rows").get<Eigen::Index>();
  const auto columns = from.at("columns").get<Eigen::Index>();
  const auto size = static_cast<Eigen::Index>(values.size());
  const bool fits = columns == 0 || rows == 0
                        ? size == 0
                        : rows > 0 && size % rows == 0 && size / rows == columns;
  if (!fits || rows < 0 || columns < 0) {
    throw json::other_error::create(501, "a matrix whose values do not fill it", &from);
  }
  return Eigen::Map<const Eigen::MatrixXd>(values.data(), rows, columns);
}

json ToJson(const surrogate::FeatureDomain& domain) {
  json labels = json::array();
  for (const surrogate::FeatureLabel& label : domain.labels) {
    labels.push_back({label.name, label.unit});
  }
  return {{"labels", std::move(labels)},
          {"low", ToJson(domain.low)},
          {"high", ToJson(domain.high)},
          {"center", ToJson(domain.center)},
          {"whitening", ToJson(domain.whitening)},
          {"shrinkage", domain.shrinkage},
          {"kept_rows", ToJson(domain.kept_rows)},
          {"rows", domain.rows},
          {"distance_scale", domain.distance_scale},
          {"neighbour_scale", domain.neighbour_scale},
          {"overshoot_scale", domain.overshoot_scale},
          {"quantile", domain.quantile},
          {"false_alarm_rate", domain.false_alarm_rate}};
}

surrogate::FeatureDomain DomainFrom(const json& from) {
  surrogate::FeatureDomain domain;
  for (const json& label : from.at("labels")) {
    domain.labels.push_back({.name = label.at(0), .unit = label.at(1)});
  }
  domain.low = MatrixFrom(from.at("low"));
  domain.high = MatrixFrom(from.at("high"));
  domain.center = MatrixFrom(from.at("center"));
  domain.whitening = MatrixFrom(from.at("whitening"));
  domain.shrinkage = from.at("shrinkage");
  domain.kept_rows = MatrixFrom(from.at("kept_rows"));
  domain.rows = from.at("rows");
  domain.distance_scale = from.at("distance_scale");
  domain.neighbour_scale = from.at("neighbour_scale");
  domain.overshoot_scale = from.at("overshoot_scale");
  domain.quantile = from.at("quantile");
  domain.false_alarm_rate = from.at("false_alarm_rate");
  return domain;
}

json Binary(const std::string& bytes) {
  return json::binary(std::vector<uint8_t>(bytes.begin(), bytes.end()));
}

json ToJson(const OutcomeModel& model) {
  json out = {{"outcome", model.outcome},   {"unit", model.unit},
              {"features", model.features}, {"refused", model.refused},
              {"scatter", model.scatter},   {"domain", ToJson(model.domain)}};
  if (const auto* process = std::get_if<surrogate::GaussianProcess>(&model.residual)) {
    out["process"] = Binary(process->Encode());
  } else {
    out["network"] = Binary(surrogate::EncodeBnn(std::get<surrogate::Bnn>(model.residual)));
  }
  return out;
}

absl::Status NotAModel(std::string_view why) {
  return absl::DataLossError(absl::StrFormat("residual model: %s", why));
}

absl::StatusOr<std::variant<surrogate::GaussianProcess, surrogate::Bnn>> ResidualFrom(
    const json& from) {
  const bool process = from.contains("process");
  const json::binary_t& binary = from.at(process ? "process" : "network").get_binary();
  const std::string bytes(binary.begin(), binary.end());
  if (process) return surrogate::GaussianProcess::Decode(bytes);
  return surrogate::DecodeBnn(bytes);
}

absl::StatusOr<OutcomeModel> OutcomeFrom(const json& from) {
  PARALLAX_ASSIGN_OR_RETURN(auto residual, ResidualFrom(from));
  OutcomeModel model{.outcome = from.at("outcome"),
                     .unit = from.at("unit"),
                     .features = from.at("features"),
                     .domain = DomainFrom(from.at("domain")),
                     .residual = std::move(residual),
                     .scatter = from.at("scatter"),
                     .refused = from.at("refused")};
  PARALLAX_RETURN_IF_ERROR(model.domain.Validate());
  if (model.domain.labels.size() != model.features.size()) {
    return NotAModel(absl::StrFormat("%s has a domain of %d features, must be %d", model.outcome,
                                     model.domain.labels.size(), model.features.size()));
  }
  return model;
}

}  // namespace

std::string ResidualModel::Encode() const {
  json outcomes = json::array();
  for (const OutcomeModel& model : outcomes_) outcomes.push_back(ToJson(model));
  const std::vector<uint8_t> cbor = json::to_cbor({{"outcomes", std::move(outcomes)}});
  const std::string body(cbor.begin(), cbor.end());
  return std::string(kMagic) + base::Sha256Hex(body) + body;
}

absl::StatusOr<ResidualModel> ResidualModel::Decode(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic || bytes.size() < kMagic.size() + kDigestSize) {
    return NotAModel("not one of this format");
  }
  const std::string_view body = bytes.substr(kMagic.size() + kDigestSize);
  if (base::Sha256Hex(body) != bytes.substr(kMagic.size(), kDigestSize)) {
    return NotAModel("its bytes are not those that were written (SHA-256)");
  }
  try {
    std::vector<OutcomeModel> outcomes;
    const json content = json::from_cbor(body.begin(), body.end());
    for (const json& one : content.at("outcomes")) {
      absl::StatusOr<OutcomeModel> model = OutcomeFrom(one);
      if (!model.ok()) return NotAModel(model.status().ToString());
      outcomes.push_back(*std::move(model));
    }
    return ResidualModel(std::move(outcomes));
  } catch (const json::exception& error) {
    return NotAModel(error.what());
  }
}

}  // namespace parallax::pipeline
