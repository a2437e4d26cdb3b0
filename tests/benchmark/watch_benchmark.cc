// Sample to watcher through the real daemon: rigs that stream one sample of every channel at a
// time, the twin's residual beside it, and one watcher of all. Then the same rigs beside a watcher
// that reads nothing for a minute, and what it is told when it reads again. Then ingest as fast as
// it goes, in turn with and without a watcher that reads nothing.

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/lib/campaign.h"
#include "client/lib/client.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "tests/benchmark/child_process.h"
#include "tests/benchmark/ingest_rig.h"
#include "tests/benchmark/stream_load.h"

namespace parallax::benchmarks {
namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
  std::string daemon = PARALLAX_DAEMON;
  std::string folder;
  int rigs = 8;
  double seconds = 20.0;
  double rate_hz = 100.0;
  int passes = 5;
  int batches = 40'000;   ///< of a stream and pass
  double stall_s = 60.0;  ///< that a watcher reads nothing
};

double Quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1))];
}

absl::StatusOr<std::unique_ptr<ChildProcess>> StartDaemon(const Settings& settings,
                                                          const std::string& folder) {
  const std::string ports = folder + "/ports.json";
  return ChildProcess::Start({settings.daemon, "--data", folder + "/data", "--listen",
                              "127.0.0.1:0", "--http", "127.0.0.1:0", "--port-file", ports},
                             ports);
}

/// One rig of the recorded campaign, streaming the first reading of every channel with its noise,
/// again and again at the rate that is asked for.
class SteadyRig {
 public:
  static absl::StatusOr<std::unique_ptr<SteadyRig>> Open(
      const std::shared_ptr<grpc::Channel>& channel, const client::Campaign& campaign, int number,
      const Settings& settings) {
    auto rig = std::make_unique<SteadyRig>();
    rig->stub_ = v1::IngestService::NewStub(channel);
    rig->period_ns_ = std::llround(1e9 / settings.rate_hz);
    rig->sent_ =
        std::vector<std::atomic<int64_t>>(static_cast<size_t>(settings.seconds * settings.rate_hz));
    v1::CreateRigRequest create;
    create.set_rig_id(absl::StrFormat("rig-%d", number));
    *create.mutable_rig() = campaign.rig;
    *create.mutable_assumptions() = campaign.manifest.assumptions;
    grpc::ClientContext create_context, open_context;
    v1::CreateRigResponse created;
    const grpc::Status made = rig->stub_->CreateRig(&create_context, create, &created);
    if (!made.ok()) return absl::InternalError(made.error_message());
    v1::OpenRunRequest open = campaign.runs.front().open;
    open.set_rig(created.rig().name());
    v1::OpenRunResponse opened;
    const grpc::Status run = rig->stub_->OpenRun(&open_context, open, &opened);
    if (!run.ok()) return absl::InternalError(run.error_message());
    rig->run_ = opened.run().name();
    rig->schema_hash_ = created.rig().schema_hash();
    rig->start_unix_ns_ = opened.run().start_time().seconds() * 1'000'000'000;
    for (const v1::Device& device : campaign.rig.devices()) {
      for (const v1::Channel& one : device.channels()) rig->noise_.push_back(one.noise_sd());
    }
    rig->first_.resize(rig->noise_.size());
    for (const client::DeviceRecording& device : campaign.runs.front().devices) {
      for (const v1::ChannelSamples& column : device.batches.front().columns()) {
        rig->first_[column.channel_index()] = column.value(0);
      }
    }
    return rig;
  }

  void Stream() {
    grpc::ClientContext context;
    const auto stream = stub_->Stream(&context);
    v1::StreamRequest hello;
    hello.mutable_hello()->set_run(run_);
    hello.mutable_hello()->set_producer_id("steady");
    hello.mutable_hello()->set_schema_hash(schema_hash_);
    stream->Write(hello);
    v1::StreamResponse welcome;
    stream->Read(&welcome);
    std::thread acks([&] {
      v1::StreamResponse ack;
      while (stream->Read(&ack)) {
      }
    });
    base::Random random(1, 2);
    const Clock::time_point begin = Clock::now();
    for (size_t k = 0; k < sent_.size(); ++k) {
      std::this_thread::sleep_until(begin +
                                    std::chrono::nanoseconds(static_cast<int64_t>(k) * period_ns_));
      v1::StreamRequest request;
      request.mutable_batch()->set_seq(k);
      for (uint32_t c = 0; c < noise_.size(); ++c) {
        v1::ChannelSamples* column = request.mutable_batch()->add_columns();
        column->set_channel_index(c);
        column->set_first_time_unix_ns(start_unix_ns_ + static_cast<int64_t>(k) * period_ns_);
        column->add_value(first_[c] + noise_[c] * random.Normal());
      }
      sent_[k] = Clock::now().time_since_epoch().count();
      stream->Write(request);
    }
    stream->WritesDone();
    acks.join();
    (void)stream->Finish();
  }

  const std::string& run() const { return run_; }
  size_t channels() const { return noise_.size(); }
  size_t samples() const { return sent_.size() * noise_.size(); }
  /// When the sample of this source time was handed to gRPC, by the steady clock.
  int64_t SentAt(int64_t time_unix_ns) const {
    const auto k = static_cast<size_t>((time_unix_ns - start_unix_ns_) / period_ns_);
    return k < sent_.size() ? sent_[k].load() : 0;
  }

 private:
  std::unique_ptr<v1::IngestService::Stub> stub_;
  std::string run_, schema_hash_;
  int64_t start_unix_ns_ = 0;
  int64_t period_ns_ = 0;
  std::vector<double> first_, noise_;
  std::vector<std::atomic<int64_t>> sent_;
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

/// Several of them, under one daemon.
struct SteadyRigs {
  std::vector<std::unique_ptr<SteadyRig>> rigs;
  std::map<std::string, SteadyRig*> by_run;
  size_t samples = 0;  ///< that they stream in all

  static absl::StatusOr<SteadyRigs> Open(const std::string& target, const Settings& settings) {
    PARALLAX_ASSIGN_OR_RETURN(const client::Campaign campaign,
                              client::LoadCampaign(PARALLAX_TEST_DATA "/swcnt-case-a"));
    const auto channel = client::OpenChannel({.server = target});
    SteadyRigs all;
    for (int i = 0; i < settings.rigs; ++i) {
      PARALLAX_ASSIGN_OR_RETURN(auto rig, SteadyRig::Open(channel, campaign, i, settings));
      all.samples += rig->samples();
      all.by_run[rig->run()] = rig.get();
      all.rigs.push_back(std::move(rig));
    }
    return all;
  }

  void Stream() {
    std::vector<std::thread> streams;
    for (const auto& rig : rigs) streams.emplace_back([&rig] { rig->Stream(); });
    for (std::thread& stream : streams) stream.join();
  }
};

constexpr auto kUntilWatched = std::chrono::milliseconds(200);

absl::Status MeasureLatency(const Settings& settings, const std::string& folder) {
  PARALLAX_ASSIGN_OR_RETURN(const auto daemon, StartDaemon(settings, folder));
  PARALLAX_ASSIGN_OR_RETURN(SteadyRigs steady, SteadyRigs::Open(daemon->target(), settings));
  client::Client client(client::OpenChannel({.server = daemon->target()}), absl::Seconds(30));
  Seen seen;
  absl::Status watched;
  std::thread watcher([&] { watched = WatchAll(client, steady.by_run, steady.samples, &seen); });
  std::this_thread::sleep_for(kUntilWatched);
  steady.Stream();
  watcher.join();
  PARALLAX_RETURN_IF_ERROR(watched);
  std::printf("sample to watcher, %d rigs x %zu channels x %g Hz, %g s, one watcher\n",
              settings.rigs, steady.rigs.front()->channels(), settings.rate_hz, settings.seconds);
  std::printf(
      "  %zu samples  p50 %.2f ms  p99 %.2f ms  max %.1f ms; residual on %.1f %% of the "
      "twin's channels\n",
      seen.latency_s.size(), Quantile(seen.latency_s, 0.5) * 1e3,
      Quantile(seen.latency_s, 0.99) * 1e3, Quantile(seen.latency_s, 1.0) * 1e3,
      100.0 * static_cast<double>(seen.predicted) / static_cast<double>(seen.of_twin));
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
        "not "
        "analysed live, in %.2f s\n",
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
  PARALLAX_ASSIGN_OR_RETURN(const auto daemon, StartDaemon(settings, folder));
  Settings during = settings;
  during.seconds = settings.stall_s;
  PARALLAX_ASSIGN_OR_RETURN(SteadyRigs steady, SteadyRigs::Open(daemon->target(), during));
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
  PARALLAX_ASSIGN_OR_RETURN(const auto daemon, StartDaemon(settings, folder));
  const LoadShape shape{
      .channels = 20, .samples = 1, .batches = settings.batches, .streams = settings.rigs};
  PARALLAX_ASSIGN_OR_RETURN(IngestRigs rigs, IngestRigs::Create(daemon->target(), shape));
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
  const double before = Quantile(alone, 0.5), beside = Quantile(stalled, 0.5);
  std::printf(
      "ingest, %d streams x 20 channels x 1 sample a batch, median of %d passes\n"
      "  alone %.0f messages/s, beside a stalled watcher %.0f messages/s, ratio %.3f\n",
      settings.rigs, settings.passes, messages / before, messages / beside, before / beside);
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Settings settings;
  settings.folder = std::filesystem::temp_directory_path();
  CLI::App app("Sample to watcher, and ingest beside a watcher that reads nothing.");
  app.add_option("--daemon", settings.daemon, "The parallaxd to measure");
  app.add_option("--folder", settings.folder, "Where it stores");
  app.add_option("--rigs", settings.rigs, "Rigs that stream")->check(CLI::Range(1, 64));
  app.add_option("--seconds", settings.seconds, "How long they stream")->check(CLI::Range(1, 3600));
  app.add_option("--rate", settings.rate_hz, "Samples a second")->check(CLI::Range(1, 1000));
  app.add_option("--passes", settings.passes, "Measured passes of ingest")
      ->check(CLI::Range(1, 99));
  app.add_option("--batches", settings.batches, "Batches of a stream and pass")
      ->check(CLI::Range(1, 1'000'000));
  app.add_option("--stall", settings.stall_s, "How long one watcher reads nothing [s]")
      ->check(CLI::Range(0.0, 3600.0));
  CLI11_PARSE(app, argc, argv);
  const std::string folder = absl::StrFormat("%s/parallax-watch-%d", settings.folder, getpid());
  for (const auto& measure : {MeasureLatency, MeasureCatchUp, MeasureStall}) {
    std::filesystem::create_directories(folder);
    const absl::Status status = measure(settings, folder);
    std::filesystem::remove_all(folder);
    if (status.ok()) continue;
    std::fprintf(stderr, "watch_benchmark: %s\n", status.ToString().c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace parallax::benchmarks

int main(int argc, char** argv) { return parallax::benchmarks::Main(argc, argv); }
