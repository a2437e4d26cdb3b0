#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/signal/sample_batch.h"
#include "core/store/append.h"
#include "core/store/records.h"
#include "core/store/store_copy.h"

namespace parallax::store {

/// Called once, on the writer thread, when the store has failed for good; `status` is what every
/// call answers from then on. Must not block and must not call the store.
using FailureCallback = std::function<void(const absl::Status& status)>;

/// Durable memory of the daemon. Thread-safe. All writes go through one writer thread; a write that
/// returned OK, or called back OK, is on disk. Blocking calls wait for the disk: never call them
/// inside an RPC reaction.
/// Errors of every call: Unavailable (I/O error; the store refuses everything afterwards),
/// ResourceExhausted (disk full; works again once there is room), DataLoss (a checksum does not
/// match: of a row, which it names, or of a page of the file).
class Store {
 public:
  virtual ~Store() = default;

  /// Stores a rig and its parameter set 0. AlreadyExists where the id is taken.
  virtual absl::Status CreateRig(const RigRow& rig, const ParameterSetRow& assumptions) = 0;
  /// Changes a rig. Recalibration switched on queues one where the rig has a closed run to read;
  /// switched off it cancels the one that waits. NotFound; Aborted where `etag` is not the stored
  /// one.
  virtual absl::StatusOr<RigRow> UpdateRig(const std::string& rig, const std::string& etag,
                                           const RigChange& change) = 0;
  virtual absl::StatusOr<RigRow> GetRig(const std::string& rig) = 0;  ///< NotFound
  virtual absl::StatusOr<std::vector<RigRow>> ListRigs(const PageRequest& page) = 0;

  /// Stores a run. NotFound (rig); AlreadyExists where a different run has the id; the same run
  /// again is OK.
  virtual absl::Status OpenRun(const std::string& rig, const signal::Run& run) = 0;
  /// Closes a run; one that is closed stays so. Where the rig's Recalibration is not kOff and the
  /// run is for calibration or validation, the transaction that closes it also queues a
  /// recalibration of the rig, unless one waits already. NotFound.
  virtual absl::Status CloseRun(const std::string& rig, const std::string& run) = 0;
  /// Replaces the outcome of a run and marks reports that read the run superseded; the same outcome
  /// again changes nothing. Of a closed run it queues a recalibration as CloseRun does. NotFound.
  virtual absl::Status RecordOutcome(const std::string& rig, const std::string& run,
                                     const signal::Outcome& outcome) = 0;
  virtual absl::StatusOr<RunRow> GetRun(const std::string& rig, const std::string& run) = 0;
  /// In order of (start, id); PageRequest::after is a run id.
  virtual absl::StatusOr<std::vector<RunRow>> ListRuns(const std::string& rig,
                                                       const PageRequest& page) = 0;

  /// Finds or makes a stream. NotFound (run); FailedPrecondition where a higher epoch of the
  /// producer is stored or the run is retired. A batch of a stream that was found before its run
  /// was retired is answered FailedPrecondition as well.
  virtual absl::StatusOr<StreamState> OpenStream(const StreamKey& key) = 0;
  /// Queues a batch for the next commit. Group commit: all that is queued goes into one
  /// transaction. False, with `batch` untouched, when kMaxQueuedBytes wait already: try again after
  /// an observer was told. `observer` may be null.
  virtual bool TryAppend(EncodedBatch& batch, std::shared_ptr<AppendObserver> observer) = 0;

  /// Waits until the observers of all batches that are stored by now were told. Not to be called
  /// by an observer.
  virtual void WaitForObservers() = 0;

  /// Counts samples of a batch that was refused before TryAppend; `reason` is one of the above.
  /// What TryAppend refuses is counted by itself: a gap or conflict at once, a full disk with the
  /// next commit that succeeds. NotFound (stream).
  virtual absl::Status RecordRefusal(int64_t stream, const std::string& reason,
                                     uint64_t samples) = 0;
  /// Streams of a run in order of first appearance. NotFound (run).
  virtual absl::StatusOr<std::vector<StreamRow>> ListRunStreams(const std::string& rig,
                                                                const std::string& run) = 0;
  /// When the daemon received batches first_seq … first_seq + count - 1 of a stream [ns since the
  /// Unix epoch]; 0 where a batch is not on disk or its time was not kept. Nothing that analyses
  /// reads: they take their clocks from the run's own record.
  virtual absl::StatusOr<std::vector<int64_t>> ReadReceiveTimes(int64_t stream, uint64_t first_seq,
                                                                uint64_t count) = 0;

  /// Samples of one channel of a run within a range of source time, in the order of arrival: by
  /// stream, seq, row. Every block's checksum is verified. NotFound (run); FailedPrecondition where
  /// the run is retired.
  virtual absl::StatusOr<signal::Series> ReadSeries(const std::string& rig, const std::string& run,
                                                    uint32_t channel_index,
                                                    const TimeRange& range) = 0;
  /// Samples of all channels with the places of their streams, read at one moment however many
  /// batches are being stored. Every block's checksum is verified. NotFound (run);
  /// FailedPrecondition where the run is retired.
  virtual absl::StatusOr<RunSamples> ReadRun(const std::string& rig, const std::string& run) = 0;
  /// Samples of one channel decimated to equal buckets; extremes are exact. Uses the pyramid where
  /// it is made. Of a retired run there is nothing else: range and buckets are then rounded
  /// outwards to whole cells of it, empty buckets at the end are left out, and FailedPrecondition,
  /// naming "buckets", says how many there can be at most. REQUIRES: 1 <= buckets <= 10,000.
  virtual absl::StatusOr<std::vector<Bucket>> ReadBuckets(const std::string& rig,
                                                          const std::string& run,
                                                          uint32_t channel_index,
                                                          const TimeRange& range,
                                                          size_t buckets) = 0;
  /// Turns batches of closed runs, and full ranges of open ones, into chunks and pyramid; lossless.
  /// Returns the number of batches it replaced.
  virtual absl::StatusOr<uint64_t> Compact() = 0;

  /// A copy of all as it is at one moment; all else goes on. Errors: those of StoreCopy::Make.
  virtual absl::StatusOr<std::unique_ptr<StoreCopy>> Copy(const GoesOn& goes_on) = 0;

  /// Runs that were closed longer ago than their rig keeps samples and that nothing holds, and
  /// those whose retirement was interrupted. A run is held by a job that is not over and names it,
  /// by a report that read it and is not superseded, by the set that its analysis registered while
  /// that is current or the one that a rollback would make current, and by a model that learned
  /// from it while that is not superseded or is current. A design holds nothing: it goes on from a
  /// report, which does.
  virtual absl::StatusOr<std::vector<RunKey>> ListRunsToRetire() = 0;
  /// Retires one of them for good: completes its pyramid, stores what Retirement says, and removes
  /// its samples in steps, each a transaction, that may be interrupted anywhere and are gone on
  /// with by the next call. Blocks as long as reading the run takes. NotFound; FailedPrecondition
  /// where it is none of ListRunsToRetire() nor retired; Aborted where data came meanwhile: try
  /// again.
  virtual absl::StatusOr<Retirement> RetireRun(const std::string& rig, const std::string& run) = 0;

  /// The answer stored under a request id in the last day, or nothing. `scope` is the method's
  /// name.
  virtual absl::StatusOr<std::optional<std::string>> FindRequest(const std::string& scope,
                                                                 const std::string& request_id) = 0;
  virtual absl::Status RecordRequest(const std::string& scope, const std::string& request_id,
                                     const std::string& answer) = 0;

  /// Inserts a job, or returns the one stored under its key.
  virtual absl::StatusOr<JobRow> InsertJob(const JobRow& job) = 0;
  virtual absl::StatusOr<JobRow> GetJob(const std::string& id) = 0;  ///< NotFound
  /// The job inserted under a key, or nothing.
  virtual absl::StatusOr<std::optional<JobRow>> FindJob(const std::string& key) = 0;
  /// Newest first; of one rig, or of all where `rig` is empty.
  virtual absl::StatusOr<std::vector<JobRow>> ListJobs(const std::string& rig,
                                                       const PageRequest& page) = 0;
  /// Those of all rigs that are queued or run, oldest first.
  virtual absl::StatusOr<std::vector<JobRow>> ListOpenJobs() = 0;
  /// Takes the oldest queued job, or one that was running when a former process died, as RUNNING
  /// with one more attempt; nothing where there is none. A recalibration waits until the store's
  /// recalibration_interval has passed since the last one of its rig ended. Its first claim decides
  /// which runs it reads, all that are closed by then, in order of start; later claims of it keep
  /// them.
  virtual absl::StatusOr<std::optional<JobRow>> ClaimJob() = 0;
  virtual absl::Status UpdateJob(const JobRow& job) = 0;  ///< progress, phase, state, error
  /// FailedPrecondition where the job has ended.
  virtual absl::StatusOr<JobRow> CancelJob(const std::string& id) = 0;

  /// Ends a job: stores what it made in one transaction, with ids assigned. A CURRENT set retires
  /// the one before it. That of a recalibration is stored as CANDIDATE instead, with the reason,
  /// where the rig's mode is not kPromote by now or where data of a run that it read has changed
  /// since it was claimed. Aborted, storing nothing, where the job has ended already (cancelled);
  /// InvalidArgument where the product is not one of its kind, or not sound.
  virtual absl::Status FinishJob(const JobRow& job, JobProduct product) = 0;

  virtual absl::StatusOr<ReportRow> GetReport(const std::string& rig, const std::string& id) = 0;
  virtual absl::StatusOr<std::vector<ReportRow>> ListReports(const std::string& rig,
                                                             const PageRequest& page) = 0;
  /// The analysis that a report came from, with what it read. NotFound.
  virtual absl::StatusOr<JobRow> GetJobOfReport(const std::string& rig, const std::string& id) = 0;

  virtual absl::StatusOr<DesignRow> GetDesign(const std::string& rig, const std::string& id) = 0;
  /// Newest first, as ListModels.
  virtual absl::StatusOr<std::vector<DesignRow>> ListDesigns(const std::string& rig,
                                                             const PageRequest& page) = 0;
  /// NotFound. A revision of -1 asks for the current one.
  virtual absl::StatusOr<ModelRow> GetModel(const std::string& rig, int64_t revision) = 0;
  virtual absl::StatusOr<std::vector<ModelRow>> ListModels(const std::string& rig,
                                                           const PageRequest& page) = 0;
  /// Makes a model current and retires the one that was; one that is current stays as it is.
  /// NotFound; Aborted where `etag` is not the stored one; FailedPrecondition where it is REFUSED.
  virtual absl::StatusOr<ModelRow> PromoteModel(const std::string& rig, int64_t revision,
                                                const std::string& etag,
                                                const Promotion& promotion) = 0;

  /// NotFound. A revision of -1 asks for the current one.
  virtual absl::StatusOr<ParameterSetRow> GetParameterSet(const std::string& rig,
                                                          int64_t revision) = 0;
  virtual absl::StatusOr<std::vector<ParameterSetRow>> ListParameterSets(
      const std::string& rig, const PageRequest& page) = 0;

  /// Makes a set current and retires the one that was; a set that is current stays as it is.
  /// NotFound; Aborted where `etag` is not the stored one; FailedPrecondition where it is REJECTED.
  virtual absl::StatusOr<ParameterSetRow> PromoteParameterSet(const std::string& rig,
                                                              int64_t revision,
                                                              const std::string& etag,
                                                              const Promotion& promotion) = 0;
  /// Makes the set current that was so before the current one, and retires that. NotFound (rig);
  /// Aborted where `etag` is not that of the current set; FailedPrecondition where none was before.
  virtual absl::StatusOr<ParameterSetRow> RollBackParameterSet(const std::string& rig,
                                                               const std::string& etag,
                                                               const std::string& promoter) = 0;
};

inline constexpr size_t kMaxQueuedBytes = size_t{64} * 1024 * 1024;

}  // namespace parallax::store
