// Appends batches to the store in argv[1] until it is killed, compacting on the side, and writes
// every acked seq to standard output as eight bytes.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

#include "core/store/batch_codec.h"
#include "core/store/sqlite_store.h"
#include "tests/core/store/append_callback.h"
#include "tests/core/store/store_fixture.h"

int main(int argc, char** argv) {
  using namespace parallax::store;  // NOLINT: a program of one function
  if (argc != 2) return 2;
  const parallax::base::SystemClock clock;
  absl::StatusOr<std::unique_ptr<Store>> opened = OpenSqliteStore({argv[1]}, clock);
  if (!opened.ok()) {
    fprintf(stderr, "%s\n", opened.status().ToString().c_str());
    return 3;
  }
  Store& store = **opened;
  const absl::StatusOr<StreamState> state = store.OpenStream({"r", "a", "p", 1});
  if (!state.ok()) return 4;
  std::thread compactor([&store] {
    while (store.Compact().ok()) {
    }
  });
  constexpr uint64_t kWindow = 16;  // batches on their way at once
  std::atomic<uint64_t> answered{state->next_seq};
  for (uint64_t seq = state->next_seq;; ++seq) {
    while (seq >= answered + kWindow) std::this_thread::yield();
    EncodedBatch batch = EncodeBatch(MakeUnrulyBatch(11, seq, 5), {});
    batch.stream = state->stream;
    const auto report = [seq, &answered](const absl::StatusOr<AppendOutcome>& outcome) {
      if (!outcome.ok() || outcome->result != AppendResult::kCommitted) _exit(5);
      if (write(STDOUT_FILENO, &seq, sizeof seq) != sizeof seq) _exit(6);
      ++answered;
    };
    while (!store.TryAppend(batch, Calling(report))) std::this_thread::yield();
  }
}
