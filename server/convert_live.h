#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/pipeline/live_types.h"
#include "core/signal/rig.h"
#include "parallax/v1/watch.pb.h"

namespace parallax::server {

/// Rows of one channel as the wire has them; `points` is new.
void PointsToProto(const signal::ChannelRef& channel, const pipeline::LiveSeries& series,
                   v1::ChannelPoints* points);

/// Everything of an output of one run, rows of a channel together, cut into messages of at most
/// 8,192 rows.
std::vector<v1::RunPoints> RunPointsToProto(const std::string& run_name,
                                            const std::vector<signal::ChannelRef>& channels,
                                            const std::vector<pipeline::LiveSeries>& series);

v1::Detection DetectionToProto(const std::string& run_name,
                               const std::vector<signal::ChannelRef>& channels,
                               const pipeline::LiveFinding& finding);

/// @param followed_since  when the run was first read, for channels of which no sample came.
/// @param not_live  samples that came too fast to be passed on live.
v1::RunHealth HealthToProto(const std::string& run_name,
                            const std::vector<signal::ChannelRef>& channels,
                            const std::vector<pipeline::LiveHealth>& health, absl::Time now,
                            absl::Time followed_since, uint64_t not_live);

}  // namespace parallax::server
