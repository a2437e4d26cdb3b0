// Ends of jobs posted to a receiver of the test's own.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/hmac.h"
#include "server/http_post.h"
#include "server/webhook_sender.h"
#include "tests/server/daemon_fixture.h"
#include "tests/support/mailbox.h"

namespace parallax::server {
namespace {

using ::testing::HasSubstr;

/// An HTTP server on 127.0.0.1 that answers one request after the other with the status lines that
/// it is given; the last one again and again. An empty line answers nothing at all.
class Receiver {
 public:
  explicit Receiver(std::vector<std::string> answers) : answers_(std::move(answers)) {
    socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    PARALLAX_CHECK(bind(socket_, generic, size) == 0 && listen(socket_, 8) == 0);
    PARALLAX_CHECK(getsockname(socket_, generic, &size) == 0);
    url_ = absl::StrFormat("http://127.0.0.1:%d/ends", ntohs(address.sin_port));
    thread_ = std::thread([this] { Run(); });
  }
  ~Receiver() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }
  const std::string& url() const { return url_; }
  /// Waits for the next request: head and body as they came.
  std::string Take() { return requests_.Take(); }

 private:
  void Run() {
    for (size_t turn = 0;; ++turn) {
      const int peer = accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
      if (peer < 0) return;
      requests_.Put(ReadRequest(peer));
      const std::string& line = answers_[std::min(turn, answers_.size() - 1)];
      const std::string answer = line + "\r\nContent-Length: 0\r\n\r\n";
      if (!line.empty()) (void)!write(peer, answer.data(), answer.size());
      close(peer);
    }
  }
  static std::string ReadRequest(int peer) {
    std::string text;
    size_t wanted = std::string::npos;
    char bytes[4096];
    while (text.size() < wanted) {
      const ssize_t got = read(peer, bytes, sizeof bytes);
      if (got <= 0) break;
      text.append(bytes, static_cast<size_t>(got));
      const size_t head = text.find("\r\n\r\n");
      const size_t length = text.find("Content-Length: ");
      if (head == std::string::npos || length == std::string::npos) continue;
      wanted = head + 4 + std::stoul(text.substr(length + 16));
    }
    return text;
  }

  const std::vector<std::string> answers_;
  int socket_ = -1;
  std::string url_;
  parallax::testing::Mailbox<std::string> requests_;
  std::thread thread_;
};

std::string HeaderOf(const std::string& request, const std::string& name) {
  const size_t at = request.find(name + ": ") + name.size() + 2;
  return request.substr(at, request.find("\r\n", at) - at);
}

constexpr char kSecret[] = "a secret of the lab";

class WebhookTest : public DaemonTest {
 protected:
  void SetWebhook(const std::string& url) {
    const store::RigRow rig = store_->GetRig("board").value();
    ASSERT_TRUE(
        store_->UpdateRig("board", rig.etag, {.title = "", .webhook = store::Webhook{url, kSecret}})
            .ok());
  }
  /// Waits until `count` ends of jobs are delivered or dropped.
  static void Await(const WebhookSender& sender, uint64_t count) {
    for (;;) {
      const WebhookCounts c = sender.counts();
      if (c.delivered + c.dropped_full + c.dropped_refused + c.dropped_stopped >= count) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  static constexpr WebhookOptions kFast = {
      .attempts = 3, .first_pause = absl::Milliseconds(1), .timeout = absl::Seconds(5)};
  const store::JobRow ended_{.id = "j1", .rig = "board", .state = store::JobState::kCancelled};
};

TEST_F(WebhookTest, AJobOfTheDaemonIsPostedSignedWhenItEnds) {
  Receiver receiver({"HTTP/1.1 204 No Content"});
  SetWebhook(receiver.url());
  v1::CloseRunRequest request;
  request.set_name("rigs/board/runs/one");
  ASSERT_TRUE(Call(*ingest_, &v1::IngestService::Stub::CloseRun, request).ok());
  const std::string post = receiver.Take();
  EXPECT_THAT(post, ::testing::StartsWith("POST /ends HTTP/1.1\r\n"));
  EXPECT_EQ(HeaderOf(post, "Content-Type"), "application/json");
  const std::string body = post.substr(post.find("\r\n\r\n") + 4);
  const std::string timestamp = HeaderOf(post, "X-Parallax-Timestamp");
  EXPECT_EQ(timestamp, absl::StrFormat("%d", absl::ToUnixSeconds(clock_.Now())));
  EXPECT_EQ(HeaderOf(post, "X-Parallax-Signature"),
            "sha256=" + base::HmacSha256Hex(kSecret, timestamp + "." + body));
  const nlohmann::json json = nlohmann::json::parse(body);
  EXPECT_EQ(json["event"], "job.ended");
  EXPECT_EQ(json["job"], "jobs/j1");
  EXPECT_EQ(json["rig"], "rigs/board");
  EXPECT_EQ(json["kind"], "RECALIBRATION");
  EXPECT_EQ(json["state"], "FAILED") << "run \"one\" has no samples";
  EXPECT_THAT(json["error"].get<std::string>(), HasSubstr("run \"one\""));
  EXPECT_TRUE(json["report"].is_null());
}

TEST_F(WebhookTest, ASuccessNamesItsReportAndItsSet) {
  Receiver receiver({"HTTP/1.1 200 OK"});
  SetWebhook(receiver.url());
  store_->HoldJobs();
  store::Store& store = store_->inner();
  ASSERT_TRUE(store.InsertJob({.key = "k", .rig = "board"}).ok());
  store::JobRow job = store.ClaimJob()->value();
  const store::ParameterSetRow set{
      .parent = 0, .state = "CURRENT", .bytes = store.GetParameterSet("board", 0)->bytes};
  ASSERT_TRUE(
      store.FinishJob(job, store::AnalysisProduct{{.verdict = "IDENTIFIED", .bytes = "{}"}, set})
          .ok());
  job.state = store::JobState::kSucceeded;
  WebhookSender sender(*store_, clock_, kFast);
  sender.OnJobEnded(job);
  const std::string post = receiver.Take();
  const nlohmann::json json = nlohmann::json::parse(post.substr(post.find("\r\n\r\n") + 4));
  EXPECT_EQ(json["state"], "SUCCEEDED");
  EXPECT_EQ(json["kind"], "ANALYSIS");
  EXPECT_TRUE(json["error"].is_null());
  EXPECT_EQ(json["report"], "rigs/board/reports/r1");
  EXPECT_EQ(json["parameter_set"], "rigs/board/parameterSets/1");
  EXPECT_TRUE(json["design"].is_null() && json["model"].is_null());
}

TEST_F(WebhookTest, WhatIsNotTakenIsPostedAgain) {
  Receiver receiver({"HTTP/1.1 503 Service Unavailable", "", "HTTP/1.1 200 OK"});
  SetWebhook(receiver.url());
  WebhookSender sender(*store_, clock_, kFast);
  sender.OnJobEnded(ended_);
  Await(sender, 1);
  EXPECT_EQ(sender.counts().delivered, 1u);
  EXPECT_THAT(receiver.Take(), HasSubstr("job.ended"));
  EXPECT_THAT(receiver.Take(), HasSubstr("job.ended"));
  EXPECT_THAT(receiver.Take(), HasSubstr("\"state\":\"CANCELLED\""));
}

TEST_F(WebhookTest, WhatIsNeverTakenIsDroppedAndCounted) {
  Receiver receiver({"HTTP/1.1 302 Found"});
  SetWebhook(receiver.url());
  WebhookSender sender(*store_, clock_, kFast);
  sender.OnJobEnded(ended_);
  Await(sender, 1);
  EXPECT_EQ(sender.counts().dropped_refused, 1u) << "and no redirect is followed";
}

TEST_F(WebhookTest, MoreThanMayWaitIsDroppedWithoutWaiting) {
  SetWebhook("http://127.0.0.1:1/nobody");
  WebhookSender sender(*store_, clock_,
                       {.max_waiting = 2, .attempts = 2, .first_pause = absl::Hours(1)});
  for (int i = 0; i < 10; ++i) sender.OnJobEnded(ended_);
  EXPECT_GE(sender.counts().dropped_full, 7u) << "one is tried, two wait";
}

TEST_F(WebhookTest, ARigWithoutOneIsNotTold) {
  WebhookSender sender(*store_, clock_, kFast);
  sender.OnJobEnded(ended_);
  SetWebhook("http://127.0.0.1:1/nobody");
  sender.OnJobEnded(ended_);
  Await(sender, 1);
  EXPECT_EQ(sender.counts().dropped_refused, 1u);
}

TEST(HttpPostTest, OnlyLocalNetworksArePostedTo) {
  for (const char* host : {"8.8.8.8", "169.254.169.254", "172.32.0.1", "2001:4860:4860::8888"}) {
    const HttpUrl url{.host = host, .port = "9", .authority = host};
    EXPECT_TRUE(absl::IsPermissionDenied(HttpPost(url, {}, "{}", absl::Seconds(1)).status()))
        << host;
  }
}

TEST(HttpPostTest, APeerThatAnswersNothingOrNoHttpIsUnavailable) {
  Receiver silent({""});
  Receiver strange({"SSH-2.0"});
  for (const Receiver* receiver : {&silent, &strange}) {
    const HttpUrl url = ParseHttpUrl(receiver->url()).value();
    EXPECT_TRUE(absl::IsUnavailable(HttpPost(url, {}, "{}", absl::Seconds(5)).status()));
  }
  const HttpUrl nobody{.host = "127.0.0.1", .port = "1", .authority = "127.0.0.1:1"};
  EXPECT_TRUE(absl::IsUnavailable(HttpPost(nobody, {}, "{}", absl::Seconds(5)).status()));
}

}  // namespace
}  // namespace parallax::server
