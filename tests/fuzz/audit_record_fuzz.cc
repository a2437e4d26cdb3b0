// Feeds DecodeAuditRecord arbitrary lines; one that it accepts is the only line of its event. And
// EncodeAuditRecord an event whose texts are arbitrary: its line is one, bounded, and read back.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "server/security/audit_record.h"
#include "tests/fuzz/answer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace parallax::server::security;
  const std::string data(reinterpret_cast<const char*>(bytes), size);
  AuditHead head;
  if (const absl::StatusOr<AuditEvent> event = DecodeAuditRecord(data, head); event.ok()) {
    AuditHead again;
    const std::string line = EncodeAuditRecord(*event, again);
    PARALLAX_CHECK(again == head);
    PARALLAX_CHECK(data == line || data + "\n" == line);
  }
  AuditHead written;
  AuditHead read;
  const std::string line =
      EncodeAuditRecord({.time = absl::FromUnixNanos(static_cast<int64_t>(size)),
                         .identity = data.substr(0, size / 2),
                         .method = data.substr(size / 2),
                         .target = data,
                         .code = data},
                        written);
  PARALLAX_CHECK(line.size() <= kMaxAuditLineBytes && line.find('\n') == line.size() - 1);
  PARALLAX_CHECK(DecodeAuditRecord(parallax::fuzz::Answer(line), read).ok() && read == written);
  return 0;
}
