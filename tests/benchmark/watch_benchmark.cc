// Sample to watcher through the real daemon: rigs that stream one sample of every channel at a
// time, the twin's residual beside it, and one watcher of all, in plain text and with mutual TLS.
// Then the same rigs beside a watcher that reads nothing for a minute, and what it is told when it
// reads again. Then ingest as fast as it goes, in turn with and without a watcher that reads
// nothing.

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/lib/client.h"
#include "core/base/quantile.h"
#include "core/base/status_macros.h"
#include "tests/benchmark/goal_row.h"
#include "tests/benchmark/ingest_rig.h"
#include "tests/benchmark/lab_access.h"
#include "tests/benchmark/steady_rig.h"
#include "tests/benchmark/stream_load.h"

namespace parallax::benchmarks {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kAskedLatencyS = 0.020;
constexpr char kCampaign[] = PARALLAX_TEST_DATA "/swcnt-case-a";

struct Settings {
  std::string daemon = PARALLAX_DAEMON;
  std::string folder;
  std::string wire = "both";  ///< of the latency; all else is measured in plain text
  SteadyPace pace;
  int passes = 5;
  int batches = 40'000;   ///< of a stream and pass
  double stall_s = 60.0;  ///< that a watcher reads nothing
};

struct Seen {
  std::vector<double> latency_s;
  size_t of_twin = 0;    ///< samples of channels that the twin predicts
  size_t predicted = 0;  ///< of these, with a residual
};

/// Watches until `samples` came.
absl::Status WatchAll(client::Client& client, const std::map<std::string, SteadyRig*>& rigs,
                      size_t samples, Seen* seen) {
  v1::WatchRequest request;
  request.add_names("rigs/-");
  request.set_detail(v1::WATCH_DETAIL_POINTS);
  return client.Watch(request, [&](const v1::WatchResponse& event) {
    const int64_t now = Clock::now().time_since_epoch().count();
    if (!event.has_points()) return client::Client::WatchNext::kGoOn;
    const SteadyRig& rig = *rigs.at(event.points().run());
    for (const v1::ChannelPoints& points : event.points().channels()) {
      for (int i = 0; i < points.time_unix_ns_size(); ++i) {
        seen->latency_s.push_back(static_cast<double>(now - rig.SentAt(points.time_unix_ns(i))) *
                                  1e-9);
        if (points.residual_size() == 0) continue;
        ++seen->of_twin;
        seen->predicted += std::isnan(points.residual(i)) ? 0 : 1;
      }
    }
    return seen->latency_s.size() < samples ? client::Client::WatchNext::kGoOn
                                            : client::Client::WatchNext::kStop;
  });
}

constexpr auto kUntilWatched = std::chrono::milliseconds(200);

absl::Status MeasureLatency(const Settings& settings, const std::string& folder, Wire wire) {
  PARALLAX_ASSIGN_OR_RETURN(const LabAccess access, LabAccess::Make(wire, settings.daemon, folder));
  PARALLAX_ASSIGN_OR_RETURN(const auto daemon, StartDaemon(settings.daemon, folder, access));
  PARALLAX_ASSIGN_OR_RETURN(SteadyRigs steady,
                            SteadyRigs::Open(daemon->target(), access, kCampaign, settings.pace));
  PARALLAX_ASSIGN_OR_RETURN(const client::Credentials people, access.OfOperator());
  client::Client client(client::OpenChannel({.server = daemon->target(), .credentials = people}),
                        absl::Seconds(30));
  Seen seen;
  absl::Status watched;
  std::thread watcher([&] { watched = WatchAll(client, steady.by_run, steady.samples, &seen); });
  std::this_thread::sleep_for(kUntilWatched);
  steady.Stream();
  watcher.join();
  PARALLAX_RETURN_IF_ERROR(watched);
  const double p50_s = base::Quantile(seen.latency_s, 0.5);
  const double p99_s = base::Quantile(seen.latency_s, 0.99);
  std::printf("sample to watcher, %d rigs x %zu channels x %g Hz, %g s, one watcher, %s\n",
              settings.pace.rigs, steady.rigs.front()->channels(), settings.pace.rate_hz,
              settings.pace.seconds, NameOf(wire));
  std::printf(
      "  %zu samples  p50 %.2f ms  p99 %.2f ms  max %.1f ms; residual on %.1f %% of the "
      "twin's channels\n",
      seen.latency_s.size(), p50_s * 1e3, p99_s * 1e3, base::Quantile(seen.latency_s, 1.0) * 1e3,
      100.0 * static_cast<double>(seen.predicted) / static_cast<double>(seen.of_twin));
  PrintRow({.what = absl::StrFormat("sample to watcher, with twin residual, %s", NameOf(wire)),
            .figure = absl::StrFormat("p50 %.1f, p99 %.1f ms", p50_s * 1e3, p99_s * 1e3),
            .goal = absl::StrFormat("p99 <= %g ms", kAskedLatencyS * 1e3),
            .reference = "",
            .held = p99_s <= kAskedLatencyS});
  return absl::OkStatus();
}

/// A watcher that holds its stream and reads nothing until it is told to.
class StalledWatcher {
 public:
  /// @param within  until then all reading ends.
  StalledWatcher(const std::shared_ptr<grpc::Channel>& channel, std::chrono::seconds within)
      : stub_(v1::QueryService::NewStub(channel)) {
    context_.set_deadline(std::chrono::system_clock::now() + within);
    v1::WatchRequest request;
    request.add_names("rigs/-");
    request.set_detail(v1::WATCH_DETAIL_POINTS);
    reader_ = stub_->Watch(&context_, request);
  }
  ~StalledWatcher() {
    context_.TryCancel();
    (void)reader_->Finish();
  }
  /// Reads until all of `sent` samples came or were told to be left out, or the deadline.
  void CatchUp(size_t sent) {
    v1::WatchResponse event;
    size_t samples = 0, coalesced = 0, behind = 0;
    const Clock::time_point begin = Clock::now();
    while (samples + coalesced + behind < sent && reader_->Read(&event)) {
      for (const auto& points : event.points().channels()) {
        samples += static_cast<size_t>(points.value_size());
      }
      if (!event.has_gap() || event.gap().run().empty()) continue;
      const bool slow = event.gap().reason() == v1::GAP_REASON_SLOW_READER;
      (slow ? coalesced : behind) += event.gap().coalesced();
    }
    std::printf(
        "  of %zu samples it then got %zu, was told of %zu that it missed, and of %zu that were "
        "not analysed live, in %.2f s\n",
        sent, samples, coalesced, behind,
        std::chrono::duration<double>(Clock::now() - begin).count());
  }

 private:
  std::unique_ptr<v1::QueryService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader_;
};

constexpr std::chrono::seconds kToCatchUp(30);

absl::Status MeasureCatchUp(const Settings& settings, const std::string& folder) {
  PARALLAX_ASSIGN_OR_RETURN(const LabAccess access,
                            LabAccess::Make(Wire::kPlainText, settings.daemon, folder));
  PARALLAX_ASSIGN_OR_RETURN(const auto daemon, StartDaemon(settings.daemon, folder, access));
  SteadyPace during = settings.pace;
  during.seconds = settings.stall_s;
  PARALLAX_ASSIGN_OR_RETURN(SteadyRigs steady,
                            SteadyRigs::Open(daemon->target(), access, kCampaign, during));
  StalledWatcher watcher(client::OpenChannel({.server = daemon->target()}),
                         kToCatchUp + std::chrono::duration_cast<std::chrono::seconds>(
                                          std::chrono::duration<double>(settings.stall_s)));
  std::this_thread::sleep_for(kUntilWatched);
  steady.Stream();
  std::printf("the same rigs beside a watcher that reads nothing for %g s\n", settings.stall_s);
  watcher.CatchUp(steady.samples);
  return absl::OkStatus();
}

constexpr std::chrono::seconds kLongestPass(600);

absl::Status MeasureStall(const Settings& settings, const std::string& folder) {
  PARALLAX_ASSIGN_OR_RETURN(const LabAccess access,
                            LabAccess::Make(Wire::kPlainText, settings.daemon, folder));
  PARALLAX_ASSIGN_OR_RETURN(const auto daemon, StartDaemon(settings.daemon, folder, access));
  const LoadShape shape{
      .channels = 20, .samples = 1, .batches = settings.batches, .streams = settings.pace.rigs};
  PARALLAX_ASSIGN_OR_RETURN(IngestRigs rigs, IngestRigs::Create(daemon->target(), access, shape));
  const auto channel = client::OpenChannel({.server = daemon->target()});
  std::vector<double> alone, stalled;
  for (int pass = 0; pass <= 2 * settings.passes; ++pass) {
    const bool with_watcher = pass % 2 == 1;
    const std::string run = absl::StrFormat("pass-%d", pass);
    std::unique_ptr<StalledWatcher> watcher;
    if (with_watcher) watcher = std::make_unique<StalledWatcher>(channel, kLongestPass);
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<StreamScript> scripts, rigs.OpenRuns(run));
    PARALLAX_ASSIGN_OR_RETURN(const LoadResult result, RunLoad(daemon->target(), scripts));
    if (pass == 0) continue;  // warms up
    (with_watcher ? stalled : alone).push_back(result.seconds);
  }
  const double messages = static_cast<double>(shape.batches) * shape.streams;
  const double before = base::Quantile(alone, 0.5), beside = base::Quantile(stalled, 0.5);
  std::printf(
      "ingest, %d streams x 20 channels x 1 sample a batch, median of %d passes\n"
      "  alone %.0f messages/s, beside a stalled watcher %.0f messages/s, ratio %.3f\n",
      shape.streams, settings.passes, messages / before, messages / beside, before / beside);
  return absl::OkStatus();
}

absl::Status MeasureWatching(const Settings& settings) {
  using Measure = std::function<absl::Status(const std::string& folder)>;
  std::vector<Measure> all;
  for (const Wire wire : WiresNamed(settings.wire)) {
    all.emplace_back([&settings, wire](const std::string& folder) {
      return MeasureLatency(settings, folder, wire);
    });
  }
  for (const auto& measure : {MeasureCatchUp, MeasureStall}) {
    all.emplace_back(
        [&settings, measure](const std::string& folder) { return measure(settings, folder); });
  }
  for (const Measure& measure : all) {
    const ScratchFolder folder(settings.folder, "watch");
    PARALLAX_RETURN_IF_ERROR(measure(folder.path()));
  }
  return absl::OkStatus();
}

int RunWatchBenchmark(int argc, char** argv) {
  Settings settings;
  settings.folder = std::filesystem::temp_directory_path();
  CLI::App app("Sample to watcher, and ingest beside a watcher that reads nothing.");
  app.add_option("--daemon", settings.daemon, "The parallaxd to measure");
  app.add_option("--folder", settings.folder, "Where it stores");
  app.add_option("--wire", settings.wire, "Of the latency: plain, mtls or both")
      ->check(CLI::IsMember({"plain", "mtls", "both"}));
  app.add_option("--rigs", settings.pace.rigs, "Rigs that stream")->check(CLI::Range(1, 64));
  app.add_option("--seconds", settings.pace.seconds, "How long they stream")
      ->check(CLI::Range(1, 3600));
  app.add_option("--rate", settings.pace.rate_hz, "Samples a second")->check(CLI::Range(1, 1000));
  app.add_option("--passes", settings.passes, "Measured passes of ingest")
      ->check(CLI::Range(1, 99));
  app.add_option("--batches", settings.batches, "Batches of a stream and pass")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--stall", settings.stall_s, "How long one watcher reads nothing [s]")
      ->check(CLI::Range(0.0, 3600.0));
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = MeasureWatching(settings);
  if (status.ok()) return 0;
  std::fprintf(stderr, "watch_benchmark: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace
}  // namespace parallax::benchmarks

int main(int argc, char** argv) { return parallax::benchmarks::RunWatchBenchmark(argc, argv); }
