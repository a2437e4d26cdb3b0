#include "tests/benchmark/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/status_macros.h"

namespace parallax::benchmarks {
namespace {

/// Not fork: gRPC threads of this process must not be half copied. @param actions  may be null.
absl::StatusOr<pid_t> Spawn(std::vector<std::string>& arguments,
                            const posix_spawn_file_actions_t* actions) {
  std::vector<char*> raw;
  for (std::string& argument : arguments) raw.push_back(argument.data());
  raw.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, raw[0], actions, nullptr, raw.data(), environ);
  if (error == 0) return pid;
  return absl::UnavailableError(absl::StrFormat("%s: %s", raw[0], std::strerror(error)));
}

}  // namespace

absl::Status RunProgram(std::vector<std::string> arguments) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  const absl::StatusOr<pid_t> pid = Spawn(arguments, &actions);
  posix_spawn_file_actions_destroy(&actions);
  PARALLAX_RETURN_IF_ERROR(pid.status());
  int outcome = 0;
  while (waitpid(*pid, &outcome, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrFormat("%s failed", arguments[0]));
}

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    std::vector<std::string> arguments, const std::string& port_file) {
  // A file of a former server would name its port.
  (void)unlink(port_file.c_str());
  PARALLAX_ASSIGN_OR_RETURN(const pid_t pid, Spawn(arguments, nullptr));
  std::unique_ptr<ChildProcess> child(new ChildProcess(pid));
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  while (absl::Now() < deadline) {
    if (absl::StatusOr<std::string> text = base::ReadFile(port_file); text.ok()) {
      const nlohmann::json ports = nlohmann::json::parse(*text, nullptr, false);
      if (ports.is_object() && ports.contains("grpc")) {
        child->target_ = absl::StrFormat("127.0.0.1:%d", ports["grpc"].get<int>());
        return child;
      }
    }
    if (waitpid(pid, nullptr, WNOHANG) == pid) {
      child->pid_ = 0;
      return absl::UnavailableError(absl::StrFormat("%s ended before it was ready", arguments[0]));
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  return absl::UnavailableError(absl::StrFormat("%s was not ready within 30 s", arguments[0]));
}

ChildProcess::~ChildProcess() {
  if (pid_ == 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

absl::StatusOr<double> ChildProcess::PeakResidentBytes() const {
  const std::string path = absl::StrFormat("/proc/%d/status", pid_);
  PARALLAX_ASSIGN_OR_RETURN(const std::string status, base::ReadFile(path));
  for (absl::string_view line : absl::StrSplit(status, '\n')) {
    int64_t kibibytes = 0;
    if (absl::ConsumePrefix(&line, "VmHWM:") && absl::ConsumeSuffix(&line, "kB") &&
        absl::SimpleAtoi(line, &kibibytes)) {
      return static_cast<double>(kibibytes) * 1024.0;
    }
  }
  return absl::NotFoundError(absl::StrFormat("%s tells no VmHWM", path));
}

}  // namespace parallax::benchmarks
