#include "absl/strings/str_format.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

#define PARALLAX_DESIGN_COLUMNS                                                \
  "number, report, kind, headline, bytes, sha256, create_time, "               \
  "coalesce((SELECT superseded FROM report WHERE report.rig = design.rig AND " \
  "report.number = design.report), 1)"

absl::StatusOr<DesignRow> RowToDesign(const std::string& rig, const Query& query) {
  DesignRow row;
  row.rig = rig;
  row.id = MakeId('d', query.Int(0));
  row.report = MakeId('r', query.Int(1));
  row.kind = query.Text(2);
  row.headline = query.Text(3);
  row.bytes = query.Text(4);
  row.sha256 = query.Text(5);
  row.create_time_unix_ns = query.Int(6);
  row.superseded = query.Int(7) != 0;
  if (base::Sha256Hex(row.bytes) != row.sha256) {
    return absl::DataLossError(absl::StrFormat(
        "store: design %s of rig \"%s\": bytes do not match their SHA-256", row.id, rig));
  }
  return row;
}

int64_t NextDesign(Connection& connection, const std::string& rig) {
  Query query(connection, "SELECT coalesce(max(number), 0) + 1 FROM design WHERE rig = ?", rig);
  query.Step();
  return query.Int(0);
}

}  // namespace

absl::StatusOr<std::string> InsertDesign(Connection& connection, const DesignRow& design) {
  PARALLAX_RETURN_IF_ERROR(GetReport(connection, design.rig, design.report).status());
  PARALLAX_ASSIGN_OR_RETURN(const std::string sha256,
                            CheckedSha256("design", design.bytes, design.sha256));
  const int64_t number = NextDesign(connection, design.rig);
  Query(connection,
        "INSERT INTO design(rig, number, report, kind, headline, bytes, sha256, create_time) "
        "VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        design.rig, number, ParseId('r', design.report).value_or(-1), design.kind, design.headline,
        Blob{design.bytes}, sha256, design.create_time_unix_ns)
      .Execute();
  return MakeId('d', number);
}

absl::StatusOr<DesignRow> GetDesign(Connection& connection, const std::string& rig,
                                    const std::string& id) {
  Query query(connection,
              "SELECT " PARALLAX_DESIGN_COLUMNS " FROM design WHERE rig = ? AND number = ?", rig,
              ParseId('d', id).value_or(-1));
  if (query.Step()) return RowToDesign(rig, query);
  return absl::NotFoundError(
      absl::StrFormat("design \"%s\" of rig \"%s\" does not exist", id, rig));
}

absl::StatusOr<std::vector<DesignRow>> ListDesigns(Connection& connection, const std::string& rig,
                                                   const PageRequest& page) {
  PARALLAX_ASSIGN_OR_RETURN(const int64_t before, PageStart('d', page));
  Query query(connection,
              "SELECT " PARALLAX_DESIGN_COLUMNS
              " FROM design WHERE rig = ? AND number < ? ORDER BY number DESC LIMIT ?",
              rig, before, static_cast<int64_t>(page.limit));
  std::vector<DesignRow> rows;
  while (query.Step()) {
    PARALLAX_ASSIGN_OR_RETURN(DesignRow row, RowToDesign(rig, query));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace parallax::store
