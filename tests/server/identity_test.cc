#include "server/identity.h"

#include <gtest/gtest.h>

namespace parallax::server {
namespace {

TEST(IdentityTest, ACallersPortIsNoPartOfWhoItIs) {
  EXPECT_EQ(CallerFrom("ipv4:127.0.0.1:41234", ""), "ipv4:127.0.0.1");
  EXPECT_EQ(CallerFrom("ipv6:%5B::1%5D:41234", ""), "ipv6:%5B::1%5D");
  EXPECT_EQ(CallerFrom("unix:/run/parallax", ""), "unix:/run/parallax");
  EXPECT_EQ(CallerFrom("unknown", ""), "unknown");
}

TEST(IdentityTest, OnlyTheGatewayIsBelievedWhoCalls) {
  EXPECT_EQ(CallerFrom("unknown", "ipv4:127.0.0.1"), "ipv4:127.0.0.1");
  EXPECT_EQ(CallerFrom("ipv4:10.0.0.7:41234", "ipv4:127.0.0.1"), "ipv4:10.0.0.7");
  EXPECT_EQ(CallerFrom("ipv6:%5Bfe80::1%5D:41234", "ipv4:127.0.0.1"), "ipv6:%5Bfe80::1%5D");
  EXPECT_EQ(CallerFrom("unix:/run/parallax", "ipv4:127.0.0.1"), "unix:/run/parallax");
}

}  // namespace
}  // namespace parallax::server
