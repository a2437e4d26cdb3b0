#include "server/config.h"

#include <gtest/gtest.h>

#include "core/base/file.h"
#include "server/log.h"

namespace parallax::server {
namespace {

TEST(ConfigTest, TheDocumentedFileHoldsEveryKeyWithItsDefault) {
  const absl::StatusOr<std::string> text = base::ReadFile(PARALLAX_CONFIG_FILE);
  ASSERT_TRUE(text.ok()) << text.status();
  const absl::StatusOr<Config> config = ParseConfig(*text, "parallaxd.toml");
  ASSERT_TRUE(config.ok()) << config.status();
  const Config defaults = *ParseConfig("", "");
  EXPECT_EQ(config->daemon.listen, defaults.daemon.listen);
  EXPECT_EQ(config->daemon.http.server.listen, defaults.daemon.http.server.listen);
  EXPECT_EQ(config->daemon.http.server.max_connections,
            defaults.daemon.http.server.max_connections);
  EXPECT_EQ(config->daemon.http.server.idle_timeout, defaults.daemon.http.server.idle_timeout);
  EXPECT_EQ(config->daemon.http.web, defaults.daemon.http.web);
  EXPECT_EQ(config->daemon.http.origins, defaults.daemon.http.origins);
  EXPECT_EQ(config->daemon.exposure, defaults.daemon.exposure);
  EXPECT_EQ(config->daemon.threads, defaults.daemon.threads);
  EXPECT_EQ(config->daemon.max_waiting_calls, defaults.daemon.max_waiting_calls);
  EXPECT_EQ(config->daemon.drain_timeout, defaults.daemon.drain_timeout);
  EXPECT_EQ(config->daemon.compaction_interval, defaults.daemon.compaction_interval);
  EXPECT_EQ(config->daemon.ingest.credit, defaults.daemon.ingest.credit);
  EXPECT_EQ(config->daemon.ingest.max_inbox_bytes, defaults.daemon.ingest.max_inbox_bytes);
  EXPECT_EQ(config->daemon.ingest.max_streams, defaults.daemon.ingest.max_streams);
  EXPECT_EQ(config->daemon.ingest.max_bytes, defaults.daemon.ingest.max_bytes);
  EXPECT_EQ(config->daemon.ingest.max_bytes_per_caller,
            defaults.daemon.ingest.max_bytes_per_caller);
  EXPECT_EQ(config->daemon.calls.in_all, defaults.daemon.calls.in_all);
  EXPECT_EQ(config->daemon.calls.per_caller, defaults.daemon.calls.per_caller);
  EXPECT_EQ(config->daemon.max_transport_bytes, defaults.daemon.max_transport_bytes);
  EXPECT_EQ(config->daemon.ingest.max_streams_per_caller,
            defaults.daemon.ingest.max_streams_per_caller);
  EXPECT_EQ(config->daemon.max_connection_age, defaults.daemon.max_connection_age);
  EXPECT_FALSE(config->daemon.security.HasTls());
  EXPECT_FALSE(config->daemon.security.AsksForProof());
  EXPECT_EQ(config->daemon.security.client_certificates,
            defaults.daemon.security.client_certificates);
  EXPECT_EQ(config->daemon.ingest.idle_timeout, defaults.daemon.ingest.idle_timeout);
  EXPECT_EQ(config->daemon.ingest.workers, defaults.daemon.ingest.workers);
  EXPECT_EQ(config->daemon.live.runs_per_false_alarm, defaults.daemon.live.runs_per_false_alarm);
  EXPECT_EQ(config->data_directory, DefaultDataDirectory());
  EXPECT_EQ(config->recalibration_interval, defaults.recalibration_interval);
  for (const std::string& key : ConfigKeys()) {
    const std::string name = key.substr(key.find('.') + 1);
    const bool documented = text->find("\n" + name + " = ") != std::string::npos ||
                            text->find("\n# " + name + " = ") != std::string::npos;
    EXPECT_TRUE(documented) << key;
  }
}

TEST(ConfigTest, ErrorsNameFileLineKeyAndBound) {
  const auto error = [](const std::string& toml) {
    return std::string(ParseConfig(toml, "my.toml").status().message());
  };
  EXPECT_EQ(error("[server]\nlisen = \"x\"\n"),
            "my.toml:2: server.lisen is not a key; did you mean \"server.listen\"?");
  EXPECT_EQ(error("[ingest]\ncredit = 0\n"),
            "my.toml:2: ingest.credit: must be a whole number in [1, 1000000000]");
  EXPECT_EQ(error("[ingest]\ncredit = \"many\"\n"),
            "my.toml:2: ingest.credit: must be a whole number in [1, 1000000000]");
  EXPECT_NE(error("[log]\nformat = \"xml\"\n").find("\"json\" or \"text\""), std::string::npos);
  EXPECT_NE(error("[ingest]\nidle_timeout_s = -1\n").find("seconds"), std::string::npos);
  EXPECT_EQ(error("[live]\nruns_per_false_alarm = 0.5\n"),
            "my.toml:2: live.runs_per_false_alarm: must be a number of runs in [1, 1e9]");
  EXPECT_EQ(ParseConfig("[live]\nruns_per_false_alarm = 20\n", "my.toml")
                ->daemon.live.runs_per_false_alarm,
            20.0);
  EXPECT_NE(error("listen = ").find("my.toml:1"), std::string::npos);
  EXPECT_EQ(error("[http]\norigins = \"http://a\"\n"),
            "my.toml:2: http.origins: must be a list of strings");
  EXPECT_NE(error("[http]\norigins = [\"*\"]\n").find("http.origins: origin = \"*\""),
            std::string::npos);
}

TEST(ConfigTest, OnlyLoopbackIsServedUnlessToldOtherwise) {
  for (const char* listen : {"127.0.0.1:0", "127.1.2.3:5", "localhost:1", "[::1]:50051"}) {
    EXPECT_TRUE(Validate({.listen = listen}).ok()) << listen;
  }
  for (const char* listen :
       {"0.0.0.0:1", "[::]:1", "192.168.1.2:1", "lab.example:1", "127.evil.example:1"}) {
    EXPECT_FALSE(Validate({.listen = listen}).ok()) << listen;
    EXPECT_FALSE(Validate({.http = {.server = {.listen = listen}}}).ok()) << listen;
    EXPECT_TRUE(Validate({.listen = listen, .exposure = Exposure::kAnyAddress}).ok()) << listen;
  }
  for (const char* listen : {"", ":1", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000"}) {
    EXPECT_FALSE(Validate({.listen = listen}).ok()) << listen;
  }
  EXPECT_TRUE(Validate({.http = {.server = {.listen = ""}}}).ok()) << "no HTTP";
  EXPECT_FALSE(Validate({.http = {.server = {.listen = "8080"}}}).ok());
  EXPECT_FALSE(Validate({.http = {.server = {.max_connections = 0}}}).ok());
}

TEST(LogTest, ALineIsOneJsonObjectWhateverIsInIt) {
  EXPECT_EQ(FormatJson("t", "info", "ready", {{"port", "5"}, {"path", "a\"b\nc"}}),
            "{\"time\":\"t\",\"level\":\"info\",\"event\":\"ready\",\"port\":\"5\","
            "\"path\":\"a\\\"b\\nc\"}");
  EXPECT_EQ(FormatJson("t", "info", "\xff", {}).find('\xff'), std::string::npos);
  EXPECT_EQ(FormatText("ready", {{"port", "5"}, {"path", "a\nb"}}), "ready port=5 path=a b");
}

}  // namespace
}  // namespace parallax::server
