#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "core/base/status_macros.h"
#include "core/store/record_codec.h"
#include "core/store/rows.h"

namespace parallax::store {
namespace {

constexpr char kCandidateModel[] = "CANDIDATE";
constexpr char kCurrentModel[] = "CURRENT";
constexpr char kRefusedModel[] = "REFUSED";

#define PARALLAX_MODEL_COLUMNS                                                           \
  "revision, state, parameter_set, card, card_sha256, bytes, sha256, runs, superseded, " \
  "reason, promoter, promote_time, create_time, "                                        \
  "coalesce((SELECT model_promotions FROM rig WHERE rig.id = model.rig), 0)"

/// One for each model and each time that a model of the rig became current.
std::string ModelEtag(const ModelRow& row, int64_t promotions) {
  return base::Sha256Hex(absl::StrFormat("%s\nmodel %d\n%d", row.rig, row.revision, promotions))
      .substr(0, 16);
}

absl::Status CheckModelBytes(const ModelRow& row) {
  const bool sound =
      base::Sha256Hex(row.card) == row.card_sha256 && base::Sha256Hex(row.bytes) == row.sha256;
  if (sound) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrFormat("store: model %d of rig \"%s\": card or bytes do not match their SHA-256",
                      row.revision, row.rig));
}

absl::StatusOr<ModelRow> RowToModel(const std::string& rig, const Query& query) {
  ModelRow row;
  row.rig = rig;
  row.revision = query.Int(0);
  row.state = query.Text(1);
  row.parameter_set = query.Int(2);
  row.card = query.Text(3);
  row.card_sha256 = query.Text(4);
  row.bytes = query.Text(5);
  row.sha256 = query.Text(6);
  PARALLAX_ASSIGN_OR_RETURN(row.runs, DecodeNames(query.View(7)));
  row.superseded = query.Int(8) != 0;
  row.reason = query.Text(9);
  row.promoter = query.Text(10);
  row.promote_time_unix_ns = query.Int(11);
  row.create_time_unix_ns = query.Int(12);
  row.etag = ModelEtag(row, query.Int(13));
  PARALLAX_RETURN_IF_ERROR(CheckModelBytes(row));
  return row;
}

int64_t NextModel(Connection& connection, const std::string& rig) {
  Query query(connection, "SELECT coalesce(max(revision), 0) + 1 FROM model WHERE rig = ?", rig);
  query.Step();
  return query.Int(0);
}

absl::Status CheckModelState(const std::string& state) {
  if (state == kCandidateModel || state == kRefusedModel) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "model: state = \"%s\", must be CANDIDATE or REFUSED: people promote models", state));
}

absl::Status CheckMayBePromoted(const ModelRow& row, const std::string& etag) {
  if (row.etag != etag) {
    return base::FieldStatus(
        absl::StatusCode::kAborted,
        {.field = "etag",
         .value = etag,
         .bound = absl::StrFormat("\"%s\", the stored one", row.etag),
         .next_step = "a model of this rig became current meanwhile: read it again, then decide"},
        absl::StrFormat("model %d of rig \"%s\": etag", row.revision, row.rig));
  }
  if (row.state != kRefusedModel) return absl::OkStatus();
  return base::FieldStatus(
      absl::StatusCode::kFailedPrecondition,
      {.field = "model.state",
       .value = row.state,
       .bound = "CANDIDATE or RETIRED",
       .next_step = "its reason tells what it failed: train another one with more runs"},
      absl::StrFormat("model %d of rig \"%s\": state", row.revision, row.rig));
}

}  // namespace

absl::StatusOr<int64_t> InsertModel(Connection& connection, const ModelRow& model,
                                    int64_t data_serial) {
  PARALLAX_RETURN_IF_ERROR(CheckModelState(model.state));
  PARALLAX_ASSIGN_OR_RETURN(const std::string runs, EncodeNames(model.runs));
  PARALLAX_ASSIGN_OR_RETURN(const std::string card_sha256,
                            CheckedSha256("model card", model.card, model.card_sha256));
  PARALLAX_ASSIGN_OR_RETURN(const std::string sha256,
                            CheckedSha256("model", model.bytes, model.sha256));
  const int superseded = AnyChangedSince(connection, model.rig, model.runs, data_serial) ? 1 : 0;
  const int64_t revision = NextModel(connection, model.rig);
  Query(connection,
        "INSERT INTO model(rig, revision, state, parameter_set, card, card_sha256, bytes, sha256, "
        "runs, superseded, reason, promoter, promote_time, create_time) "
        "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', 0, ?)",
        model.rig, revision, model.state, model.parameter_set, Blob{model.card}, card_sha256,
        Blob{model.bytes}, sha256, runs, superseded, model.reason, model.create_time_unix_ns)
      .Execute();
  const int64_t key = connection.database().getLastInsertRowid();
  for (const std::string& run : model.runs) {
    Query(connection, "INSERT OR IGNORE INTO model_run(rig, run, model) VALUES(?, ?, ?)", model.rig,
          run, key)
        .Execute();
  }
  return revision;
}

absl::StatusOr<ModelRow> GetModel(Connection& connection, const std::string& rig,
                                  int64_t revision) {
  Query query(connection,
              "SELECT " PARALLAX_MODEL_COLUMNS
              " FROM model WHERE rig = ?1 AND (revision = ?2 OR (?2 = -1 AND state = 'CURRENT'))",
              rig, revision);
  if (query.Step()) return RowToModel(rig, query);
  if (revision == -1) {
    return absl::NotFoundError(absl::StrFormat("rig \"%s\" has no current model", rig));
  }
  return absl::NotFoundError(
      absl::StrFormat("model %d of rig \"%s\" does not exist", revision, rig));
}

absl::StatusOr<std::vector<ModelRow>> ListModels(Connection& connection, const std::string& rig,
                                                 const PageRequest& page) {
  PARALLAX_ASSIGN_OR_RETURN(const int64_t before, PageStart('\0', page));
  Query query(connection,
              "SELECT " PARALLAX_MODEL_COLUMNS
              " FROM model WHERE rig = ? AND revision < ? ORDER BY revision DESC LIMIT ?",
              rig, before, static_cast<int64_t>(page.limit));
  std::vector<ModelRow> rows;
  while (query.Step()) {
    PARALLAX_ASSIGN_OR_RETURN(ModelRow row, RowToModel(rig, query));
    rows.push_back(std::move(row));
  }
  return rows;
}

absl::StatusOr<ModelRow> PromoteModel(Connection& connection, const std::string& rig,
                                      int64_t revision, const std::string& etag,
                                      const Promotion& promotion, int64_t now_unix_ns) {
  PARALLAX_ASSIGN_OR_RETURN(const ModelRow row, GetModel(connection, rig, revision));
  PARALLAX_RETURN_IF_ERROR(CheckMayBePromoted(row, etag));
  if (row.state == kCurrentModel) return row;
  Query(connection, "UPDATE model SET state = 'RETIRED' WHERE rig = ? AND state = 'CURRENT'", rig)
      .Execute();
  Query(connection, "UPDATE rig SET model_promotions = model_promotions + 1 WHERE id = ?", rig)
      .Execute();
  Query(connection,
        "UPDATE model SET state = 'CURRENT', reason = ?, promoter = ?, promote_time = ? "
        "WHERE rig = ? AND revision = ?",
        promotion.reason, promotion.promoter, now_unix_ns, rig, row.revision)
      .Execute();
  return GetModel(connection, rig, row.revision);
}

}  // namespace parallax::store
