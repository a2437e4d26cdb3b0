#include "core/store/series_digest.h"

#include <bit>

#include "core/signal/quality.h"
#include "core/signal/time_order.h"
#include "core/store/byte_io.h"

namespace parallax::store {
namespace {

constexpr size_t kBlockBytes = 65'536;

}  // namespace

void SeriesDigest::Add(const std::string& run, const signal::Series& series) {
  if (series.value.empty()) return;
  samples_ += series.value.size();
  std::string bytes = run;
  bytes.push_back('\0');
  bytes.append(series.channel).push_back('\0');
  PutFixed64(series.value.size(), &bytes);
  for (const size_t i : signal::TimeOrder(series)) {
    PutFixed64(static_cast<uint64_t>(series.time_unix_ns[i]), &bytes);
    PutFixed64(std::bit_cast<uint64_t>(series.value[i]), &bytes);
    bytes.push_back(static_cast<char>(signal::PackQuality(series.quality[i])));
    if (bytes.size() < kBlockBytes) continue;
    sha256_.Update(bytes);
    bytes.clear();
  }
  sha256_.Update(bytes);
}

}  // namespace parallax::store
