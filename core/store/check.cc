#include "core/store/check.h"

#include <filesystem>
#include <functional>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/store/batch_key.h"
#include "core/store/block_reader.h"
#include "core/store/checked_vfs.h"
#include "core/store/connection.h"
#include "core/store/pyramid_pages.h"
#include "core/store/rows.h"
#include "core/store/schema.h"

namespace parallax::store {
namespace {

std::string PlaceOfKey(int64_t key) { return absl::StrFormat("key = %d", key); }
int64_t NextKey(int64_t key) { return key + 1; }

std::string PlaceOfBatch(int64_t key) {
  const int64_t stream = StreamOfKey(key);
  return absl::StrFormat("stream = %d seq = %d", stream, key - BatchKey(stream, 0));
}
int64_t FirstOfNextStream(int64_t key) { return BatchKey(StreamOfKey(key) + 1, 0); }

/// A table whose rows are read by their keys.
struct KeyedTable {
  const char* name;
  const char* last_key;  ///< query: the largest
  const char* next_key;  ///< query: the smallest that is not below its parameter
  std::string (*place)(int64_t key) = &PlaceOfKey;  ///< as users know it
  /// Where to go on once more keys in a row could not be read than a page has rows.
  int64_t (*after_page)(int64_t key) = &NextKey;
};
constexpr int kMostRowsAPage = 256;

constexpr KeyedTable kBatches = {"batch", "SELECT max(key) FROM batch",
                                 "SELECT min(key) FROM batch WHERE key >= ?", &PlaceOfBatch,
                                 &FirstOfNextStream};
constexpr KeyedTable kChunks = {"chunk", "SELECT max(id) FROM chunk",
                                "SELECT min(id) FROM chunk WHERE id >= ?"};
constexpr KeyedTable kPyramidPages = {"pyramid_page", "SELECT max(rowid) FROM pyramid_page",
                                      "SELECT min(rowid) FROM pyramid_page WHERE rowid >= ?"};
constexpr KeyedTable kReports = {"report", "SELECT max(key) FROM report",
                                 "SELECT min(key) FROM report WHERE key >= ?"};
constexpr KeyedTable kDesigns = {"design", "SELECT max(key) FROM design",
                                 "SELECT min(key) FROM design WHERE key >= ?"};
constexpr KeyedTable kModels = {"model", "SELECT max(key) FROM model",
                                "SELECT min(key) FROM model WHERE key >= ?"};

/// Goes through a store on one connection, inside a read transaction.
class Check {
 public:
  explicit Check(Connection& connection) : connection_(connection) {}

  absl::StatusOr<StoreCheck> Run() {
    PARALLAX_RETURN_IF_ERROR(CheckSchemaVersion(connection_));
    CheckPages();
    CheckRows(kBatches, &Check::CheckBatch);
    CheckRows(kChunks, &Check::CheckChunk);
    CheckRows(kPyramidPages, &Check::CheckPyramidPage);
    CheckRows(kReports, &Check::CheckReport);
    CheckRows(kDesigns, &Check::CheckDesign);
    CheckRows(kModels, &Check::CheckModel);
    Guard("parameter_set", [this] { CheckParameterSets(); });
    Guard("stream", [this] { CheckStreams(); });
    Guard("retirement", [this] { CheckRetirements(); });
    return std::move(result_);
  }

 private:
  bool full() const { return result_.damages.size() >= kMaxDamages; }

  void Note(std::string damage) {
    if (full()) return;
    if (result_.damages.size() + 1 == kMaxDamages) damage = "more is damaged than is listed";
    result_.damages.push_back(std::move(damage));
  }
  void Note(const absl::Status& status) {
    if (!status.ok()) Note(std::string(status.message()));
  }

  /// Runs `check`; what SQLite throws meanwhile is damage of `what`. A page that does not match is
  /// named once, however many rows it holds. Returns whether `check` came to its end.
  bool Guard(const std::string& what, const std::function<void()>& check) {
    try {
      check();
      return true;
    } catch (const SQLite::Exception& error) {
      const std::string text = error.what();
      NotePage(what, absl::StrFormat("%s: %s", what, text));
      return false;
    }
  }

  /// Names the page that was met last, or says `otherwise` where none was.
  void NotePage(const std::string& what, const std::string& otherwise) {
    const std::string page = TakePageDamage();
    if (page.empty()) {
      Note(otherwise);
    } else if (damaged_pages_.insert(page).second) {
      Note(absl::StrFormat("%s (%s)", page, what));
    }
  }

  void CheckPages() {
    Guard("pages", [this] {
      Query pages(connection_, "SELECT page_count FROM pragma_page_count()");
      if (pages.Step()) result_.pages = pages.Int(0);
    });
    Guard("pages", [this] {
      Query query(connection_, "SELECT integrity_check FROM pragma_integrity_check(100)");
      while (query.Step() && !full()) {
        if (query.View(0) != "ok") Note("pages: " + query.Text(0));
      }
    });
    if (const std::string page = TakePageDamage(); !page.empty()) {
      damaged_pages_.insert(page);
      Note(page);
    }
  }

  /// Checks the rows of a table, each by itself, so that a row on a damaged page does not hide
  /// those after it. Of such a page only the keys tell where it ends.
  void CheckRows(const KeyedTable& table, void (Check::*check)(int64_t key)) {
    int64_t last = -1;
    Guard(table.name, [&] {
      Query query(connection_, table.last_key);
      if (query.Step() && !query.IsNull(0)) last = query.Int(0);
    });
    int unread = 0;
    for (int64_t key = 0; key <= last && !full();) {
      const std::string row = absl::StrFormat("%s from %s on", table.name, table.place(key));
      const bool found = Guard(row, [&] {
        Query query(connection_, table.next_key, key);
        query.Step();
        key = query.Int(0);
      });
      if (found) Guard(row, [&] { (this->*check)(key); });
      unread = found ? 0 : unread + 1;
      key = unread < kMostRowsAPage ? key + 1 : table.after_page(key);
    }
  }

  void CheckBatch(int64_t key) {
    Query query(connection_, "SELECT stream, seq, checksum, data, n FROM batch WHERE key = ?", key);
    if (!query.Step()) return;
    ++result_.batches;
    const absl::StatusOr<signal::SampleBatch> batch =
        OpenBatch(query.Int(0), query.Unsigned(1), query.Unsigned(2), query.View(3));
    if (!batch.ok()) return Note(batch.status());
    uint64_t samples = 0;
    for (const signal::ChannelColumn& column : batch->columns) samples += column.value.size();
    if (samples == query.Unsigned(4)) return;
    Note(absl::StrFormat("batch stream = %d seq = %d: n = %d, it holds %d samples", query.Int(0),
                         query.Int(1), query.Int(4), samples));
  }

  void CheckChunk(int64_t key) {
    Query query(connection_,
                "SELECT stream, channel, first_seq, checksum, data, n FROM chunk WHERE id = ?",
                key);
    if (!query.Step()) return;
    ++result_.chunks;
    const std::string row = absl::StrFormat("chunk stream = %d channel = %d first_seq = %d",
                                            query.Int(0), query.Int(1), query.Int(2));
    const absl::StatusOr<SampleColumn> column = OpenChunk(row, query.Unsigned(3), query.View(4));
    if (!column.ok()) return Note(column.status());
    if (column->value.size() == query.Unsigned(5)) return;
    Note(absl::StrFormat("%s: n = %d, it holds %d samples", row, query.Int(5),
                         column->value.size()));
  }

  void CheckPyramidPage(int64_t key) {
    Query query(connection_,
                "SELECT stream, channel, level, page, checksum, data FROM pyramid_page "
                "WHERE rowid = ?",
                key);
    if (!query.Step()) return;
    ++result_.pyramid_pages;
    Note(CheckChecksum(absl::StrFormat("pyramid_page stream = %d channel = %d level = %d page = %d",
                                       query.Int(0), query.Int(1), query.Int(2), query.Int(3)),
                       query.Unsigned(4), query.View(5)));
  }

  void CheckReport(int64_t key) {
    Query query(connection_, "SELECT rig, number FROM report WHERE key = ?", key);
    if (!query.Step()) return;
    ++result_.reports;
    Note(GetReport(connection_, query.Text(0), MakeId('r', query.Int(1))).status());
  }

  void CheckDesign(int64_t key) {
    Query query(connection_, "SELECT rig, number FROM design WHERE key = ?", key);
    if (!query.Step()) return;
    ++result_.designs;
    Note(GetDesign(connection_, query.Text(0), MakeId('d', query.Int(1))).status());
  }

  void CheckModel(int64_t key) {
    Query query(connection_, "SELECT rig, revision FROM model WHERE key = ?", key);
    if (!query.Step()) return;
    ++result_.models;
    Note(GetModel(connection_, query.Text(0), query.Int(1)).status());
  }

  void CheckParameterSets() {
    Query query(connection_, "SELECT rig, revision FROM parameter_set");
    while (query.Step() && !full()) {
      ++result_.parameter_sets;
      Note(GetParameterSet(connection_, query.Text(0), query.Int(1)).status());
    }
  }

  void CheckStreams() {
    Query query(connection_,
                "SELECT stream.id, next_seq, stored, retirement.run IS NOT NULL FROM stream "
                "LEFT JOIN ledger ON ledger.stream = stream.id "
                "LEFT JOIN retirement ON retirement.run = stream.run ORDER BY stream.id");
    while (query.Step() && !full()) {
      ++result_.streams;
      const int64_t stream = query.Int(0);
      Guard(absl::StrFormat("stream %d", stream), [&] {
        if (query.Int(3) == 0) CheckSequence(stream, query.Int(1));
        CheckLedger(stream, query.Int(2));
      });
    }
  }

  /// Every batch below `next_seq` is there once, as itself or in a seal.
  void CheckSequence(int64_t stream, int64_t next_seq) {
    int64_t expected = 0;
    Query query(connection_,
                "SELECT first_seq, length(checksums) / 8 FROM seal WHERE stream = ? UNION ALL "
                "SELECT seq, 1 FROM batch WHERE key >= ? AND key < ? ORDER BY 1",
                stream, BatchKey(stream, 0), BatchKey(stream + 1, 0));
    while (query.Step() && query.Int(0) == expected) expected += query.Int(1);
    if (expected == next_seq) return;
    Note(absl::StrFormat("stream %d: next_seq = %d, its batches are stored once up to seq %d",
                         stream, next_seq, expected - 1));
  }

  void CheckLedger(int64_t stream, int64_t ledger) {
    Query query(connection_,
                "SELECT coalesce((SELECT sum(n) FROM batch WHERE key >= ? AND key < ?), 0) + "
                "coalesce((SELECT sum(n) FROM chunk WHERE stream = ?), 0)",
                BatchKey(stream, 0), BatchKey(stream + 1, 0), stream);
    query.Step();
    if (query.Int(0) == ledger) return;
    Note(absl::StrFormat("stream %d: its ledger counts %d samples, %d are stored", stream, ledger,
                         query.Int(0)));
  }

  void CheckRetirements() {
    Query query(connection_, "SELECT run, samples, removed FROM retirement ORDER BY run");
    while (query.Step() && !full()) {
      ++result_.retired_runs;
      const int64_t run = query.Int(0);
      Guard(absl::StrFormat("retired run %d", run), [&] {
        CheckCounts(run, query.Int(1));
        CheckPyramidOfRetired(run, query.Int(1));
        if (query.Int(2) != 0) CheckRemoved(run);
      });
    }
  }

  void CheckCounts(int64_t run, int64_t samples) {
    Query query(connection_,
                "SELECT coalesce(sum(stored + retired), 0) FROM ledger JOIN stream ON "
                "stream.id = ledger.stream WHERE run = ?",
                run);
    query.Step();
    if (query.Int(0) == samples) return;
    Note(absl::StrFormat("retired run %d: it had %d samples, its ledgers count %d", run, samples,
                         query.Int(0)));
  }

  void CheckPyramidOfRetired(int64_t run, int64_t samples) {
    Query query(connection_,
                "SELECT stream.id, channel, level FROM stream JOIN retired_channel AS c "
                "ON c.run = stream.run WHERE stream.run = ?",
                run);
    int64_t counted = 0;
    while (query.Step()) {
      Note(VisitCells(connection_, query.Int(0), static_cast<uint32_t>(query.Int(1)),
                      static_cast<int>(query.Int(2)), INT64_MIN, INT64_MAX,
                      [&counted](int64_t, const Cell& cell) {
                        counted += static_cast<int64_t>(cell.samples);
                      }));
    }
    if (counted == samples) return;
    Note(absl::StrFormat("retired run %d: it had %d samples, its pyramid counts %d", run, samples,
                         counted));
  }

  void CheckRemoved(int64_t run) {
    for (const int64_t stream : ListStreams(connection_, run)) {
      Query query(connection_,
                  "SELECT (SELECT count(*) FROM batch WHERE key >= ? AND key < ?) + "
                  "(SELECT count(*) FROM chunk WHERE stream = ?) + "
                  "(SELECT count(*) FROM seal WHERE stream = ?)",
                  BatchKey(stream, 0), BatchKey(stream + 1, 0), stream, stream);
      query.Step();
      if (query.Int(0) == 0) continue;
      Note(absl::StrFormat("retired run %d: %d rows of its stream %d are left", run, query.Int(0),
                           stream));
    }
  }

  Connection& connection_;
  StoreCheck result_;
  std::set<std::string> damaged_pages_;
};

}  // namespace

absl::StatusOr<StoreCheck> CheckStore(const std::string& directory, const std::string& vfs) {
  const std::string path = directory + "/parallax.db";
  if (vfs.empty() && !std::filesystem::exists(path)) {
    return absl::NotFoundError(absl::StrFormat("no store in \"%s\": no parallax.db", directory));
  }
  return Guarded([&]() -> absl::StatusOr<StoreCheck> {
    Connection connection(path, Connection::Mode::kReadOnly, vfs);
    const ReadTransaction transaction(connection);
    return Check(connection).Run();
  });
}

}  // namespace parallax::store
