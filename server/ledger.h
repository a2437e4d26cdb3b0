#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/base/mutex.h"
#include "core/store/store.h"

namespace parallax::server {

/// Where samples went; received = stored + retired + duplicate + sum(rejected) + queued, always.
struct Ledger {
  uint64_t received = 0;
  uint64_t stored = 0;
  uint64_t duplicate = 0;
  std::map<std::string, uint64_t> rejected;  ///< by reason: "NOT_FINITE"
  uint64_t queued = 0;
  uint64_t retired = 0;  ///< were stored, and removed by retention
};

/// What the store holds, as a ledger with nothing queued.
Ledger LedgerOf(const store::LedgerCounts& counts);

/// How many samples a batch brought and what became of them at its admission.
struct BatchTally {
  uint64_t received = 0;  ///< samples on the wire
  uint64_t admitted = 0;  ///< passed on to the store
  signal::RejectCounts rejected;
};

/// Of a batch on its way to the store.
inline BatchTally TallyOf(const store::EncodedBatch& batch) {
  return {.received = batch.Received(), .admitted = batch.samples, .rejected = batch.rejected};
}

/// `received` samples are read and wait.
void CountReceived(const BatchTally& batch, Ledger* ledger);
/// Takes CountReceived back: the store had no room yet.
void UncountReceived(const BatchTally& batch, Ledger* ledger);
/// What the store made of a batch on its way to it.
void CountAppended(const store::AppendedBatch& appended, Ledger* ledger);
/// The whole batch was refused, for one of the store's reasons.
void CountRefused(const BatchTally& batch, const std::string& reason, Ledger* ledger);

/// A ledger shared by streams: of the run that they write to, or of the daemon. Thread-safe.
class RunLedger {
 public:
  explicit RunLedger(Ledger stored = {}) : ledger_(std::move(stored)) {}

  template <typename Change>
  void Apply(const Change& change) {
    base::MutexLock lock(mutex_);
    change(&ledger_);
  }
  Ledger Snapshot() const {
    base::MutexLock lock(mutex_);
    return ledger_;
  }

 private:
  mutable base::Mutex mutex_;
  Ledger ledger_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace parallax::server
