#include "core/store/job_request.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"

namespace parallax::store {

absl::StatusOr<std::string> EncodeJobRequest(const JobRow& job) {
  try {
    return nlohmann::json{{"calibrate_runs", job.calibrate_runs},
                          {"validate_runs", job.validate_runs},
                          {"base_parameter_set", job.base_parameter_set},
                          {"seed", job.seed},
                          {"fingerprint", job.fingerprint}}
        .dump();
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
    return absl::OkStatus();
  } catch (const nlohmann::json::exception& error) {
    return absl::DataLossError(absl::StrFormat("stored job request: %s", error.what()));
  }
}

}  // namespace parallax::store
