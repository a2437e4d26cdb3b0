#include <algorithm>
#include <cstring>

#include "core/base/status_macros.h"
#include "core/store/batch_key.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

/// Receive times of a range of sealed batches, eight bytes each; none where an older program sealed
/// them.
struct SealedTimes {
  uint64_t first_seq = 0;
  std::string_view bytes;

  uint64_t size() const { return bytes.size() / sizeof(int64_t); }
  int64_t operator[](uint64_t i) const {
    int64_t time_unix_ns = 0;
    std::memcpy(&time_unix_ns, bytes.data() + i * sizeof time_unix_ns, sizeof time_unix_ns);
    return time_unix_ns;
  }
};

}  // namespace

std::vector<int64_t> ReadReceiveTimes(Connection& connection, int64_t stream, uint64_t first_seq,
                                      uint64_t count) {
  std::vector<int64_t> times(count, 0);
  if (first_seq >= kMaxBatches) return times;
  const uint64_t end_seq = std::min(first_seq + count, kMaxBatches);
  Query seals(connection,
              "SELECT first_seq, received FROM seal WHERE stream = ?1 AND first_seq < ?2 AND "
              "first_seq >= coalesce((SELECT max(first_seq) FROM seal WHERE stream = ?1 AND "
              "first_seq <= ?3), 0)",
              stream, end_seq, first_seq);
  while (seals.Step()) {
    const SealedTimes sealed{seals.Unsigned(0), seals.View(1)};
    for (uint64_t i = 0; i < sealed.size(); ++i) {
      const uint64_t seq = sealed.first_seq + i;
      if (seq >= first_seq && seq < end_seq) times[seq - first_seq] = sealed[i];
    }
  }
  Query batches(connection, "SELECT seq, received FROM batch WHERE key >= ? AND key < ?",
                BatchKey(stream, first_seq), BatchKey(stream, end_seq));
  while (batches.Step()) times[batches.Unsigned(0) - first_seq] = batches.Int(1);
  return times;
}

absl::StatusOr<std::vector<StreamRow>> ListRunStreams(Connection& connection,
                                                      const std::string& rig,
                                                      const std::string& run) {
  PARALLAX_ASSIGN_OR_RETURN(const int64_t run_key, FindRun(connection, rig, run));
  Query query(connection,
              "SELECT stream.id, producer, epoch, next_seq, stored, retired, first_received, "
              "last_received FROM stream LEFT JOIN ledger ON ledger.stream = stream.id "
              "WHERE run = ? ORDER BY stream.id",
              run_key);
  std::vector<StreamRow> rows;
  while (query.Step()) {
    rows.push_back({.stream = query.Int(0),
                    .producer_id = query.Text(1),
                    .epoch = query.Unsigned(2),
                    .next_seq = query.Unsigned(3),
                    .stored = query.Unsigned(4),
                    .retired = query.Unsigned(5),
                    .first_received_unix_ns = query.Int(6),
                    .last_received_unix_ns = query.Int(7)});
  }
  for (StreamRow& row : rows) {
    // They stand with the stream only once its batches and seals are gone.
    if (row.next_seq == 0 || row.first_received_unix_ns != 0) continue;
    row.first_received_unix_ns = ReadReceiveTimes(connection, row.stream, 0, 1)[0];
    row.last_received_unix_ns = ReadReceiveTimes(connection, row.stream, row.next_seq - 1, 1)[0];
  }
  return rows;
}

}  // namespace parallax::store
