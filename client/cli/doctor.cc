// parallax doctor
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/verbs.h"
#include "client/lib/probe.h"
#include "core/base/status_macros.h"

namespace parallax::client {
namespace {

constexpr absl::Duration kClockTolerance = absl::Seconds(1);

/// Findings in the order in which one needs the other.
class Findings {
 public:
  void Add(const std::string& check, const std::string& result, const std::string& text) {
    json_.push_back({{"check", check}, {"result", result}, {"text", text}});
    table_.rows.push_back({check, result, text});
  }
  /// Records a failure and what it means for the checks behind it.
  ExitCode Fail(const std::string& check, const absl::Status& status, Context& context) {
    Add(check, "failed", std::string(status.message()));
    return Emit(ExitCodeOf(status), context);
  }
  ExitCode Emit(ExitCode code, Context& context) const {
    context.Emit(json_, table_);
    return code;
  }

 private:
  Json json_ = Json::array();
  TextTable table_{{"check", "result", "text"}, {}};
};

void AddFacts(const DaemonFacts& facts, Findings& findings) {
  findings.Add("protocol", "ok",
               absl::StrFormat("parallax.v1, %d twins, round trip %s", facts.twins,
                               absl::FormatDuration(facts.round_trip)));
  if (!facts.version.has_value()) {
    findings.Add("version", "unknown",
                 "client " PARALLAX_VERSION "; the daemon does not say its own");
  } else {
    const bool same = *facts.version == PARALLAX_VERSION;
    findings.Add("version", same ? "ok" : "differs",
                 absl::StrFormat("client %s, daemon %s", PARALLAX_VERSION, *facts.version));
  }
  if (!facts.clock_ahead.has_value()) {
    findings.Add("clock", "unknown", "the daemon does not say its time");
    return;
  }
  const bool near = absl::AbsDuration(*facts.clock_ahead) <= kClockTolerance + facts.round_trip;
  findings.Add(
      "clock", near ? "ok" : "differs",
      absl::StrFormat("daemon minus client: %s", absl::FormatDuration(*facts.clock_ahead)));
}

absl::StatusOr<ExitCode> Examine(const NoOptions&, Context& context) {
  const Settings& settings = context.settings();
  Findings findings;
  const absl::StatusOr<HostPort> address = SplitAddress(settings.server);
  if (!address.ok()) return findings.Fail("server", address.status(), context);
  findings.Add("server", "ok",
               absl::StrFormat("%s, said by %s", settings.server, settings.server_source));
  const absl::StatusOr<std::vector<std::string>> hosts = ResolveHost(*address);
  if (!hosts.ok()) return findings.Fail("dns", hosts.status(), context);
  findings.Add("dns", "ok", absl::StrJoin(*hosts, ", "));
  const absl::Status tcp = ConnectTcp(*address, settings.timeout);
  if (!tcp.ok()) return findings.Fail("tcp", tcp, context);
  findings.Add("tcp", "ok", "port " + address->port + " accepts connections");
  const absl::Status health = CheckHealth(context.client().channel(), settings.timeout);
  if (!health.ok()) return findings.Fail("health", health, context);
  findings.Add("health", "ok", "the server says that it serves");
  const absl::StatusOr<DaemonFacts> facts =
      AskDaemon(context.client().channel(), settings.timeout, context.environment().clock);
  if (!facts.ok()) return findings.Fail("protocol", facts.status(), context);
  AddFacts(*facts, findings);
  return findings.Emit(kExitOk, context);
}

}  // namespace

void AddDoctor(CLI::App& app, Selection& selection) {
  CLI::App* const verb = app.add_subcommand(
      "doctor", "tells address, DNS, TCP, health, protocol, version and clock apart");
  SetAction(*verb, selection, std::make_shared<NoOptions>(), Examine);
}

}  // namespace parallax::client
