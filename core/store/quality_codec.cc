#include "core/store/quality_codec.h"

#include <algorithm>

namespace parallax::store {

void PutQuality(std::span<const signal::Quality> quality, std::string* out) {
  const auto good = [](const signal::Quality& q) { return q == signal::Quality{}; };
  if (std::all_of(quality.begin(), quality.end(), good)) {
    out->push_back(0);
    return;
  }
  for (size_t begin = 0; begin < quality.size();) {
    size_t end = begin + 1;
    while (end < quality.size() && quality[end] == quality[begin]) ++end;
    PutVarint(end - begin, out);
    out->push_back(static_cast<char>(signal::PackQuality(quality[begin])));
    begin = end;
  }
}

bool ReadQuality(ByteReader& in, size_t count, std::vector<signal::Quality>* quality) {
  quality->clear();
  uint64_t length = 0;
  if (!in.ReadVarint(&length)) return false;
  if (length == 0) return true;
  while (true) {
    uint8_t flag = 0;
    if (!in.ReadByte(&flag) || length == 0 || length > count - quality->size()) return false;
    const signal::Quality unpacked = signal::UnpackQuality(flag);
    if (unpacked.level > signal::QualityLevel::kBad) return false;
    quality->insert(quality->end(), length, unpacked);
    if (quality->size() == count) return true;
    if (!in.ReadVarint(&length)) return false;
  }
}

}  // namespace parallax::store
