#include "server/security/identity.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/field_error.h"

namespace parallax::server::security {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 4> kRoles = {{{Role::kRig, "rig"},
                                                                      {Role::kViewer, "viewer"},
                                                                      {Role::kOperator, "operator"},
                                                                      {Role::kAdmin, "admin"}}};

}  // namespace

std::string_view NameOf(Role role) {
  for (const auto& [each, name] : kRoles) {
    if (each == role) return name;
  }
  return "unknown";
}

std::optional<Role> RoleNamed(std::string_view name) {
  for (const auto& [role, each] : kRoles) {
    if (each == name) return role;
  }
  return std::nullopt;
}

absl::Status CheckRig(const Identity& identity, std::string_view rig) {
  const bool may = identity.rigs.empty() || std::find(identity.rigs.begin(), identity.rigs.end(),
                                                      rig) != identity.rigs.end();
  if (may) return absl::OkStatus();
  return base::FieldStatus(
      absl::StatusCode::kPermissionDenied,
      {.field = "rig",
       .value = std::string(rig),
       .bound = absl::StrFormat("of those that %s may touch: %s", identity.name,
                                absl::StrJoin(identity.rigs, ", "))});
}

}  // namespace parallax::server::security
