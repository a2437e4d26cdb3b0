#include "server/security/audit_record.h"

#include <optional>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "nlohmann/json.hpp"

namespace parallax::server::security {
namespace {

using Json = nlohmann::json;

std::string_view DecisionName(Decision decision) {
  return decision == Decision::kAllowed ? "ALLOWED" : "DENIED";
}

/// JSON in ASCII; bytes that are no UTF-8 become U+FFFD.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

/// `text` within its bound and as valid UTF-8, so that what is decoded encodes to the same line.
std::string Bounded(std::string_view text) {
  std::string bounded = Json::parse(Dump(text.substr(0, kMaxAuditTextBytes))).get<std::string>();
  if (bounded.size() <= kMaxAuditTextBytes) return bounded;
  // U+FFFD takes three bytes for one: cut again, before a byte that begins a character.
  size_t end = kMaxAuditTextBytes;
  while ((static_cast<unsigned char>(bounded[end]) & 0xc0) == 0x80) --end;
  bounded.resize(end);
  return bounded;
}

Json BodyOf(const AuditEvent& event, const AuditHead& head) {
  return {{"time_unix_ns", absl::ToUnixNanos(event.time)},
          {"identity", Bounded(event.identity)},
          {"method", Bounded(event.method)},
          {"target", Bounded(event.target)},
          {"decision", DecisionName(event.decision)},
          {"code", Bounded(event.code)},
          {"count", event.count},
          {"sequence", head.count + 1},
          {"previous", head.hash}};
}

absl::Status Broken(const AuditHead& head, std::string_view what, std::string found,
                    std::string bound) {
  const std::string said = absl::StrFormat("audit record %u: %s", head.count + 1, what);
  return base::FieldStatus(
      absl::StatusCode::kDataLoss,
      {.field = std::string(what), .value = std::move(found), .bound = std::move(bound)}, said);
}

std::optional<std::string> TextAt(const Json& record, const char* key) {
  const auto found = record.find(key);
  if (found == record.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

/// The parts of an event as far as they are there and of their type.
std::optional<AuditEvent> EventOf(const Json& record) {
  const auto identity = TextAt(record, "identity");
  const auto method = TextAt(record, "method");
  const auto target = TextAt(record, "target");
  const auto decision = TextAt(record, "decision");
  const auto code = TextAt(record, "code");
  const auto count = record.find("count");
  const auto time = record.find("time_unix_ns");
  if (!identity || !method || !target || !decision || !code || count == record.end() ||
      !count->is_number_unsigned() || time == record.end() || !time->is_number_integer()) {
    return std::nullopt;
  }
  return AuditEvent{.time = absl::FromUnixNanos(time->get<int64_t>()),
                    .identity = *identity,
                    .method = *method,
                    .target = *target,
                    .decision = *decision == DecisionName(Decision::kAllowed) ? Decision::kAllowed
                                                                              : Decision::kDenied,
                    .code = *code,
                    .count = count->get<uint64_t>()};
}

}  // namespace

std::string EncodeAuditRecord(const AuditEvent& event, AuditHead& head) {
  Json record = BodyOf(event, head);
  head = {.count = head.count + 1, .hash = base::Sha256Hex(Dump(record))};
  record["hash"] = head.hash;
  return Dump(record) + "\n";
}

absl::StatusOr<AuditEvent> DecodeAuditRecord(std::string_view line, AuditHead& head) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.size() > kMaxAuditLineBytes) {
    return Broken(head, "line", absl::StrFormat("%u bytes", line.size()),
                  absl::StrFormat("<= %u bytes", kMaxAuditLineBytes));
  }
  const Json record = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!record.is_object()) return Broken(head, "line", std::string(line), "a JSON object");
  const auto sequence = record.find("sequence");
  if (sequence == record.end() || *sequence != head.count + 1) {
    const bool number = sequence != record.end() && sequence->is_number();
    return Broken(head, "sequence", number ? Dump(*sequence) : "no number",
                  absl::StrFormat("%u", head.count + 1));
  }
  if (const std::string previous = TextAt(record, "previous").value_or("none");
      previous != head.hash) {
    return Broken(head, "previous", previous,
                  absl::StrFormat("%s, the hash of record %u", head.hash, head.count));
  }
  const std::optional<AuditEvent> event = EventOf(record);
  if (!event.has_value()) return Broken(head, "line", std::string(line), "a whole record");
  AuditHead next = head;
  const std::string again = EncodeAuditRecord(*event, next);
  if (const std::string hash = TextAt(record, "hash").value_or("none"); hash != next.hash) {
    return Broken(head, "hash", hash, absl::StrFormat("%s, that of its content", next.hash));
  }
  if (line != std::string_view(again).substr(0, again.size() - 1)) {
    return Broken(head, "line", std::string(line), "as it is written, byte for byte");
  }
  head = next;
  return *event;
}

}  // namespace parallax::server::security
