#include "client/lib/pace.h"

#include <algorithm>
#include <utility>

#include "client/lib/batch_builder.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr absl::Duration kSpanOfReplay = absl::Milliseconds(50);

/// How long after the run's start a device began, as far as its clock is to be believed.
absl::Duration BeginOf(const DeviceRecording& device, const v1::Run& run) {
  const absl::Time start = absl::FromUnixSeconds(run.start_time().seconds()) +
                           absl::Nanoseconds(run.start_time().nanos());
  const absl::Duration begin = absl::FromUnixNanos(device.first_row_unix_ns) - start;
  const bool believed = begin >= absl::ZeroDuration() && begin <= kLongestStep;
  return believed ? begin : absl::ZeroDuration();
}

}  // namespace

absl::Duration PacedSpan(double speed) { return speed * kSpanOfReplay; }

std::vector<DueBatch> Schedule(const RecordedRun& run, double speed) {
  std::vector<DueBatch> schedule;
  for (size_t device = 0; device < run.devices.size(); ++device) {
    const DeviceRecording& recording = run.devices[device];
    const absl::Duration begin = BeginOf(recording, run.open.run());
    for (size_t batch = 0; batch < recording.batches.size(); ++batch) {
      schedule.push_back({(begin + recording.measured[batch]) / speed, device, batch});
    }
  }
  std::stable_sort(schedule.begin(), schedule.end(),
                   [](const DueBatch& a, const DueBatch& b) { return a.due < b.due; });
  return schedule;
}

absl::StatusOr<std::vector<StreamSummary>> StreamPaced(
    const RecordedRun& run, double speed, const std::vector<StreamOptions>& streams,
    const std::shared_ptr<grpc::Channel>& channel, const base::Clock& clock, Sleeper& sleeper,
    const std::function<void(const DueBatch&)>& on_sent) {
  std::vector<std::unique_ptr<StreamWriter>> writers;
  for (const StreamOptions& stream : streams) {
    writers.push_back(std::make_unique<StreamWriter>(channel, stream, clock, sleeper));
  }
  const absl::Time begin = clock.Now();
  for (const DueBatch& next : Schedule(run, speed)) {
    const absl::Duration wait = begin + next.due - clock.Now();
    if (wait > absl::ZeroDuration()) sleeper.Sleep(wait);
    PARALLAX_RETURN_IF_ERROR(
        writers[next.device]->Write(run.devices[next.device].batches[next.batch]));
    if (on_sent) on_sent(next);
  }
  std::vector<StreamSummary> summaries;
  for (const auto& writer : writers) {
    PARALLAX_ASSIGN_OR_RETURN(StreamSummary summary, writer->Finish());
    summaries.push_back(std::move(summary));
  }
  return summaries;
}

}  // namespace parallax::client
