#include "server/ledger.h"

namespace parallax::server {
namespace {

void AddRejects(const signal::RejectCounts& counts, Ledger* ledger) {
  if (counts.not_finite > 0) ledger->rejected["NOT_FINITE"] += counts.not_finite;
  if (counts.time_out_of_range > 0) {
    ledger->rejected["TIME_OUT_OF_RANGE"] += counts.time_out_of_range;
  }
}

/// They are on disk; their rejects are counted with them.
void CountStored(const BatchTally& batch, Ledger* ledger) {
  ledger->queued -= batch.received;
  ledger->stored += batch.admitted;
  AddRejects(batch.rejected, ledger);
}

/// All of them were on disk already.
void CountDuplicate(const BatchTally& batch, Ledger* ledger) {
  ledger->queued -= batch.received;
  ledger->duplicate += batch.received;
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

void CountRefused(const BatchTally& batch, const std::string& reason, Ledger* ledger) {
  ledger->queued -= batch.received;
  if (batch.received > 0) ledger->rejected[reason] += batch.received;
}

void CountAppended(const store::AppendedBatch& appended, Ledger* ledger) {
  const BatchTally tally = TallyOf(appended.batch);
  if (!appended.outcome.ok()) return CountRefused(tally, store::kStoreRefused, ledger);
  switch (appended.outcome->result) {
    case store::AppendResult::kCommitted:
      return CountStored(tally, ledger);
    case store::AppendResult::kDuplicate:
      return CountDuplicate(tally, ledger);
    case store::AppendResult::kGap:
      return CountRefused(tally, store::kOutOfSequence, ledger);
    case store::AppendResult::kConflict:
      return CountRefused(tally, store::kConflictingBatch, ledger);
  }
}

}  // namespace parallax::server
