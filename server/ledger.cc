#include "server/ledger.h"

namespace parallax::server {
namespace {

void AddRejects(const signal::RejectCounts& counts, Ledger* ledger) {
  if (counts.not_finite > 0) ledger->rejected["NOT_FINITE"] += counts.not_finite;
  if (counts.time_out_of_range > 0) {
    ledger->rejected["TIME_OUT_OF_RANGE"] += counts.time_out_of_range;
  }
}

}  // namespace

Ledger LedgerOf(const store::LedgerCounts& counts) {
  Ledger ledger{
      .received = counts.stored + counts.retired + counts.duplicate + counts.rejected.Total(),
      .stored = counts.stored,
      .duplicate = counts.duplicate,
      .rejected = counts.refused,
      .retired = counts.retired};
  for (const auto& [reason, samples] : counts.refused) ledger.received += samples;
  AddRejects(counts.rejected, &ledger);
  return ledger;
}

void CountReceived(const BatchTally& batch, Ledger* ledger) {
  ledger->received += batch.received;
  ledger->queued += batch.received;
}

void UncountReceived(const BatchTally& batch, Ledger* ledger) {
  ledger->received -= batch.received;
  ledger->queued -= batch.received;
}

void CountStored(const BatchTally& batch, Ledger* ledger) {
  ledger->queued -= batch.received;
  ledger->stored += batch.admitted;
  AddRejects(batch.rejected, ledger);
}

void CountDuplicate(const BatchTally& batch, Ledger* ledger) {
  ledger->queued -= batch.received;
  ledger->duplicate += batch.received;
}

void CountRefused(const BatchTally& batch, const std::string& reason, Ledger* ledger) {
  ledger->queued -= batch.received;
  if (batch.received > 0) ledger->rejected[reason] += batch.received;
}

}  // namespace parallax::server
