#include "core/store/schema.h"

#include <array>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/store/batch_key.h"

namespace parallax::store {
namespace {

// Numbers that are unsigned 64-bit in C++ (checksum, epoch, seed) are stored as the signed integer
// of the same bits. Times are nanoseconds since the Unix epoch.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE rig(id TEXT PRIMARY KEY, title TEXT NOT NULL, twin TEXT NOT NULL, etag TEXT NOT NULL,
                 record TEXT NOT NULL, create_time INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE run(key INTEGER PRIMARY KEY, rig TEXT NOT NULL, id TEXT NOT NULL,
                 started_at INTEGER NOT NULL, record TEXT NOT NULL, closed INTEGER NOT NULL,
                 outcome TEXT, change_serial INTEGER NOT NULL, UNIQUE(rig, id));
CREATE INDEX run_start ON run(rig, started_at, id);
CREATE TABLE stream(id INTEGER PRIMARY KEY, run INTEGER NOT NULL, producer TEXT NOT NULL,
                    epoch INTEGER NOT NULL, next_seq INTEGER NOT NULL,
                    UNIQUE(run, producer, epoch));
CREATE TABLE ledger(stream INTEGER PRIMARY KEY, stored INTEGER NOT NULL, duplicate INTEGER NOT NULL,
                    not_finite INTEGER NOT NULL, time_out_of_range INTEGER NOT NULL);
CREATE TABLE batch(stream INTEGER NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL,
                   t0 INTEGER NOT NULL, t1 INTEGER NOT NULL, checksum INTEGER NOT NULL,
                   data BLOB NOT NULL, UNIQUE(stream, seq));
CREATE TABLE chunk(id INTEGER PRIMARY KEY, stream INTEGER NOT NULL, channel INTEGER NOT NULL,
                   first_seq INTEGER NOT NULL, t0 INTEGER NOT NULL, t1 INTEGER NOT NULL,
                   n INTEGER NOT NULL, codec INTEGER NOT NULL, scale INTEGER NOT NULL,
                   vmin REAL NOT NULL, vmax REAL NOT NULL, vsum REAL NOT NULL,
                   finest_level INTEGER NOT NULL, checksum INTEGER NOT NULL, data BLOB NOT NULL,
                   UNIQUE(stream, channel, first_seq));
CREATE TABLE seal(stream INTEGER NOT NULL, first_seq INTEGER NOT NULL, checksums BLOB NOT NULL,
                  PRIMARY KEY(stream, first_seq)) WITHOUT ROWID;
CREATE TABLE pyramid(stream INTEGER NOT NULL, channel INTEGER NOT NULL, level INTEGER NOT NULL,
                     bucket INTEGER NOT NULL, n INTEGER NOT NULL, vmin REAL NOT NULL,
                     vmax REAL NOT NULL, first REAL NOT NULL, last REAL NOT NULL, sum REAL NOT NULL,
                     first_time INTEGER NOT NULL, last_time INTEGER NOT NULL,
                     PRIMARY KEY(stream, channel, level, bucket)) WITHOUT ROWID;
CREATE TABLE request(scope TEXT NOT NULL, id TEXT NOT NULL, answer BLOB NOT NULL,
                     create_time INTEGER NOT NULL, PRIMARY KEY(scope, id)) WITHOUT ROWID;
CREATE TABLE job(id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, rig TEXT NOT NULL,
                 request TEXT NOT NULL, state INTEGER NOT NULL, attempts INTEGER NOT NULL,
                 incarnation INTEGER NOT NULL, claim_serial INTEGER NOT NULL,
                 progress REAL NOT NULL, phase TEXT NOT NULL, report TEXT NOT NULL,
                 error TEXT NOT NULL, phase_seconds TEXT NOT NULL, create_time INTEGER NOT NULL,
                 end_time INTEGER NOT NULL);
CREATE INDEX job_state ON job(state, id);
CREATE TABLE report(key INTEGER PRIMARY KEY, rig TEXT NOT NULL, number INTEGER NOT NULL,
                    verdict TEXT NOT NULL, bytes BLOB NOT NULL, sha256 TEXT NOT NULL,
                    parameter_set INTEGER NOT NULL, runs TEXT NOT NULL, superseded INTEGER NOT NULL,
                    create_time INTEGER NOT NULL, UNIQUE(rig, number));
CREATE TABLE report_run(rig TEXT NOT NULL, run TEXT NOT NULL, report INTEGER NOT NULL,
                        PRIMARY KEY(rig, run, report)) WITHOUT ROWID;
CREATE TABLE parameter_set(rig TEXT NOT NULL, revision INTEGER NOT NULL, parent INTEGER NOT NULL,
                           state TEXT NOT NULL, bytes BLOB NOT NULL, sha256 TEXT NOT NULL,
                           create_time INTEGER NOT NULL, PRIMARY KEY(rig, revision)) WITHOUT ROWID;
CREATE TABLE counter(incarnation INTEGER NOT NULL, change_serial INTEGER NOT NULL);
INSERT INTO counter VALUES(0, 0);
)sql";

// Why a job failed, as JSON with its code; `error` keeps the text of jobs that failed before.
constexpr const char* kVersion2 = R"sql(
ALTER TABLE job ADD COLUMN failure TEXT NOT NULL DEFAULT '';
)sql";

// Receive times by the daemon's clock (0: not kept; eight bytes a batch in a seal, like its
// checksums), and samples of batches that were refused whole.
constexpr const char* kVersion3 = R"sql(
ALTER TABLE batch ADD COLUMN received INTEGER NOT NULL DEFAULT 0;
ALTER TABLE seal ADD COLUMN received BLOB NOT NULL DEFAULT x'';
CREATE TABLE refusal(stream INTEGER NOT NULL, reason TEXT NOT NULL, samples INTEGER NOT NULL,
                     PRIMARY KEY(stream, reason)) WITHOUT ROWID;
)sql";

// What a rig does by itself (a rig of before: nothing), jobs that it queued, of which one a rig may
// wait, and which sets were current in turn: `promotion` is a stack, its top the current set. Until
// now sets became current in the order of their revisions.
constexpr const char* kVersion4 = R"sql(
ALTER TABLE rig ADD COLUMN recalibration INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rig ADD COLUMN webhook_url TEXT NOT NULL DEFAULT '';
ALTER TABLE rig ADD COLUMN webhook_secret TEXT NOT NULL DEFAULT '';
ALTER TABLE rig ADD COLUMN promotions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX job_recalibration_waits ON job(rig) WHERE kind = 1 AND state = 0;
CREATE INDEX job_recalibration_end ON job(rig, end_time) WHERE kind = 1;
ALTER TABLE parameter_set ADD COLUMN reason TEXT NOT NULL DEFAULT '';
ALTER TABLE parameter_set ADD COLUMN promoter TEXT NOT NULL DEFAULT '';
ALTER TABLE parameter_set ADD COLUMN promote_time INTEGER NOT NULL DEFAULT 0;
CREATE TABLE promotion(rig TEXT NOT NULL, depth INTEGER NOT NULL, revision INTEGER NOT NULL,
                       PRIMARY KEY(rig, depth)) WITHOUT ROWID;
INSERT INTO promotion SELECT rig, row_number() OVER (PARTITION BY rig ORDER BY revision) - 1,
                             revision
  FROM parameter_set WHERE state IN ('CURRENT', 'RETIRED');
)sql";

// The pyramid in pages; chunks of before count in none of its levels and are read whole. An index
// that tells which chunks to read without touching their rows, which are large.
constexpr const char* kVersion5 = R"sql(
DROP TABLE pyramid;
CREATE TABLE pyramid_page(stream INTEGER NOT NULL, channel INTEGER NOT NULL, level INTEGER NOT NULL,
                          page INTEGER NOT NULL, checksum INTEGER NOT NULL, data BLOB NOT NULL,
                          PRIMARY KEY(stream, channel, level, page));
UPDATE chunk SET finest_level = 10;
CREATE INDEX chunk_head ON chunk(stream, channel, t0, t1, finest_level, first_seq);
)sql";

// Pages end in a checksum. The tables are as they were, MakeRoomForChecksums() rewrites the pages;
// the version keeps out programs that would write pages without.
constexpr const char* kVersion6 = "";

// How long samples of closed runs are kept (0: for ever), when runs were closed, and what is left
// of those that were retired: `removed` is 1 once nothing more has to be removed, `level` the
// finest one of the pyramid that counts all samples of a channel. Receive times of a stream are
// those of its first and last batch, kept when its seals go.
constexpr const char* kVersion7 = R"sql(
ALTER TABLE rig ADD COLUMN keep_samples INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN close_time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stream ADD COLUMN first_received INTEGER NOT NULL DEFAULT 0;
ALTER TABLE stream ADD COLUMN last_received INTEGER NOT NULL DEFAULT 0;
CREATE TABLE retirement(run INTEGER PRIMARY KEY, retire_time INTEGER NOT NULL, sha256 TEXT NOT NULL,
                        samples INTEGER NOT NULL, t0 INTEGER NOT NULL, t1 INTEGER NOT NULL,
                        removed INTEGER NOT NULL);
CREATE TABLE retired_channel(run INTEGER NOT NULL, channel INTEGER NOT NULL,
                             level INTEGER NOT NULL, PRIMARY KEY(run, channel)) WITHOUT ROWID;
)sql";
constexpr int64_t kFirstWithCloseTimes = 7;

// Batches in the order of their streams, see batch_key.h. In the order of arrival nearly every row
// of one of many streams lay on a page of its own, and each batch changed a page of an index, too.
constexpr const char* kVersion8 = R"sql(
ALTER TABLE batch RENAME TO batch_in_order_of_arrival;
CREATE TABLE batch(key INTEGER PRIMARY KEY, n INTEGER NOT NULL, t0 INTEGER NOT NULL,
                   t1 INTEGER NOT NULL, checksum INTEGER NOT NULL, received INTEGER NOT NULL,
                   data BLOB NOT NULL,
                   stream INTEGER GENERATED ALWAYS AS (key >> 38) VIRTUAL,
                   seq INTEGER GENERATED ALWAYS AS (key & 0x3fffffffff) VIRTUAL);
INSERT INTO batch(key, n, t0, t1, checksum, data, received)
  SELECT (stream << 38) + seq, n, t0, t1, checksum, data, received
  FROM batch_in_order_of_arrival ORDER BY stream, seq;
DROP TABLE batch_in_order_of_arrival;
)sql";
static_assert(kSeqBits == 38);

// Designs and models, and what jobs made of them. A design is superseded when its report is; the
// count of a rig's promotions of models is for their etags.
constexpr const char* kVersion9 = R"sql(
ALTER TABLE rig ADD COLUMN model_promotions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN design TEXT NOT NULL DEFAULT '';
ALTER TABLE job ADD COLUMN model INTEGER NOT NULL DEFAULT -1;
CREATE TABLE design(key INTEGER PRIMARY KEY, rig TEXT NOT NULL, number INTEGER NOT NULL,
                    report INTEGER NOT NULL, kind TEXT NOT NULL, headline TEXT NOT NULL,
                    bytes BLOB NOT NULL, sha256 TEXT NOT NULL, create_time INTEGER NOT NULL,
                    UNIQUE(rig, number));
CREATE TABLE model(key INTEGER PRIMARY KEY, rig TEXT NOT NULL, revision INTEGER NOT NULL,
                   state TEXT NOT NULL, parameter_set INTEGER NOT NULL, card BLOB NOT NULL,
                   card_sha256 TEXT NOT NULL, bytes BLOB NOT NULL, sha256 TEXT NOT NULL,
                   runs TEXT NOT NULL, superseded INTEGER NOT NULL, reason TEXT NOT NULL,
                   promoter TEXT NOT NULL, promote_time INTEGER NOT NULL,
                   create_time INTEGER NOT NULL, UNIQUE(rig, revision));
CREATE TABLE model_run(rig TEXT NOT NULL, run TEXT NOT NULL, model INTEGER NOT NULL,
                       PRIMARY KEY(rig, run, model)) WITHOUT ROWID;
)sql";

/// migrations[v] leads from version v to v + 1; version 0 is the empty database.
constexpr std::array<const char*, kSchemaVersion> kMigrations = {kVersion1, kVersion2, kVersion3,
                                                                 kVersion4, kVersion5, kVersion6,
                                                                 kVersion7, kVersion8, kVersion9};

int64_t StoredVersion(Connection& connection) {
  connection.database().exec("CREATE TABLE IF NOT EXISTS schema_version(version INTEGER NOT NULL)");
  Query query(connection, "SELECT version FROM schema_version");
  return query.Step() ? query.Int(0) : 0;
}

}  // namespace

absl::Status PrepareSchema(Connection& connection, int64_t now_unix_ns) {
  SQLite::Transaction transaction(connection.database(), SQLite::TransactionBehavior::IMMEDIATE);
  const int64_t stored = StoredVersion(connection);
  if (stored > kSchemaVersion) {
    return base::FieldStatus(absl::StatusCode::kFailedPrecondition,
                             {.field = "schema_version",
                              .value = absl::StrFormat("%d", stored),
                              .bound = absl::StrFormat("<= %d", kSchemaVersion),
                              .next_step = "the database was written by a newer program: run that"},
                             "store: schema version");
  }
  for (int64_t version = stored; version < kSchemaVersion; ++version) {
    connection.database().exec(kMigrations[static_cast<size_t>(version)]);
  }
  if (stored < kFirstWithCloseTimes) {
    Query(connection, "UPDATE run SET close_time = ? WHERE closed = 1", now_unix_ns).Execute();
  }
  if (stored < kSchemaVersion) {
    connection.database().exec("DELETE FROM schema_version");
    Query(connection, "INSERT INTO schema_version VALUES(?)", kSchemaVersion).Execute();
  }
  transaction.commit();
  return absl::OkStatus();
}

absl::Status CheckSchemaVersion(Connection& connection) {
  Query query(connection, "SELECT version FROM schema_version");
  const int64_t version = query.Step() ? query.Int(0) : 0;
  if (version == kSchemaVersion) return absl::OkStatus();
  return base::FieldStatus(absl::StatusCode::kFailedPrecondition,
                           {.field = "schema_version",
                            .value = absl::StrFormat("%d", version),
                            .bound = absl::StrFormat("%d", kSchemaVersion),
                            .next_step = "use the parallaxd that wrote it last"},
                           "store: schema version");
}

}  // namespace parallax::store
