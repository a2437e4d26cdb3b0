#include "client/cli/finding.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "core/base/field_error.h"

namespace parallax::client {
namespace {

std::string ResultText(CheckResult result) {
  switch (result) {
    case CheckResult::kOk:
      return "ok";
    case CheckResult::kWarning:
      return "warning";
    case CheckResult::kDiffers:
      return "differs";
    case CheckResult::kUnknown:
      return "unknown";
    case CheckResult::kFailed:
      break;
  }
  return "failed";
}

}  // namespace

Finding Passed(const std::string& check, std::string text) {
  return {.check = check, .text = std::move(text)};
}

Finding Failure(const std::string& check, const absl::Status& status) {
  const std::string next_step = base::FieldErrorOf(status).value_or(base::FieldError()).next_step;
  std::string_view text(status.message().data(), status.message().size());
  const std::string end = "; " + next_step;
  if (!next_step.empty() && text.ends_with(end)) text.remove_suffix(end.size());
  return {.check = check,
          .result = CheckResult::kFailed,
          .text = std::string(text),
          .next_step = next_step,
          .code = ExitCodeOf(status)};
}

void Findings::Add(Finding finding) { findings_.push_back(std::move(finding)); }

bool Findings::Failed(const std::string& check) const {
  return std::any_of(findings_.begin(), findings_.end(), [&check](const Finding& finding) {
    return finding.check == check && finding.result == CheckResult::kFailed;
  });
}

bool Findings::AnyFailed() const {
  return std::any_of(findings_.begin(), findings_.end(),
                     [](const Finding& finding) { return finding.result == CheckResult::kFailed; });
}

ExitCode Findings::Emit(Context& context) const {
  Json json = Json::array();
  TextTable table{{"check", "result", "text"}, {}};
  ExitCode code = kExitOk;
  for (const Finding& finding : findings_) {
    const std::string result = ResultText(finding.result);
    const std::string separator = finding.next_step.empty() ? "" : "; ";
    json.push_back({{"check", finding.check},
                    {"result", result},
                    {"text", finding.text},
                    {"next_step", finding.next_step}});
    table.rows.push_back({finding.check, result, finding.text + separator + finding.next_step});
    if (code == kExitOk) code = finding.code;
  }
  context.Emit(json, table);
  return code;
}

}  // namespace parallax::client
