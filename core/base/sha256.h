#pragma once

#include <string>
#include <string_view>

namespace parallax::base {

/// SHA-256 in lower-case hexadecimal, 64 characters. Source: FIPS 180-4.
std::string Sha256Hex(std::string_view bytes);

/// Incremental form of the same.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(std::string_view bytes);
  /// Hexadecimal digest of all bytes so far; the object may not be used afterwards.
  std::string FinishHex();

 private:
  void* context_;  // EVP_MD_CTX, kept out of this header
};

}  // namespace parallax::base
