#pragma once

#include "parallax/v1/resources.pb.h"
#include "server/convert.h"
#include "server/session_registry.h"

namespace parallax::server {

/// A run with its ledger: the live one while streams write to it, else the stored one.
inline v1::Run RunWithLedger(const store::RunRow& row, SessionRegistry& registry) {
  return RunToProto(row, registry.LiveLedger(row.rig, row.run.id).value_or(LedgerOf(row.ledger)));
}

}  // namespace parallax::server
