#pragma once

#include <cstdint>

#include "parallax/v1/resources.pb.h"

namespace parallax::client {

/// Adds the counts of `more` to `total`.
void AddToLedger(const v1::Ledger& more, v1::Ledger& total);

/// Samples rejected, whatever the reason.
uint64_t RejectedSamples(const v1::Ledger& ledger);

}  // namespace parallax::client
