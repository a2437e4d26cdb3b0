// Durable ingest through the real daemon, beside a gRPC server that stores nothing: the same
// client, the same messages, the same transport, the same run; in plain text and with mutual TLS.
// Prints samples/s, messages/s, their ratio and the ack latency.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/quantile.h"
#include "core/base/status_macros.h"
#include "tests/benchmark/child_process.h"
#include "tests/benchmark/goal_row.h"
#include "tests/benchmark/ingest_rig.h"
#include "tests/benchmark/lab_access.h"
#include "tests/benchmark/null_sink.h"
#include "tests/benchmark/stream_load.h"

namespace parallax::benchmarks {
namespace {

constexpr double kAskedRatio = 0.5;
constexpr double kAskedSamplesPerSecond = 20e6;  ///< of large batches, where the sink outruns that

struct Settings {
  std::string daemon = PARALLAX_DAEMON;
  std::string folder;  ///< Where the daemon stores; a temporary one under it is made and removed.
  std::string wire = "both";
  int passes = 5;
  int large_batches = 500;
  int small_batches = 4000;
};

/// Figures of several passes of one load against one server.
struct Figures {
  std::vector<double> seconds;
  std::vector<double> ack_seconds;

  void Add(const LoadResult& result) {
    seconds.push_back(result.seconds);
    ack_seconds.insert(ack_seconds.end(), result.ack_seconds.begin(), result.ack_seconds.end());
  }
  double MessagesPerSecond(const LoadShape& shape) const {
    return static_cast<double>(shape.batches) * shape.streams / base::Quantile(seconds, 0.5);
  }
  double SamplesPerSecond(const LoadShape& shape) const {
    return MessagesPerSecond(shape) * shape.channels * shape.samples;
  }
};

void PrintFigures(const char* name, const LoadShape& shape, const Figures& figures) {
  std::printf("  %-10s %8.2f M samples/s %9.0f messages/s   ack p50 %7.2f ms  p99 %7.2f ms\n", name,
              figures.SamplesPerSecond(shape) * 1e-6, figures.MessagesPerSecond(shape),
              base::Quantile(figures.ack_seconds, 0.5) * 1e3,
              base::Quantile(figures.ack_seconds, 0.99) * 1e3);
}

void PrintGoal(const LoadShape& shape, Wire wire, const Figures& durable, const Figures& null) {
  const double ratio = durable.MessagesPerSecond(shape) / null.MessagesPerSecond(shape);
  GoalRow row{
      .what = absl::StrFormat("durable ingest, %d channels x %d, %d stream(s), %s", shape.channels,
                              shape.samples, shape.streams, NameOf(wire)),
      .figure =
          absl::StrFormat("%.0f messages/s, ratio %.3f", durable.MessagesPerSecond(shape), ratio),
      .goal = absl::StrFormat("ratio >= %g", kAskedRatio),
      .reference = absl::StrFormat("null sink %.0f messages/s", null.MessagesPerSecond(shape)),
      .held = ratio >= kAskedRatio};
  if (shape.samples > 1) {
    const double stored = durable.SamplesPerSecond(shape);
    row.figure = absl::StrFormat("%.1f M samples/s, ratio %.3f", stored * 1e-6, ratio);
    row.goal += absl::StrFormat(" or >= %g M samples/s", kAskedSamplesPerSecond * 1e-6);
    row.reference =
        absl::StrFormat("null sink %.1f M samples/s", null.SamplesPerSecond(shape) * 1e-6);
    row.held = row.held || stored >= kAskedSamplesPerSecond;
  }
  PrintRow(row);
}

absl::StatusOr<std::unique_ptr<ChildProcess>> StartSink(const std::string& folder,
                                                        const LabAccess& access, int credit) {
  const std::string port_file = folder + "/sink.json";
  std::vector<std::string> arguments = {std::filesystem::read_symlink("/proc/self/exe").string(),
                                        "--null-sink", port_file, "--credit",
                                        absl::StrFormat("%d", credit)};
  if (access.wire() == Wire::kMutualTls) {
    arguments.insert(arguments.end(), {"--certificates", access.certificates()});
  }
  return ChildProcess::Start(std::move(arguments), port_file);
}

/// Alternates passes on the daemon and on the sink, so that both see the same machine.
absl::Status Compare(const Settings& settings, Wire wire, const LoadShape& shape) {
  std::printf(
      "durable ingest, %d channels x %d samples a batch, %d stream(s), %d batches each, %s, "
      "median of %d passes\n",
      shape.channels, shape.samples, shape.streams, shape.batches, NameOf(wire), settings.passes);
  const ScratchFolder folder(settings.folder, "ingest");
  PARALLAX_ASSIGN_OR_RETURN(const LabAccess access,
                            LabAccess::Make(wire, settings.daemon, folder.path()));
  PARALLAX_ASSIGN_OR_RETURN(const auto daemon, StartDaemon(settings.daemon, folder.path(), access));
  PARALLAX_ASSIGN_OR_RETURN(IngestRigs rigs, IngestRigs::Create(daemon->target(), access, shape));
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
      PARALLAX_ASSIGN_OR_RETURN(sink, StartSink(folder.path(), access, stored.credit));
    }
    PARALLAX_ASSIGN_OR_RETURN(const LoadResult dropped, RunLoad(sink->target(), scripts));
    if (pass == 0) continue;
    durable.Add(stored);
    null.Add(dropped);
  }
  PrintFigures("parallaxd", shape, durable);
  PrintFigures("null sink", shape, null);
  PrintGoal(shape, wire, durable, null);
  return absl::OkStatus();
}

absl::Status CompareAll(const Settings& settings) {
  const std::vector<LoadShape> shapes = {
      {.channels = 20, .samples = 1000, .batches = settings.large_batches, .streams = 1},
      {.channels = 20, .samples = 1, .batches = settings.small_batches, .streams = 8}};
  for (const LoadShape& shape : shapes) {
    for (const Wire wire : WiresNamed(settings.wire)) {
      PARALLAX_RETURN_IF_ERROR(Compare(settings, wire, shape));
    }
  }
  return absl::OkStatus();
}

int RunIngestBenchmark(int argc, char** argv) {
  Settings settings;
  settings.folder = std::filesystem::temp_directory_path();
  NullSinkOptions sink;
  CLI::App app("Durable ingest beside a null sink.");
  app.add_option("--daemon", settings.daemon, "The parallaxd to measure");
  app.add_option("--folder", settings.folder, "Where it stores: the disk that is measured");
  app.add_option("--wire", settings.wire, "plain, mtls or both")
      ->check(CLI::IsMember({"plain", "mtls", "both"}));
  app.add_option("--passes", settings.passes, "Measured passes")->check(CLI::Range(1, 1000));
  app.add_option("--large-batches", settings.large_batches, "Batches of 20 x 1000 samples a pass")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--small-batches", settings.small_batches, "Batches of 20 x 1 samples a stream")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--null-sink", sink.port_file, "Be the null sink; its port goes to this file");
  app.add_option("--credit", sink.credit, "Credit that the null sink gives");
  app.add_option("--certificates", sink.certificates, "Folder of what the null sink shows");
  CLI11_PARSE(app, argc, argv);

  const absl::Status status = sink.port_file.empty() ? CompareAll(settings) : RunNullSink(sink);
  if (status.ok()) return 0;
  std::fprintf(stderr, "ingest_benchmark: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace
}  // namespace parallax::benchmarks

int main(int argc, char** argv) { return parallax::benchmarks::RunIngestBenchmark(argc, argv); }
