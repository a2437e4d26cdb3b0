#include "server/query_handler.h"

#include <utility>

#include "core/base/status_macros.h"
#include "core/store/retirement.h"
#include "core/store/series_digest.h"
#include "server/convert.h"
#include "server/names.h"
#include "server/pages.h"
#include "server/run_ledger_view.h"
#include "server/series_reader.h"

namespace parallax::server {
namespace {

absl::Status AddRun(store::Store& store, const signal::Rig& rig, const store::RunRow& row,
                    store::SeriesDigest* digest) {
  for (const signal::ChannelRef& channel : signal::ListChannels(rig)) {
    PARALLAX_ASSIGN_OR_RETURN(const signal::Series series,
                              store.ReadSeries(rig.id, row.run.id, channel.index, {}));
    digest->Add(row.run.id, series);
  }
  return absl::OkStatus();
}

absl::Status AddAllRuns(store::Store& store, const signal::Rig& rig, store::SeriesDigest* digest) {
  store::PageRequest page;
  for (;;) {
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::RunRow> rows, store.ListRuns(rig.id, page));
    for (const store::RunRow& row : rows) {
      if (row.retirement.has_value()) {
        return store::SamplesRetired("name", {rig.id, row.run.id}, *row.retirement,
                                     "ask for the digest of each run");
      }
      PARALLAX_RETURN_IF_ERROR(AddRun(store, rig, row, digest));
    }
    if (rows.size() < page.limit) return absl::OkStatus();
    page.after = rows.back().run.id;
  }
}

}  // namespace

absl::StatusOr<v1::GetRigResponse> QueryHandler::GetRig(const v1::GetRigRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, ParseRigName("name", request.name()));
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow row, context_.store.GetRig(rig));
  v1::GetRigResponse response;
  *response.mutable_rig() = RigToProto(row);
  return response;
}

absl::StatusOr<v1::ListRigsResponse> QueryHandler::ListRigs(const v1::ListRigsRequest& request) {
  constexpr std::string_view kScope = "rigs";
  PARALLAX_ASSIGN_OR_RETURN(const store::PageRequest page,
                            ParsePage(kScope, request.page_size(), request.page_token()));
  PARALLAX_ASSIGN_OR_RETURN(std::vector<store::RigRow> rows, context_.store.ListRigs(page));
  v1::ListRigsResponse response;
  response.set_next_page_token(
      CutPage(kScope, page, &rows, [](const store::RigRow& row) { return row.rig.id; }));
  for (const store::RigRow& row : rows) *response.add_rigs() = RigToProto(row);
  return response;
}

absl::StatusOr<v1::GetRunResponse> QueryHandler::GetRun(const v1::GetRunRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const RunName name, ParseRunName("name", request.name()));
  PARALLAX_ASSIGN_OR_RETURN(const store::RunRow row, context_.store.GetRun(name.rig, name.run));
  v1::GetRunResponse response;
  *response.mutable_run() = RunWithLedger(row, context_.registry);
  if (row.outcome.has_value()) *response.mutable_outcome() = OutcomeToProto(*row.outcome);
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::StreamRow> streams,
                            context_.store.ListRunStreams(name.rig, name.run));
  for (const store::StreamRow& stream : streams) *response.add_streams() = StreamToProto(stream);
  return response;
}

absl::StatusOr<v1::ListRunsResponse> QueryHandler::ListRuns(const v1::ListRunsRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string rig, ParseRigName("rig", request.rig()));
  const std::string scope = request.rig() + "/runs";
  PARALLAX_ASSIGN_OR_RETURN(const store::PageRequest page,
                            ParsePage(scope, request.page_size(), request.page_token()));
  PARALLAX_RETURN_IF_ERROR(context_.store.GetRig(rig).status());
  PARALLAX_ASSIGN_OR_RETURN(std::vector<store::RunRow> rows, context_.store.ListRuns(rig, page));
  v1::ListRunsResponse response;
  response.set_next_page_token(
      CutPage(scope, page, &rows, [](const store::RunRow& row) { return row.run.id; }));
  for (const store::RunRow& row : rows) {
    *response.add_runs() = RunWithLedger(row, context_.registry);
  }
  return response;
}

absl::StatusOr<NextPart<v1::GetSeriesResponse>> QueryHandler::GetSeries(
    const v1::GetSeriesRequest& request) {
  return ReadSeriesParts(context_.store, request);
}

absl::StatusOr<v1::GetSeriesDigestResponse> QueryHandler::GetSeriesDigest(
    const v1::GetSeriesDigestRequest& request) {
  v1::GetSeriesDigestResponse response;
  store::SeriesDigest digest;
  if (const absl::StatusOr<RunName> run = ParseRunName("name", request.name()); run.ok()) {
    PARALLAX_ASSIGN_OR_RETURN(const store::RigRow rig, context_.store.GetRig(run->rig));
    PARALLAX_ASSIGN_OR_RETURN(const store::RunRow row, context_.store.GetRun(run->rig, run->run));
    if (row.retirement.has_value()) {
      response.set_samples(row.retirement->samples);
      response.set_sha256(row.retirement->sha256);
      return response;
    }
    PARALLAX_RETURN_IF_ERROR(AddRun(context_.store, rig.rig, row, &digest));
  } else {
    PARALLAX_ASSIGN_OR_RETURN(const std::string id, ParseRigName("name", request.name()));
    PARALLAX_ASSIGN_OR_RETURN(const store::RigRow rig, context_.store.GetRig(id));
    PARALLAX_RETURN_IF_ERROR(AddAllRuns(context_.store, rig.rig, &digest));
  }
  response.set_samples(digest.samples());
  response.set_sha256(digest.FinishHex());
  return response;
}

}  // namespace parallax::server
