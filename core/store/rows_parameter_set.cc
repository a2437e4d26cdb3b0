#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

constexpr char kCurrent[] = "CURRENT";
constexpr char kRejected[] = "REJECTED";

#define PARALLAX_SET_COLUMNS                                                              \
  "revision, parent, state, bytes, sha256, create_time, reason, promoter, promote_time, " \
  "coalesce((SELECT promotions FROM rig WHERE rig.id = parameter_set.rig), 0)"

/// One for each set and each time that a set of the rig became current.
std::string EtagOf(const ParameterSetRow& row, int64_t promotions) {
  return base::Sha256Hex(absl::StrFormat("%s\n%d\n%d", row.rig, row.revision, promotions))
      .substr(0, 16);
}

absl::StatusOr<ParameterSetRow> RowToSet(const std::string& rig, const Query& query) {
  ParameterSetRow row;
  row.rig = rig;
  row.revision = query.Int(0);
  row.parent = query.Int(1);
  row.state = query.Text(2);
  row.bytes = query.Text(3);
  row.sha256 = query.Text(4);
  row.create_time_unix_ns = query.Int(5);
  row.reason = query.Text(6);
  row.promoter = query.Text(7);
  row.promote_time_unix_ns = query.Int(8);
  row.etag = EtagOf(row, query.Int(9));
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
              "SELECT " PARALLAX_SET_COLUMNS
              " FROM parameter_set WHERE rig = ? AND state = 'CURRENT'",
              rig);
  if (query.Step()) return RowToSet(rig, query);
  return absl::NotFoundError(absl::StrFormat("rig \"%s\" has no current parameter set", rig));
}

absl::Status CheckState(const std::string& state) {
  for (const char* known : {"CANDIDATE", kCurrent, "RETIRED", kRejected}) {
    if (state == known) return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "parameter set: state = \"%s\", must be CANDIDATE, CURRENT, RETIRED or REJECTED", state));
}

void Retire(Connection& connection, const std::string& rig) {
  Query(connection,
        "UPDATE parameter_set SET state = 'RETIRED' WHERE rig = ? AND state = 'CURRENT'", rig)
      .Execute();
  Query(connection, "UPDATE rig SET promotions = promotions + 1 WHERE id = ?", rig).Execute();
}

/// Puts a revision on top of those that were current in turn.
void Push(Connection& connection, const std::string& rig, int64_t revision) {
  Query(connection,
        "INSERT INTO promotion SELECT ?1, coalesce(max(depth), -1) + 1, ?2 FROM promotion "
        "WHERE rig = ?1",
        rig, revision)
      .Execute();
}

/// Makes a stored set current, with why and by whom.
void MakeCurrent(Connection& connection, const std::string& rig, int64_t revision,
                 const Promotion& promotion, int64_t now_unix_ns) {
  Retire(connection, rig);
  Query(connection,
        "UPDATE parameter_set SET state = 'CURRENT', reason = ?, promoter = ?, promote_time = ? "
        "WHERE rig = ? AND revision = ?",
        promotion.reason, promotion.promoter, now_unix_ns, rig, revision)
      .Execute();
}

absl::Status CheckEtag(const ParameterSetRow& row, const std::string& etag) {
  if (row.etag == etag) return absl::OkStatus();
  return base::FieldStatus(
      absl::StatusCode::kAborted,
      {.field = "etag",
       .value = etag,
       .bound = absl::StrFormat("\"%s\", the stored one", row.etag),
       .next_step = "a set of this rig became current meanwhile: read the sets again, then decide"},
      absl::StrFormat("parameter set %d of rig \"%s\": etag", row.revision, row.rig));
}

}  // namespace

absl::StatusOr<int64_t> InsertParameterSet(Connection& connection, const ParameterSetRow& set) {
  PARALLAX_RETURN_IF_ERROR(CheckState(set.state));
  PARALLAX_ASSIGN_OR_RETURN(const std::string sha256,
                            CheckedSha256("parameter set", set.bytes, set.sha256));
  const bool current = set.state == kCurrent;
  if (current) Retire(connection, set.rig);
  const int64_t revision = NextRevision(connection, set.rig);
  Query(connection,
        "INSERT INTO parameter_set(rig, revision, parent, state, bytes, sha256, create_time, "
        "reason, promoter, promote_time) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        set.rig, revision, set.parent, set.state, Blob{set.bytes}, sha256, set.create_time_unix_ns,
        set.reason, set.promoter, set.promote_time_unix_ns)
      .Execute();
  if (current) Push(connection, set.rig, revision);
  return revision;
}

absl::StatusOr<ParameterSetRow> PromoteParameterSet(Connection& connection, const std::string& rig,
                                                    int64_t revision, const std::string& etag,
                                                    const Promotion& promotion,
                                                    int64_t now_unix_ns) {
  PARALLAX_ASSIGN_OR_RETURN(const ParameterSetRow row, GetParameterSet(connection, rig, revision));
  PARALLAX_RETURN_IF_ERROR(CheckEtag(row, etag));
  if (row.state == kCurrent) return row;
  if (row.state == kRejected) {
    return base::FieldStatus(
        absl::StatusCode::kFailedPrecondition,
        {.field = "parameter_set.state",
         .value = row.state,
         .bound = "CANDIDATE or RETIRED",
         .next_step = "its reason tells what it failed: promote another revision, or analyse again "
                      "with more held-out runs"},
        absl::StrFormat("parameter set %d of rig \"%s\": state", revision, rig));
  }
  MakeCurrent(connection, rig, revision, promotion, now_unix_ns);
  Push(connection, rig, revision);
  return GetParameterSet(connection, rig, revision);
}

absl::StatusOr<ParameterSetRow> RollBackParameterSet(Connection& connection, const std::string& rig,
                                                     const std::string& etag,
                                                     const std::string& promoter,
                                                     int64_t now_unix_ns) {
  PARALLAX_ASSIGN_OR_RETURN(const ParameterSetRow current, GetCurrent(connection, rig));
  PARALLAX_RETURN_IF_ERROR(CheckEtag(current, etag));
  Query top(connection,
            "SELECT depth, revision FROM promotion WHERE rig = ? ORDER BY depth DESC LIMIT 2", rig);
  top.Step();
  const int64_t depth = top.Int(0);
  if (!top.Step()) {
    return base::FieldStatus(
        absl::StatusCode::kFailedPrecondition,
        {.field = "rig",
         .value = rig,
         .bound = "a rig of which another set was current before",
         .next_step = "promote the revision to use by its name"},
        absl::StrFormat("parameter set %d of rig \"%s\" is the first that was current: rig",
                        current.revision, rig));
  }
  const int64_t former = top.Int(1);
  Query(connection, "DELETE FROM promotion WHERE rig = ? AND depth = ?", rig, depth).Execute();
  MakeCurrent(connection, rig, former,
              {.promoter = promoter,
               .reason = absl::StrFormat("rolled back from revision %d", current.revision)},
              now_unix_ns);
  return GetParameterSet(connection, rig, former);
}

absl::StatusOr<ParameterSetRow> GetParameterSet(Connection& connection, const std::string& rig,
                                                int64_t revision) {
  if (revision == -1) return GetCurrent(connection, rig);
  Query query(connection,
              "SELECT " PARALLAX_SET_COLUMNS " FROM parameter_set WHERE rig = ? AND revision = ?",
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
              "SELECT " PARALLAX_SET_COLUMNS
              " FROM parameter_set WHERE rig = ? AND revision < ? ORDER BY revision DESC LIMIT ?",
              rig, before, static_cast<int64_t>(page.limit));
  std::vector<ParameterSetRow> rows;
  while (query.Step()) {
    PARALLAX_ASSIGN_OR_RETURN(ParameterSetRow row, RowToSet(rig, query));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace parallax::store
