#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/store/record_codec.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

/// Changes with every update, also back to a former title.
std::string NextEtag(const std::string& former, const std::string& title) {
  return base::Sha256Hex(former + "\n" + title).substr(0, 16);
}

absl::StatusOr<RigRow> RowToRig(const Query& query) {
  RigRow row;
  PARALLAX_ASSIGN_OR_RETURN(row.rig, DecodeRig(query.View(0)));
  row.title = query.Text(1);
  row.twin = query.Text(2);
  row.etag = query.Text(3);
  row.create_time_unix_ns = query.Int(4);
  return row;
}

}  // namespace

absl::Status CreateRig(Connection& connection, const RigRow& rig, const ParameterSetRow& set) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string record, EncodeRig(rig.rig));
  const std::string etag = NextEtag(rig.rig.id, rig.title);
  const int inserted =
      Query(connection,
            "INSERT INTO rig(id, title, twin, etag, record, create_time) VALUES(?, ?, ?, ?, ?, ?) "
            "ON CONFLICT(id) DO NOTHING",
            rig.rig.id, rig.title, rig.twin, etag, record, rig.create_time_unix_ns)
          .Execute();
  if (inserted == 0) {
    return absl::AlreadyExistsError(absl::StrFormat("rig \"%s\" exists", rig.rig.id));
  }
  ParameterSetRow assumptions = set;
  assumptions.rig = rig.rig.id;
  assumptions.parent = -1;
  return InsertParameterSet(connection, assumptions).status();
}

absl::StatusOr<RigRow> UpdateRigTitle(Connection& connection, const std::string& rig,
                                      const std::string& etag, const std::string& title) {
  PARALLAX_ASSIGN_OR_RETURN(RigRow row, GetRig(connection, rig));
  if (row.etag != etag) {
    return base::FieldStatus(absl::StatusCode::kAborted,
                             {.field = "rig.etag",
                              .value = etag,
                              .bound = absl::StrFormat("\"%s\", the stored one", row.etag),
                              .next_step = "read the rig again, change it, send it back"},
                             absl::StrFormat("rig \"%s\": etag", rig));
  }
  row.title = title;
  row.etag = NextEtag(etag, title);
  Query(connection, "UPDATE rig SET title = ?, etag = ? WHERE id = ?", row.title, row.etag, rig)
      .Execute();
  return row;
}

absl::StatusOr<RigRow> GetRig(Connection& connection, const std::string& rig) {
  Query query(connection, "SELECT record, title, twin, etag, create_time FROM rig WHERE id = ?",
              rig);
  if (!query.Step()) return absl::NotFoundError(absl::StrFormat("rig \"%s\" does not exist", rig));
  return RowToRig(query);
}

absl::StatusOr<std::vector<RigRow>> ListRigs(Connection& connection, const PageRequest& page) {
  Query query(connection,
              "SELECT record, title, twin, etag, create_time FROM rig WHERE id > ? ORDER BY id "
              "LIMIT ?",
              page.after, static_cast<int64_t>(page.limit));
  std::vector<RigRow> rows;
  while (query.Step()) {
    PARALLAX_ASSIGN_OR_RETURN(RigRow row, RowToRig(query));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace parallax::store
