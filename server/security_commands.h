#pragma once

#include "server/command_line.h"

namespace parallax::server {

/// Adds to a command line what parallaxd does about certificates, tokens and the audit log, on the
/// machine of the daemon and with its files:
///
///   certs init DIR [--host HOST]… [--name NAME] [--days N]     an authority, and the daemon's pair
///   certs issue DIR --rig ID | --host HOST… [--days N] [--renew]
///   token create FILE --label TEXT --role ROLE [--rig ID]… [--days N] [--out FILE]
///   token list FILE
///   token revoke FILE ID
///   audit verify FILE [--count N --hash HASH]                  exits 7 where the chain is broken
///
/// A token is written once, to standard output or to a new file for its owner alone; no secret is
/// ever an argument.
void AddSecurityCommands(CLI::App& app, Command* chosen);

}  // namespace parallax::server
