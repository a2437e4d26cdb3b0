#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/security/authority.h"

namespace parallax::server::security {

// A folder of certificates: "ca.crt" and "ca.key" of the authority, "server.crt" and "server.key",
// "rig-ID.crt" and "rig-ID.key". All have mode 0600, and none is written over unless that is said.
// The daemon needs ca.crt, server.crt and server.key; a rig ca.crt and its own two; ca.key is best
// kept on no machine of the network.

/// Where a pair was written.
struct KeyPairPaths {
  std::string certificate;
  std::string key;
};

enum class OnExisting {
  kRefuse,
  kReplace,  ///< the key first: a daemon keeps the old pair until both are there
};

/// Makes the authority. Errors: AlreadyExists naming the file that is there; those of MakeAuthority
/// and of base::WriteNewFile.
absl::StatusOr<KeyPairPaths> InitAuthority(const std::string& folder, const AuthoritySpec& spec,
                                           absl::Time now);

/// Issue by the authority in the folder. Errors: as above; those of base::ReadPrivateFile for
/// "ca.crt" and "ca.key".
absl::StatusOr<KeyPairPaths> IssueServerInto(const std::string& folder, const ServerSpec& spec,
                                             absl::Time now, OnExisting on_existing);
absl::StatusOr<KeyPairPaths> IssueRigInto(const std::string& folder, const RigSpec& spec,
                                          absl::Time now, OnExisting on_existing);

}  // namespace parallax::server::security
