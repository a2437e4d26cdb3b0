#include "core/store/job_failure.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"

namespace parallax::store {

std::string EncodeJobFailure(const absl::Status& failure) {
  if (failure.ok()) return "";
  nlohmann::json json = {{"code", static_cast<int>(failure.code())},
                         {"message", std::string(failure.message())}};
  if (const std::optional<base::FieldError> error = base::FieldErrorOf(failure)) {
    json["detail"] = {{"field", error->field},
                      {"value", error->value},
                      {"bound", error->bound},
                      {"next_step", error->next_step}};
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

absl::Status DecodeJobFailure(std::string_view text, absl::Status* failure) {
  *failure = absl::OkStatus();
  if (text.empty()) return absl::OkStatus();
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    *failure = absl::Status(static_cast<absl::StatusCode>(json.at("code").get<int>()),
                            json.at("message").get<std::string>());
    if (!json.contains("detail")) return absl::OkStatus();
    const nlohmann::json& detail = json.at("detail");
    *failure = base::WithFieldError(*failure, {.field = detail.at("field"),
                                               .value = detail.at("value"),
                                               .bound = detail.at("bound"),
                                               .next_step = detail.at("next_step")});
    return absl::OkStatus();
  } catch (const nlohmann::json::exception& error) {
    return absl::DataLossError(absl::StrFormat("stored job failure: %s", error.what()));
  }
}

}  // namespace parallax::store
