#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/store/reader_pool.h"
#include "core/store/store.h"
#include "core/store/writer.h"

namespace parallax::store {

/// What to do for want of the samples of a retired run.
inline constexpr char kWhatIsLeft[] =
    "its digest, its counts and its decimated series are left: ask for those";

/// FailedPrecondition, which says that and when a run was retired. `field` names what asked for it.
absl::Status SamplesRetired(const std::string& field, const RunKey& run,
                            const Retirement& retirement,
                            const std::string& next_step = kWhatIsLeft);

/// Store::RetireRun. Reads, encodes and hashes on the calling thread; the writer binds and deletes
/// rows. In this order, each step whole or not at all, and begun anew after an interruption:
/// batches become chunks; the pyramid counts every sample of each channel from one level on;
/// digest, counts and range are stored in the transaction from which on samples are refused, in
/// which nothing may hold the run; chunks and seals are removed, some of them a transaction, each
/// of which moves its samples from `stored` to `retired` in the ledger.
/// One caller at a time, compaction included.
absl::StatusOr<Retirement> RetireRun(ReaderPool& readers, Writer& writer, const RunKey& run,
                                     int64_t now_unix_ns);

}  // namespace parallax::store
