#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/signal/rig.h"
#include "core/signal/run.h"
#include "core/signal/sample_batch.h"

namespace parallax::store {

// What the store keeps, as it is handed over and returned; who keeps it is in store.h.

/// What happens by itself when a run of a rig closes, when the outcome of a closed one is recorded
/// or when late samples of one arrive. The numbers are those of the rig's row.
enum class Recalibration {
  kOff = 0,      ///< nothing
  kHold = 1,     ///< a recalibration, whose set is a candidate at best
  kPromote = 2,  ///< a recalibration, whose set becomes current where validation accepts it
};

/// Where ends of jobs are posted; an empty url is nowhere.
struct Webhook {
  std::string url;
  std::string secret;  ///< key of the signature
};

struct RigRow {
  signal::Rig rig;  ///< rig.id is the last part of its resource name
  std::string title;
  std::string twin;
  Recalibration recalibration = Recalibration::kOff;
  Webhook webhook;
  /// How long after their end samples of its runs are kept, before retention retires the run.
  absl::Duration keep_samples = absl::InfiniteDuration();
  std::string etag;  ///< set by the store
  int64_t create_time_unix_ns = 0;
};

/// What an update changes of a rig; what is absent stays.
struct RigChange {
  std::string title;
  std::optional<Recalibration> recalibration;
  std::optional<Webhook> webhook;
  std::optional<absl::Duration> keep_samples;
};

/// Reasons for which a batch is refused whole; those of single samples are in RejectCounts.
inline constexpr char kMalformedBatch[] = "MALFORMED_BATCH";
inline constexpr char kOutOfSequence[] = "OUT_OF_SEQUENCE";
inline constexpr char kConflictingBatch[] = "CONFLICTING_BATCH";
inline constexpr char kStoreRefused[] = "STORE_REFUSED";

/// Where samples of a run or a stream went; `queued` belongs to the server.
struct LedgerCounts {
  uint64_t stored = 0;
  uint64_t retired = 0;  ///< were stored, and removed by retention
  uint64_t duplicate = 0;
  signal::RejectCounts rejected;
  std::map<std::string, uint64_t> refused;  ///< samples of batches refused whole, by reason
};

/// What is left of the samples of a retired run, beside its ledger and its pyramid.
struct Retirement {
  int64_t retire_time_unix_ns = 0;
  std::string sha256;              ///< SeriesDigest of the run as it was
  uint64_t samples = 0;            ///< that it covers
  int64_t first_time_unix_ns = 0;  ///< least source time; 0 where there were no samples
  int64_t last_time_unix_ns = 0;   ///< greatest
};

struct RunRow {
  std::string rig;
  signal::Run run;
  bool closed = false;
  std::optional<signal::Outcome> outcome;
  LedgerCounts ledger;
  std::optional<Retirement> retirement;
};

struct RunKey {
  std::string rig;
  std::string run;
  bool operator==(const RunKey&) const = default;
  bool operator<(const RunKey& other) const {
    return std::tie(rig, run) < std::tie(other.rig, other.run);
  }
};

/// Names one stream of a run. Deduplication is by (producer_id, epoch, seq).
struct StreamKey {
  std::string rig;
  std::string run;
  std::string producer_id;
  uint64_t epoch = 0;
};

struct StreamState {
  int64_t stream = 0;     ///< row id, names the stream in EncodedBatch
  uint64_t next_seq = 0;  ///< everything below is on disk
};

/// A stream as people look it up. Receive times are the daemon's clock; 0 where nothing is stored
/// or where the time was not kept.
struct StreamRow {
  int64_t stream = 0;
  std::string producer_id;
  uint64_t epoch = 0;
  uint64_t next_seq = 0;  ///< batches on disk, or retired
  uint64_t stored = 0;    ///< samples on disk
  uint64_t retired = 0;   ///< samples that retention removed
  int64_t first_received_unix_ns = 0;
  int64_t last_received_unix_ns = 0;
};

struct ParameterSetRow {
  std::string rig;
  int64_t revision = 0;  ///< assigned by the store, contiguous from 0
  int64_t parent = -1;   ///< revision; -1 for the assumptions
  std::string state;     ///< "CANDIDATE", "CURRENT", "RETIRED", "REJECTED"
  std::string bytes;     ///< canonical JSON of pipeline/parameter_set_codec
  std::string sha256;
  std::string reason;    ///< why it was promoted, held or rejected
  std::string promoter;  ///< who made it current last; empty where nobody did, and for revision 0
  int64_t promote_time_unix_ns = 0;
  std::string etag;  ///< set by the store; changes whenever any set of the rig becomes current
  int64_t create_time_unix_ns = 0;
};

/// Promoter of what an analysis put to use by itself.
inline constexpr char kAnalysisPromoter[] = "analysis";

/// Who puts a set or a model to use, and why.
struct Promotion {
  std::string promoter;
  std::string reason;
};

struct ReportRow {
  std::string rig;
  std::string id;  ///< last part of its name
  std::string verdict;
  std::string bytes;  ///< canonical JSON
  std::string sha256;
  int64_t parameter_set = -1;     ///< revision registered with it, or -1
  std::vector<std::string> runs;  ///< that it read; late data of one marks it superseded
  bool superseded = false;
  std::vector<std::string> retired_runs;  ///< of `runs`, by now; set by the store
  int64_t create_time_unix_ns = 0;
};

/// An experiment, or several, that a job suggested, or the recipe of a goal.
struct DesignRow {
  std::string rig;
  std::string id;      ///< last part of its name
  std::string report;  ///< id of the one that it goes on from
  std::string kind;    ///< "SUGGESTION", "GOAL"
  std::string headline;
  std::string bytes;  ///< canonical JSON
  std::string sha256;
  bool superseded = false;  ///< as its report is by now; set by the store
  int64_t create_time_unix_ns = 0;
};

/// A model of what a calibrated twin leaves over.
struct ModelRow {
  std::string rig;
  int64_t revision = 0;        ///< assigned by the store, contiguous from 1
  std::string state;           ///< "CANDIDATE", "CURRENT", "RETIRED", "REFUSED"
  int64_t parameter_set = -1;  ///< revision of the set whose residuals it learned
  std::string card;            ///< canonical JSON
  std::string card_sha256;
  std::string bytes;  ///< the model's file
  std::string sha256;
  std::vector<std::string> runs;  ///< that it learned from; late data of one marks it superseded
  bool superseded = false;
  std::string reason;    ///< why it was promoted, held or refused
  std::string promoter;  ///< who made it current last; empty where nobody did
  int64_t promote_time_unix_ns = 0;
  std::string etag;  ///< set by the store; changes whenever any model of the rig becomes current
  int64_t create_time_unix_ns = 0;
};

enum class JobState { kQueued, kRunning, kSucceeded, kFailed, kCancelled };

/// What a job does and who queued it; the numbers are those of its row.
enum class JobKind {
  kAnalysis = 0,       ///< an analysis; somebody asked
  kRecalibration = 1,  ///< an analysis; queued by the store, by the rule of Recalibration
  kDesign = 2,         ///< suggests experiments or seeks a goal; somebody asked
  kTraining = 3,       ///< trains a model; somebody asked
};

/// What a design is about; the numbers are those of its job's request.
enum class DesignAim {
  kGroup = 0,    ///< experiments that tell explanations of an ambiguous verdict apart
  kOutcome = 1,  ///< that tell the outcome of runs anywhere
  kTarget = 2,   ///< that tell the outcome of the runs that promise most of it
  kGoal = 3,     ///< the recipe that promises most of an outcome
};

/// What is most of an outcome; the numbers are those of its job's request.
enum class Direction { kMaximize = 0, kMinimize = 1 };

/// Where a design may set a knob of the recipe, in the knob's own unit.
struct KnobRange {
  std::string knob;
  double low = 0.0;
  double high = 0.0;
  bool operator==(const KnobRange&) const = default;
};

/// What a job of kind kDesign is to find.
struct DesignOrder {
  std::string report;  ///< id of the report to go on from
  DesignAim aim = DesignAim::kGroup;
  std::string outcome;  ///< empty where the aim needs none
  Direction direction = Direction::kMaximize;
  int count = 1;  ///< experiments to suggest
  std::vector<KnobRange> limits;
  std::optional<double> threshold;  ///< of a goal: at least, or at most, this
  bool operator==(const DesignOrder&) const = default;
};

struct JobRow {
  std::string id;           ///< assigned by the store
  std::string key;          ///< unique: inserting the same key again returns the first job
  std::string fingerprint;  ///< of what was asked, to tell another request under the same key
  std::string rig;
  JobKind kind = JobKind::kAnalysis;
  std::vector<std::string> calibrate_runs;  ///< of a recalibration: set when it is first claimed
  std::vector<std::string> validate_runs;   ///< likewise
  int64_t base_parameter_set = 0;
  uint64_t seed = 0;
  std::optional<DesignOrder> order;  ///< of kind kDesign alone
  JobState state = JobState::kQueued;
  int attempts = 0;
  double progress = 0.0;
  std::string phase;
  std::string report;    ///< id, once an analysis succeeded
  std::string design;    ///< id, once a design succeeded
  int64_t model = -1;    ///< revision, once a training succeeded
  absl::Status failure;  ///< why it failed, with its base::FieldError; OK where it did not
  std::map<std::string, double> phase_seconds;
  int64_t create_time_unix_ns = 0;
  int64_t end_time_unix_ns = 0;
};

/// What an analysis ends with: a report and, where there is one, the set that it calibrated.
struct AnalysisProduct {
  ReportRow report;
  std::optional<ParameterSetRow> parameter_set;
};

/// What a job ends with, by its kind; the store assigns the ids.
using JobProduct = std::variant<AnalysisProduct, DesignRow, ModelRow>;

/// One bucket of a decimated series.
struct Bucket {
  int64_t start_unix_ns = 0;
  uint64_t count = 0;  ///< 0: a gap, and the values are meaningless
  double minimum = 0.0;
  double maximum = 0.0;
  double first = 0.0;
  double last = 0.0;
};

struct TimeRange {
  int64_t begin_unix_ns = INT64_MIN;  ///< inclusive
  int64_t end_unix_ns = INT64_MAX;    ///< exclusive
};

/// All that is stored of a run's samples, as it was at one moment.
struct RunSamples {
  std::vector<StreamRow> streams;  ///< in order of first appearance
  /// By channel index, in the order of arrival: by stream, seq, row. Empty where a channel has no
  /// samples.
  std::vector<signal::Series> series;
};

struct PageRequest {
  std::string after;  ///< key of the last row seen, or empty
  size_t limit = 100;
};

}  // namespace parallax::store
