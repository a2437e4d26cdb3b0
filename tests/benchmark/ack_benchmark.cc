// Ack latency of a daemon that takes in a million samples a second from 8 rigs, then from 64, in
// plain text and with mutual TLS; beside what the same disk takes for a bare append of 64 KiB with
// its fdatasync, before and after, while nothing else writes. Also the daemon's peak memory.
//
// A rig is a logger of 20 channels that sends what it has read every 32 ms, so that a watcher sees
// it live: of 8 rigs each channel has 6,250 samples a second, 200 in a batch; of 64, 781.25 and 25.
// Rigs are not in step: each begins at a time of its own within the first 32 ms. A batch is due
// when its last sample has been read, and its latency counts from then, whether it could be sent by
// then or not, so that a daemon that stalls is charged for all that it makes wait. The appends come
// first and last, since beside the load they would wait for the load's own syncs.

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/quantile.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "tests/benchmark/bare_append.h"
#include "tests/benchmark/goal_row.h"
#include "tests/benchmark/ingest_rig.h"
#include "tests/benchmark/lab_access.h"
#include "tests/benchmark/stream_load.h"

namespace parallax::benchmarks {
namespace {

constexpr int kChannels = 20;
constexpr double kSamplesPerSecond = 1e6;  ///< of all rigs
constexpr double kBatchSeconds = 0.032;
constexpr double kAskedAppends = 2.0;  ///< so many times the append's p99, and the allowance
constexpr double kAskedMemoryBytes = 300e6;

/// How many rigs share the samples, and what is allowed beside the disk's own latency.
struct AckLoad {
  int rigs = 0;
  double allowance_s = 0.0;
  bool memory_is_asked = false;
};

constexpr AckLoad kAckLoads[] = {{.rigs = 8, .allowance_s = 0.002},
                                 {.rigs = 64, .allowance_s = 0.008, .memory_is_asked = true}};

struct AckSettings {
  std::string daemon = PARALLAX_DAEMON;
  std::string folder;
  std::string wire = "both";
  double seconds =
      75.0;  ///< long enough for the daemon's first compaction, a minute after its start
  double warm_up_s = 2.0;  ///< of these; batches due by then are sent and not counted
  int appends = 500;       ///< bare ones, before and after each load
  int rigs = 0;            ///< of the one load to measure; 0: all loads
};

LoadShape ShapeOf(const AckLoad& load, const AckSettings& settings) {
  const double rate_hz = kSamplesPerSecond / load.rigs / kChannels;
  return {.channels = kChannels,
          .samples = static_cast<int>(std::lround(rate_hz * kBatchSeconds)),
          .batches = static_cast<int>(settings.seconds / kBatchSeconds),
          .streams = load.rigs,
          .period_ns = std::llround(1e9 / rate_hz)};
}

/// A due time for every batch.
void SetDue(std::vector<StreamScript>* scripts) {
  for (size_t rig = 0; rig < scripts->size(); ++rig) {
    StreamScript& script = (*scripts)[rig];
    double due = kBatchSeconds * base::Random(/*seed=*/2, /*stream=*/rig).Uniform();
    for (size_t k = 0; k < script.batches.size(); ++k) {
      script.due_seconds.push_back(due);
      due += kBatchSeconds;
    }
  }
}

/// Values of the batches that were due after the warm-up. @param per_batch  stream after stream.
std::vector<double> AfterWarmUp(const std::vector<StreamScript>& scripts,
                                const std::vector<double>& per_batch, double warm_up_s) {
  std::vector<double> counted;
  size_t next = 0;
  for (const StreamScript& script : scripts) {
    for (const double due : script.due_seconds) {
      if (due >= warm_up_s) counted.push_back(per_batch[next]);
      ++next;
    }
  }
  return counted;
}

void PrintQuantiles(const char* what, const std::vector<double>& seconds) {
  std::printf("  %-40s p50 %8.3f  p99 %8.3f  max %8.3f ms  (%zu)\n", what,
              base::Quantile(seconds, 0.5) * 1e3, base::Quantile(seconds, 0.99) * 1e3,
              base::Quantile(seconds, 1.0) * 1e3, seconds.size());
}

/// What one load took.
struct AckFigures {
  double samples_per_second = 0.0;  ///< from its begin to the last ack
  std::vector<double> ack_seconds;
  std::vector<double> late_seconds;
  double peak_bytes = 0.0;
};

absl::StatusOr<AckFigures> RunAckLoad(const AckSettings& settings, const std::string& folder,
                                      Wire wire, const LoadShape& shape) {
  PARALLAX_ASSIGN_OR_RETURN(const LabAccess access, LabAccess::Make(wire, settings.daemon, folder));
  PARALLAX_ASSIGN_OR_RETURN(const auto daemon, StartDaemon(settings.daemon, folder, access));
  PARALLAX_ASSIGN_OR_RETURN(IngestRigs rigs, IngestRigs::Create(daemon->target(), access, shape));
  PARALLAX_ASSIGN_OR_RETURN(std::vector<StreamScript> scripts, rigs.OpenRuns("load"));
  SetDue(&scripts);
  PARALLAX_ASSIGN_OR_RETURN(const LoadResult result, RunLoad(daemon->target(), scripts));
  AckFigures figures{.samples_per_second = 1.0 * shape.streams * shape.batches * shape.channels *
                                           shape.samples / result.seconds,
                     .ack_seconds = AfterWarmUp(scripts, result.ack_seconds, settings.warm_up_s),
                     .late_seconds = AfterWarmUp(scripts, result.late_seconds, settings.warm_up_s)};
  PARALLAX_ASSIGN_OR_RETURN(figures.peak_bytes, daemon->PeakResidentBytes());
  PARALLAX_RETURN_IF_ERROR(rigs.CheckStored("load"));
  return figures;
}

void PrintAckGoals(const AckLoad& load, Wire wire, const AckFigures& figures,
                   const std::vector<double>& appends) {
  const double ack_s = base::Quantile(figures.ack_seconds, 0.99);
  const double append_s = base::Quantile(appends, 0.99);
  const double limit_s = kAskedAppends * append_s + load.allowance_s;
  PrintRow({.what = absl::StrFormat("ack latency at %g M samples/s, %d rigs, %s",
                                    kSamplesPerSecond * 1e-6, load.rigs, NameOf(wire)),
            .figure = absl::StrFormat("p50 %.2f, p99 %.2f ms",
                                      base::Quantile(figures.ack_seconds, 0.5) * 1e3, ack_s * 1e3),
            .goal = absl::StrFormat("p99 <= %g x append + %g ms = %.2f ms", kAskedAppends,
                                    load.allowance_s * 1e3, limit_s * 1e3),
            .reference = absl::StrFormat("append of 64 KiB + fdatasync p50 %.2f, p99 %.2f ms",
                                         base::Quantile(appends, 0.5) * 1e3, append_s * 1e3),
            .held = ack_s <= limit_s});
  if (!load.memory_is_asked) return;
  PrintRow(
      {.what = absl::StrFormat("peak memory of the daemon, %d rigs, %s", load.rigs, NameOf(wire)),
       .figure = absl::StrFormat("%.0f MB", figures.peak_bytes * 1e-6),
       .goal = absl::StrFormat("<= %.0f MB", kAskedMemoryBytes * 1e-6),
       .reference = "",
       .held = figures.peak_bytes <= kAskedMemoryBytes});
}

absl::Status MeasureAcks(const AckSettings& settings, Wire wire, const AckLoad& load) {
  const LoadShape shape = ShapeOf(load, settings);
  std::printf(
      "%d rigs x %d channels x %g Hz, a batch of %d samples a channel every %g ms, %g s, "
      "%s\n",
      load.rigs, kChannels, 1e9 / static_cast<double>(shape.period_ns), shape.samples,
      kBatchSeconds * 1e3, settings.seconds, NameOf(wire));
  const ScratchFolder folder(settings.folder, "ack");
  PARALLAX_ASSIGN_OR_RETURN(std::vector<double> appends,
                            MeasureBareAppends(folder.path(), settings.appends));
  PrintQuantiles("append of 64 KiB + fdatasync, before", appends);
  PARALLAX_ASSIGN_OR_RETURN(const AckFigures figures,
                            RunAckLoad(settings, folder.path(), wire, shape));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<double> after,
                            MeasureBareAppends(folder.path(), settings.appends));
  PrintQuantiles("append of 64 KiB + fdatasync, after", after);
  appends.insert(appends.end(), after.begin(), after.end());
  PrintQuantiles("batch due, to handed to gRPC", figures.late_seconds);
  PrintQuantiles("batch due, to acknowledged", figures.ack_seconds);
  std::printf("  %.3f M samples/s, peak memory of the daemon %.0f MB\n",
              figures.samples_per_second * 1e-6, figures.peak_bytes * 1e-6);
  PrintAckGoals(load, wire, figures, appends);
  return absl::OkStatus();
}

int RunAckBenchmark(int argc, char** argv) {
  AckSettings settings;
  settings.folder = std::filesystem::temp_directory_path();
  CLI::App app("Ack latency at a million samples a second, beside bare appends.");
  app.add_option("--daemon", settings.daemon, "The parallaxd to measure");
  app.add_option("--folder", settings.folder, "Where it stores: the disk that is measured");
  app.add_option("--wire", settings.wire, "plain, mtls or both")
      ->check(CLI::IsMember({"plain", "mtls", "both"}));
  app.add_option("--seconds", settings.seconds, "How long rigs stream")
      ->check(CLI::Range(0.5, 3600.0));
  app.add_option("--warm-up", settings.warm_up_s, "How much of it is not counted [s]")
      ->check(CLI::Range(0.0, 3600.0));
  app.add_option("--appends", settings.appends, "Bare appends before and after each load")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--rigs", settings.rigs, "Measure this load alone")->check(CLI::IsMember({8, 64}));
  CLI11_PARSE(app, argc, argv);
  if (settings.warm_up_s + 2.0 * kBatchSeconds > settings.seconds) {
    std::fprintf(stderr, "ack_benchmark: nothing is left to count after the warm-up\n");
    return 1;
  }
  for (const Wire wire : WiresNamed(settings.wire)) {
    for (const AckLoad& load : kAckLoads) {
      if (settings.rigs != 0 && settings.rigs != load.rigs) continue;
      const absl::Status status = MeasureAcks(settings, wire, load);
      if (status.ok()) continue;
      std::fprintf(stderr, "ack_benchmark: %s\n", status.ToString().c_str());
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace parallax::benchmarks

int main(int argc, char** argv) { return parallax::benchmarks::RunAckBenchmark(argc, argv); }
