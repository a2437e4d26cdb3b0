#include "server/security/token_table.h"

#include <gtest/gtest.h>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "core/base/field_error.h"
#include "tests/server/security/fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::server::security {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

class TokenTableTest : public ::testing::Test {
 protected:
  TokenTableTest() { EXPECT_TRUE(table_.Add(token_.record).ok()); }

  absl::StatusOr<Identity> Verify(absl::Time now) { return table_.Verify(header_, now); }

  const NewToken token_ = MakeToken({.label = "dashboard",
                                     .role = Role::kOperator,
                                     .rigs = {"7"},
                                     .lifetime = absl::Hours(1)},
                                    kNow, SystemEntropy)
                              .value();
  const std::string header_ = "Bearer " + token_.text;
  TokenTable table_;
};

TEST_F(TokenTableTest, ATokenTellsWhoItIs) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const Identity identity, Verify(kNow));
  EXPECT_EQ(identity.role, Role::kOperator);
  EXPECT_EQ(identity.name, "tokens/" + token_.record.id);
  EXPECT_EQ(identity.rigs, std::vector<std::string>{"7"});
}

TEST_F(TokenTableTest, ItEndsAtItsTime) {
  PARALLAX_EXPECT_OK(Verify(kNow + absl::Hours(1) - absl::Nanoseconds(1)));
  EXPECT_THAT(Verify(kNow + absl::Hours(1)), StatusIs(kUnauthenticated, HasSubstr("expired")));
}

TEST_F(TokenTableTest, RevokedItIsRefusedWhateverTheClockSays) {
  PARALLAX_ASSERT_OK(table_.Revoke(token_.record.id, kNow + absl::Minutes(1)));
  for (const absl::Time now : {absl::InfinitePast(), kNow, kNow + absl::Hours(9)}) {
    EXPECT_THAT(Verify(now), StatusIs(kUnauthenticated, HasSubstr("revoked")));
  }
  PARALLAX_ASSERT_OK(table_.Revoke(token_.record.id, kNow + absl::Minutes(2)));
  EXPECT_EQ(table_.records()[0].revoke_time, kNow + absl::Minutes(1));
  EXPECT_THAT(table_.Revoke("0123456789abcdef", kNow), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(TokenTableTest, AWrongSecretAndAnUnknownIdAreToldAlike) {
  std::string wrong_secret = header_;
  wrong_secret.back() = wrong_secret.back() == 'A' ? 'B' : 'A';
  const NewToken other = MakeToken({.label = "x"}, kNow, SystemEntropy).value();
  const absl::Status first = table_.Verify(wrong_secret, kNow).status();
  const absl::Status second = table_.Verify("Bearer " + other.text, kNow).status();
  EXPECT_THAT(first, StatusIs(kUnauthenticated, HasSubstr("an unknown token")));
  EXPECT_EQ(first, second);
  // Also of one that is expired: who has no secret learns nothing of it.
  EXPECT_EQ(table_.Verify(wrong_secret, kNow + absl::Hours(2)).status(), first);
}

TEST_F(TokenTableTest, IsReadBackWithoutTheSecret) {
  PARALLAX_ASSERT_OK(table_.Revoke(token_.record.id, kNow + absl::Nanoseconds(1)));
  const NewToken forever =
      MakeToken({.label = "ever", .lifetime = absl::InfiniteDuration()}, kNow, SystemEntropy)
          .value();
  PARALLAX_ASSERT_OK(table_.Add(forever.record));
  const std::string json = table_.Encode();
  EXPECT_THAT(json, Not(HasSubstr(token_.text.substr(26))));
  PARALLAX_ASSERT_OK_AND_ASSIGN(const TokenTable read, TokenTable::Parse(json));
  EXPECT_EQ(read.Encode(), json);
  EXPECT_EQ(read.records()[0].revoke_time, kNow + absl::Nanoseconds(1));
  PARALLAX_EXPECT_OK(read.Verify("Bearer " + forever.text, absl::FromUnixSeconds(9'000'000'000)));
}

TEST_F(TokenTableTest, ATokenIsAddedOnce) {
  EXPECT_THAT(table_.Add(token_.record), StatusIs(absl::StatusCode::kAlreadyExists));
}

TEST_F(TokenTableTest, HoldsABoundedNumber) {
  TokenRecord record = token_.record;
  for (size_t i = 1; i < kMaxTokens; ++i) {
    record.id = absl::StrFormat("%016x", i);
    PARALLAX_ASSERT_OK(table_.Add(record));
  }
  record.id = "ffffffffffffffff";
  EXPECT_THAT(table_.Add(record), StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_LT(table_.Encode().size(), kMaxTokenFileBytes);
}

struct Edit {
  std::string from;
  std::string to;
  std::string field;
};

TEST_F(TokenTableTest, AnEditThatSaysNothingClearIsRefusedByField) {
  const std::string json = table_.Encode();
  const std::vector<Edit> edits = {
      {"\"operator\"", "\"root\"", "tokens[0].role"},
      {"\"operator\"", "\"rig\"", "tokens[0].role"},
      {"\"operator\"", "2", "tokens[0].role"},
      {"\"role\"", "\"Role\"", "tokens[0].Role"},
      {"\"label\": \"dashboard\"", "\"label\": \"\"", "tokens[0].label"},
      {"\"label\": \"dashboard\",", "", "tokens[0].label"},
      {"\"id\": \"", "\"id\": \"x", "tokens[0].id"},
      {"\"sha256\": \"", "\"sha256\": \"A", "tokens[0].sha256"},
      {"\"7\"", "7", "tokens[0].rigs"},
      {"\"7\"", "\"a b\"", "tokens[0].rigs[0]"},
      {"\"rigs\": [\n        \"7\"\n      ]", "\"rigs\": \"7\"", "tokens[0].rigs"},
      {"\"rigs\": [\n        \"7\"\n      ],", "", "tokens[0].rigs"},
      {"1700000000000000000", "1.7e18", "tokens[0].create_time_unix_ns"},
      {"1700000000000000000", "18446744073709551615", "tokens[0].create_time_unix_ns"},
      {"1700003600000000000", "\"never\"", "tokens[0].expire_time_unix_ns"},
      {"\"tokens\"", "\"token\"", "tokens"}};
  for (const Edit& edit : edits) {
    const std::string edited = absl::StrReplaceAll(json, {{edit.from, edit.to}});
    ASSERT_NE(edited, json) << edit.from;
    const absl::Status status = TokenTable::Parse(edited).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument)) << edit.to;
    ASSERT_TRUE(base::FieldErrorOf(status).has_value()) << status;
    EXPECT_EQ(base::FieldErrorOf(status)->field, edit.field);
  }
}

TEST_F(TokenTableTest, ASecretThatStandsInTheFileIsNotRepeated) {
  const std::string edited =
      absl::StrReplaceAll(table_.Encode(), {{token_.record.sha256, token_.text}});
  EXPECT_THAT(TokenTable::Parse(edited).status().ToString(),
              Not(HasSubstr(token_.text.substr(26))));
}

TEST(TokenTableParseTest, HostileTextIsRefused) {
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("{}"),
        std::string("{\"tokens\":{}}"), std::string("{\"tokens\":[],\"a\":1}"),
        std::string("{\"tokens\":[null]}"), std::string("{\"tokens\":[[]]}"),
        std::string("{\"tokens\":[]"), std::string(1'000'000, '['),
        "{\"tokens\":" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}",
        std::string(1000, '\0'), std::string(kMaxTokenFileBytes + 1, ' '),
        std::string("{\"tokens\":[{\"id\":\"\xff\"}]}")}) {
    EXPECT_THAT(TokenTable::Parse(text), StatusIs(absl::StatusCode::kInvalidArgument));
  }
  PARALLAX_EXPECT_OK(TokenTable::Parse("{\"tokens\":[]}"));
}

}  // namespace
}  // namespace parallax::server::security
