#pragma once

#include <string_view>

namespace parallax::base {

/// Whether `key_pem` is the private key, without a password, of the first certificate in
/// `certificate_pem`; false where either is something else.
bool IsKeyOf(std::string_view key_pem, std::string_view certificate_pem);

}  // namespace parallax::base
