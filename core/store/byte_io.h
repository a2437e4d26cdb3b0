#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace parallax::store {

/// Maps small magnitudes of either sign to small unsigned numbers: 0, -1, 1, -2 → 0, 1, 2, 3.
constexpr uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
constexpr int64_t UnZigZag(uint64_t code) {
  return static_cast<int64_t>((code >> 1) ^ (~(code & 1) + 1));
}

/// Appends a LEB128 varint: seven bits a byte, low bits first.
inline void PutVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

/// Appends eight bytes, little-endian.
inline void PutFixed64(uint64_t value, std::string* out) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out->append(bytes, sizeof bytes);
}

/// Reads untrusted bytes from front to back; every read says whether it was within bounds.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  size_t remaining() const { return bytes_.size(); }

  bool ReadByte(uint8_t* value) {
    if (bytes_.empty()) return false;
    *value = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return true;
  }

  bool ReadVarint(uint64_t* value) {
    *value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      uint8_t byte = 0;
      if (!ReadByte(&byte)) return false;
      if (shift == 63 && byte > 1) return false;  // more than 64 bits
      *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return true;
    }
    return false;
  }

  bool ReadFixed64(uint64_t* value) {
    std::string_view view;
    if (!ReadView(sizeof *value, &view)) return false;
    std::memcpy(value, view.data(), sizeof *value);
    return true;
  }

  /// The next `size` bytes; the view borrows from the input.
  bool ReadView(size_t size, std::string_view* view) {
    if (size > bytes_.size()) return false;
    *view = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return true;
  }

 private:
  std::string_view bytes_;
};

}  // namespace parallax::store
