#pragma once

namespace parallax::test_support {

#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
inline constexpr bool kSanitized = __has_feature(address_sanitizer);
#else
inline constexpr bool kSanitized = false;
#endif

/// Draws of a test of frequencies: `few` where the address sanitizer makes each several times as
/// dear. It watches paths, of which few draws take all; the release build counts over `all`. Bounds
/// are to follow from the number.
constexpr int Replicates(int all, int few) { return kSanitized ? few : all; }

}  // namespace parallax::test_support
