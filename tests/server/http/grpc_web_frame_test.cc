#include "server/http/grpc_web_frame.h"

#include <gtest/gtest.h>

#include "core/base/random.h"

namespace parallax::server::http {
namespace {

TEST(GrpcWebFrameTest, AFrameIsFlagsLengthAndContent) {
  EXPECT_EQ(MessageFrame("abc"), std::string("\x00\x00\x00\x00\x03"
                                             "abc",
                                             8));
  EXPECT_EQ(MessageFrame(std::string(0x010203, 'x')).substr(0, 5),
            std::string("\x00\x00\x01\x02\x03", 5));
  EXPECT_EQ(TrailerFrame({{"grpc-status", "0"}}),
            std::string("\x80\x00\x00\x00\x10", 5) + "grpc-status: 0\r\n");
}

TEST(GrpcWebFrameTest, WhatIsWrittenIsRead) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    base::Random random(seed, 0);
    std::string message(random.Below(2000), '\0');
    for (char& c : message) c = static_cast<char>(random.Below(256));
    const absl::StatusOr<std::string> read = ReadMessageFrame(MessageFrame(message));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, message);
  }
}

TEST(GrpcWebFrameTest, ARequestIsOneUncompressedFrame) {
  const std::string frame = MessageFrame("abc");
  for (size_t cut = 0; cut < frame.size(); ++cut) {
    EXPECT_TRUE(absl::IsInvalidArgument(ReadMessageFrame(frame.substr(0, cut)).status())) << cut;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(ReadMessageFrame(frame + "x").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadMessageFrame(frame + frame).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadMessageFrame(TrailerFrame({})).status()));
  std::string compressed = frame;
  compressed[0] = '\x01';
  EXPECT_TRUE(absl::IsUnimplemented(ReadMessageFrame(compressed).status()));
  // A length that would wrap around in 32 bits with its header.
  EXPECT_FALSE(ReadMessageFrame("\xff\xff\xff\xff\xff").ok());
  EXPECT_FALSE(ReadMessageFrame(std::string("\x00\xff\xff\xff\xff", 5)).ok());
}

}  // namespace
}  // namespace parallax::server::http
