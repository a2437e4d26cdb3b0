#pragma once

#include "absl/status/statusor.h"
#include "core/store/store.h"
#include "parallax/v1/query.pb.h"
#include "server/part_writer.h"

namespace parallax::server {

/// Samples of one channel in the form that is asked for, in parts of at most 65,536.
/// RAW: as sent, in order of (source time, arrival). FILTERED: cleaned, on the corrected clock,
/// quality flags with reasons, the level smoothed over the whole run (RTS) with its sd. DECIMATED:
/// exact minimum, maximum, first and last of equal buckets; alone of a retired run. LIVE: in the
/// order of RAW, with the level filtered forward and its sd. Errors: NotFound; InvalidArgument
/// (name, form, range, buckets); DataLoss; FailedPrecondition (FILTERED of a channel with fewer
/// than 4 good samples; a retired run: see Store::ReadSeries and ReadBuckets).
absl::StatusOr<NextPart<v1::GetSeriesResponse>> ReadSeriesParts(
    store::Store& store, const v1::GetSeriesRequest& request);

}  // namespace parallax::server
