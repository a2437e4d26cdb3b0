#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace parallax::server::security {

/// What somebody who proved who they are is for. People, and programs that act for them, hold a
/// token with one of the last three; a rig holds a certificate.
enum class Role {
  kRig,       ///< hands in runs and samples of its own rig, reads what it needs for that
  kViewer,    ///< reads
  kOperator,  ///< also hands in data, has it analysed, chooses the parameters in use
  kAdmin,     ///< also changes what a rig does by itself and whom it tells
};

/// "rig", "viewer", "operator" or "admin": the name in token files, errors and the audit log.
std::string_view NameOf(Role role);
/// Its inverse; nothing for any other text.
std::optional<Role> RoleNamed(std::string_view name);

/// Who calls, once it is proven: by a client certificate or by a token.
struct Identity {
  Role role = Role::kViewer;
  std::string name;               ///< for the audit log: "rigs/7", "tokens/4f0c…"; never a secret
  std::vector<std::string> rigs;  ///< ids of the only rigs that it may touch; empty: every rig
};

/// Whether `identity` may touch `rig`, an id without "rigs/". What a request says of the rig is
/// only ever compared with what the proof says.
/// Errors: PermissionDenied naming identity and rig.
absl::Status CheckRig(const Identity& identity, std::string_view rig);

}  // namespace parallax::server::security
