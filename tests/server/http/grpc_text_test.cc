#include "server/http/grpc_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parallax::server::http {
namespace {

TEST(GrpcTextTest, TimeoutsAreDigitsAndAUnit) {
  EXPECT_EQ(*ParseTimeout("2H"), absl::Hours(2));
  EXPECT_EQ(*ParseTimeout("3M"), absl::Minutes(3));
  EXPECT_EQ(*ParseTimeout("0S"), absl::ZeroDuration());
  EXPECT_EQ(*ParseTimeout("250m"), absl::Milliseconds(250));
  EXPECT_EQ(*ParseTimeout("7u"), absl::Microseconds(7));
  EXPECT_EQ(*ParseTimeout("99999999n"), absl::Nanoseconds(99'999'999));
  EXPECT_EQ(*ParseTimeout("99999999H"), 99'999'999 * absl::Hours(1)) << "saturates nowhere near";
  for (const char* wrong : {"", "m", "5", "-1m", "+1m", "1.5S", "1s", " 1m", "1m ", "999999999n"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseTimeout(wrong).status())) << wrong;
  }
}

TEST(GrpcTextTest, OnlyPrintableAsciiIsMetadata) {
  EXPECT_TRUE(IsMetadataValue("Bearer a~b c"));
  EXPECT_TRUE(IsMetadataValue(""));
  for (const char* wrong : {"\x80", "a\tb", "a\r\nb", "\x7f"}) EXPECT_FALSE(IsMetadataValue(wrong));
}

TEST(GrpcTextTest, TheEndOfACallInHeaders) {
  const RpcEnd end{.code = absl::StatusCode::kNotFound,
                   .message = "50 % of \"µ\"\n",
                   .details = std::string("\x00\xff", 2),
                   .trailers = {{"a", "b"}, {"c-bin", "\x01"}}};
  EXPECT_THAT(EndHeaders(end),
              ::testing::ElementsAre(::testing::Pair("grpc-status", "5"),
                                     ::testing::Pair("grpc-message", "50 %25 of \"%C2%B5\"%0A"),
                                     ::testing::Pair("grpc-status-details-bin", "AP8="),
                                     ::testing::Pair("a", "b"), ::testing::Pair("c-bin", "AQ==")));
  EXPECT_THAT(EndHeaders({}), ::testing::ElementsAre(::testing::Pair("grpc-status", "0")));
}

}  // namespace
}  // namespace parallax::server::http
