#include "server/security/audit_record.h"

#include <gtest/gtest.h>

#include <vector>

#include "absl/strings/str_replace.h"
#include "core/base/sha256.h"
#include "tests/server/security/fixture.h"
#include "tests/support/status_matchers.h"

namespace parallax::server::security {
namespace {

using ::parallax::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

AuditEvent Promotion() {
  return {.time = absl::FromUnixNanos(1'700'000'000'000'000'001),
          .identity = "tokens/0123456789abcdef",
          .method = "/parallax.v1.CalibrationService/Promote",
          .target = "rigs/7/parameterSets/3",
          .decision = Decision::kAllowed,
          .code = "OK"};
}

TEST(AuditRecordTest, HasTheDocumentedLine) {
  AuditHead head;
  const std::string line = EncodeAuditRecord(Promotion(), head);
  const std::string zeros(64, '0');
  const std::string begin = R"({"code":"OK","count":1,"decision":"ALLOWED",)";
  const std::string rest =
      R"("identity":"tokens/0123456789abcdef","method":"/parallax.v1.CalibrationService/Promote",)"
      R"("previous":")" +
      zeros + R"(","sequence":1,"target":"rigs/7/parameterSets/3",)" +
      R"("time_unix_ns":1700000000000000001})";
  const std::string hash = base::Sha256Hex(begin + rest);
  EXPECT_EQ(line, begin + "\"hash\":\"" + hash + "\"," + rest + "\n");
  EXPECT_EQ(head, (AuditHead{.count = 1, .hash = hash}));
}

TEST(AuditRecordTest, AChainIsReadBack) {
  AuditHead written;
  AuditHead read;
  for (int i = 0; i < 5; ++i) {
    AuditEvent event = Promotion();
    event.target = std::to_string(i);
    event.count = 1 + 1000 * static_cast<uint64_t>(i);
    event.decision = i % 2 == 0 ? Decision::kAllowed : Decision::kDenied;
    const std::string line = EncodeAuditRecord(event, written);
    PARALLAX_ASSERT_OK_AND_ASSIGN(const AuditEvent back, DecodeAuditRecord(line, read));
    EXPECT_EQ(back.time, event.time);
    EXPECT_EQ(back.identity, event.identity);
    EXPECT_EQ(back.method, event.method);
    EXPECT_EQ(back.target, event.target);
    EXPECT_EQ(back.decision, event.decision);
    EXPECT_EQ(back.code, event.code);
    EXPECT_EQ(back.count, event.count);
    EXPECT_EQ(read, written);
  }
}

TEST(AuditRecordTest, WhateverACallerSaysIsOneBoundedLineThatIsReadBack) {
  for (const std::string& text :
       {std::string("a\nb\r\n"), std::string("\"},{\""), std::string(1000, '\0'),
        std::string(100'000, 'a'), std::string(1000, '\xff'), std::string(255, 'a') + "\xc3\xa9",
        std::string(254, 'a') + "\xe2\x82\xac", std::string("\xed\xa0\x80"),
        std::string(200, '\xff') + std::string(200, 'a'), std::string("\x7f\x1b[31m")}) {
    AuditEvent event = Promotion();
    event.identity = event.method = event.target = event.code = text;
    AuditHead written;
    AuditHead read;
    const std::string line = EncodeAuditRecord(event, written);
    EXPECT_LE(line.size(), kMaxAuditLineBytes);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    for (const char c : line.substr(0, line.size() - 1)) EXPECT_TRUE(c >= 0x20 && c <= 0x7f);
    PARALLAX_ASSERT_OK_AND_ASSIGN(const AuditEvent back, DecodeAuditRecord(line, read));
    EXPECT_EQ(read, written);
    EXPECT_LE(back.target.size(), kMaxAuditTextBytes);
  }
}

TEST(AuditRecordTest, EveryFlippedBitIsFound) {
  AuditHead head;
  EncodeAuditRecord(Promotion(), head);
  const AuditHead before = head;
  const std::string line = EncodeAuditRecord(Promotion(), head);
  for (size_t bit = 0; bit < 8 * (line.size() - 1); ++bit) {
    std::string flipped = line;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    AuditHead at = before;
    ASSERT_THAT(DecodeAuditRecord(flipped, at), StatusIs(kDataLoss, HasSubstr("audit record 2")))
        << bit;
    ASSERT_EQ(at, before) << "a refused record moves nothing";
  }
}

TEST(AuditRecordTest, EveryPrefixIsRefused) {
  AuditHead head;
  const std::string line = EncodeAuditRecord(Promotion(), head);
  for (size_t size = 0; size + 1 < line.size(); ++size) {
    AuditHead at;
    EXPECT_THAT(DecodeAuditRecord(line.substr(0, size), at), StatusIs(kDataLoss)) << size;
  }
}

TEST(AuditRecordTest, AnotherWritingOfTheSameIsRefused) {
  AuditHead head;
  const std::string line = EncodeAuditRecord(Promotion(), head);
  const std::vector<std::pair<std::string, std::string>> edits = {
      {"\"code\"", " \"code\""},
      {"{\"code\"", "{\"a\":1,\"code\""},
      {"\"sequence\":1", "\"sequence\":1.0"},
      {"{\"code\"", "{\"code\":\"X\",\"code\""},
      {"ALLOWED", "ALLOW\\u0045D"},
      {"ALLOWED", "allowed"},
      {"1700000000000000001", "1.7e18"},
      {"1700000000000000001", "18446744073709551615"}};
  for (const auto& [from, to] : edits) {
    const std::string edited = absl::StrReplaceAll(line, {{from, to}});
    ASSERT_NE(edited, line);
    AuditHead at;
    EXPECT_THAT(DecodeAuditRecord(edited, at), StatusIs(kDataLoss)) << edited;
  }
}

TEST(AuditRecordTest, HostileLinesAreRefused) {
  for (const std::string& line :
       {std::string(), std::string("\n"), std::string("null"), std::string("[]"), std::string("{}"),
        std::string("{\"sequence\":1}"), std::string(8000, '['),
        "{\"sequence\":" + std::string(4000, '[') + std::string(4000, ']') + "}",
        std::string(1'000'000, '{'), std::string(100, '\0'), std::string(100, '\xff')}) {
    AuditHead at;
    EXPECT_THAT(DecodeAuditRecord(line, at), StatusIs(kDataLoss, HasSubstr("audit record 1")));
  }
}

TEST(AuditRecordTest, TheErrorTellsWhichPartIsWrong) {
  AuditHead head;
  const std::string first = EncodeAuditRecord(Promotion(), head);
  const std::string second = EncodeAuditRecord(Promotion(), head);
  AuditHead at;
  EXPECT_THAT(DecodeAuditRecord(second, at),
              StatusIs(kDataLoss, "audit record 1: sequence = 2, must be 1"));
  const std::string edited = absl::StrReplaceAll(first, {{"parameterSets/3", "parameterSets/4"}});
  EXPECT_THAT(DecodeAuditRecord(edited, at),
              StatusIs(kDataLoss,
                       AllOf(HasSubstr("audit record 1: hash"), HasSubstr("that of its content"))));
  at = {.count = 1, .hash = std::string(64, '0')};
  EXPECT_THAT(DecodeAuditRecord(second, at),
              StatusIs(kDataLoss, AllOf(HasSubstr("audit record 2: previous"),
                                        HasSubstr("the hash of record 1"))));
}

}  // namespace
}  // namespace parallax::server::security
