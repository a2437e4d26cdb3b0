#include "core/pipeline/run_error.h"

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "core/base/field_error.h"

namespace parallax::pipeline {

absl::Status OfRun(const std::string& run, const absl::Status& status) {
  const std::string name = absl::StrFormat("run \"%s\"", run);
  const bool named = absl::StartsWith(status.message(), name);
  return base::Within(named ? status : base::Annotate(status, name),
                      absl::StrFormat("runs[%s]", run));
}

}  // namespace parallax::pipeline
