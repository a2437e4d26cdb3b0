#include "server/security/token_table.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "core/base/field_error.h"
#include "core/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace parallax::server::security {
namespace {

using Json = nlohmann::json;

const std::set<std::string>& Keys() {
  static const std::set<std::string> keys = {"id",
                                             "sha256",
                                             "label",
                                             "role",
                                             "rigs",
                                             "create_time_unix_ns",
                                             "expire_time_unix_ns",
                                             "revoke_time_unix_ns"};
  return keys;
}

absl::Status Bad(std::string field, std::string value, std::string bound) {
  return base::InvalidField(
      {.field = std::move(field), .value = std::move(value), .bound = std::move(bound)});
}

bool IsHex(std::string_view text, size_t size) {
  return text.size() == size &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

absl::StatusOr<std::string> RequiredText(const Json& token, const char* key) {
  const auto found = token.find(key);
  if (found == token.end()) return Bad(key, "none", "a text");
  if (!found->is_string()) return Bad(key, found->type_name(), "a text");
  return found->get<std::string>();
}

absl::StatusOr<std::string> HexAt(const Json& token, const char* key, size_t size) {
  PARALLAX_ASSIGN_OR_RETURN(std::string text, RequiredText(token, key));
  if (IsHex(text, size)) return text;
  // Somebody may have put the token itself there: it is not repeated.
  return Bad(key, absl::StrFormat("%u characters", text.size()),
             absl::StrFormat("%u hexadecimal digits in lower case", size));
}

/// The time under `key`, or nothing where there is none.
absl::StatusOr<std::optional<absl::Time>> TimeAt(const Json& token, const char* key) {
  const auto found = token.find(key);
  if (found == token.end()) return std::optional<absl::Time>();
  if (!found->is_number_integer()) return Bad(key, found->type_name(), "an integer [ns]");
  if (found->is_number_unsigned() && found->get<uint64_t>() > INT64_MAX) {
    return Bad(key, found->dump(), absl::StrFormat("<= %d", INT64_MAX));
  }
  return std::optional<absl::Time>(absl::FromUnixNanos(found->get<int64_t>()));
}

absl::StatusOr<std::vector<std::string>> RigsAt(const Json& token) {
  const auto found = token.find("rigs");
  // An empty list is every rig: what says nothing must not come to mean that.
  if (found == token.end() || !found->is_array()) return Bad("rigs", "none", "a list of ids");
  std::vector<std::string> rigs;
  for (const Json& rig : *found) {
    if (!rig.is_string()) return Bad("rigs", rig.type_name(), "a list of ids");
    rigs.push_back(rig.get<std::string>());
  }
  return rigs;
}

absl::StatusOr<Role> RoleAt(const Json& token) {
  PARALLAX_ASSIGN_OR_RETURN(const std::string name, RequiredText(token, "role"));
  if (const std::optional<Role> role = RoleNamed(name)) return *role;
  return Bad("role", name, "viewer, operator or admin");
}

absl::StatusOr<TokenRecord> RecordOf(const Json& token) {
  if (!token.is_object()) return Bad("", token.type_name(), "an object");
  for (const auto& [key, value] : token.items()) {
    if (!Keys().contains(key)) return Bad(key, value.type_name(), "no key of a token");
  }
  TokenRecord record;
  PARALLAX_ASSIGN_OR_RETURN(record.id, HexAt(token, "id", 16));
  PARALLAX_ASSIGN_OR_RETURN(record.sha256, HexAt(token, "sha256", 64));
  PARALLAX_ASSIGN_OR_RETURN(record.label, RequiredText(token, "label"));
  PARALLAX_ASSIGN_OR_RETURN(record.role, RoleAt(token));
  PARALLAX_ASSIGN_OR_RETURN(record.rigs, RigsAt(token));
  PARALLAX_RETURN_IF_ERROR(
      Validate({.label = record.label, .role = record.role, .rigs = record.rigs}));
  PARALLAX_ASSIGN_OR_RETURN(const auto created, TimeAt(token, "create_time_unix_ns"));
  if (!created.has_value()) return Bad("create_time_unix_ns", "none", "an integer [ns]");
  record.create_time = *created;
  PARALLAX_ASSIGN_OR_RETURN(const auto expires, TimeAt(token, "expire_time_unix_ns"));
  record.expire_time = expires.value_or(absl::InfiniteFuture());
  PARALLAX_ASSIGN_OR_RETURN(record.revoke_time, TimeAt(token, "revoke_time_unix_ns"));
  return record;
}

Json JsonOf(const TokenRecord& record) {
  Json token = {
      {"id", record.id},       {"sha256", record.sha256},
      {"label", record.label}, {"role", NameOf(record.role)},
      {"rigs", record.rigs},   {"create_time_unix_ns", absl::ToUnixNanos(record.create_time)}};
  if (record.expire_time != absl::InfiniteFuture()) {
    token["expire_time_unix_ns"] = absl::ToUnixNanos(record.expire_time);
  }
  if (record.revoke_time.has_value()) {
    token["revoke_time_unix_ns"] = absl::ToUnixNanos(*record.revoke_time);
  }
  return token;
}

absl::Status Refused(const TokenRecord& record, std::string_view why, std::string next_step) {
  return base::FieldStatus(absl::StatusCode::kUnauthenticated,
                           {.field = "authorization",
                            .value = absl::StrFormat("tokens/%s, %s", record.id, why),
                            .bound = "a token in force",
                            .next_step = std::move(next_step)});
}

}  // namespace

absl::StatusOr<TokenTable> TokenTable::Parse(std::string_view json) {
  if (json.size() > kMaxTokenFileBytes) {
    return Bad("tokens", absl::StrFormat("%u bytes", json.size()),
               absl::StrFormat("<= %u bytes", kMaxTokenFileBytes));
  }
  const Json document = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  const bool formed = document.is_object() && document.size() == 1 && document.contains("tokens") &&
                      document["tokens"].is_array();
  if (!formed) return Bad("tokens", "another form", "an object with a list \"tokens\" alone");
  TokenTable table;
  for (const Json& token : document["tokens"]) {
    const std::string path = absl::StrFormat("tokens[%u]", table.records_.size());
    absl::StatusOr<TokenRecord> record = RecordOf(token);
    if (!record.ok()) return base::Annotate(base::Within(record.status(), path), path);
    PARALLAX_RETURN_IF_ERROR(base::Annotate(table.Add(*std::move(record)), path));
  }
  return table;
}

std::string TokenTable::Encode() const {
  Json tokens = Json::array();
  for (const TokenRecord& record : records_) tokens.push_back(JsonOf(record));
  return Json{{"tokens", std::move(tokens)}}.dump(2) + "\n";
}

absl::Status TokenTable::Add(TokenRecord record) {
  if (Find(record.id) != nullptr) {
    return base::FieldStatus(
        absl::StatusCode::kAlreadyExists,
        {.field = "id", .value = record.id, .bound = "unlike that of every other token"});
  }
  if (records_.size() >= kMaxTokens) {
    return base::FieldStatus(absl::StatusCode::kResourceExhausted,
                             {.field = "tokens",
                              .value = absl::StrFormat("%u tokens", records_.size() + 1),
                              .bound = absl::StrFormat("<= %u tokens", kMaxTokens)});
  }
  records_.push_back(std::move(record));
  return absl::OkStatus();
}

absl::Status TokenTable::Revoke(std::string_view id, absl::Time now) {
  for (TokenRecord& record : records_) {
    if (record.id != id) continue;
    if (!record.revoke_time.has_value()) record.revoke_time = now;
    return absl::OkStatus();
  }
  return base::FieldStatus(
      absl::StatusCode::kNotFound,
      {.field = "id", .value = std::string(id), .bound = "the id of a token, 16 digits"});
}

absl::StatusOr<Identity> TokenTable::Verify(std::string_view authorization, absl::Time now) const {
  PARALLAX_ASSIGN_OR_RETURN(const ShownToken shown, ParseAuthorization(authorization));
  const TokenRecord* const record = Find(shown.id);
  if (record == nullptr || !Matches(*record, shown)) {
    // An id that somebody typed, or a secret typed there: neither is repeated.
    return base::FieldStatus(
        absl::StatusCode::kUnauthenticated,
        {.field = "authorization", .value = "an unknown token", .bound = "a token in force"});
  }
  if (record->revoke_time.has_value()) return Refused(*record, "revoked", "ask for a new one");
  if (now >= record->expire_time) return Refused(*record, "expired", "ask for a new one");
  return Identity{
      .role = record->role, .name = absl::StrFormat("tokens/%s", record->id), .rigs = record->rigs};
}

const TokenRecord* TokenTable::Find(std::string_view id) const {
  const auto found = std::find_if(records_.begin(), records_.end(),
                                  [&](const TokenRecord& record) { return record.id == id; });
  return found == records_.end() ? nullptr : &*found;
}

}  // namespace parallax::server::security
