// Durable ingest through the real daemon, beside a gRPC server that stores nothing: the same
// client, the same messages, the same run. Prints samples/s, messages/s, their ratio and the ack
// latency.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "tests/benchmark/child_process.h"
#include "tests/benchmark/ingest_rig.h"
#include "tests/benchmark/null_sink.h"
#include "tests/benchmark/stream_load.h"

namespace parallax::benchmarks {
namespace {

struct Settings {
  std::string daemon = PARALLAX_DAEMON;
  std::string folder;  ///< Where the daemon stores; a temporary one under it is made and removed.
  int passes = 5;
  int large_batches = 500;
  int small_batches = 4000;
};

double Quantile(std::vector<double> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1))];
}

/// Figures of several passes of one load against one server.
struct Figures {
  std::vector<double> seconds;
  std::vector<double> ack_seconds;

  void Add(const LoadResult& result) {
    seconds.push_back(result.seconds);
    ack_seconds.insert(ack_seconds.end(), result.ack_seconds.begin(), result.ack_seconds.end());
  }
};

void PrintLine(const char* name, const LoadShape& shape, const Figures& figures) {
  const double messages = static_cast<double>(shape.batches) * shape.streams;
  const double seconds = Quantile(figures.seconds, 0.5);
  std::printf("  %-10s %8.2f M samples/s %9.0f messages/s   ack p50 %7.2f ms  p99 %7.2f ms\n", name,
              messages * shape.channels * shape.samples / seconds * 1e-6, messages / seconds,
              Quantile(figures.ack_seconds, 0.5) * 1e3, Quantile(figures.ack_seconds, 0.99) * 1e3);
}

absl::StatusOr<std::unique_ptr<ChildProcess>> StartSink(const std::string& folder, int credit) {
  const std::string port_file = folder + "/sink.json";
  return ChildProcess::Start({std::filesystem::read_symlink("/proc/self/exe").string(),
                              "--null-sink", port_file, "--credit", absl::StrFormat("%d", credit)},
                             port_file);
}

/// Alternates passes on the daemon and on the sink, so that both see the same machine.
absl::Status Compare(const Settings& settings, const std::string& folder, const LoadShape& shape) {
  std::printf(
      "durable ingest, %d channels x %d samples a batch, %d stream(s), %d batches each, "
      "median of %d passes\n",
      shape.channels, shape.samples, shape.streams, shape.batches, settings.passes);
  const std::string ports = folder + "/ports.json";
  PARALLAX_ASSIGN_OR_RETURN(
      const auto daemon,
      ChildProcess::Start({settings.daemon, "--data", folder + "/data", "--listen", "127.0.0.1:0",
                           "--http", "127.0.0.1:0", "--port-file", ports},
                          ports));
  PARALLAX_ASSIGN_OR_RETURN(IngestRigs rigs, IngestRigs::Create(daemon->target(), shape));
  std::unique_ptr<ChildProcess> sink;
  Figures durable;
  Figures null;
  // Pass 0 warms both up and tells the daemon's credit, which the sink then gives as well.
  for (int pass = 0; pass <= settings.passes; ++pass) {
    const std::string run = absl::StrFormat("pass-%d", pass);
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<StreamScript> scripts, rigs.OpenRuns(run));
    PARALLAX_ASSIGN_OR_RETURN(const LoadResult stored, RunLoad(daemon->target(), scripts));
    PARALLAX_RETURN_IF_ERROR(rigs.CheckStored(run));
    if (sink == nullptr) {
      PARALLAX_ASSIGN_OR_RETURN(sink, StartSink(folder, stored.credit));
    }
    PARALLAX_ASSIGN_OR_RETURN(const LoadResult dropped, RunLoad(sink->target(), scripts));
    if (pass == 0) continue;
    durable.Add(stored);
    null.Add(dropped);
  }
  PrintLine("parallaxd", shape, durable);
  PrintLine("null sink", shape, null);
  std::printf("  ratio %.3f\n", Quantile(null.seconds, 0.5) / Quantile(durable.seconds, 0.5));
  return absl::OkStatus();
}

absl::Status RunAll(const Settings& settings) {
  const std::vector<LoadShape> shapes = {
      {.channels = 20, .samples = 1000, .batches = settings.large_batches, .streams = 1},
      {.channels = 20, .samples = 1, .batches = settings.small_batches, .streams = 8}};
  for (const LoadShape& shape : shapes) {
    const std::string folder = absl::StrFormat("%s/parallax-ingest-%d", settings.folder, getpid());
    std::filesystem::create_directories(folder);
    const absl::Status status = Compare(settings, folder, shape);
    std::filesystem::remove_all(folder);
    PARALLAX_RETURN_IF_ERROR(status);
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Settings settings;
  settings.folder = std::filesystem::temp_directory_path();
  std::string sink_port_file;
  int credit = 1;
  CLI::App app("Durable ingest beside a null sink.");
  app.add_option("--daemon", settings.daemon, "The parallaxd to measure");
  app.add_option("--folder", settings.folder, "Where it stores: the disk that is measured");
  app.add_option("--passes", settings.passes, "Measured passes")->check(CLI::Range(1, 1000));
  app.add_option("--large-batches", settings.large_batches, "Batches of 20 x 1000 samples a pass")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--small-batches", settings.small_batches, "Batches of 20 x 1 samples a stream")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--null-sink", sink_port_file, "Be the null sink; its port goes to this file");
  app.add_option("--credit", credit, "Credit that the null sink gives");
  CLI11_PARSE(app, argc, argv);

  const absl::Status status =
      sink_port_file.empty() ? RunAll(settings) : RunNullSink(sink_port_file, credit);
  if (!status.ok()) {
    std::fprintf(stderr, "ingest_benchmark: %s\n", status.ToString().c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace parallax::benchmarks

int main(int argc, char** argv) { return parallax::benchmarks::Main(argc, argv); }
