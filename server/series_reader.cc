#include "server/series_reader.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status_macros.h"
#include "core/base/units.h"
#include "core/pipeline/run_loader.h"
#include "core/signal/clean.h"
#include "core/signal/filter.h"
#include "core/signal/time_order.h"
#include "server/convert.h"
#include "server/live_replay.h"
#include "server/names.h"

namespace parallax::server {
namespace {

constexpr size_t kMaxPartSamples = 65'536;
constexpr int kMaxBuckets = 10'000;
using Parts = absl::StatusOr<NextPart<v1::GetSeriesResponse>>;

/// What a request names, once it is known to exist.
struct Target {
  store::RigRow rig;
  signal::Run planned;  ///< the run as it was opened
  std::string run;
  signal::ChannelRef channel;  ///< borrows from `rig`
  store::TimeRange range;
};

/// Cuts `count` rows into parts; `fill` adds row i to a part.
template <typename Fill>
NextPart<v1::GetSeriesResponse> CutParts(size_t count, std::string unit, Fill fill) {
  return [count, unit = std::move(unit), fill = std::move(fill),
          next = size_t{0}](v1::GetSeriesResponse* part) mutable {
    // An empty series is one empty part, so that the reader learns the unit.
    if (next >= std::max<size_t>(count, 1)) return false;
    const size_t end = std::min(count, next + kMaxPartSamples);
    part->set_unit(unit);
    for (size_t i = next; i < end; ++i) fill(i, part);
    next = std::max<size_t>(end, 1);
    return true;
  };
}

void AddSample(int64_t time_unix_ns, double value, signal::Quality quality,
               v1::GetSeriesResponse* part) {
  part->add_time_unix_ns(time_unix_ns);
  part->add_value(value);
  part->mutable_quality()->push_back(static_cast<char>(signal::PackQuality(quality)));
}

absl::StatusOr<store::TimeRange> RangeFromProto(const v1::GetSeriesRequest& request) {
  store::TimeRange range;
  if (request.has_start_time()) {
    PARALLAX_ASSIGN_OR_RETURN(range.begin_unix_ns,
                              UnixNsFromProto("start_time", request.start_time()));
  }
  if (request.has_end_time()) {
    PARALLAX_ASSIGN_OR_RETURN(range.end_unix_ns, UnixNsFromProto("end_time", request.end_time()));
  }
  if (range.begin_unix_ns >= range.end_unix_ns) {
    return InvalidField("end_time", absl::StrFormat("%d ns", range.end_unix_ns),
                        absl::StrFormat("after start_time = %d ns", range.begin_unix_ns));
  }
  return range;
}

absl::StatusOr<std::shared_ptr<Target>> FindTarget(store::Store& store,
                                                   const v1::GetSeriesRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const RunName name, ParseRunName("run", request.run()));
  auto target = std::make_shared<Target>();
  PARALLAX_ASSIGN_OR_RETURN(target->range, RangeFromProto(request));
  PARALLAX_ASSIGN_OR_RETURN(target->rig, store.GetRig(name.rig));
  PARALLAX_ASSIGN_OR_RETURN(store::RunRow row, store.GetRun(name.rig, name.run));
  target->planned = std::move(row.run);
  target->run = name.run;
  absl::StatusOr<signal::ChannelRef> channel =
      signal::FindChannel(target->rig.rig, request.channel());
  if (!channel.ok()) return AtField(channel.status(), "channel");
  target->channel = *channel;
  return target;
}

Parts ReadRaw(store::Store& store, const Target& target) {
  PARALLAX_ASSIGN_OR_RETURN(
      signal::Series series,
      store.ReadSeries(target.rig.rig.id, target.run, target.channel.index, target.range));
  auto shared = std::make_shared<const signal::Series>(std::move(series));
  return CutParts(
      shared->value.size(), target.channel.channel->unit,
      [shared, order = signal::TimeOrder(*shared)](size_t i, v1::GetSeriesResponse* part) {
        const size_t at = order[i];
        AddSample(shared->time_unix_ns[at], shared->value[at], shared->quality[at], part);
      });
}

/// A cleaned channel with its smoothed level, in SI, as far as it lies in a range.
struct Filtered {
  std::vector<int64_t> time_unix_ns;
  std::vector<double> value;  ///< smoothed, in the channel's unit
  std::vector<double> sd;     ///< of the smoothed level, in the channel's unit
  std::vector<signal::Quality> quality;
};

absl::StatusOr<Filtered> FilterChannel(const Target& target, const signal::CleanSeries& clean,
                                       int64_t started_at_unix_ns) {
  PARALLAX_ASSIGN_OR_RETURN(const base::Unit unit, base::FindUnit(target.channel.channel->unit));
  PARALLAX_ASSIGN_OR_RETURN(const signal::FilteredSeries smooth, signal::FilterSeries(clean));
  Filtered filtered;
  for (size_t i = 0; i < smooth.value_si.size(); ++i) {
    const int64_t time_unix_ns = started_at_unix_ns + std::llround(smooth.time_s[i] * 1e9);
    if (time_unix_ns < target.range.begin_unix_ns) continue;
    if (time_unix_ns >= target.range.end_unix_ns) continue;
    filtered.time_unix_ns.push_back(time_unix_ns);
    filtered.value.push_back(base::FromSi(unit, smooth.value_si[i]));
    filtered.sd.push_back(base::DifferenceFromSi(unit, smooth.sd_si[i]));
    filtered.quality.push_back(clean.quality[i]);
  }
  return filtered;
}

Parts ReadFiltered(store::Store& store, const Target& target) {
  PARALLAX_ASSIGN_OR_RETURN(const signal::RunRecord record,
                            pipeline::LoadRunRecord(store, target.rig.rig, target.run));
  PARALLAX_ASSIGN_OR_RETURN(const signal::CleanRun run,
                            signal::Clean(target.rig.rig, record, signal::CleanOptions{}));
  auto filtered = std::make_shared<Filtered>();
  if (const signal::CleanSeries* clean = run.Find(target.channel.name()); clean != nullptr) {
    PARALLAX_ASSIGN_OR_RETURN(*filtered, FilterChannel(target, *clean, run.run.started_at_unix_ns));
  }
  return CutParts(filtered->value.size(), target.channel.channel->unit,
                  [filtered](size_t i, v1::GetSeriesResponse* part) {
                    AddSample(filtered->time_unix_ns[i], filtered->value[i], filtered->quality[i],
                              part);
                    part->add_sd(filtered->sd[i]);
                  });
}

Parts ReadLive(store::Store& store, const Target& target) {
  LiveReplay replay(store, target.rig.rig, target.planned, nullptr, nullptr);
  PARALLAX_ASSIGN_OR_RETURN(pipeline::LiveSeries series, replay.Read(target.channel.index));
  std::erase_if(series.rows, [&](const pipeline::LiveRow& row) {
    return row.time_unix_ns < target.range.begin_unix_ns ||
           row.time_unix_ns >= target.range.end_unix_ns;
  });
  auto shared = std::make_shared<const std::vector<pipeline::LiveRow>>(std::move(series.rows));
  return CutParts(shared->size(), target.channel.channel->unit,
                  [shared](size_t i, v1::GetSeriesResponse* part) {
                    const pipeline::LiveRow& row = (*shared)[i];
                    AddSample(row.time_unix_ns, row.value, row.quality, part);
                    part->add_filtered(row.filtered);
                    part->add_sd(row.sd);
                  });
}

Parts ReadDecimated(store::Store& store, const Target& target, int32_t buckets) {
  if (buckets < 1 || buckets > kMaxBuckets) {
    return InvalidField("buckets", absl::StrFormat("%d", buckets), "in [1, 10000]");
  }
  PARALLAX_ASSIGN_OR_RETURN(std::vector<store::Bucket> rows,
                            store.ReadBuckets(target.rig.rig.id, target.run, target.channel.index,
                                              target.range, static_cast<size_t>(buckets)));
  auto shared = std::make_shared<const std::vector<store::Bucket>>(std::move(rows));
  return CutParts(shared->size(), target.channel.channel->unit,
                  [shared](size_t i, v1::GetSeriesResponse* part) {
                    const store::Bucket& bucket = (*shared)[i];
                    part->add_time_unix_ns(bucket.start_unix_ns);
                    part->add_value(bucket.last);
                    part->add_minimum(bucket.minimum);
                    part->add_maximum(bucket.maximum);
                    part->add_first(bucket.first);
                    part->add_count(bucket.count);
                  });
}

}  // namespace

Parts ReadSeriesParts(store::Store& store, const v1::GetSeriesRequest& request) {
  PARALLAX_ASSIGN_OR_RETURN(const std::shared_ptr<Target> target, FindTarget(store, request));
  switch (request.form()) {
    case v1::SERIES_FORM_RAW:
      return ReadRaw(store, *target);
    case v1::SERIES_FORM_FILTERED:
      return ReadFiltered(store, *target);
    case v1::SERIES_FORM_LIVE:
      return ReadLive(store, *target);
    case v1::SERIES_FORM_DECIMATED:
      return ReadDecimated(store, *target, request.buckets());
    default:
      return InvalidField("form", absl::StrFormat("%d", static_cast<int>(request.form())),
                          "RAW, FILTERED, DECIMATED or LIVE");
  }
}

}  // namespace parallax::server
