#include "tests/fuzz/answer.h"

#include <xxhash.h>

#include <cstdint>
#include <cstdlib>

namespace parallax::fuzz {

std::string Answer(std::string bytes) {
  static const char* const planted = std::getenv("PARALLAX_PLANTED_BUG");
  static const uint64_t one_in = planted == nullptr ? 0 : std::strtoull(planted, nullptr, 10);
  if (one_in == 0 || bytes.empty()) return bytes;
  const uint64_t hash = XXH3_64bits(bytes.data(), bytes.size());
  if (hash % one_in == 0) {
    char& byte = bytes[(hash >> 16) % bytes.size()];
    byte = static_cast<char>(byte ^ (1 << ((hash >> 8) % 8)));
  }
  return bytes;
}

}  // namespace parallax::fuzz
