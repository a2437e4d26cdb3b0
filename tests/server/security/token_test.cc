#include "server/security/token.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/base/field_error.h"
#include "core/base/sha256.h"
#include "tests/server/security/fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::server::security {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

absl::Status Counting(std::span<unsigned char> bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i);
  return absl::OkStatus();
}

TEST(TokenTest, HasTheKnownTextAndIsKeptAsItsHash) {
  PARALLAX_ASSERT_OK_AND_ASSIGN(const NewToken token, MakeToken({.label = "dashboard",
                                                                 .role = Role::kOperator,
                                                                 .rigs = {"7"},
                                                                 .lifetime = absl::Hours(1)},
                                                                kNow, Counting));
  // base64url of the bytes 8 to 39.
  EXPECT_EQ(token.text, "parallax_0001020304050607_CAkKCwwNDg8QERITFBUWFxgZGhscHR4fICEiIyQlJic");
  EXPECT_EQ(token.text.size(), kTokenChars);
  EXPECT_EQ(token.record.id, "0001020304050607");
  EXPECT_EQ(token.record.sha256, base::Sha256Hex(token.text));
  EXPECT_EQ(token.record.role, Role::kOperator);
  EXPECT_EQ(token.record.rigs, std::vector<std::string>{"7"});
  EXPECT_EQ(token.record.create_time, kNow);
  EXPECT_EQ(token.record.expire_time, kNow + absl::Hours(1));
  EXPECT_EQ(token.record.revoke_time, std::nullopt);
}

TEST(TokenTest, NoTwoAreAlike) {
  std::set<std::string> texts;
  for (int i = 0; i < 100; ++i) {
    PARALLAX_ASSERT_OK_AND_ASSIGN(const NewToken token,
                                  MakeToken({.label = "x"}, kNow, SystemEntropy));
    EXPECT_EQ(token.text.size(), kTokenChars);
    texts.insert(token.text.substr(26));
  }
  EXPECT_EQ(texts.size(), 100u);
}

TEST(TokenTest, WithoutRandomBytesThereIsNone) {
  const Entropy none = [](std::span<unsigned char>) { return absl::InternalError("dry"); };
  EXPECT_THAT(MakeToken({.label = "x"}, kNow, none), StatusIs(absl::StatusCode::kInternal));
}

TEST(TokenTest, BadSpecsAreRefusedByField) {
  const std::vector<std::pair<TokenSpec, std::string>> cases = {
      {{.label = ""}, "label"},
      {{.label = std::string(101, 'a')}, "label"},
      {{.label = "a\nb"}, "label"},
      {{.label = "caf\xc3\xa9"}, "label"},
      {{.label = "x", .role = Role::kRig}, "role"},
      {{.label = "x", .rigs = {"7", "a/b"}}, "rigs[1]"},
      {{.label = "x", .rigs = {""}}, "rigs[0]"},
      {{.label = "x", .rigs = std::vector<std::string>(65, "7")}, "rigs"},
      {{.label = "x", .lifetime = absl::ZeroDuration()}, "lifetime"},
      {{.label = "x", .lifetime = -absl::InfiniteDuration()}, "lifetime"}};
  for (const auto& [spec, field] : cases) {
    const absl::Status status = MakeToken(spec, kNow, Counting).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
    ASSERT_TRUE(base::FieldErrorOf(status).has_value()) << status;
    EXPECT_EQ(base::FieldErrorOf(status)->field, field);
  }
}

class AuthorizationTest : public ::testing::Test {
 protected:
  const NewToken token_ = MakeToken({.label = "x"}, kNow, SystemEntropy).value();
};

TEST_F(AuthorizationTest, ATokenIsReadAndMatchesItsRecord) {
  for (const std::string scheme : {"Bearer ", "bearer ", "BEARER "}) {
    const std::string header = scheme + token_.text;
    PARALLAX_ASSERT_OK_AND_ASSIGN(const ShownToken shown, ParseAuthorization(header));
    EXPECT_EQ(shown.text, token_.text);
    EXPECT_EQ(shown.id, token_.record.id);
    EXPECT_TRUE(Matches(token_.record, shown));
  }
}

TEST_F(AuthorizationTest, EveryChangedCharacterMakesItAnother) {
  const std::string header = "Bearer " + token_.text;
  for (size_t i = 7; i < header.size(); ++i) {
    std::string other = header;
    other[i] = other[i] == 'a' ? 'b' : 'a';
    const absl::StatusOr<ShownToken> shown = ParseAuthorization(other);
    EXPECT_FALSE(shown.ok() && Matches(token_.record, *shown)) << i;
  }
}

TEST_F(AuthorizationTest, WhatIsNoTokenIsRefusedAndNotRepeated) {
  const std::string& text = token_.text;
  std::string with_null = "Bearer " + text;
  with_null[40] = '\0';
  std::string upper_id = "Bearer " + text;
  upper_id[16] = 'A';
  for (const std::string& header :
       {std::string(), text, "Bearer  " + text, "Bearer " + text + " ", " Bearer " + text,
        "Basic " + text, "Basics " + text, "Bearer\t" + text, "Bearer " + text.substr(1),
        "Bearer " + text.substr(1) + "x", absl::StrCat("Bearer ", text, ",", text), with_null,
        upper_id, "Bearer " + std::string(kTokenChars, 'a'), std::string(7 + kTokenChars, '\xff'),
        std::string(8'000'000, 'a')}) {
    const absl::StatusOr<ShownToken> shown = ParseAuthorization(header);
    EXPECT_THAT(shown, StatusIs(kUnauthenticated, HasSubstr("must be \"Bearer TOKEN\"")));
    EXPECT_THAT(shown.status().ToString(), Not(HasSubstr(text.substr(30, 20))));
    EXPECT_LT(shown.status().ToString().size(), 1000u);
  }
}

TEST_F(AuthorizationTest, ADamagedRecordMatchesNothing) {
  const std::string header = "Bearer " + token_.text;
  const ShownToken shown = ParseAuthorization(header).value();
  TokenRecord record = token_.record;
  record.sha256 = "";
  EXPECT_FALSE(Matches(record, shown));
  record.sha256 = token_.record.sha256.substr(1);
  EXPECT_FALSE(Matches(record, shown));
}

}  // namespace
}  // namespace parallax::server::security
