#include "server/run_choice.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/retirement.h"
#include "server/convert_check.h"
#include "server/names.h"
#include "server/status.h"

namespace parallax::server {
namespace {

constexpr int kMaxRuns = 10'000;

/// Ids of the runs that a request names; each must be a stored run of the rig.
absl::StatusOr<std::vector<std::string>> NamedRuns(store::Store& store, const std::string& rig,
                                                   const std::string& field,
                                                   const RunNames& names) {
  PARALLAX_RETURN_IF_ERROR(CheckCount(field, names.size(), kMaxRuns));
  std::vector<std::string> runs;
  for (int i = 0; i < names.size(); ++i) {
    const std::string path = absl::StrFormat("%s[%d]", field, i);
    PARALLAX_ASSIGN_OR_RETURN(const RunName name, ParseRunName(path, names[i]));
    if (name.rig != rig) {
      return InvalidField(path, names[i], absl::StrFormat("a run of rigs/%s", rig));
    }
    PARALLAX_ASSIGN_OR_RETURN(const store::RunRow row, store.GetRun(rig, name.run));
    if (row.retirement.has_value()) {
      return store::SamplesRetired(path, {rig, name.run}, *row.retirement, "name other runs");
    }
    if (std::find(runs.begin(), runs.end(), name.run) != runs.end()) {
      return InvalidField(path, names[i], "named once");
    }
    runs.push_back(name.run);
  }
  return runs;
}

/// Ids of the closed runs of a split whose samples are kept, in order of start.
absl::StatusOr<std::vector<std::string>> ClosedRuns(store::Store& store, const std::string& rig,
                                                    signal::Split split) {
  std::vector<std::string> runs;
  store::PageRequest page;
  for (;;) {
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::RunRow> rows, store.ListRuns(rig, page));
    for (const store::RunRow& row : rows) {
      const bool kept = !row.retirement.has_value();
      if (row.closed && kept && row.run.split == split) runs.push_back(row.run.id);
    }
    if (rows.size() < page.limit) return runs;
    page.after = rows.back().run.id;
  }
}

}  // namespace

absl::Status ChooseRuns(store::Store& store, const RunNames& calibrate_runs,
                        const RunNames& validate_runs, store::JobRow* job) {
  PARALLAX_ASSIGN_OR_RETURN(job->calibrate_runs,
                            NamedRuns(store, job->rig, "calibrate_runs", calibrate_runs));
  PARALLAX_ASSIGN_OR_RETURN(job->validate_runs,
                            NamedRuns(store, job->rig, "validate_runs", validate_runs));
  if (job->calibrate_runs.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(job->calibrate_runs,
                              ClosedRuns(store, job->rig, signal::Split::kCalibrate));
  }
  if (job->validate_runs.empty()) {
    PARALLAX_ASSIGN_OR_RETURN(job->validate_runs,
                              ClosedRuns(store, job->rig, signal::Split::kValidate));
  }
  if (job->calibrate_runs.empty()) {
    return InvalidField("calibrate_runs", "", "at least one run",
                        "name runs, or close a run of split CALIBRATE");
  }
  for (const std::string& run : job->validate_runs) {
    const std::vector<std::string>& others = job->calibrate_runs;
    if (std::count(others.begin(), others.end(), run) > 0) {
      return InvalidField("validate_runs", RunNameOf(job->rig, run),
                          "not among the calibrate_runs");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> RevisionOf(store::Store& store, const std::string& field,
                                   const std::string& name, const std::string& rig) {
  PARALLAX_ASSIGN_OR_RETURN(const ParameterSetName set, ParseParameterSetName(field, name));
  if (set.rig != rig) return InvalidField(field, name, absl::StrFormat("a set of rigs/%s", rig));
  PARALLAX_ASSIGN_OR_RETURN(const store::ParameterSetRow row,
                            store.GetParameterSet(set.rig, set.revision));
  return row.revision;
}

}  // namespace parallax::server
