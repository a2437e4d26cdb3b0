#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "server/security/identity.h"

namespace parallax::server::security {

/// Who may call a method. People's roles include those below them; a rig is no rung of that ladder:
/// it may stream, which a viewer may not, and may not list rigs, which a viewer may.
enum class Callers : uint8_t {
  kAnybody,    ///< also who has proven nothing
  kAll,        ///< viewers and above, and rigs
  kPeople,     ///< viewers and above
  kProducers,  ///< operators and above, and rigs
  kOperators,  ///< operators and above
  kAdmins,     ///< admins
};

/// What a call of a method can reach, whatever its request says.
enum class Reach : uint8_t {
  kNoRig,     ///< nothing of any rig
  kNamedRig,  ///< the rigs that `fields` of its request name, which CheckRig is asked for
  kEveryRig,  ///< things of several rigs: refused to identities that are bound to some
};

/// One row of the table.
struct Permission {
  std::string_view
      method;  ///< path of the RPC, "/parallax.v1.QueryService/GetRig"; page, "/metrics"
  Callers callers;
  Reach reach;
  /// Of kNamedRig: the request's fields that name a rig or something of it, "run,parameter_set".
  std::string_view fields{};
};

/// The table, sorted by method. What has no row is refused to everybody.
std::span<const Permission> Permissions();

/// The row of `method`; null where it has none.
const Permission* PermissionOf(std::string_view method);

/// Whether the audit log tells also of calls of `method` that are allowed: those that change which
/// parameters are in use, and those that hand out all that is stored.
bool IsRecorded(std::string_view method);

/// Whether `identity` may call `method` at all; which rig the call is about is CheckRig's matter.
/// Who has proven nothing has no identity, and may call what `callers` is kAnybody of.
/// Errors: PermissionDenied naming the method where it has no row, the identity's role where that
/// is not among the callers, its rigs where the method reaches further.
absl::Status CheckMethod(const Identity& identity, std::string_view method);

}  // namespace parallax::server::security
