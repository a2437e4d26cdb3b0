// Fills the store in argv[1] with argv[2] gigabytes of samples that do not compress, as rig "r",
// run "a".
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "core/store/batch_codec.h"
#include "core/store/sqlite_store.h"
#include "tests/core/store/append_callback.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

constexpr size_t kChannels = 20;
constexpr size_t kSamples = 1000;
constexpr uint64_t kWindow = 64;  // batches on their way at once

signal::SampleBatch MakeNoise() {
  signal::SampleBatch batch = MakeBatch(0, kChannels, kSamples, kStartNs);
  base::Random random(1, 0);
  for (signal::ChannelColumn& column : batch.columns) {
    for (double& value : column.value) value = random.Normal();
  }
  return batch;
}

absl::Status Fill(const char* directory, double bytes) {
  const base::SystemClock clock;
  absl::StatusOr<std::unique_ptr<Store>> opened = OpenSqliteStore({.directory = directory}, clock);
  if (!opened.ok()) return opened.status();
  Store& store = **opened;
  RigRow rig;
  rig.rig = MakeRig(kChannels);
  rig.twin = "two_heater";
  ParameterSetRow assumptions;
  assumptions.state = "CURRENT";
  assumptions.bytes = "{}";
  signal::Run run;
  run.id = "a";
  run.started_at_unix_ns = kStartNs;
  absl::Status status = store.CreateRig(rig, assumptions);
  status.Update(store.OpenRun("r", run));
  const absl::StatusOr<StreamState> state = store.OpenStream({"r", "a", "p", 1});
  status.Update(state.status());
  if (!status.ok()) return status;

  const EncodedBatch noise = EncodeBatch(MakeNoise(), {});
  const auto batches = static_cast<uint64_t>(bytes / static_cast<double>(noise.data.size()));
  std::atomic<uint64_t> committed{0};
  std::atomic<bool> failed{false};
  for (uint64_t seq = 0; seq < batches && !failed; ++seq) {
    EncodedBatch batch = noise;
    batch.stream = state->stream;
    batch.seq = seq;
    while (seq >= committed + kWindow && !failed) std::this_thread::yield();
    const auto count = [&](const absl::StatusOr<AppendOutcome>& outcome) {
      if (outcome.ok())
        ++committed;
      else
        failed = true;
    };
    while (!store.TryAppend(batch, Calling(count))) std::this_thread::yield();
  }
  while (committed < batches && !failed) std::this_thread::yield();
  return failed ? absl::UnavailableError("a batch was refused") : absl::OkStatus();
}

}  // namespace
}  // namespace parallax::store

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const absl::Status status = parallax::store::Fill(argv[1], std::atof(argv[2]) * 1e9);
  if (!status.ok()) fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
