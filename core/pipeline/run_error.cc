#include "core/pipeline/run_error.h"

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"

namespace parallax::pipeline {

absl::Status OfRun(const std::string& run, const absl::Status& status) {
  return base::Within(base::Annotate(status, absl::StrFormat("run \"%s\"", run)),
                      absl::StrFormat("runs[%s]", run));
}

}  // namespace parallax::pipeline
