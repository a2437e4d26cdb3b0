#pragma once

namespace parallax::server {

/// Version of the program, from CMake's project().
inline constexpr char kVersion[] = PARALLAX_VERSION;

}  // namespace parallax::server
