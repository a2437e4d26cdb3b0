#include "tests/core/store/power_load.h"

#include <algorithm>
#include <bit>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/store/series_digest.h"
#include "tests/core/store/append_callback.h"
#include "tests/core/store/store_fixture.h"

namespace parallax::store {
namespace {

constexpr uint32_t kChannels = PowerLoad::kChannels;
constexpr uint64_t kGroups[] = {1, 4, 3};  // batches that are answered together, over and over
constexpr char kReport[] = "{\"gap\":1}";
constexpr char kSet[] = "{\"U\":11}";

struct PlannedBatch {
  signal::SampleBatch batch;
  EncodedBatch encoded;
};

PlannedBatch Plan(size_t long_batch, size_t stream, uint64_t seq) {
  PlannedBatch planned;
  // Every fourth may take a commit of several pages.
  planned.batch = seq % 4 == 3 ? MakeBatch(seq, kChannels, long_batch, kStartNs)
                               : MakeUnrulyBatch(stream + 1, seq, kChannels);
  planned.encoded = EncodeBatch(planned.batch, {.not_finite = seq % 3});
  planned.encoded.received_unix_ns = kStartNs + static_cast<int64_t>(seq);
  return planned;
}

/// Made once: thousands of lives send them.
const PlannedBatch& Planned(size_t long_batch, size_t stream, uint64_t seq) {
  static base::Mutex mutex;
  static std::map<std::tuple<size_t, size_t, uint64_t>, PlannedBatch> batches;
  base::MutexLock lock(mutex);
  const auto [place, added] = batches.try_emplace({long_batch, stream, seq});
  if (added) place->second = Plan(long_batch, stream, seq);
  return place->second;
}

/// What the first `batches` batches of a stream add to a channel.
signal::Series SeriesOf(size_t long_batch, size_t stream, uint32_t channel, uint64_t batches) {
  signal::Series series;
  for (uint64_t seq = 0; seq < batches; ++seq) {
    for (const signal::ChannelColumn& column : Planned(long_batch, stream, seq).batch.columns) {
      if (column.channel_index != channel) continue;
      series.time_unix_ns.insert(series.time_unix_ns.end(), column.time_unix_ns.begin(),
                                 column.time_unix_ns.end());
      series.value.insert(series.value.end(), column.value.begin(), column.value.end());
      series.quality.insert(series.quality.end(), column.quality.begin(), column.quality.end());
      series.quality.resize(series.value.size());
    }
  }
  return series;
}

bool SameSamples(const signal::Series& a, const signal::Series& b) {
  return a.time_unix_ns == b.time_unix_ns && a.quality == b.quality &&
         std::equal(a.value.begin(), a.value.end(), b.value.begin(), b.value.end(),
                    [](double x, double y) {
                      return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y);
                    });
}

/// Sends batches of a stream, a group once the one before is answered. The first batch of a group
/// is a commit of its own, during which the others are queued.
class Sender {
 public:
  /// `send` queues a batch; `promise` is told of each that was committed.
  Sender(GatedClock& clock, std::function<void(uint64_t seq, AppendCallback done)> send,
         std::function<void(uint64_t seq)> promise)
      : clock_(clock), send_(std::move(send)), promise_(std::move(promise)) {}

  /// Sends the batches [seq, end_seq), up to the first error.
  absl::Status Run(uint64_t seq, uint64_t end_seq) {
    for (size_t group = 0; seq < end_seq; ++group) {
      const uint64_t end = std::min(end_seq, seq + kGroups[group % std::size(kGroups)]);
      PARALLAX_RETURN_IF_ERROR(SendGroup(seq, end));
      seq = end;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status SendGroup(uint64_t begin, uint64_t end) {
    {
      base::MutexLock lock(mutex_);
      waiting_ = end - begin;
    }
    clock_.Close();
    Send(begin);
    clock_.AwaitHeld();
    for (uint64_t seq = begin + 1; seq < end; ++seq) Send(seq);
    clock_.Open();
    base::MutexLock lock(mutex_);
    while (waiting_ > 0) answered_.Wait(mutex_);
    return status_;
  }

  void Send(uint64_t seq) {
    send_(seq, [this, seq](const absl::StatusOr<AppendOutcome>& outcome) {
      clock_.Open();  // a store that has failed answers without asking for the time
      const bool committed = outcome.ok() && outcome->result == AppendResult::kCommitted;
      if (committed) promise_(seq);
      base::MutexLock lock(mutex_);
      if (!committed) {
        status_.Update(outcome.ok() ? absl::InternalError("a batch in sequence was not committed")
                                    : outcome.status());
      }
      --waiting_;
      answered_.NotifyOne();
    });
  }

  GatedClock& clock_;
  const std::function<void(uint64_t seq, AppendCallback done)> send_;
  const std::function<void(uint64_t seq)> promise_;
  base::Mutex mutex_;
  base::CondVar answered_;
  uint64_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

absl::Status UnlessExists(const absl::Status& status) {
  return absl::IsAlreadyExists(status) ? absl::OkStatus() : status;
}

}  // namespace

absl::Time GatedClock::Now() const {
  base::MutexLock lock(mutex_);
  held_ = closed_;
  if (held_) changed_.NotifyAll();
  while (closed_) changed_.Wait(mutex_);
  return now;
}

void GatedClock::Close() {
  base::MutexLock lock(mutex_);
  closed_ = true;
  held_ = false;
}

void GatedClock::Open() {
  base::MutexLock lock(mutex_);
  closed_ = false;
  changed_.NotifyAll();
}

void GatedClock::AwaitHeld() {
  base::MutexLock lock(mutex_);
  while (closed_ && !held_) changed_.Wait(mutex_);
}

absl::Status PowerLoad::Run(int part, Store& store) {
  return part == 0 ? Ingest(store) : Analyse(store);
}

absl::Status PowerLoad::Ingest(Store& store) {
  RigRow rig;
  rig.rig = MakeRig(kChannels);
  rig.twin = "two_heater";
  rig.keep_samples = kKeep;
  ParameterSetRow assumptions;
  assumptions.state = "CURRENT";
  assumptions.bytes = "{\"U\":10}";
  PARALLAX_RETURN_IF_ERROR(UnlessExists(store.CreateRig(rig, assumptions)));
  promised_.insert("rig");
  for (const StreamPlan& plan : kStreams) {
    signal::Run run;
    run.id = plan.run;
    run.started_at_unix_ns = kStartNs;
    PARALLAX_RETURN_IF_ERROR(store.OpenRun("r", run));
    promised_.insert(plan.run);
  }
  PARALLAX_RETURN_IF_ERROR(SendAll(0, store));
  PARALLAX_RETURN_IF_ERROR(SendAll(1, store));
  PARALLAX_RETURN_IF_ERROR(store.CloseRun("r", "b"));
  PARALLAX_RETURN_IF_ERROR(store.RecordRequest("Call", "id", "answer"));
  promised_.insert("request");
  return absl::OkStatus();
}

absl::Status PowerLoad::Analyse(Store& store) {
  PARALLAX_RETURN_IF_ERROR(store.CloseRun("r", "a"));
  promised_.insert("closed");
  PARALLAX_RETURN_IF_ERROR(FinishJob(store));
  PARALLAX_RETURN_IF_ERROR(store.Compact().status());
  PARALLAX_RETURN_IF_ERROR(SendAgain(store));
  // No report read it.
  PARALLAX_RETURN_IF_ERROR(store.RetireRun("r", "b").status());
  promised_.insert("retired");
  return absl::OkStatus();
}

absl::Status PowerLoad::SendAll(size_t stream, Store& store) {
  const StreamPlan& plan = kStreams[stream];
  Progress& progress = progress_[stream];
  PARALLAX_ASSIGN_OR_RETURN(const StreamState state,
                            store.OpenStream({"r", plan.run, plan.producer, 1}));
  const auto send = [&](uint64_t seq, AppendCallback done) {
    EncodedBatch batch = Planned(long_batch_, stream, seq).encoded;
    batch.stream = state.stream;
    progress.sent = std::max(progress.sent, seq + 1);
    PARALLAX_CHECK(store.TryAppend(batch, Calling(std::move(done))));
  };
  const auto promise = [&](uint64_t seq) { progress.promised = seq + 1; };
  return Sender(clock_, send, promise).Run(state.next_seq, plan.batches);
}

absl::Status PowerLoad::SendAgain(Store& store) {
  PARALLAX_ASSIGN_OR_RETURN(const StreamState state, store.OpenStream({"r", "a", "p", 1}));
  ++progress_[0].duplicates_sent;
  PARALLAX_ASSIGN_OR_RETURN(const AppendOutcome outcome,
                            Append(store, state.stream, Planned(long_batch_, 0, 0).batch));
  if (outcome.result != AppendResult::kDuplicate) {
    return absl::DataLossError("batch 0 was stored, and is not known when it comes again");
  }
  ++progress_[0].duplicates_promised;
  return absl::OkStatus();
}

absl::Status PowerLoad::FinishJob(Store& store) {
  JobRow job{.key = "k", .rig = "r", .calibrate_runs = {"a"}};
  PARALLAX_ASSIGN_OR_RETURN(job, store.InsertJob(job));
  promised_.insert("job");
  if (job.state != JobState::kSucceeded) {
    if (!claimed_) {
      PARALLAX_ASSIGN_OR_RETURN(claimed_, store.ClaimJob());
    }
    if (!claimed_) return absl::DataLossError("the job is neither done nor to be claimed");
    ReportRow report;
    report.verdict = "IDENTIFIED";
    report.bytes = kReport;
    report.runs = {"a"};
    ParameterSetRow set;
    set.parent = 0;
    set.state = "CURRENT";
    set.bytes = kSet;
    PARALLAX_RETURN_IF_ERROR(store.FinishJob(*claimed_, AnalysisProduct{report, set}));
  }
  promised_.insert("report");
  return absl::OkStatus();
}

absl::Status PowerLoad::Verify(Store& store) const {
  const absl::StatusOr<RigRow> rig = store.GetRig("r");
  if (absl::IsNotFound(rig.status())) {
    return promised_.empty() ? absl::OkStatus() : absl::DataLossError("the rig is gone");
  }
  PARALLAX_RETURN_IF_ERROR(rig.status());
  for (size_t stream = 0; stream < std::size(kStreams); ++stream) {
    const absl::StatusOr<RunRow> run = store.GetRun("r", kStreams[stream].run);
    if (absl::IsNotFound(run.status())) {
      if (!promised_.contains(kStreams[stream].run)) continue;
      return absl::DataLossError(absl::StrFormat("run %s is gone", kStreams[stream].run));
    }
    PARALLAX_RETURN_IF_ERROR(run.status());
    if (stream == 0 && promised_.contains("closed") && !run->closed) {
      return absl::DataLossError("a run that was closed is open");
    }
    PARALLAX_RETURN_IF_ERROR(run->retirement ? VerifyRetired(*run, store)
                                             : VerifyStream(stream, run->ledger, store));
  }
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<std::string> answer,
                            store.FindRequest("Call", "id"));
  if (promised_.contains("request") && answer != "answer") {
    return absl::DataLossError("the answer of a request is gone");
  }
  return VerifyJob(store);
}

/// Digest, counts and extremes are those of all that was sent, however much is removed.
absl::Status PowerLoad::VerifyRetired(const RunRow& run, Store& store) const {
  const uint64_t batches = kStreams[1].batches;
  SeriesDigest digest;
  for (uint32_t channel = 0; channel < kChannels; ++channel) {
    signal::Series sent = SeriesOf(long_batch_, 1, channel, batches);
    sent.channel = absl::StrFormat("d/c%d", channel);
    digest.Add(run.run.id, sent);
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<Bucket> left,
                              store.ReadBuckets("r", run.run.id, channel, {}, 1));
    if (left.size() != 1 || left[0].count != sent.value.size() ||
        left[0].maximum != *std::max_element(sent.value.begin(), sent.value.end())) {
      return absl::DataLossError(absl::StrFormat("the pyramid of channel %d is altered", channel));
    }
  }
  const bool gone = promised_.contains("retired");
  if (run.run.id != "b" || run.retirement->sha256 != digest.FinishHex() ||
      run.ledger.stored + run.ledger.retired != digest.samples() ||
      (gone && run.ledger.stored != 0)) {
    return absl::DataLossError("what is left of a retired run is wrong");
  }
  return absl::OkStatus();
}

absl::Status PowerLoad::VerifyStream(size_t stream, const LedgerCounts& ledger,
                                     Store& store) const {
  const StreamPlan& plan = kStreams[stream];
  const Progress& progress = progress_[stream];
  PARALLAX_ASSIGN_OR_RETURN(RunSamples samples, store.ReadRun("r", plan.run));
  const uint64_t next_seq = samples.streams.empty() ? 0 : samples.streams[0].next_seq;
  if (next_seq < progress.promised || next_seq > progress.sent) {
    return absl::DataLossError(absl::StrFormat("stream %s: next_seq = %d, committed %d, sent %d",
                                               plan.producer, next_seq, progress.promised,
                                               progress.sent));
  }
  samples.series.resize(kChannels);
  for (uint32_t channel = 0; channel < kChannels; ++channel) {
    if (!SameSamples(samples.series[channel], SeriesOf(long_batch_, stream, channel, next_seq))) {
      return absl::DataLossError(
          absl::StrFormat("stream %s: channel %d is altered", plan.producer, channel));
    }
  }
  uint64_t stored = 0;
  uint64_t not_finite = 0;
  for (uint64_t seq = 0; seq < next_seq; ++seq) {
    stored += Planned(long_batch_, stream, seq).encoded.samples;
    not_finite += Planned(long_batch_, stream, seq).encoded.rejected.not_finite;
  }
  const uint64_t again = Planned(long_batch_, stream, 0).encoded.samples;
  if (ledger.stored != stored || ledger.rejected.not_finite != not_finite ||
      ledger.duplicate < progress.duplicates_promised * again ||
      ledger.duplicate > progress.duplicates_sent * again) {
    return absl::DataLossError(absl::StrFormat("stream %s: the ledger is wrong", plan.producer));
  }
  return absl::OkStatus();
}

absl::Status PowerLoad::VerifyJob(Store& store) const {
  PARALLAX_ASSIGN_OR_RETURN(const std::optional<JobRow> job, store.FindJob("k"));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<ReportRow> reports, store.ListReports("r", {}));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<ParameterSetRow> sets,
                            store.ListParameterSets("r", {}));
  const bool done = job && job->state == JobState::kSucceeded;
  if ((promised_.contains("job") && !job) || (promised_.contains("report") && !done)) {
    return absl::DataLossError("a job is gone, or its end");
  }
  if (reports.size() != (done ? 1 : 0) || sets.size() != (done ? 2 : 1)) {
    return absl::DataLossError(absl::StrFormat("a job left %d reports and %d sets, done = %d",
                                               reports.size(), sets.size() - 1, done));
  }
  return absl::OkStatus();
}

}  // namespace parallax::store
