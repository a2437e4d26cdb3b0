#include "core/store/ingest.h"

#include <cstring>
#include <optional>
#include <set>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/field_error.h"
#include "core/store/batch_key.h"
#include "core/store/recalibration.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

constexpr size_t kMaxCursors = 4096;

/// Checksum of a batch that the compactor has replaced.
std::optional<uint64_t> FindSealed(Connection& connection, int64_t stream, uint64_t seq) {
  Query query(connection,
              "SELECT first_seq, checksums FROM seal WHERE stream = ? AND first_seq <= ? "
              "ORDER BY first_seq DESC LIMIT 1",
              stream, seq);
  if (!query.Step()) return std::nullopt;
  const uint64_t offset = (seq - query.Unsigned(0)) * sizeof(uint64_t);
  const std::string_view checksums = query.View(1);
  if (offset + sizeof(uint64_t) > checksums.size()) return std::nullopt;
  uint64_t checksum = 0;
  std::memcpy(&checksum, checksums.data() + offset, sizeof checksum);
  return checksum;
}

std::optional<uint64_t> FindChecksum(Connection& connection, int64_t stream, uint64_t seq) {
  Query query(connection, "SELECT checksum FROM batch WHERE key = ?", BatchKey(stream, seq));
  if (query.Step()) return query.Unsigned(0);
  return FindSealed(connection, stream, seq);
}

void InsertBatch(Connection& connection, const EncodedBatch& batch) {
  Query(connection,
        "INSERT INTO batch(key, n, t0, t1, checksum, data, received) VALUES(?, ?, ?, ?, ?, ?, ?)",
        BatchKey(batch.stream, batch.seq), batch.samples, batch.first_time_unix_ns,
        batch.last_time_unix_ns, batch.checksum, Blob{batch.data}, batch.received_unix_ns)
      .Execute();
}

}  // namespace

absl::StatusOr<AppendOutcome> Ingest::Apply(Connection& connection, const EncodedBatch& batch) {
  Cursor* cursor = Find(connection, batch.stream);
  if (cursor == nullptr) {
    return absl::NotFoundError(absl::StrFormat("store: stream = %d is not open", batch.stream));
  }
  const auto refuse = [&](const char* reason) {
    if (batch.Received() == 0) return;
    cursor->gained.refused[reason] += batch.Received();
    cursor->touched = true;
  };
  if (cursor->run_retired) {
    refuse(kStoreRefused);
    return CheckNotRetired(connection, cursor->run_key, "hello.run", "stream into a new run");
  }
  if (batch.seq > cursor->next_seq) {
    refuse(kOutOfSequence);
    return AppendOutcome{AppendResult::kGap, cursor->next_seq};
  }
  if (batch.seq >= kMaxBatches) {
    refuse(kStoreRefused);
    return base::FieldStatus(absl::StatusCode::kFailedPrecondition,
                             {.field = "batch.seq",
                              .value = absl::StrFormat("%d", batch.seq),
                              .bound = absl::StrFormat("< %d", kMaxBatches),
                              .next_step = "go on in a stream of a higher epoch"},
                             "store: the stream has all batches that it may have");
  }
  if (batch.seq == cursor->next_seq) {
    InsertBatch(connection, batch);
    ++cursor->next_seq;
    cursor->gained.stored += batch.samples;
    cursor->gained.rejected.not_finite += batch.rejected.not_finite;
    cursor->gained.rejected.time_out_of_range += batch.rejected.time_out_of_range;
    cursor->touched = true;
    return AppendOutcome{AppendResult::kCommitted, cursor->next_seq};
  }
  const std::optional<uint64_t> stored = FindChecksum(connection, batch.stream, batch.seq);
  if (!stored) {
    refuse(kStoreRefused);
    return absl::DataLossError(absl::StrFormat(
        "store: batch stream = %d seq = %d is neither a batch nor sealed, next_seq = %d",
        batch.stream, batch.seq, cursor->next_seq));
  }
  if (*stored != batch.checksum) {
    refuse(kConflictingBatch);
    return AppendOutcome{AppendResult::kConflict, cursor->next_seq};
  }
  // A duplicate counts whole: its refused samples were received again, too.
  cursor->gained.duplicate += batch.Received();
  cursor->touched = true;
  return AppendOutcome{AppendResult::kDuplicate, cursor->next_seq};
}

absl::Status Ingest::CountRefused(Connection& connection, int64_t stream, const std::string& reason,
                                  uint64_t samples) {
  Cursor* cursor = Find(connection, stream);
  if (cursor == nullptr) {
    return absl::NotFoundError(absl::StrFormat("store: stream = %d is not open", stream));
  }
  cursor->gained.refused[reason] += samples;
  cursor->touched = true;
  return absl::OkStatus();
}

void Ingest::CountOwed(Connection& connection) {
  // A stream that is gone has no ledger to count in.
  for (const auto& [stream, samples] : owed_) {
    (void)CountRefused(connection, stream, kStoreRefused, samples);
  }
}

void Ingest::Owe(const EncodedBatch& batch) {
  if (batch.Received() > 0) owed_[batch.stream] += batch.Received();
}

void Ingest::Flush(Connection& connection, int64_t now_unix_ns) {
  std::set<int64_t> changed_runs;
  for (auto& [stream, cursor] : cursors_) {
    if (!cursor.touched) continue;
    if (cursor.gained.stored > 0) changed_runs.insert(cursor.run_key);
    Save(connection, stream, cursor);
  }
  for (const int64_t run_key : changed_runs) {
    MarkRunChanged(connection, run_key);
    // A damaged record of the run is for whoever reads it; its samples are stored all the same.
    (void)RecalibrateAfter(connection, run_key, now_unix_ns);
  }
  if (cursors_.size() > kMaxCursors) cursors_.clear();
}

Ingest::Cursor* Ingest::Find(Connection& connection, int64_t stream) {
  const auto found = cursors_.find(stream);
  if (found != cursors_.end()) return &found->second;
  Query query(connection,
              "SELECT run, next_seq, EXISTS(SELECT 1 FROM retirement WHERE "
              "retirement.run = stream.run) FROM stream WHERE id = ?",
              stream);
  if (!query.Step()) return nullptr;
  Cursor& cursor = cursors_[stream];
  cursor.run_key = query.Int(0);
  cursor.saved_seq = cursor.next_seq = query.Unsigned(1);
  cursor.run_retired = query.Int(2) != 0;
  return &cursor;
}

void Ingest::Save(Connection& connection, int64_t stream, Cursor& cursor) {
  const int advanced =
      Query(connection, "UPDATE stream SET next_seq = ? WHERE id = ? AND next_seq = ?",
            cursor.next_seq, stream, cursor.saved_seq)
          .Execute();
  PARALLAX_CHECK(advanced == 1);  // nobody else writes streams
  Query(connection,
        "UPDATE ledger SET stored = stored + ?, duplicate = duplicate + ?, "
        "not_finite = not_finite + ?, time_out_of_range = time_out_of_range + ? WHERE stream = ?",
        cursor.gained.stored, cursor.gained.duplicate, cursor.gained.rejected.not_finite,
        cursor.gained.rejected.time_out_of_range, stream)
      .Execute();
  for (const auto& [reason, samples] : cursor.gained.refused) {
    Query(connection,
          "INSERT INTO refusal(stream, reason, samples) VALUES(?, ?, ?) "
          "ON CONFLICT(stream, reason) DO UPDATE SET samples = samples + excluded.samples",
          stream, reason, samples)
        .Execute();
  }
  cursor.saved_seq = cursor.next_seq;
  cursor.gained = {};
  cursor.touched = false;
}

void MarkRunChanged(Connection& connection, int64_t run_key) {
  Query(connection, "UPDATE counter SET change_serial = change_serial + 1").Execute();
  Query(connection,
        "UPDATE run SET change_serial = (SELECT change_serial FROM counter) WHERE key = ?", run_key)
      .Execute();
  Query(connection,
        "UPDATE report SET superseded = 1 WHERE superseded = 0 AND key IN (SELECT r.report "
        "FROM report_run AS r JOIN run ON run.rig = r.rig AND run.id = r.run WHERE run.key = ?)",
        run_key)
      .Execute();
  Query(connection,
        "UPDATE model SET superseded = 1 WHERE superseded = 0 AND key IN (SELECT m.model "
        "FROM model_run AS m JOIN run ON run.rig = m.rig AND run.id = m.run WHERE run.key = ?)",
        run_key)
      .Execute();
}

}  // namespace parallax::store
