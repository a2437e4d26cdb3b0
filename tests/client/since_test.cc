#include "client/cli/since.h"

#include <gtest/gtest.h>

namespace parallax::client {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'000'000);

bool Includes(const std::string& text, int64_t unix_seconds) {
  google::protobuf::Timestamp time;
  time.set_seconds(unix_seconds);
  const absl::StatusOr<Since> since = Since::Parse(text, kNow);
  EXPECT_TRUE(since.ok()) << since.status();
  return since.ok() && since->Includes(time);
}

TEST(SinceTest, AgesCountBackFromNow) {
  EXPECT_TRUE(Includes("90m", 1'000'000 - 5400));
  EXPECT_FALSE(Includes("90m", 1'000'000 - 5401));
  EXPECT_TRUE(Includes("1h30m", 1'000'000 - 5400));
  EXPECT_TRUE(Includes("7d", 1'000'000 - 604800));
  EXPECT_FALSE(Includes("7d", 1'000'000 - 604801));
}

TEST(SinceTest, ATimeIsItselfTheFirst) {
  EXPECT_TRUE(Includes("1970-01-12T13:46:40Z", 1'000'000));
  EXPECT_FALSE(Includes("1970-01-12T13:46:40Z", 999'999));
  EXPECT_TRUE(Includes("1970-01-12T15:46:40+02:00", 1'000'000));
}

TEST(SinceTest, EmptyIncludesEverythingAndOtherWordsAreRefusedWithTheForms) {
  EXPECT_TRUE(Includes("", 0));
  for (const char* wrong : {"yesterday", "-3h", "7", "d", "2026-13-01T00:00:00Z"}) {
    const absl::StatusOr<Since> since = Since::Parse(wrong, kNow);
    ASSERT_FALSE(since.ok()) << wrong;
    EXPECT_EQ(since.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_NE(since.status().ToString().find(wrong), std::string::npos);
    EXPECT_NE(since.status().ToString().find("7d"), std::string::npos);
  }
}

}  // namespace
}  // namespace parallax::client
