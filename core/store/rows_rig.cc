#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/store/recalibration.h"
#include "core/store/record_codec.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

#define PARALLAX_RIG_COLUMNS                                                             \
  "record, title, twin, etag, create_time, recalibration, webhook_url, webhook_secret, " \
  "keep_samples"

/// 0 stands for ever.
int64_t KeepNs(const RigRow& row) {
  return row.keep_samples == absl::InfiniteDuration() ? 0
                                                      : absl::ToInt64Nanoseconds(row.keep_samples);
}

/// Changes with every update, also back to what was before.
std::string NextEtag(const std::string& former, const RigRow& row) {
  return base::Sha256Hex(absl::StrFormat("%s\n%s\n%d\n%s\n%s\n%d", former, row.title,
                                         static_cast<int>(row.recalibration), row.webhook.url,
                                         row.webhook.secret, KeepNs(row)))
      .substr(0, 16);
}

absl::StatusOr<RigRow> RowToRig(const Query& query) {
  RigRow row;
  PARALLAX_ASSIGN_OR_RETURN(row.rig, DecodeRig(query.View(0)));
  row.title = query.Text(1);
  row.twin = query.Text(2);
  row.etag = query.Text(3);
  row.create_time_unix_ns = query.Int(4);
  row.recalibration = static_cast<Recalibration>(query.Int(5));
  row.webhook = {query.Text(6), query.Text(7)};
  if (query.Int(8) != 0) row.keep_samples = absl::Nanoseconds(query.Int(8));
  return row;
}

}  // namespace

absl::Status CreateRig(Connection& connection, const RigRow& rig, const ParameterSetRow& set) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string record, EncodeRig(rig.rig));
  const std::string etag = NextEtag(rig.rig.id, rig);
  const int inserted =
      Query(connection,
            "INSERT INTO rig(id, title, twin, etag, record, create_time, recalibration, "
            "webhook_url, webhook_secret, keep_samples) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT(id) DO NOTHING",
            rig.rig.id, rig.title, rig.twin, etag, record, rig.create_time_unix_ns,
            static_cast<int>(rig.recalibration), rig.webhook.url, rig.webhook.secret, KeepNs(rig))
          .Execute();
  if (inserted == 0) {
    return absl::AlreadyExistsError(absl::StrFormat("rig \"%s\" exists", rig.rig.id));
  }
  ParameterSetRow assumptions = set;
  assumptions.rig = rig.rig.id;
  assumptions.parent = -1;
  return InsertParameterSet(connection, assumptions).status();
}

absl::StatusOr<RigRow> UpdateRig(Connection& connection, const std::string& rig,
                                 const std::string& etag, const RigChange& change,
                                 int64_t now_unix_ns) {
  PARALLAX_ASSIGN_OR_RETURN(RigRow row, GetRig(connection, rig));
  if (row.etag != etag) {
    return base::FieldStatus(absl::StatusCode::kAborted,
                             {.field = "rig.etag",
                              .value = etag,
                              .bound = absl::StrFormat("\"%s\", the stored one", row.etag),
                              .next_step = "read the rig again, change it, send it back"},
                             absl::StrFormat("rig \"%s\": etag", rig));
  }
  const bool was_off = row.recalibration == Recalibration::kOff;
  row.title = change.title;
  row.recalibration = change.recalibration.value_or(row.recalibration);
  row.webhook = change.webhook.value_or(row.webhook);
  row.keep_samples = change.keep_samples.value_or(row.keep_samples);
  row.etag = NextEtag(etag, row);
  Query(connection,
        "UPDATE rig SET title = ?, etag = ?, recalibration = ?, webhook_url = ?, "
        "webhook_secret = ?, keep_samples = ? WHERE id = ?",
        row.title, row.etag, static_cast<int>(row.recalibration), row.webhook.url,
        row.webhook.secret, KeepNs(row), rig)
      .Execute();
  if (row.recalibration == Recalibration::kOff) {
    CancelWaiting(connection, rig, now_unix_ns);
  } else if (was_off) {
    PARALLAX_RETURN_IF_ERROR(RecalibrateFromNowOn(connection, rig, now_unix_ns));
  }
  return row;
}

absl::StatusOr<RigRow> GetRig(Connection& connection, const std::string& rig) {
  Query query(connection, "SELECT " PARALLAX_RIG_COLUMNS " FROM rig WHERE id = ?", rig);
  if (!query.Step()) return absl::NotFoundError(absl::StrFormat("rig \"%s\" does not exist", rig));
  return RowToRig(query);
}

absl::StatusOr<std::vector<RigRow>> ListRigs(Connection& connection, const PageRequest& page) {
  Query query(connection,
              "SELECT " PARALLAX_RIG_COLUMNS " FROM rig WHERE id > ? ORDER BY id LIMIT ?",
              page.after, static_cast<int64_t>(page.limit));
  std::vector<RigRow> rows;
  while (query.Step()) {
    PARALLAX_ASSIGN_OR_RETURN(RigRow row, RowToRig(query));
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace parallax::store
