#include "core/store/sqlite_store.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/file_lock.h"
#include "core/base/status_macros.h"
#include "core/store/compactor.h"
#include "core/store/page_room.h"
#include "core/store/retirement.h"
#include "core/store/rows.h"
#include "core/store/schema.h"
#include "core/store/series_reader.h"

namespace parallax::store {
namespace {

constexpr size_t kReaders = 4;

class SqliteStore final : public Store {
 public:
  SqliteStore(base::FileLock lock, std::unique_ptr<Connection> connection, const std::string& path,
              int64_t incarnation, const SqliteStoreOptions& options, const base::Clock& clock)
      : clock_(clock),
        directory_(options.directory),
        vfs_(options.vfs),
        incarnation_(incarnation),
        recalibration_interval_(options.recalibration_interval),
        lock_(std::move(lock)),
        writer_(std::move(connection), options.on_failed, options.checkpoint_pages, clock),
        readers_(path, options.vfs, kReaders) {}

  absl::Status CreateRig(const RigRow& rig, const ParameterSetRow& assumptions) override {
    RigRow row = rig;
    StampIfUnset(&row.create_time_unix_ns);
    ParameterSetRow set = assumptions;
    StampIfUnset(&set.create_time_unix_ns);
    return writer_.Execute([&](Connection& c) { return store::CreateRig(c, row, set); });
  }

  absl::StatusOr<RigRow> UpdateRig(const std::string& rig, const std::string& etag,
                                   const RigChange& change) override {
    const int64_t now = NowUnixNs();
    return Write<RigRow>(
        [&](Connection& c) { return store::UpdateRig(c, rig, etag, change, now); });
  }

  absl::StatusOr<RigRow> GetRig(const std::string& rig) override {
    return Read([&](Connection& c) { return store::GetRig(c, rig); });
  }

  absl::StatusOr<std::vector<RigRow>> ListRigs(const PageRequest& page) override {
    return Read([&](Connection& c) { return store::ListRigs(c, page); });
  }

  absl::Status OpenRun(const std::string& rig, const signal::Run& run) override {
    return writer_.Execute([&](Connection& c) { return store::OpenRun(c, rig, run); });
  }

  absl::Status CloseRun(const std::string& rig, const std::string& run) override {
    const int64_t now = NowUnixNs();
    return writer_.Execute([&](Connection& c) { return store::CloseRun(c, rig, run, now); });
  }

  absl::Status RecordOutcome(const std::string& rig, const std::string& run,
                             const signal::Outcome& outcome) override {
    const int64_t now = NowUnixNs();
    return writer_.Execute(
        [&](Connection& c) { return store::RecordOutcome(c, rig, run, outcome, now); });
  }

  absl::StatusOr<RunRow> GetRun(const std::string& rig, const std::string& run) override {
    return Read([&](Connection& c) { return store::GetRun(c, rig, run); });
  }

  absl::StatusOr<std::vector<RunRow>> ListRuns(const std::string& rig,
                                               const PageRequest& page) override {
    return Read([&](Connection& c) { return store::ListRuns(c, rig, page); });
  }

  absl::StatusOr<StreamState> OpenStream(const StreamKey& key) override {
    return Write<StreamState>([&](Connection& c) { return store::OpenStream(c, key); });
  }

  bool TryAppend(EncodedBatch& batch, std::shared_ptr<AppendObserver> observer) override {
    return writer_.TryAppend(batch, std::move(observer));
  }

  void WaitForObservers() override { writer_.WaitForObservers(); }

  absl::Status RecordRefusal(int64_t stream, const std::string& reason, uint64_t samples) override {
    return writer_.RecordRefusal(stream, reason, samples);
  }

  absl::StatusOr<std::vector<StreamRow>> ListRunStreams(const std::string& rig,
                                                        const std::string& run) override {
    return Read([&](Connection& c) { return store::ListRunStreams(c, rig, run); });
  }

  absl::StatusOr<std::vector<int64_t>> ReadReceiveTimes(int64_t stream, uint64_t first_seq,
                                                        uint64_t count) override {
    return Read([&](Connection& c) -> absl::StatusOr<std::vector<int64_t>> {
      return store::ReadReceiveTimes(c, stream, first_seq, count);
    });
  }

  absl::StatusOr<signal::Series> ReadSeries(const std::string& rig, const std::string& run,
                                            uint32_t channel_index,
                                            const TimeRange& range) override {
    return Read(
        [&](Connection& c) { return store::ReadSeries(c, rig, run, channel_index, range); });
  }

  absl::StatusOr<RunSamples> ReadRun(const std::string& rig, const std::string& run) override {
    return Read([&](Connection& c) { return store::ReadRun(c, rig, run); });
  }

  absl::StatusOr<std::vector<Bucket>> ReadBuckets(const std::string& rig, const std::string& run,
                                                  uint32_t channel_index, const TimeRange& range,
                                                  size_t buckets) override {
    return Read([&](Connection& c) {
      return store::ReadBuckets(c, rig, run, channel_index, range, buckets);
    });
  }

  absl::StatusOr<uint64_t> Compact() override {
    PARALLAX_RETURN_IF_ERROR(writer_.Health());
    base::MutexLock lock(compacting_);
    return CompactAll(readers_, writer_);
  }

  absl::StatusOr<std::unique_ptr<StoreCopy>> Copy(const GoesOn& goes_on) override {
    PARALLAX_RETURN_IF_ERROR(writer_.Health());
    return StoreCopy::Make(directory_, goes_on, vfs_);
  }

  absl::StatusOr<std::vector<RunKey>> ListRunsToRetire() override {
    const int64_t now = NowUnixNs();
    return Read([&](Connection& c) { return store::ListRunsToRetire(c, now); });
  }

  absl::StatusOr<Retirement> RetireRun(const std::string& rig, const std::string& run) override {
    PARALLAX_RETURN_IF_ERROR(writer_.Health());
    base::MutexLock lock(compacting_);
    return store::RetireRun(readers_, writer_, {rig, run}, NowUnixNs());
  }

  absl::StatusOr<std::optional<std::string>> FindRequest(const std::string& scope,
                                                         const std::string& request_id) override {
    const int64_t now = NowUnixNs();
    return Read([&](Connection& c) { return store::FindRequest(c, scope, request_id, now); });
  }

  absl::Status RecordRequest(const std::string& scope, const std::string& request_id,
                             const std::string& answer) override {
    const int64_t now = NowUnixNs();
    return writer_.Execute(
        [&](Connection& c) { return store::RecordRequest(c, scope, request_id, answer, now); });
  }

  absl::StatusOr<JobRow> InsertJob(const JobRow& job) override {
    JobRow row = job;
    StampIfUnset(&row.create_time_unix_ns);
    return Write<JobRow>([&](Connection& c) { return store::InsertJob(c, row); });
  }

  absl::StatusOr<JobRow> GetJob(const std::string& id) override {
    return Read([&](Connection& c) { return store::GetJob(c, id); });
  }

  absl::StatusOr<std::optional<JobRow>> FindJob(const std::string& key) override {
    return Read([&](Connection& c) { return store::FindJob(c, key); });
  }

  absl::StatusOr<std::vector<JobRow>> ListJobs(const std::string& rig,
                                               const PageRequest& page) override {
    return Read([&](Connection& c) { return store::ListJobs(c, rig, page); });
  }

  absl::StatusOr<std::vector<JobRow>> ListOpenJobs() override {
    return Read([](Connection& c) { return store::ListOpenJobs(c); });
  }

  absl::StatusOr<std::optional<JobRow>> ClaimJob() override {
    const int64_t now = NowUnixNs();
    const int64_t rested_since = now - absl::ToInt64Nanoseconds(recalibration_interval_);
    return Write<std::optional<JobRow>>(
        [&](Connection& c) { return store::ClaimJob(c, incarnation_, rested_since, now); });
  }

  absl::Status UpdateJob(const JobRow& job) override {
    const int64_t now = NowUnixNs();
    return writer_.Execute([&](Connection& c) { return store::UpdateJob(c, job, now); });
  }

  absl::StatusOr<JobRow> CancelJob(const std::string& id) override {
    const int64_t now = NowUnixNs();
    return Write<JobRow>([&](Connection& c) { return store::CancelJob(c, id, now); });
  }

  absl::Status FinishJob(const JobRow& job, JobProduct product) override {
    const int64_t now = NowUnixNs();
    return writer_.Execute([&](Connection& c) { return store::FinishJob(c, job, product, now); });
  }

  absl::StatusOr<ReportRow> GetReport(const std::string& rig, const std::string& id) override {
    return Read([&](Connection& c) { return store::GetReport(c, rig, id); });
  }

  absl::StatusOr<std::vector<ReportRow>> ListReports(const std::string& rig,
                                                     const PageRequest& page) override {
    return Read([&](Connection& c) { return store::ListReports(c, rig, page); });
  }

  absl::StatusOr<JobRow> GetJobOfReport(const std::string& rig, const std::string& id) override {
    return Read([&](Connection& c) { return store::GetJobOfReport(c, rig, id); });
  }

  absl::StatusOr<DesignRow> GetDesign(const std::string& rig, const std::string& id) override {
    return Read([&](Connection& c) { return store::GetDesign(c, rig, id); });
  }

  absl::StatusOr<std::vector<DesignRow>> ListDesigns(const std::string& rig,
                                                     const PageRequest& page) override {
    return Read([&](Connection& c) { return store::ListDesigns(c, rig, page); });
  }

  absl::StatusOr<ModelRow> GetModel(const std::string& rig, int64_t revision) override {
    return Read([&](Connection& c) { return store::GetModel(c, rig, revision); });
  }

  absl::StatusOr<std::vector<ModelRow>> ListModels(const std::string& rig,
                                                   const PageRequest& page) override {
    return Read([&](Connection& c) { return store::ListModels(c, rig, page); });
  }

  absl::StatusOr<ModelRow> PromoteModel(const std::string& rig, int64_t revision,
                                        const std::string& etag,
                                        const Promotion& promotion) override {
    const int64_t now = NowUnixNs();
    return Write<ModelRow>(
        [&](Connection& c) { return store::PromoteModel(c, rig, revision, etag, promotion, now); });
  }

  absl::StatusOr<ParameterSetRow> GetParameterSet(const std::string& rig,
                                                  int64_t revision) override {
    return Read([&](Connection& c) { return store::GetParameterSet(c, rig, revision); });
  }

  absl::StatusOr<std::vector<ParameterSetRow>> ListParameterSets(const std::string& rig,
                                                                 const PageRequest& page) override {
    return Read([&](Connection& c) { return store::ListParameterSets(c, rig, page); });
  }

  absl::StatusOr<ParameterSetRow> PromoteParameterSet(const std::string& rig, int64_t revision,
                                                      const std::string& etag,
                                                      const Promotion& promotion) override {
    const int64_t now = NowUnixNs();
    return Write<ParameterSetRow>([&](Connection& c) {
      return store::PromoteParameterSet(c, rig, revision, etag, promotion, now);
    });
  }

  absl::StatusOr<ParameterSetRow> RollBackParameterSet(const std::string& rig,
                                                       const std::string& etag,
                                                       const std::string& promoter) override {
    const int64_t now = NowUnixNs();
    return Write<ParameterSetRow>(
        [&](Connection& c) { return store::RollBackParameterSet(c, rig, etag, promoter, now); });
  }

 private:
  int64_t NowUnixNs() const { return absl::ToUnixNanos(clock_.Now()); }
  void StampIfUnset(int64_t* time_unix_ns) const {
    if (*time_unix_ns == 0) *time_unix_ns = NowUnixNs();
  }

  /// Runs a command with a result on the writer.
  template <typename T, typename Function>
  absl::StatusOr<T> Write(const Function& function) {
    std::optional<T> result;
    PARALLAX_RETURN_IF_ERROR(writer_.Execute([&](Connection& connection) -> absl::Status {
      PARALLAX_ASSIGN_OR_RETURN(result, function(connection));
      return absl::OkStatus();
    }));
    return *std::move(result);
  }

  template <typename Function>
  auto Read(const Function& function) -> decltype(function(std::declval<Connection&>())) {
    PARALLAX_RETURN_IF_ERROR(writer_.Health());
    return readers_.Read(function);
  }

  const base::Clock& clock_;
  const std::string directory_;
  const std::string vfs_;
  const int64_t incarnation_;
  const absl::Duration recalibration_interval_;
  base::FileLock lock_;  // released last
  Writer writer_;
  ReaderPool readers_;      // closed first: the writer's connection is the last
  base::Mutex compacting_;  ///< held by whoever replaces or removes what batches brought
};

/// Counts this opening of the database; jobs remember under which one they run.
int64_t NextIncarnation(Connection& connection) {
  Query(connection, "UPDATE counter SET incarnation = incarnation + 1").Execute();
  Query query(connection, "SELECT incarnation FROM counter");
  query.Step();
  return query.Int(0);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Store>> OpenSqliteStore(const SqliteStoreOptions& options,
                                                       const base::Clock& clock) {
  std::error_code error;
  std::filesystem::create_directories(options.directory, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrFormat("cannot make directory \"%s\": %s", options.directory, error.message()));
  }
  absl::StatusOr<base::FileLock> lock = base::FileLock::Acquire(options.directory + "/lock");
  if (!lock.ok()) {
    return base::WithFieldError(lock.status(), {.field = "data directory",
                                                .value = options.directory,
                                                .bound = "used by one daemon at a time",
                                                .next_step = "one daemon at a time uses a data "
                                                             "directory, choose another"});
  }
  StoreCopy::RemoveLeftover(options.directory);
  const std::string path = options.directory + "/parallax.db";
  return Guarded([&]() -> absl::StatusOr<std::unique_ptr<Store>> {
    auto connection = std::make_unique<Connection>(path, Connection::Mode::kReadWrite, options.vfs);
    PARALLAX_RETURN_IF_ERROR(PrepareSchema(*connection, absl::ToUnixNanos(clock.Now())));
    PARALLAX_RETURN_IF_ERROR(MakeRoomForChecksums(*connection));
    const int64_t incarnation = NextIncarnation(*connection);
    return std::make_unique<SqliteStore>(*std::move(lock), std::move(connection), path, incarnation,
                                         options, clock);
  });
}

}  // namespace parallax::store
