#include "server/convert_live.h"

#include <algorithm>

#include "server/convert.h"

namespace parallax::server {
namespace {

constexpr size_t kMaxMessageRows = 8192;
constexpr double kStalePeriods = 3.0;
constexpr double kLeastStaleS = 5.0;
constexpr double kIrregularStaleS = 60.0;

v1::DetectionKind KindToProto(pipeline::LiveFindingKind kind) {
  switch (kind) {
    case pipeline::LiveFindingKind::kChange:
      return v1::DETECTION_KIND_CHANGE;
    case pipeline::LiveFindingKind::kGap:
      return v1::DETECTION_KIND_GAP;
    case pipeline::LiveFindingKind::kStuck:
      return v1::DETECTION_KIND_STUCK;
    case pipeline::LiveFindingKind::kRange:
      return v1::DETECTION_KIND_RANGE;
    case pipeline::LiveFindingKind::kSpikes:
      return v1::DETECTION_KIND_SPIKES;
    case pipeline::LiveFindingKind::kClock:
      return v1::DETECTION_KIND_CLOCK;
    case pipeline::LiveFindingKind::kPoorlyUnderstood:
      return v1::DETECTION_KIND_POORLY_UNDERSTOOD;
  }
  return v1::DETECTION_KIND_UNSPECIFIED;
}

void AddRow(const pipeline::LiveRow& row, bool predicted, v1::ChannelPoints* points) {
  points->add_time_unix_ns(row.time_unix_ns);
  points->add_value(row.value);
  points->mutable_quality()->push_back(static_cast<char>(signal::PackQuality(row.quality)));
  points->add_filtered(row.filtered);
  points->add_sd(row.sd);
  if (!predicted) return;
  points->add_predicted(row.predicted);
  points->add_predicted_sd(row.predicted_sd);
  points->add_residual(row.residual);
}

double StaleAfter(const signal::Channel& channel) {
  if (channel.rate_hz <= 0.0) return kIrregularStaleS;
  return std::max(kLeastStaleS, kStalePeriods / channel.rate_hz);
}

}  // namespace

void PointsToProto(const signal::ChannelRef& channel, const pipeline::LiveSeries& series,
                   v1::ChannelPoints* points) {
  points->set_channel(channel.name());
  points->set_unit(channel.channel->unit);
  points->set_watermark_unix_ns(series.watermark_unix_ns);
  for (const pipeline::LiveRow& row : series.rows) AddRow(row, series.predicted, points);
}

std::vector<v1::RunPoints> RunPointsToProto(const std::string& run_name,
                                            const std::vector<signal::ChannelRef>& channels,
                                            const std::vector<pipeline::LiveSeries>& series) {
  std::vector<v1::RunPoints> messages;
  std::vector<v1::ChannelPoints*> places(channels.size(), nullptr);
  size_t rows = kMaxMessageRows;
  for (const pipeline::LiveSeries& one : series) {
    for (const pipeline::LiveRow& row : one.rows) {
      if (rows == kMaxMessageRows) {
        messages.emplace_back().set_run(run_name);
        std::fill(places.begin(), places.end(), nullptr);
        rows = 0;
      }
      v1::ChannelPoints*& place = places[one.channel_index];
      if (place == nullptr) {
        place = messages.back().add_channels();
        place->set_channel(channels[one.channel_index].name());
        place->set_unit(channels[one.channel_index].channel->unit);
      }
      place->set_watermark_unix_ns(one.watermark_unix_ns);
      AddRow(row, one.predicted, place);
      ++rows;
    }
  }
  return messages;
}

v1::Detection DetectionToProto(const std::string& run_name,
                               const std::vector<signal::ChannelRef>& channels,
                               const pipeline::LiveFinding& finding) {
  v1::Detection detection;
  detection.set_run(run_name);
  detection.set_channel(channels[finding.channel_index].name());
  detection.set_kind(KindToProto(finding.kind));
  detection.set_time_unix_ns(finding.time_unix_ns);
  detection.set_statistic(finding.statistic);
  detection.set_bound(finding.bound);
  detection.set_text(finding.text);
  return detection;
}

v1::RunHealth HealthToProto(const std::string& run_name,
                            const std::vector<signal::ChannelRef>& channels,
                            const std::vector<pipeline::LiveHealth>& health, absl::Time now,
                            absl::Time followed_since, uint64_t not_live) {
  v1::RunHealth message;
  message.set_run(run_name);
  *message.mutable_time() = TimestampFromUnixNs(absl::ToUnixNanos(now));
  if (not_live > 0) (*message.mutable_not_live())["ANALYSIS_BEHIND"] = not_live;
  for (size_t i = 0; i < channels.size(); ++i) {
    const pipeline::LiveHealth& one = health[i];
    v1::ChannelHealth* channel = message.add_channels();
    channel->set_channel(channels[i].name());
    absl::Time last_heard = followed_since;
    if (one.last_time_unix_ns != 0) {
      *channel->mutable_last_sample_time() = TimestampFromUnixNs(one.last_time_unix_ns);
    }
    if (one.last_received_unix_ns != 0) {
      *channel->mutable_last_receive_time() = TimestampFromUnixNs(one.last_received_unix_ns);
      last_heard = absl::FromUnixNanos(one.last_received_unix_ns);
    }
    channel->set_age_s(absl::ToDoubleSeconds(now - last_heard));
    channel->set_stale_after_s(StaleAfter(*channels[i].channel));
    channel->set_stale(channel->age_s() > channel->stale_after_s());
    channel->set_samples(one.samples);
    channel->set_out_of_range(one.out_of_range);
    channel->set_spikes(one.spikes);
    channel->set_duplicates(one.duplicates);
    channel->set_late(one.late);
    channel->set_stuck(one.stuck);
    channel->set_skew_s(one.skew_s);
    channel->set_drift_sds(one.drift_sds);
    for (const std::string& text : one.findings) channel->add_findings(text);
  }
  return message;
}

}  // namespace parallax::server
