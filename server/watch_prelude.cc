#include "server/watch_prelude.h"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "server/convert.h"
#include "server/convert_live.h"
#include "server/names.h"
#include "server/run_ledger_view.h"
#include "server/status.h"

namespace parallax::server {
namespace {

constexpr size_t kMaxBackfillRows = 8192;  // of one message

}  // namespace

absl::StatusOr<std::unique_ptr<WatchPrelude>> WatchPrelude::Create(
    const WatchContext& context, const v1::WatchRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(WatchFilter filter, WatchFilter::Parse(request));
  std::unique_ptr<WatchPrelude> prelude(new WatchPrelude(context, std::move(filter)));
  if (request.has_backfill_start_time()) {
    if (!request.cursor().empty()) {
      return InvalidField("backfill_start_time", "given", "absent where a cursor is given");
    }
    PARALLAX_ASSIGN_OR_RETURN(
        prelude->backfill_unix_ns_,
        UnixNsFromProto("backfill_start_time", request.backfill_start_time()));
    if (prelude->filter_.detail() != v1::WATCH_DETAIL_POINTS) prelude->backfill_unix_ns_.reset();
  }
  store::Store& store = context.services.store;
  for (const WatchFilter::Target& target : prelude->filter_.targets()) {
    if (!target.rig.empty()) PARALLAX_RETURN_IF_ERROR(store.GetRig(target.rig).status());
    if (target.kind == WatchFilter::Kind::kRun) {
      PARALLAX_RETURN_IF_ERROR(store.GetRun(target.rig, target.id).status());
    }
    if (target.kind == WatchFilter::Kind::kJob) {
      PARALLAX_RETURN_IF_ERROR(store.GetJob(target.id).status());
    }
  }
  return prelude;
}

absl::Status WatchPrelude::ReadSnapshot() {
  for (const WatchFilter::Target& target : filter_.targets()) {
    PARALLAX_RETURN_IF_ERROR(AddTarget(target));
  }
  return absl::OkStatus();
}

void WatchPrelude::Follow(const std::function<void()>& ready) {
  if (follow_.empty()) return ready();
  const auto left = std::make_shared<std::atomic<size_t>>(follow_.size());
  for (const RunName& name : follow_) {
    context_.live.OnRunChanged(name.rig, name.run, LiveAnalysis::RunState::kOpen, [left, ready] {
      if (--*left == 0) ready();
    });
  }
}

absl::Status WatchPrelude::AddTarget(const WatchFilter::Target& target) {
  store::Store& store = context_.services.store;
  switch (target.kind) {
    case WatchFilter::Kind::kAllRigs:
      return AddAllRigs();
    case WatchFilter::Kind::kRig: {
      PARALLAX_ASSIGN_OR_RETURN(const store::RigRow row, store.GetRig(target.rig));
      return AddRig(row);
    }
    case WatchFilter::Kind::kRun: {
      PARALLAX_ASSIGN_OR_RETURN(const store::RunRow row, store.GetRun(target.rig, target.id));
      return AddRun(row);
    }
    case WatchFilter::Kind::kParameterSets:
      return AddSets(target.rig);
    case WatchFilter::Kind::kAllJobs:
      return AddJobs("");
    case WatchFilter::Kind::kJob:
      return AddJob(target.id);
  }
  return absl::OkStatus();
}

absl::Status WatchPrelude::AddAllRigs() {
  store::PageRequest page;
  for (;;) {
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::RigRow> rows,
                              context_.services.store.ListRigs(page));
    for (const store::RigRow& row : rows) PARALLAX_RETURN_IF_ERROR(AddRig(row));
    if (rows.size() < page.limit) return absl::OkStatus();
    page.after = rows.back().rig.id;
  }
}

/// The rig, its open runs and the newest one, its sets and what works on it.
absl::Status WatchPrelude::AddRig(const store::RigRow& row) {
  const std::string& rig = row.rig.id;
  *snapshot_.emplace_back().mutable_rig() = RigToProto(row);
  store::PageRequest page;
  for (;;) {
    PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::RunRow> rows,
                              context_.services.store.ListRuns(rig, page));
    const bool last = rows.size() < page.limit;
    for (const store::RunRow& run : rows) {
      if (!run.closed || (last && &run == &rows.back())) PARALLAX_RETURN_IF_ERROR(AddRun(run));
    }
    if (last) break;
    page.after = rows.back().run.id;
  }
  PARALLAX_RETURN_IF_ERROR(AddSets(rig));
  return AddJobs(rig);
}

absl::Status WatchPrelude::AddRun(const store::RunRow& row) {
  *snapshot_.emplace_back().mutable_run() = RunWithLedger(row, context_.services.registry);
  if (filter_.detail() == v1::WATCH_DETAIL_STATE) return absl::OkStatus();
  if (!row.closed) {
    follow_.push_back({.rig = row.rig, .run = row.run.id});
    if (std::optional<v1::Detection> told = context_.live.PoorlyUnderstood(row.rig, row.run.id)) {
      *snapshot_.emplace_back().mutable_detection() = *std::move(told);
    }
  }
  const auto& targets = filter_.targets();
  const bool named = std::any_of(targets.begin(), targets.end(), [&](const auto& target) {
    return target.kind == WatchFilter::Kind::kRun && target.rig == row.rig &&
           target.id == row.run.id;
  });
  if (row.retirement.has_value()) return absl::OkStatus();
  if (backfill_unix_ns_.has_value() && (named || !row.closed)) backfill_.push_back(row);
  return absl::OkStatus();
}

/// The current set, and the newest where that is another.
absl::Status WatchPrelude::AddSets(const std::string& rig) {
  store::Store& store = context_.services.store;
  PARALLAX_ASSIGN_OR_RETURN(const store::ParameterSetRow current, store.GetParameterSet(rig, -1));
  PARALLAX_ASSIGN_OR_RETURN(*snapshot_.emplace_back().mutable_parameter_set(),
                            ParameterSetToProto(current, Body::kWithoutJson));
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::ParameterSetRow> newest,
                            store.ListParameterSets(rig, {.limit = 1}));
  if (newest.empty() || newest.front().revision == current.revision) return absl::OkStatus();
  PARALLAX_ASSIGN_OR_RETURN(*snapshot_.emplace_back().mutable_parameter_set(),
                            ParameterSetToProto(newest.front(), Body::kWithoutJson));
  return absl::OkStatus();
}

/// Those of a rig, or of all where it is empty, that have not ended.
absl::Status WatchPrelude::AddJobs(const std::string& rig) {
  PARALLAX_ASSIGN_OR_RETURN(const std::vector<store::JobRow> rows,
                            context_.services.store.ListOpenJobs());
  for (const store::JobRow& row : rows) {
    if (rig.empty() || row.rig == rig) AddJobRow(row);
  }
  return absl::OkStatus();
}

absl::Status WatchPrelude::AddJob(const std::string& id) {
  PARALLAX_ASSIGN_OR_RETURN(const store::JobRow row, context_.services.store.GetJob(id));
  AddJobRow(row);
  return absl::OkStatus();
}

void WatchPrelude::AddJobRow(const store::JobRow& row) {
  *snapshot_.emplace_back().mutable_job() = JobToProto(row);
}

/// Begins with the next run whose samples are wanted; false where there is none.
absl::StatusOr<bool> WatchPrelude::OpenReplay() {
  if (backfill_.empty()) return false;
  const store::RunRow row = std::move(backfill_.front());
  backfill_.pop_front();
  PARALLAX_ASSIGN_OR_RETURN(const store::RigRow rig, context_.services.store.GetRig(row.rig));
  const absl::StatusOr<const twin::Twin*> twin = context_.services.twins.Find(rig.twin);
  replay_ = std::make_unique<LiveReplay>(context_.services.store, rig.rig, row.run,
                                         twin.ok() ? &(*twin)->description() : nullptr,
                                         context_.live.ForecastOf(row.rig, row.run.id));
  run_name_ = RunNameOf(row.rig, row.run.id);
  next_channel_ = 0;
  series_ = {};
  next_row_ = 0;
  return true;
}

/// The next rows of the channel that is being sent; false where it has no more.
bool WatchPrelude::NextRows(v1::WatchResponse* message) {
  if (next_row_ == series_.rows.size()) return false;
  const size_t end = std::min(series_.rows.size(), next_row_ + kMaxBackfillRows);
  pipeline::LiveSeries part{.channel_index = series_.channel_index,
                            .predicted = series_.predicted,
                            .watermark_unix_ns = series_.watermark_unix_ns};
  const auto at = [&](size_t row) {
    return series_.rows.begin() + static_cast<std::ptrdiff_t>(row);
  };
  part.rows.assign(at(next_row_), at(end));
  next_row_ = end;
  message->mutable_points()->set_run(run_name_);
  PointsToProto(replay_->channels()[series_.channel_index], part,
                message->mutable_points()->add_channels());
  return true;
}

absl::StatusOr<bool> WatchPrelude::Next(v1::WatchResponse* message) {
  message->Clear();
  if (!snapshot_.empty()) {
    *message = std::move(snapshot_.front());
    snapshot_.pop_front();
    return true;
  }
  for (;;) {
    if (NextRows(message)) return true;
    if (replay_ == nullptr || next_channel_ == replay_->channels().size()) {
      PARALLAX_ASSIGN_OR_RETURN(const bool opened, OpenReplay());
      if (!opened) return false;
      continue;
    }
    PARALLAX_ASSIGN_OR_RETURN(series_, replay_->Read(next_channel_++));
    const auto first = std::lower_bound(
        series_.rows.begin(), series_.rows.end(), *backfill_unix_ns_,
        [](const pipeline::LiveRow& row, int64_t time) { return row.time_unix_ns < time; });
    next_row_ = static_cast<size_t>(first - series_.rows.begin());
  }
}

}  // namespace parallax::server
