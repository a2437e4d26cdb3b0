// Feeds what strangers say in an authorization header, and what an editor leaves in a token file,
// arbitrary bytes. Nothing but the token itself lets its holder in; a table that is accepted
// survives encoding and reading again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "server/security/token_table.h"
#include "tests/fuzz/answer.h"

namespace {

using parallax::server::security::NewToken;
using parallax::server::security::TokenTable;

/// The token of corpus/token/header: its bytes count from 0.
NewToken KnownToken() {
  const auto counting = [](std::span<unsigned char> bytes) {
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i);
    return absl::OkStatus();
  };
  return parallax::server::security::MakeToken({.label = "known"}, absl::UnixEpoch(), counting)
      .value();
}

TokenTable TableOf(const NewToken& token) {
  TokenTable table;
  PARALLAX_CHECK(table.Add(token.record).ok());
  return table;
}

void CheckHeader(std::string_view header) {
  static const NewToken token = KnownToken();
  static const TokenTable table = TableOf(token);
  const bool shown = header.size() == 7 + token.text.size() && header.ends_with(token.text);
  PARALLAX_CHECK(shown || !table.Verify(header, absl::UnixEpoch()).ok());
}

void CheckTable(std::string_view json) {
  const absl::StatusOr<TokenTable> table = TokenTable::Parse(json);
  if (!table.ok()) return;
  const absl::StatusOr<TokenTable> again =
      TokenTable::Parse(parallax::fuzz::Answer(table->Encode()));
  PARALLAX_CHECK(again.ok() && again->Encode() == table->Encode());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view data(reinterpret_cast<const char*>(bytes), size);
  CheckHeader(data);
  CheckTable(data);
  return 0;
}
