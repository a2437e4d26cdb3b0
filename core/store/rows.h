#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/store/connection.h"
#include "core/store/store.h"

namespace parallax::store {

/// Everything in this file runs inside a transaction of its caller and throws SQLite::Exception.

/// "r12" → 12 for the prefix 'r'; nullopt where `id` is not such an id.
std::optional<int64_t> ParseId(char prefix, std::string_view id);
/// 12 → "r12".
std::string MakeId(char prefix, int64_t number);
/// Number of the row to go on after, INT64_MAX for the first page of a newest-first listing.
/// Errors: BadPageKey where `after` is not an id of `prefix` ('\0': plain digits).
absl::StatusOr<int64_t> PageStart(char prefix, const PageRequest& page);
/// InvalidArgument naming "page_token", which is where a listing's `after` comes from.
absl::Status BadPageKey(const PageRequest& page);

absl::Status CreateRig(Connection& connection, const RigRow& rig, const ParameterSetRow& set);
absl::StatusOr<RigRow> UpdateRig(Connection& connection, const std::string& rig,
                                 const std::string& etag, const RigChange& change,
                                 int64_t now_unix_ns);
absl::StatusOr<RigRow> GetRig(Connection& connection, const std::string& rig);
absl::StatusOr<std::vector<RigRow>> ListRigs(Connection& connection, const PageRequest& page);

absl::Status OpenRun(Connection& connection, const std::string& rig, const signal::Run& run);
absl::Status CloseRun(Connection& connection, const std::string& rig, const std::string& run,
                      int64_t now_unix_ns);
absl::Status RecordOutcome(Connection& connection, const std::string& rig, const std::string& run,
                           const signal::Outcome& outcome, int64_t now_unix_ns);
absl::StatusOr<RunRow> GetRun(Connection& connection, const std::string& rig,
                              const std::string& run);
absl::StatusOr<std::vector<RunRow>> ListRuns(Connection& connection, const std::string& rig,
                                             const PageRequest& page);
/// Row key of a run. NotFound.
absl::StatusOr<int64_t> FindRun(Connection& connection, const std::string& rig,
                                const std::string& run);

/// What is left of a retired run; nothing where it is not retired.
std::optional<Retirement> FindRetirement(Connection& connection, int64_t run_key);
/// FailedPrecondition naming `field` where the run is retired.
absl::Status CheckNotRetired(Connection& connection, int64_t run_key, const std::string& field,
                             const std::string& next_step);
/// Those of the runs that are retired, in their order.
std::vector<std::string> RetiredOf(Connection& connection, const std::string& rig,
                                   const std::vector<std::string>& runs);
/// OK where a run may be retired: see Store::ListRunsToRetire. FailedPrecondition, saying what
/// holds it; DataLoss (the record of a job).
absl::Status CheckMayBeRetired(Connection& connection, int64_t run_key, int64_t now_unix_ns);
absl::StatusOr<std::vector<RunKey>> ListRunsToRetire(Connection& connection, int64_t now_unix_ns);

absl::StatusOr<StreamState> OpenStream(Connection& connection, const StreamKey& key);
/// The first stream that has batches of those whose ids are not below `first`.
std::optional<int64_t> NextStreamWithBatches(Connection& connection, int64_t first);
absl::StatusOr<std::vector<StreamRow>> ListRunStreams(Connection& connection,
                                                      const std::string& rig,
                                                      const std::string& run);
std::vector<int64_t> ReadReceiveTimes(Connection& connection, int64_t stream, uint64_t first_seq,
                                      uint64_t count);

absl::StatusOr<std::optional<std::string>> FindRequest(Connection& connection,
                                                       const std::string& scope,
                                                       const std::string& request_id,
                                                       int64_t now_unix_ns);
absl::Status RecordRequest(Connection& connection, const std::string& scope,
                           const std::string& request_id, const std::string& answer,
                           int64_t now_unix_ns);

absl::StatusOr<JobRow> InsertJob(Connection& connection, const JobRow& job);
absl::StatusOr<JobRow> GetJob(Connection& connection, const std::string& id);
absl::StatusOr<std::optional<JobRow>> FindJob(Connection& connection, const std::string& key);
absl::StatusOr<std::vector<JobRow>> ListJobs(Connection& connection, const std::string& rig,
                                             const PageRequest& page);
absl::StatusOr<std::vector<JobRow>> ListOpenJobs(Connection& connection);
/// `incarnation` names this process: a job that runs under another one has lost its process.
/// Recalibrations whose rig ended one after `rested_since_unix_ns` wait.
absl::StatusOr<std::optional<JobRow>> ClaimJob(Connection& connection, int64_t incarnation,
                                               int64_t rested_since_unix_ns, int64_t now_unix_ns);
absl::Status UpdateJob(Connection& connection, const JobRow& job, int64_t now_unix_ns);
absl::StatusOr<JobRow> CancelJob(Connection& connection, const std::string& id,
                                 int64_t now_unix_ns);
absl::Status FinishJob(Connection& connection, const JobRow& job, JobProduct product,
                       int64_t now_unix_ns);
absl::StatusOr<JobRow> GetJobOfReport(Connection& connection, const std::string& rig,
                                      const std::string& report);

/// Whether the data of one of the runs changed after `serial` of the counter.
bool AnyChangedSince(Connection& connection, const std::string& rig,
                     const std::vector<std::string>& runs, int64_t serial);
/// Inserts a report under the next number of its rig, superseded already where one of its runs
/// changed after `data_serial`. Returns its id.
absl::StatusOr<std::string> InsertReport(Connection& connection, const ReportRow& report,
                                         int64_t data_serial);
absl::StatusOr<ReportRow> GetReport(Connection& connection, const std::string& rig,
                                    const std::string& id);
absl::StatusOr<std::vector<ReportRow>> ListReports(Connection& connection, const std::string& rig,
                                                   const PageRequest& page);

/// Inserts a design under the next number of its rig. Returns its id. NotFound (its report).
absl::StatusOr<std::string> InsertDesign(Connection& connection, const DesignRow& design);
absl::StatusOr<DesignRow> GetDesign(Connection& connection, const std::string& rig,
                                    const std::string& id);
absl::StatusOr<std::vector<DesignRow>> ListDesigns(Connection& connection, const std::string& rig,
                                                   const PageRequest& page);

/// Inserts a model under the next revision of its rig, superseded already where one of its runs
/// changed after `data_serial`. Returns its revision. InvalidArgument: neither CANDIDATE nor
/// REFUSED.
absl::StatusOr<int64_t> InsertModel(Connection& connection, const ModelRow& model,
                                    int64_t data_serial);
absl::StatusOr<ModelRow> GetModel(Connection& connection, const std::string& rig, int64_t revision);
absl::StatusOr<std::vector<ModelRow>> ListModels(Connection& connection, const std::string& rig,
                                                 const PageRequest& page);
absl::StatusOr<ModelRow> PromoteModel(Connection& connection, const std::string& rig,
                                      int64_t revision, const std::string& etag,
                                      const Promotion& promotion, int64_t now_unix_ns);

/// Inserts a parameter set under the next revision of its rig; one that is CURRENT retires the
/// former. Returns its revision.
absl::StatusOr<int64_t> InsertParameterSet(Connection& connection, const ParameterSetRow& set);
absl::StatusOr<ParameterSetRow> PromoteParameterSet(Connection& connection, const std::string& rig,
                                                    int64_t revision, const std::string& etag,
                                                    const Promotion& promotion,
                                                    int64_t now_unix_ns);
absl::StatusOr<ParameterSetRow> RollBackParameterSet(Connection& connection, const std::string& rig,
                                                     const std::string& etag,
                                                     const std::string& promoter,
                                                     int64_t now_unix_ns);
absl::StatusOr<ParameterSetRow> GetParameterSet(Connection& connection, const std::string& rig,
                                                int64_t revision);
absl::StatusOr<std::vector<ParameterSetRow>> ListParameterSets(Connection& connection,
                                                               const std::string& rig,
                                                               const PageRequest& page);

/// The digest to store with `bytes`: computed where `claimed` is empty.
/// Errors: InvalidArgument where `claimed` is not the digest of `bytes`.
absl::StatusOr<std::string> CheckedSha256(const std::string& what, const std::string& bytes,
                                          const std::string& claimed);

}  // namespace parallax::store
