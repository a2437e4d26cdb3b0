#include "absl/strings/str_format.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

constexpr char kCurrent[] = "CURRENT";

absl::StatusOr<ParameterSetRow> RowToSet(const std::string& rig, const Query& query) {
  ParameterSetRow row;
  row.rig = rig;
  row.revision = query.Int(0);
  row.parent = query.Int(1);
  row.state = query.Text(2);
  row.bytes = query.Text(3);
  row.sha256 = query.Text(4);
  row.create_time_unix_ns = query.Int(5);
  if (base::Sha256Hex(row.bytes) != row.sha256) {
    return absl::DataLossError(
        absl::StrFormat("store: parameter set %d of rig \"%s\": bytes do not match their SHA-256",
                        row.revision, rig));
  }
  return row;
}

int64_t NextRevision(Connection& connection, const std::string& rig) {
  Query query(connection, "SELECT coalesce(max(revision), -1) + 1 FROM parameter_set WHERE rig = ?",
              rig);
  query.Step();
  return query.Int(0);
}

absl::StatusOr<ParameterSetRow> GetCurrent(Connection& connection, const std::string& rig) {
  Query query(connection,
              "SELECT revision, parent, state, bytes, sha256, create_time FROM parameter_set "
              "WHERE rig = ? AND state = 'CURRENT'",
              rig);
  if (query.Step()) return RowToSet(rig, query);
  return absl::NotFoundError(absl::StrFormat("rig \"%s\" has no current parameter set", rig));
}

absl::Status CheckState(const std::string& state) {
  for (const char* known : {"CANDIDATE", kCurrent, "RETIRED", "REJECTED"}) {
    if (state == known) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "parameter set: state = \"%s\", must be CANDIDATE, CURRENT, RETIRED or REJECTED", state));
}

}  // namespace

absl::StatusOr<int64_t> InsertParameterSet(Connection& connection, const ParameterSetRow& set) {
  PARALLAX_RETURN_IF_ERROR(CheckState(set.state));
  PARALLAX_ASSIGN_OR_RETURN(const std::string sha256,
                            CheckedSha256("parameter set", set.bytes, set.sha256));
  if (set.state == kCurrent) {
    Query(connection,
          "UPDATE parameter_set SET state = 'RETIRED' WHERE rig = ? AND state = 'CURRENT'", set.rig)
        .Execute();
  }
  const int64_t revision = NextRevision(connection, set.rig);
  Query(connection,
        "INSERT INTO parameter_set(rig, revision, parent, state, bytes, sha256, create_time) "
        "VALUES(?, ?, ?, ?, ?, ?, ?)",
        set.rig, revision, set.parent, set.state, Blob{set.bytes}, sha256, set.create_time_unix_ns)
      .Execute();
  return revision;
}

absl::StatusOr<ParameterSetRow> GetParameterSet(Connection& connection, const std::string& rig,
                                                int64_t revision) {
  if (revision == -1) return GetCurrent(connection, rig);
  Query query(connection,
              "SELECT revision, parent, state, bytes, sha256, create_time FROM parameter_set "
              "WHERE rig = ? AND revision = ?",
              rig, revision);
  if (query.Step()) return RowToSet(rig, query);
  return absl::NotFoundError(
      absl::StrFormat("parameter set %d of rig \"%s\" does not exist", revision, rig));
}

absl::StatusOr<std::vector<ParameterSetRow>> ListParameterSets(Connection& connection,
                                                               const std::string& rig,
                                                               const PageRequest& page) {
  PARALLAX_ASSIGN_OR_RETURN(const int64_t before, PageStart('\0', page));
  Query query(connection,
              "SELECT revision, parent, state, bytes, sha256, create_time FROM parameter_set "
              "WHERE rig = ? AND revision < ? ORDER BY revision DESC LIMIT ?",
              rig, before, static_cast<int64_t>(page.limit));
  std::vector<ParameterSetRow> rows;
  while (query.Step()) {
    PARALLAX_ASSIGN_OR_RETURN(ParameterSetRow row, RowToSet(rig, query));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace parallax::store
