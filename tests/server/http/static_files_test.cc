#include "server/http/static_files.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

namespace parallax::server::http {
namespace {

namespace fs = std::filesystem;

std::string Gunzip(const std::string& bytes) {
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  std::string in = bytes;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

class StaticFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "parallax-static-XXXXXX";
    root_ = mkdtemp(pattern.data());
    fs::create_directories(root_ / "web/assets");
    Write("secret", "s");
    Write("web/index.html", "<p>" + std::string(2000, 'x'));
    Write("web/assets/app-1a2b.js", "export {};");
    Write("web/data.unknown", "?");
    Write("web/.git", "hidden");
    fs::create_symlink(root_ / "secret", root_ / "web/link.txt");
  }
  void TearDown() override { fs::remove_all(root_); }

  void Write(const std::string& name, const std::string& content) {
    std::ofstream(root_ / name) << content;
  }
  Response Get(const std::string& target, Headers headers = {}) {
    const auto files = StaticFiles::Load((root_ / "web").string());
    EXPECT_TRUE(files.ok()) << files.status();
    return files->Answer({.method = "GET", .target = target, .headers = std::move(headers)});
  }
  static std::string HeaderOf(const Response& response, const std::string& name) {
    return std::string(Request{.headers = response.headers}.Header(name));
  }

  fs::path root_;
};

TEST_F(StaticFilesTest, FilesHaveTheirTypesAndTheRootIsTheIndex) {
  const Response root = Get("/?x=1");
  EXPECT_EQ(root.status, 200u);
  EXPECT_EQ(root.body.substr(0, 4), "<p>x");
  EXPECT_EQ(HeaderOf(root, "content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(HeaderOf(root, "cache-control"), "no-cache");
  EXPECT_EQ(HeaderOf(root, "x-content-type-options"), "nosniff");
  const Response script = Get("/assets/app-1a2b.js");
  EXPECT_EQ(script.body, "export {};");
  EXPECT_EQ(HeaderOf(script, "content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(HeaderOf(script, "cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(HeaderOf(Get("/data.unknown"), "content-type"), "application/octet-stream");
}

TEST_F(StaticFilesTest, OnlyWhatLiesInTheFolderIsServed) {
  for (const char* target :
       {"/../secret", "/assets/../../secret", "/%2e%2e/secret", "/..%2fsecret", "//secret",
        "/link.txt", "/.git", "/assets", "/assets/", "/runs/7", "", "/index.html/", "secret"}) {
    EXPECT_EQ(Get(target).status, 404u) << target;
  }
}

TEST_F(StaticFilesTest, AnUnchangedFileIsNotSentAgain) {
  const std::string etag = HeaderOf(Get("/"), "etag");
  ASSERT_EQ(etag.size(), 34u);
  const Response same = Get("/", {{"if-none-match", "\"other\", W/" + etag}});
  EXPECT_EQ(same.status, 304u);
  EXPECT_TRUE(same.body.empty());
  Write("web/index.html", "new");
  EXPECT_EQ(Get("/", {{"if-none-match", etag}}).body, "new");
}

TEST_F(StaticFilesTest, WhatShrinksIsSentCompressedToWhoTakesIt) {
  const std::string plain = Get("/").body;
  const Response small = Get("/", {{"accept-encoding", "br, gzip;q=0.5"}});
  EXPECT_EQ(HeaderOf(small, "content-encoding"), "gzip");
  EXPECT_EQ(HeaderOf(small, "vary"), "Accept-Encoding");
  EXPECT_LT(small.body.size(), plain.size());
  EXPECT_EQ(Gunzip(small.body), plain);
  EXPECT_NE(HeaderOf(small, "etag"), HeaderOf(Get("/"), "etag"));
  EXPECT_EQ(Get("/", {{"accept-encoding", "gzip;q=0, br"}}).body, plain);
  EXPECT_EQ(HeaderOf(Get("/data.unknown", {{"accept-encoding", "gzip"}}), "content-encoding"), "");
}

TEST_F(StaticFilesTest, AFolderWithoutAnIndexIsNoDashboard) {
  EXPECT_TRUE(absl::IsNotFound(StaticFiles::Load((root_ / "web/assets").string()).status()));
  EXPECT_TRUE(absl::IsNotFound(StaticFiles::Load((root_ / "none").string()).status()));
  const Response response = StaticFiles("/usr/share/none").Answer({.method = "GET", .target = "/"});
  EXPECT_EQ(response.status, 404u);
  EXPECT_NE(response.body.find("/usr/share/none"), std::string::npos) << response.body;
}

}  // namespace
}  // namespace parallax::server::http
