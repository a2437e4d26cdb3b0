#include "tests/benchmark/child_process.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/file.h"

namespace parallax::benchmarks {

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(
    std::vector<std::string> arguments, const std::string& port_file) {
  std::vector<char*> raw;
  for (std::string& argument : arguments) raw.push_back(argument.data());
  raw.push_back(nullptr);
  pid_t pid = 0;
  // Not fork: gRPC threads of this process must not be half copied.
  const int error = posix_spawn(&pid, raw[0], nullptr, nullptr, raw.data(), environ);
  if (error != 0) {
    return absl::UnavailableError(absl::StrFormat("%s: %s", raw[0], std::strerror(error)));
  }
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
      return absl::UnavailableError(absl::StrFormat("%s ended before it was ready", raw[0]));
    }
    absl::SleepFor(absl::Milliseconds(10));
  }
  return absl::UnavailableError(absl::StrFormat("%s was not ready within 30 s", raw[0]));
}

ChildProcess::~ChildProcess() {
  if (pid_ == 0) return;
  kill(pid_, SIGTERM);
  waitpid(pid_, nullptr, 0);
}

}  // namespace parallax::benchmarks
