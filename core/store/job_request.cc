#include "core/store/job_request.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"

namespace parallax::store {
namespace {

nlohmann::json OrderToJson(const DesignOrder& order) {
  nlohmann::json json = {
      {"report", order.report},   {"aim", static_cast<int>(order.aim)},
      {"outcome", order.outcome}, {"direction", static_cast<int>(order.direction)},
      {"count", order.count},     {"limits", nlohmann::json::array()}};
  for (const KnobRange& range : order.limits) {
    json["limits"].push_back({{"knob", range.knob}, {"low", range.low}, {"high", range.high}});
  }
  if (order.threshold.has_value()) json["threshold"] = *order.threshold;
  return json;
}

DesignOrder OrderFromJson(const nlohmann::json& json) {
  DesignOrder order{.report = json.at("report"),
                    .aim = static_cast<DesignAim>(json.at("aim").get<int>()),
                    .outcome = json.at("outcome"),
                    .direction = static_cast<Direction>(json.at("direction").get<int>()),
                    .count = json.at("count")};
  for (const nlohmann::json& range : json.at("limits")) {
    order.limits.push_back(
        {.knob = range.at("knob"), .low = range.at("low"), .high = range.at("high")});
  }
  if (json.contains("threshold")) order.threshold = json.at("threshold").get<double>();
  return order;
}

}  // namespace

absl::StatusOr<std::string> EncodeJobRequest(const JobRow& job) {
  try {
    nlohmann::json json = {{"calibrate_runs", job.calibrate_runs},
                           {"validate_runs", job.validate_runs},
                           {"base_parameter_set", job.base_parameter_set},
                           {"seed", job.seed},
                           {"fingerprint", job.fingerprint}};
    if (job.order.has_value()) json["order"] = OrderToJson(*job.order);
    return json.dump();
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(absl::StrFormat("job: %s", error.what()));
  }
}

absl::Status DecodeJobRequest(std::string_view text, JobRow* job) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    json.at("calibrate_runs").get_to(job->calibrate_runs);
    json.at("validate_runs").get_to(job->validate_runs);
    json.at("base_parameter_set").get_to(job->base_parameter_set);
    json.at("seed").get_to(job->seed);
    job->fingerprint = json.value("fingerprint", "");  // jobs of older programs have none
    if (json.contains("order")) job->order = OrderFromJson(json.at("order"));
    return absl::OkStatus();
  } catch (const nlohmann::json::exception& error) {
    return absl::DataLossError(absl::StrFormat("stored job request: %s", error.what()));
  }
}

}  // namespace parallax::store
