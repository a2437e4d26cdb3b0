#include "core/pipeline/run_loader.h"

#include <utility>

#include "core/base/status_macros.h"

namespace parallax::pipeline {

absl::StatusOr<signal::RunRecord> LoadRunRecord(store::Store& store, const signal::Rig& rig,
                                                const std::string& run) {
  PARALLAX_ASSIGN_OR_RETURN(store::RunRow row, store.GetRun(rig.id, run));
  signal::RunRecord record{.run = std::move(row.run), .outcome = std::move(row.outcome)};
  PARALLAX_ASSIGN_OR_RETURN(store::RunSamples samples, store.ReadRun(rig.id, run));
  for (signal::Series& series : samples.series) {
    if (!series.value.empty()) record.series.push_back(std::move(series));
  }
  return record;
}

absl::StatusOr<std::vector<signal::RunRecord>> LoadRunRecords(
    store::Store& store, const signal::Rig& rig, const std::vector<std::string>& runs) {
  std::vector<signal::RunRecord> records;
  for (const std::string& run : runs) {
    PARALLAX_ASSIGN_OR_RETURN(signal::RunRecord record, LoadRunRecord(store, rig, run));
    records.push_back(std::move(record));
  }
  return records;
}

}  // namespace parallax::pipeline
