#include "server/retention.h"

#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "server/log.h"
#include "server/names.h"

namespace parallax::server {

void Retention::RetireDue() {
  const absl::StatusOr<std::vector<store::RunKey>> runs = store_.ListRunsToRetire();
  if (!runs.ok()) {
    Log(LogLevel::kWarning, "retention failed", {{"error", base::Plain(runs.status())}});
    return;
  }
  for (const store::RunKey& run : *runs) {
    if (stopping_) return;
    // A stream that begins now is refused by the store once the run is retired.
    if (!registry_.LiveLedger(run.rig, run.run).has_value()) Retire(run);
  }
}

void Retention::Retire(const store::RunKey& run) {
  const std::string name = RunNameOf(run.rig, run.run);
  const absl::StatusOr<store::Retirement> retired = store_.RetireRun(run.rig, run.run);
  if (retired.ok()) {
    ++runs_;
    samples_ += retired->samples;
    Log(LogLevel::kInfo, "run retired",
        {{"run", name},
         {"samples", absl::StrFormat("%u", retired->samples)},
         {"sha256", retired->sha256}});
    on_changed_(name);
    return;
  }
  // Something holds it since it was listed, or data came meanwhile.
  const absl::Status& status = retired.status();
  if (absl::IsFailedPrecondition(status) || absl::IsAborted(status)) return;
  Log(LogLevel::kWarning, "run not retired", {{"run", name}, {"error", base::Plain(status)}});
}

}  // namespace parallax::server
