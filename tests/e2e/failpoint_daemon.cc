// A whole daemon with a failpoint: it takes the flags of parallaxd that a CliBench gives, and kills
// itself with SIGKILL at the step of a job (pipeline::JobStep) that the environment variable
// PARALLAX_FAILPOINT names. A program of the tests: parallaxd has no such thing.
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "absl/strings/str_format.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"
#include "core/store/sqlite_store.h"
#include "server/daemon.h"

namespace parallax::server {
namespace {

absl::Status Serve(std::map<std::string, std::string> flags, const std::string& failpoint) {
  static const base::SystemClock clock;
  PARALLAX_ASSIGN_OR_RETURN(std::unique_ptr<store::Store> store,
                            store::OpenSqliteStore({.directory = flags["--data"]}, clock));
  const DaemonOptions options{
      .listen = flags["--listen"],
      .http = {.server = {.listen = flags["--http"]}},
      .on_job_step = [&failpoint](const store::JobRow& /*job*/, pipeline::JobStep step) {
        if (pipeline::ToString(step) == failpoint) (void)kill(getpid(), SIGKILL);
      }};
  PARALLAX_ASSIGN_OR_RETURN(const std::unique_ptr<Daemon> daemon,
                            Daemon::Start(options, std::move(store), clock));
  PARALLAX_RETURN_IF_ERROR(base::WriteFileAtomically(
      flags["--port-file"], absl::StrFormat("{\"grpc\":%d}\n", daemon->port())));
  pause();
  return absl::CancelledError("a signal came before the failpoint");
}

}  // namespace
}  // namespace parallax::server

int main(int argc, char** argv) {
  std::map<std::string, std::string> flags;
  for (int i = 1; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
  const char* const failpoint = std::getenv("PARALLAX_FAILPOINT");
  if (failpoint == nullptr) return 2;
  const absl::Status status = parallax::server::Serve(flags, failpoint);
  fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}
