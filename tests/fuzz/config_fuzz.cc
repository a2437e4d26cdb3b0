// Feeds ParseConfig arbitrary text. Every value that it accepts is within its bounds, and what it
// read reads the same when it is written down again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "server/config.h"
#include "tests/fuzz/answer.h"

namespace parallax::server {
namespace {

constexpr int64_t kMostCount = 1'000'000'000;

/// A TOML string of any bytes that TOML allows.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\\') {
      quoted += absl::StrFormat("\\u%04x", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string CountText(int64_t count) {
  PARALLAX_CHECK(count >= 1 && count <= kMostCount);
  return absl::StrFormat("%d\n", count);
}

std::string SecondsText(absl::Duration duration) {
  // A time below the clock's resolution is none.
  PARALLAX_CHECK(duration >= absl::ZeroDuration() && duration <= absl::Seconds(1'000'000));
  return absl::StrFormat("%.17g\n", absl::ToDoubleSeconds(duration));
}

/// A file that says what a configuration holds.
std::string ConfigText(const Config& config) {
  const DaemonOptions& daemon = config.daemon;
  std::string origins;
  for (const std::string& origin : daemon.http.origins) origins += Quoted(origin) + ", ";
  return "[server]\nlisten = " + Quoted(daemon.listen) +
         "\ninsecure = " + (daemon.exposure == Exposure::kAnyAddress ? "true" : "false") +
         "\nport_file = " + Quoted(config.port_file) + "\nthreads = " + CountText(daemon.threads) +
         "max_waiting_calls = " + CountText(static_cast<int64_t>(daemon.max_waiting_calls)) +
         "drain_timeout_s = " + SecondsText(daemon.drain_timeout) +
         "[http]\nlisten = " + Quoted(daemon.http.server.listen) +
         "\nweb = " + Quoted(daemon.http.web) + "\norigins = [" + origins +
         "]\nmax_connections = " +
         CountText(static_cast<int64_t>(daemon.http.server.max_connections)) +
         "idle_timeout_s = " + SecondsText(daemon.http.server.idle_timeout) +
         "[store]\ndata = " + Quoted(config.data_directory) +
         "\ncompaction_interval_s = " + SecondsText(daemon.compaction_interval) +
         "[analysis]\nrecalibration_interval_s = " + SecondsText(config.recalibration_interval) +
         "[live]\nruns_per_false_alarm = " +
         absl::StrFormat("%.17g\n", daemon.live.runs_per_false_alarm) +
         "[ingest]\ncredit = " + CountText(daemon.ingest.credit) +
         "max_inbox_bytes = " + CountText(static_cast<int64_t>(daemon.ingest.max_inbox_bytes)) +
         "max_streams = " + CountText(static_cast<int64_t>(daemon.ingest.max_streams)) +
         "idle_timeout_s = " + SecondsText(daemon.ingest.idle_timeout) +
         "workers = " + CountText(daemon.ingest.workers) +
         "[log]\nformat = " + (config.log_format == LogFormat::kJson ? "\"json\"\n" : "\"text\"\n");
}

/// Times that are shorter than what they are kept in would not be read again.
bool HasNoTime(const Config& config) {
  const DaemonOptions& daemon = config.daemon;
  for (const absl::Duration time :
       {daemon.drain_timeout, daemon.http.server.idle_timeout, daemon.compaction_interval,
        config.recalibration_interval, daemon.ingest.idle_timeout}) {
    if (time == absl::ZeroDuration()) return true;
  }
  return false;
}

}  // namespace
}  // namespace parallax::server

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace parallax::server;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const absl::StatusOr<Config> config = ParseConfig(text, "parallaxd.toml");
  if (!config.ok()) {
    PARALLAX_CHECK(absl::IsInvalidArgument(config.status()));
    return 0;
  }
  const std::string written = ConfigText(*config);
  if (HasNoTime(*config)) return 0;
  const absl::StatusOr<Config> again = ParseConfig(written, "written.toml");
  PARALLAX_CHECK(again.ok());
  PARALLAX_CHECK(parallax::fuzz::Answer(ConfigText(*again)) == written);
  return 0;
}
