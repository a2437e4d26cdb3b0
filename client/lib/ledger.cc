#include "client/lib/ledger.h"

namespace parallax::client {

void AddToLedger(const v1::Ledger& more, v1::Ledger& total) {
  total.set_received(total.received() + more.received());
  total.set_stored(total.stored() + more.stored());
  total.set_duplicate(total.duplicate() + more.duplicate());
  total.set_queued(total.queued() + more.queued());
  total.set_retired(total.retired() + more.retired());
  for (const auto& reason : more.rejected())
    (*total.mutable_rejected())[reason.first] += reason.second;
}

uint64_t RejectedSamples(const v1::Ledger& ledger) {
  uint64_t total = 0;
  for (const auto& reason : ledger.rejected()) total += reason.second;
  return total;
}

}  // namespace parallax::client
