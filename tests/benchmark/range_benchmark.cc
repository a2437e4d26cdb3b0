// What a dashboard's zoom costs: ranges of one long channel, decimated by the real daemon to as
// many buckets as a wide screen has pixels, asked for in plain text and with TLS. Some of the
// answers are held against the samples themselves.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "client/lib/campaign.h"
#include "client/lib/client.h"
#include "client/lib/replay.h"
#include "core/base/mutex.h"
#include "core/base/quantile.h"
#include "core/base/random.h"
#include "core/base/status_macros.h"
#include "core/store/batch_codec.h"
#include "core/store/sqlite_store.h"
#include "tests/benchmark/goal_row.h"
#include "tests/benchmark/lab_access.h"
#include "tests/core/store/append_callback.h"

namespace parallax::benchmarks {
namespace {

using SteadyTime = std::chrono::steady_clock;

constexpr char kRig[] = "wide";
constexpr char kRun[] = "rigs/wide/runs/long";
constexpr char kChannel[] = "board/T1";
constexpr uint32_t kChannelIndex = 2;
constexpr double kAskedAnswerS = 0.010;
constexpr int64_t kPeriodNs = 1'000'000;
constexpr int64_t kSamplesOfABatch = 16'384;  // four of them fill a chunk

struct RangeSettings {
  std::string daemon = PARALLAX_DAEMON;
  std::string folder;
  std::string wire = "both";
  int64_t samples = 100'000'000;
  int pixels = 2000;
  int requests = 500;
  int checked = 8;
};

/// Sample i in hundredths of a degree: a slow triangle, noise, and one in 50,000 far away, which
/// only an exact extreme shows.
double ValueAt(int64_t i) {
  uint64_t hash = static_cast<uint64_t>(i) * 0x9e3779b97f4a7c15U;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9U;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebU;
  hash ^= hash >> 31;
  const int64_t triangle = std::abs(i % 2'000'000 - 1'000'000) / 500;
  const auto noise = static_cast<int64_t>(hash % 40);
  const int64_t spike = (hash >> 32) % 50'000 == 0 ? static_cast<int64_t>(hash >> 60) * 300 : 0;
  return static_cast<double>(2000 + triangle + noise + spike) / 100.0;
}

/// By the operator's token, where callers are asked who they are.
absl::StatusOr<std::unique_ptr<client::Client>> ClientOf(const ChildProcess& daemon,
                                                         const LabAccess& access) {
  PARALLAX_ASSIGN_OR_RETURN(const client::Credentials people, access.OfOperator());
  return std::make_unique<client::Client>(
      client::OpenChannel({.server = daemon.target(), .credentials = people}), absl::Seconds(60));
}

/// Registers the recorded board and opens a run. @return the run's start [ns since the Unix epoch].
absl::StatusOr<int64_t> OpenLongRun(const RangeSettings& settings, const std::string& folder) {
  PARALLAX_ASSIGN_OR_RETURN(const LabAccess access,
                            LabAccess::Make(Wire::kPlainText, settings.daemon, folder));
  PARALLAX_ASSIGN_OR_RETURN(const auto daemon, StartDaemon(settings.daemon, folder, access));
  PARALLAX_ASSIGN_OR_RETURN(const auto client, ClientOf(*daemon, access));
  PARALLAX_ASSIGN_OR_RETURN(const client::Campaign campaign,
                            client::LoadCampaign(PARALLAX_TEST_DATA "/tclab-byu"));
  PARALLAX_RETURN_IF_ERROR(
      client->CreateRig(client::CreateRigRequestOf(campaign, kRig, v1::RECALIBRATION_OFF))
          .status());
  v1::OpenRunRequest open = campaign.runs.front().open;
  open.set_rig(absl::StrFormat("rigs/%s", kRig));
  open.set_run_id("long");
  PARALLAX_ASSIGN_OR_RETURN(const v1::Run run, client->OpenRun(open));
  return run.start_time().seconds() * 1'000'000'000 + run.start_time().nanos();
}

signal::SampleBatch BatchFrom(int64_t first, int64_t count, int64_t start_unix_ns) {
  signal::SampleBatch batch;
  batch.seq = static_cast<uint64_t>(first / kSamplesOfABatch);
  signal::ChannelColumn& column = batch.columns.emplace_back();
  column.channel_index = kChannelIndex;
  for (int64_t i = first; i < first + count; ++i) {
    column.time_unix_ns.push_back(start_unix_ns + i * kPeriodNs);
    column.value.push_back(ValueAt(i));
  }
  return batch;
}

/// Appends and waits for the disk.
absl::Status AppendWhole(store::Store& store, store::EncodedBatch batch) {
  base::Mutex mutex;
  base::CondVar answered;
  std::optional<absl::Status> answer;
  const bool queued = store.TryAppend(
      batch, store::Calling([&](const absl::StatusOr<store::AppendOutcome>& outcome) {
        base::MutexLock lock(mutex);
        answer = outcome.status();
        answered.NotifyOne();
      }));
  if (!queued) return absl::ResourceExhaustedError("the store's queue is full");
  base::MutexLock lock(mutex);
  while (!answer.has_value()) answered.Wait(mutex);
  return *answer;
}

/// Stores all samples, as the daemon would, and lets the store compact them.
absl::Status Fill(const RangeSettings& settings, const std::string& folder, int64_t start_unix_ns) {
  const base::SystemClock clock;
  PARALLAX_ASSIGN_OR_RETURN(const auto store,
                            store::OpenSqliteStore({.directory = folder + "/data"}, clock));
  PARALLAX_ASSIGN_OR_RETURN(
      const store::StreamState stream,
      store->OpenStream({.rig = kRig, .run = "long", .producer_id = "range_benchmark"}));
  for (int64_t first = 0; first < settings.samples; first += kSamplesOfABatch) {
    const int64_t count = std::min(kSamplesOfABatch, settings.samples - first);
    store::EncodedBatch batch = store::EncodeBatch(BatchFrom(first, count, start_unix_ns), {});
    batch.stream = stream.stream;
    PARALLAX_RETURN_IF_ERROR(AppendWhole(*store, std::move(batch)));
  }
  PARALLAX_RETURN_IF_ERROR(store->CloseRun(kRig, "long"));
  uint64_t replaced = 1;
  while (replaced > 0) {
    PARALLAX_ASSIGN_OR_RETURN(replaced, store->Compact());
  }
  return absl::OkStatus();
}

/// Samples [first, end) of the run, asked for.
struct Window {
  int64_t first = 0;
  int64_t end = 0;
};

struct Answer {
  double seconds = 0.0;
  v1::GetSeriesResponse whole;
};

void SetTime(int64_t unix_ns, google::protobuf::Timestamp* time) {
  time->set_seconds(unix_ns / 1'000'000'000);
  time->set_nanos(static_cast<int32_t>(unix_ns % 1'000'000'000));
}

absl::StatusOr<Answer> Ask(client::Client& client, const RangeSettings& settings,
                           const Window& window, int64_t start_unix_ns) {
  v1::GetSeriesRequest request;
  request.set_run(kRun);
  request.set_channel(kChannel);
  request.set_form(v1::SERIES_FORM_DECIMATED);
  request.set_buckets(settings.pixels);
  SetTime(start_unix_ns + window.first * kPeriodNs, request.mutable_start_time());
  SetTime(start_unix_ns + window.end * kPeriodNs, request.mutable_end_time());
  Answer answer;
  const auto begin = SteadyTime::now();
  PARALLAX_RETURN_IF_ERROR(client.GetSeries(request, [&](const v1::GetSeriesResponse& part) {
    answer.whole.MergeFrom(part);
    return absl::OkStatus();
  }));
  answer.seconds = std::chrono::duration<double>(SteadyTime::now() - begin).count();
  return answer;
}

/// Whether every bucket has the count, least and greatest of the samples that lie in it.
absl::Status CheckExact(const v1::GetSeriesResponse& got, const Window& window,
                        int64_t start_unix_ns) {
  if (got.time_unix_ns_size() < 2) return absl::InternalError("fewer than two buckets");
  const int64_t width = got.time_unix_ns(1) - got.time_unix_ns(0);
  int64_t next = window.first;
  for (int i = 0; i < got.time_unix_ns_size(); ++i) {
    const int64_t end_unix_ns = got.time_unix_ns(i) + width;
    double least = std::numeric_limits<double>::infinity();
    double greatest = -least;
    uint64_t count = 0;
    for (; next < window.end && start_unix_ns + next * kPeriodNs < end_unix_ns; ++next, ++count) {
      least = std::min(least, ValueAt(next));
      greatest = std::max(greatest, ValueAt(next));
    }
    const bool same = got.count(i) == count &&
                      (count == 0 || (got.minimum(i) == least && got.maximum(i) == greatest));
    if (same) continue;
    return absl::InternalError(absl::StrFormat(
        "bucket %d of samples [%d, %d): %d samples from %g to %g, must be %d from %g to %g", i,
        window.first, window.end, got.count(i), got.minimum(i), got.maximum(i), count, least,
        greatest));
  }
  if (next == window.end) return absl::OkStatus();
  return absl::InternalError(absl::StrFormat("%d samples lie in no bucket", window.end - next));
}

/// The whole run first, then windows of every length from a thousandth of it on, anywhere.
std::vector<Window> Windows(const RangeSettings& settings) {
  base::Random random(1, 0);
  std::vector<Window> windows = {{0, settings.samples}};
  while (std::ssize(windows) < settings.requests) {
    const double share = std::pow(10.0, -3.0 * random.Uniform());
    const auto length =
        std::max<int64_t>(2, std::llround(share * static_cast<double>(settings.samples)));
    const auto first =
        static_cast<int64_t>(random.Uniform() * static_cast<double>(settings.samples - length));
    windows.push_back({first, first + length});
  }
  return windows;
}

void PrintAnswers(const char* what, const std::vector<double>& seconds) {
  std::printf("  %-28s p50 %.2f ms  p99 %.2f ms  max %.2f ms\n", what,
              base::Quantile(seconds, 0.5) * 1e3, base::Quantile(seconds, 0.99) * 1e3,
              base::Quantile(seconds, 1.0) * 1e3);
}

/// Asks a daemon that serves what is stored.
absl::Status MeasureRanges(const RangeSettings& settings, const std::string& folder, Wire wire,
                           int64_t start_unix_ns) {
  PARALLAX_ASSIGN_OR_RETURN(const LabAccess access, LabAccess::Make(wire, settings.daemon, folder));
  PARALLAX_ASSIGN_OR_RETURN(const auto daemon, StartDaemon(settings.daemon, folder, access));
  PARALLAX_ASSIGN_OR_RETURN(const auto client, ClientOf(*daemon, access));
  std::vector<double> seconds, whole_seconds;
  const std::vector<Window> windows = Windows(settings);
  for (int i = 0; i < settings.requests; ++i) {
    PARALLAX_ASSIGN_OR_RETURN(const Answer all, Ask(*client, settings, windows[0], start_unix_ns));
    whole_seconds.push_back(all.seconds);
  }
  for (size_t i = 0; i < windows.size(); ++i) {
    PARALLAX_ASSIGN_OR_RETURN(const Answer answer,
                              Ask(*client, settings, windows[i], start_unix_ns));
    seconds.push_back(answer.seconds);
    if (i >= static_cast<size_t>(settings.checked)) continue;
    PARALLAX_RETURN_IF_ERROR(CheckExact(answer.whole, windows[i], start_unix_ns));
  }
  std::printf("%lld samples of one channel to %d pixels, %d requests of each kind, %s\n",
              static_cast<long long>(settings.samples), settings.pixels, settings.requests,
              NameOf(wire));
  PrintAnswers("the whole run", whole_seconds);
  PrintAnswers("a thousandth to all of it", seconds);
  std::printf("  counts and extremes of %d answers equal those of the samples\n",
              std::min(settings.checked, settings.requests));
  const double p99_s = base::Quantile(whole_seconds, 0.99);
  PrintRow({.what = absl::StrFormat("%g M-sample range to %d pixels, exact extremes, %s",
                                    static_cast<double>(settings.samples) * 1e-6, settings.pixels,
                                    NameOf(wire)),
            .figure = absl::StrFormat("p50 %.1f, p99 %.1f ms",
                                      base::Quantile(whole_seconds, 0.5) * 1e3, p99_s * 1e3),
            .goal = absl::StrFormat("p99 <= %g ms", kAskedAnswerS * 1e3),
            .reference = "",
            .held = p99_s <= kAskedAnswerS});
  return absl::OkStatus();
}

absl::Status StoreAndMeasure(const RangeSettings& settings) {
  const ScratchFolder folder(settings.folder, "range");
  PARALLAX_ASSIGN_OR_RETURN(const int64_t start_unix_ns, OpenLongRun(settings, folder.path()));
  const auto begin = SteadyTime::now();
  PARALLAX_RETURN_IF_ERROR(Fill(settings, folder.path(), start_unix_ns));
  std::printf("stored and compacted in %.0f s\n",
              std::chrono::duration<double>(SteadyTime::now() - begin).count());
  for (const Wire wire : WiresNamed(settings.wire)) {
    PARALLAX_RETURN_IF_ERROR(MeasureRanges(settings, folder.path(), wire, start_unix_ns));
  }
  return absl::OkStatus();
}

int RunRangeBenchmark(int argc, char** argv) {
  RangeSettings settings;
  settings.folder = std::filesystem::temp_directory_path();
  CLI::App app("Ranges of a long run, decimated to the pixels of a screen.");
  app.add_option("--daemon", settings.daemon, "The parallaxd to measure");
  app.add_option("--folder", settings.folder, "Where it stores");
  app.add_option("--wire", settings.wire, "plain, mtls or both")
      ->check(CLI::IsMember({"plain", "mtls", "both"}));
  app.add_option("--samples", settings.samples, "Samples of the run")
      ->check(CLI::Range(1000, 1'000'000'000));
  app.add_option("--pixels", settings.pixels, "Buckets of an answer")->check(CLI::Range(2, 10'000));
  app.add_option("--requests", settings.requests, "Requests of each kind")
      ->check(CLI::Range(1, 100'000));
  app.add_option("--checked", settings.checked, "Answers that are held against the samples")
      ->check(CLI::Range(1, 1000));
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = StoreAndMeasure(settings);
  if (status.ok()) return 0;
  std::fprintf(stderr, "range_benchmark: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace
}  // namespace parallax::benchmarks

int main(int argc, char** argv) { return parallax::benchmarks::RunRangeBenchmark(argc, argv); }
