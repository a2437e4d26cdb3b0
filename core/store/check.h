#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::store {

/// What a check of a store read, and what is wrong with it.
struct StoreCheck {
  int64_t pages = 0;    ///< of the database, in its file or its write-ahead log
  int64_t streams = 0;  ///< whose ledger was compared with what is stored
  int64_t batches = 0;
  int64_t chunks = 0;
  int64_t pyramid_pages = 0;
  int64_t reports = 0;
  int64_t parameter_sets = 0;
  int64_t designs = 0;
  int64_t models = 0;
  int64_t retired_runs = 0;
  /// A sentence each, naming page, row or stream; empty where nothing is wrong. At most
  /// kMaxDamages, the last of which says that there may be more.
  std::vector<std::string> damages;
};

inline constexpr size_t kMaxDamages = 100;

/// Verifies all of the store in `directory`, as it is at one moment: every page's checksum and the
/// form of its trees, every checksum of batches, chunks, pyramid, reports, parameter sets, designs
/// and models, which it decodes, and of every stream that each batch below next_seq is there once
/// and that the ledger counts the samples that are stored. Of a retired run instead that its
/// ledgers and its pyramid count the samples that it had, and that none is left once they were
/// removed. Changes nothing; a daemon may go on meanwhile. Reads everything: minutes for tens of
/// gigabytes. `vfs` is that of SqliteStoreOptions. Errors: NotFound (no store in `directory`);
/// FailedPrecondition (its schema is not that of this program); Unavailable (I/O); DataLoss where
/// so much is damaged that nothing can be read.
absl::StatusOr<StoreCheck> CheckStore(const std::string& directory, const std::string& vfs = {});

}  // namespace parallax::store
