#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "tests/core/store/power_load.h"

namespace parallax::store {
namespace {

/// What can be read of a retired run.
absl::StatusOr<std::string> RetiredText(const RunRow& run, Store& store) {
  std::string text = run.retirement->sha256 + "\n";
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<StreamRow> streams,
                            store.ListRunStreams("r", run.run.id));
  for (const StreamRow& stream : streams) {
    text += absl::StrFormat("%s %d %d %d\n", stream.producer_id, stream.next_seq,
                            stream.first_received_unix_ns, stream.last_received_unix_ns);
  }
  for (uint32_t channel = 0; channel < PowerLoad::kChannels; ++channel) {
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<Bucket> left,
                              store.ReadBuckets("r", run.run.id, channel, {}, 1));
    for (const Bucket& bucket : left) {
      text += absl::StrFormat("%d %d %a %a %a %a\n", bucket.start_unix_ns, bucket.count,
                              bucket.minimum, bucket.maximum, bucket.first, bucket.last);
    }
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> PowerLoad::Contents(Store& store) const {
  std::string text;
  PARALLAX_ASSIGN_OR_RETURN(const RigRow rig, store.GetRig("r"));
  text += rig.rig.id + " " + rig.twin + "\n";
  for (const StreamPlan& plan : kStreams) {
    PARALLAX_ASSIGN_OR_RETURN(const RunRow run, store.GetRun("r", plan.run));
    text +=
        absl::StrFormat("%s closed %d stored %d retired %d not finite %d\n", run.run.id, run.closed,
                        run.ledger.stored, run.ledger.retired, run.ledger.rejected.not_finite);
    if (run.retirement) {
      PARALLAX_ASSIGN_OR_RETURN(const std::string left, RetiredText(run, store));
      text += left;
      continue;
    }
    PARALLAX_ASSIGN_OR_RETURN(const RunSamples samples, store.ReadRun("r", plan.run));
    for (const StreamRow& stream : samples.streams) {
      text += absl::StrFormat("%s %d %d %d %d\n", stream.producer_id, stream.epoch, stream.next_seq,
                              stream.first_received_unix_ns, stream.last_received_unix_ns);
    }
    for (const signal::Series& series : samples.series) {
      std::string bytes;
      const auto add = [&bytes](const auto& column) {
        bytes.append(reinterpret_cast<const char*>(column.data()),
                     column.size() * sizeof(column[0]));
      };
      add(series.time_unix_ns);
      add(series.value);
      add(series.quality);
      text += base::Sha256Hex(bytes) + "\n";
    }
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JobRow> job, store.FindJob("k"));
  if (job) text += absl::StrFormat("job %d %s\n", static_cast<int>(job->state), job->report);
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<ReportRow> reports, store.ListReports("r", {}));
  for (const ReportRow& report : reports) {
    text += absl::StrFormat("report %s %s %d superseded %d\n", report.id, report.bytes,
                            report.parameter_set, report.superseded);
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<ParameterSetRow> sets,
                            store.ListParameterSets("r", {}));
  for (const ParameterSetRow& set : sets) {
    text += absl::StrFormat("set %d %s %s\n", set.revision, set.state, set.bytes);
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<std::string> answer,
                            store.FindRequest("Call", "id"));
  return text + answer.value_or("no answer");
}

}  // namespace parallax::store
