#include "core/pipeline/parameter_set_codec.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "core/pipeline/canonical_json.h"

namespace parallax::pipeline {
namespace {

using nlohmann::json;

constexpr const char* kSchema = "parallax-parameter-set/1";

json EncodeValue(const calibration::ParameterValue& value) {
  return {{"parameter", value.parameter},
          {"run", value.run.empty() ? json(nullptr) : json(value.run)},
          {"value", value.value},
          {"sd", value.sd},
          {"assumed", value.assumed},
          {"unit", value.unit},
          {"calibrated", value.calibrated},
          {"spread", value.spread}};
}

calibration::ParameterValue DecodeValue(const json& entry) {
  const json& run = entry.at("run");
  return {.parameter = entry.at("parameter"),
          .run = run.is_null() ? std::string() : run.get<std::string>(),
          .value = entry.at("value"),
          .sd = entry.at("sd"),
          .assumed = entry.at("assumed"),
          .unit = entry.at("unit"),
          .calibrated = entry.at("calibrated"),
          .spread = entry.value("spread", 0.0)};  // sets of before it was known have none
}

json EncodeMatrix(const Eigen::MatrixXd& matrix) {
  json rows = json::array();
  for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
    json row = json::array();
    for (Eigen::Index j = 0; j < matrix.cols(); ++j) row.push_back(matrix(i, j));
    rows.push_back(std::move(row));
  }
  return rows;
}

Eigen::MatrixXd DecodeMatrix(const json& rows) {
  const auto n = static_cast<Eigen::Index>(rows.size());
  Eigen::MatrixXd matrix(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      matrix(i, j) = rows.at(static_cast<size_t>(i)).at(static_cast<size_t>(j));
    }
  }
  return matrix;
}

json EncodeRanges(const std::map<std::string, calibration::SampleRange>& ranges) {
  json entries = json::object();
  for (const auto& [run, range] : ranges) {
    entries[run] = {{"samples", range.samples},
                    {"first_unix_ns", range.first_unix_ns},
                    {"last_unix_ns", range.last_unix_ns}};
  }
  return entries;
}

std::map<std::string, calibration::SampleRange> DecodeRanges(const json& entries) {
  std::map<std::string, calibration::SampleRange> ranges;
  for (const auto& [run, range] : entries.items()) {
    ranges[run] = {.samples = range.at("samples"),
                   .first_unix_ns = range.at("first_unix_ns"),
                   .last_unix_ns = range.at("last_unix_ns")};
  }
  return ranges;
}

/// Sets of older programs say less of how they were made.
calibration::Provenance DecodeProvenance(const json& entry) {
  const json nothing = json::object();
  return {.twin = entry.at("twin"),
          .twin_digest = entry.at("twin_digest"),
          .run_digests = entry.at("run_digests"),
          .run_ranges = DecodeRanges(entry.value("run_ranges", nothing)),
          .method = entry.value("method", ""),
          .cleaning = entry.value("cleaning", nothing),
          .solver = entry.value("solver", nothing),
          .options_digest = entry.at("options_digest"),
          .seed = entry.at("seed"),
          .version = entry.at("version")};
}

}  // namespace

nlohmann::json EncodeProvenance(const calibration::Provenance& provenance) {
  return {{"twin", provenance.twin},
          {"twin_digest", provenance.twin_digest},
          {"run_digests", provenance.run_digests},
          {"run_ranges", EncodeRanges(provenance.run_ranges)},
          {"method", provenance.method},
          {"cleaning", provenance.cleaning},
          {"solver", provenance.solver},
          {"options_digest", provenance.options_digest},
          {"seed", provenance.seed},
          {"version", provenance.version}};
}

std::string EncodeParameterSet(const calibration::ParameterSet& set) {
  json values = json::array();
  for (const calibration::ParameterValue& value : set.values) values.push_back(EncodeValue(value));
  return CanonicalJson({{"schema", kSchema},
                        {"values", std::move(values)},
                        {"covariance", EncodeMatrix(set.covariance)},
                        {"validity", set.validity},
                        {"provenance", EncodeProvenance(set.provenance)}});
}

absl::StatusOr<calibration::ParameterSet> DecodeParameterSet(std::string_view bytes) {
  try {
    const json root = json::parse(bytes);
    if (root.at("schema") != kSchema) return absl::DataLossError("parameter set: unknown schema");
    calibration::ParameterSet set;
    for (const json& value : root.at("values")) set.values.push_back(DecodeValue(value));
    set.covariance = DecodeMatrix(root.at("covariance"));
    set.validity = root.at("validity").get<std::map<std::string, std::vector<double>>>();
    set.provenance = DecodeProvenance(root.at("provenance"));
    return set;
  } catch (const json::exception& e) {
    return absl::DataLossError(absl::StrFormat("parameter set: %s", e.what()));
  }
}

}  // namespace parallax::pipeline
