#include "server/http/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parallax::server::http {
namespace {

Request From(const std::string& host, const std::string& origin) {
  Request request{.method = "POST", .headers = {{"host", host}}};
  if (!origin.empty()) request.headers.emplace_back("origin", origin);
  return request;
}

TEST(AccessTest, LoopbackIsAnAddressAndNoNameThatLooksLikeOne) {
  for (const char* host : {"localhost", "127.0.0.1", "127.1.2.3", "[::1]"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host : {"", "127.evil.example", "127.0.0.1.evil.example", "127.0.0.1.2", "127.1",
                           "localhost.evil.example", "128.0.0.1", "::1", "lab"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

TEST(AccessTest, ARequestByAnotherNameIsRefusedOnLoopback) {
  const AccessPolicy policy;
  for (const char* host : {"127.0.0.1:8080", "localhost", "localhost:1", "[::1]:8080", "[::1]"}) {
    EXPECT_TRUE(CheckHost(policy, From(host, "")).ok()) << host;
  }
  for (const char* host : {"evil.example:8080", "127.evil.example", "", "::1:8080", "lab:8080"}) {
    EXPECT_TRUE(absl::IsPermissionDenied(CheckHost(policy, From(host, "")))) << host;
    EXPECT_TRUE(CheckHost({.hosts = HostRule::kAny}, From(host, "")).ok()) << host;
  }
  Request twice = From("127.0.0.1", "");
  twice.headers.emplace_back("host", "127.0.0.1");
  EXPECT_FALSE(CheckHost({.hosts = HostRule::kAny}, twice).ok());
  EXPECT_FALSE(CheckHost({.hosts = HostRule::kAny}, Request()).ok()) << "no Host at all";
}

TEST(AccessTest, OriginsAreComparedWhole) {
  const AccessPolicy policy{.origins = {"http://localhost:5173"}};
  EXPECT_TRUE(JudgeOrigin(policy, From("127.0.0.1:8080", ""))->empty()) << "no page";
  EXPECT_TRUE(JudgeOrigin(policy, From("127.0.0.1:8080", "http://127.0.0.1:8080"))->empty());
  const auto listed = JudgeOrigin(policy, From("127.0.0.1:8080", "http://localhost:5173"));
  ASSERT_TRUE(listed.ok());
  EXPECT_THAT(*listed, ::testing::Contains(::testing::Pair("access-control-allow-origin",
                                                           "http://localhost:5173")));
  EXPECT_THAT(*listed, ::testing::Contains(::testing::Pair("vary", "Origin")));
  for (const char* origin : {"http://localhost:51730", "http://localhost", "https://localhost:5173",
                             "http://evil.example", "null", "*", "http://127.0.0.1:8081"}) {
    EXPECT_TRUE(
        absl::IsPermissionDenied(JudgeOrigin(policy, From("127.0.0.1:8080", origin)).status()))
        << origin;
  }
}

TEST(AccessTest, AConfiguredOriginIsSchemeHostAndPort) {
  for (const char* origin : {"http://localhost:5173", "https://lab.example", "http://[::1]:80"}) {
    EXPECT_TRUE(ValidateOrigin(origin).ok()) << origin;
  }
  for (const char* origin : {"", "*", "null", "localhost:5173", "http://", "http://a/",
                             "http://a/b", "http://A", "ftp://a", "http://*.lab.example"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ValidateOrigin(origin))) << origin;
  }
}

}  // namespace
}  // namespace parallax::server::http
