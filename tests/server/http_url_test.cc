#include "server/http_url.h"

#include <gtest/gtest.h>

#include "server/status.h"

namespace parallax::server {
namespace {

TEST(HttpUrlTest, AUrlIsTakenApart) {
  const HttpUrl url = ParseHttpUrl("http://lab.example:8080/ends?rig=7").value();
  EXPECT_EQ(url.host, "lab.example");
  EXPECT_EQ(url.port, "8080");
  EXPECT_EQ(url.target, "/ends?rig=7");
  EXPECT_EQ(url.authority, "lab.example:8080");
  const HttpUrl bare = ParseHttpUrl("http://10.0.0.7").value();
  EXPECT_EQ(bare.host, "10.0.0.7");
  EXPECT_EQ(bare.port, "80");
  EXPECT_EQ(bare.target, "/");
  const HttpUrl six = ParseHttpUrl("http://[::1]:9?x").value();
  EXPECT_EQ(six.host, "::1");
  EXPECT_EQ(six.port, "9");
  EXPECT_EQ(six.target, "/?x");
  EXPECT_EQ(ParseHttpUrl("http://[fd00::7]/")->port, "80");
}

TEST(HttpUrlTest, WhateverIsNotOneIsRefusedByName) {
  for (const char* url : {"",
                          "lab",
                          "https://lab/",
                          "ftp://lab/",
                          "HTTP//lab",
                          "http://",
                          "http:///ends",
                          "http://lab:/",
                          "http://lab:0/",
                          "http://lab:65536/",
                          "http://lab:8x/",
                          "http://me@lab/",
                          "http://lab/#part",
                          "http://lab/a b",
                          "http://lab/\r\nX: y",
                          "http://lab/\xc3\xa4",
                          "http://[::1",
                          "http://[::1]8/",
                          "http://[]/",
                          "http://a\\b/",
                          "http://lab:99999999999/"}) {
    const absl::Status status = ParseHttpUrl(url).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << url;
    EXPECT_EQ(DetailOf(status)->field(), "url") << url;
  }
}

}  // namespace
}  // namespace parallax::server
