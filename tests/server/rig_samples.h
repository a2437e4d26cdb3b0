#pragma once

#include <string>

#include "core/signal/rig.h"
#include "parallax/v1/ingest.pb.h"

namespace parallax::server {

/// A two-heater board that the built-in twin predicts: board/Q1, Q2 [%], T1, T2 [Cel].
v1::CreateRigRequest BoardRequest(const std::string& rig_id);

/// The board of BoardBatch as the store keeps it: "board".
signal::Rig SessionBoard();

/// A run of a board, started at 1,700,000,000 s, split CALIBRATE.
v1::OpenRunRequest RunRequest(const std::string& rig_id, const std::string& run_id);

/// Batch `seq` of a board: `rows` samples a channel, one a second; values differ from batch to
/// batch and are all in range.
v1::StreamRequest BoardBatch(uint64_t seq, int rows);

/// The Hello of a board's stream.
v1::StreamRequest HelloRequest(const std::string& run_name, const std::string& producer,
                               uint64_t epoch, const std::string& schema_hash);

/// received - stored - retired - duplicate - rejected - queued; 0 in a true ledger.
int64_t LedgerError(const v1::Ledger& ledger);

/// Of the batches that tests of ingest send.
inline constexpr int kRows = 5;
inline constexpr uint64_t kSamples = uint64_t{4} * kRows;

inline constexpr int64_t kRunStartUnixNs = 1'700'000'000'000'000'000;

}  // namespace parallax::server
