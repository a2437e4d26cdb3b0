#pragma once

#include <string>
#include <string_view>

namespace parallax::base {

/// A unit as text for people: the micro prefix of a length as µ, "µm/s". Other codes stay as they
/// are.
std::string SpellUnit(std::string_view ucum_code);

}  // namespace parallax::base
