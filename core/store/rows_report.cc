#include "absl/strings/str_format.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/store/record_codec.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

#define PARALLAX_REPORT_COLUMNS \
  "number, verdict, bytes, sha256, parameter_set, runs, superseded, create_time"

absl::StatusOr<ReportRow> RowToReport(Connection& connection, const std::string& rig,
                                      const Query& query) {
  ReportRow row;
  row.rig = rig;
  row.id = MakeId('r', query.Int(0));
  row.verdict = query.Text(1);
  row.bytes = query.Text(2);
  row.sha256 = query.Text(3);
  row.parameter_set = query.Int(4);
  PARALLAX_ASSIGN_OR_RETURN(row.runs, DecodeNames(query.View(5)));
  row.superseded = query.Int(6) != 0;
  row.create_time_unix_ns = query.Int(7);
  row.retired_runs = RetiredOf(connection, rig, row.runs);
  if (base::Sha256Hex(row.bytes) != row.sha256) {
    return absl::DataLossError(absl::StrFormat(
        "store: report %s of rig \"%s\": bytes do not match their SHA-256", row.id, rig));
  }
  return row;
}

int64_t NextNumber(Connection& connection, const std::string& rig) {
  Query query(connection, "SELECT coalesce(max(number), 0) + 1 FROM report WHERE rig = ?", rig);
  query.Step();
  return query.Int(0);
}

}  // namespace

bool AnyChangedSince(Connection& connection, const std::string& rig,
                     const std::vector<std::string>& runs, int64_t serial) {
  for (const std::string& run : runs) {
    Query query(connection, "SELECT 1 FROM run WHERE rig = ? AND id = ? AND change_serial > ?", rig,
                run, serial);
    if (query.Step()) return true;
  }
  return false;
}

absl::StatusOr<std::string> InsertReport(Connection& connection, const ReportRow& report,
                                         int64_t data_serial) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string runs, EncodeNames(report.runs));
  PARALLAX_ASSIGN_OR_RETURN(const std::string sha256,
                            CheckedSha256("report", report.bytes, report.sha256));
  const int superseded = AnyChangedSince(connection, report.rig, report.runs, data_serial) ? 1 : 0;
  const int64_t number = NextNumber(connection, report.rig);
  Query(connection,
        "INSERT INTO report(rig, number, verdict, bytes, sha256, parameter_set, runs, superseded, "
        "create_time) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
        report.rig, number, report.verdict, Blob{report.bytes}, sha256, report.parameter_set, runs,
        superseded, report.create_time_unix_ns)
      .Execute();
  const int64_t key = connection.database().getLastInsertRowid();
  for (const std::string& run : report.runs) {
    Query(connection, "INSERT OR IGNORE INTO report_run(rig, run, report) VALUES(?, ?, ?)",
          report.rig, run, key)
        .Execute();
  }
  return MakeId('r', number);
}

absl::StatusOr<ReportRow> GetReport(Connection& connection, const std::string& rig,
                                    const std::string& id) {
  Query query(connection,
              "SELECT " PARALLAX_REPORT_COLUMNS " FROM report WHERE rig = ? AND number = ?", rig,
              ParseId('r', id).value_or(-1));
  if (!query.Step()) {
    return absl::NotFoundError(
        absl::StrFormat("report \"%s\" of rig \"%s\" does not exist", id, rig));
  }
  return RowToReport(connection, rig, query);
}

absl::StatusOr<std::vector<ReportRow>> ListReports(Connection& connection, const std::string& rig,
                                                   const PageRequest& page) {
  PARALLAX_ASSIGN_OR_RETURN(const int64_t before, PageStart('r', page));
  Query query(connection,
              "SELECT " PARALLAX_REPORT_COLUMNS
              " FROM report WHERE rig = ? AND number < ? ORDER BY number DESC LIMIT ?",
              rig, before, static_cast<int64_t>(page.limit));
  std::vector<ReportRow> rows;
  while (query.Step()) {
    PARALLAX_ASSIGN_OR_RETURN(ReportRow row, RowToReport(connection, rig, query));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace parallax::store
