#include "absl/strings/str_format.h"
#include "server/convert.h"
#include "server/status.h"

namespace parallax::server {
namespace {
constexpr int64_t kNsPerS = 1'000'000'000;
}  // namespace

absl::StatusOr<int64_t> UnixNsFromProto(std::string_view field,
                                        const google::protobuf::Timestamp& timestamp) {
  int64_t time_unix_ns = 0;
  const bool overflow =
      __builtin_mul_overflow(timestamp.seconds(), kNsPerS, &time_unix_ns) ||
      __builtin_add_overflow(time_unix_ns, static_cast<int64_t>(timestamp.nanos()), &time_unix_ns);
  if (overflow || timestamp.nanos() < 0 || timestamp.nanos() >= kNsPerS) {
    return InvalidField(field,
                        absl::StrFormat("%d s + %d ns", timestamp.seconds(), timestamp.nanos()),
                        "a time between 1678 and 2262 with nanos in [0, 1e9)");
  }
  return time_unix_ns;
}

google::protobuf::Timestamp TimestampFromUnixNs(int64_t time_unix_ns) {
  int64_t seconds = time_unix_ns / kNsPerS;
  int64_t nanos = time_unix_ns % kNsPerS;
  if (nanos < 0) {
    nanos += kNsPerS;
    --seconds;
  }
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(nanos));
  return timestamp;
}

}  // namespace parallax::server
