#include "server/identity.h"

#include <gtest/gtest.h>

namespace parallax::server {
namespace {

TEST(IdentityTest, ACallersPortIsNoPartOfWhoItIs) {
  EXPECT_EQ(WithoutPort("ipv4:127.0.0.1:41234"), "ipv4:127.0.0.1");
  EXPECT_EQ(WithoutPort("ipv6:%5B::1%5D:41234"), "ipv6:%5B::1%5D");
  EXPECT_EQ(WithoutPort("unix:/run/parallax"), "unix:/run/parallax");
  EXPECT_EQ(WithoutPort("unknown"), "unknown");
}

}  // namespace
}  // namespace parallax::server
