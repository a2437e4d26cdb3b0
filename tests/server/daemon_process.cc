#include "tests/server/daemon_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "core/base/check.h"

namespace parallax::server {

DaemonProcess::DaemonProcess(std::vector<std::string> flags) {
  int ends[2];
  PARALLAX_CHECK(pipe2(ends, O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  flags.insert(flags.begin(), PARALLAXD);
  flags.insert(flags.end(), {"--log-format", "json"});
  std::vector<char*> argv;
  for (std::string& flag : flags) argv.push_back(flag.data());
  argv.push_back(nullptr);
  PARALLAX_CHECK(posix_spawn(&pid_, PARALLAXD, &actions, nullptr, argv.data(), environ) == 0);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  log_fd_ = ends[0];
}

DaemonProcess::~DaemonProcess() {
  if (pid_ > 0) {
    Signal(SIGKILL);
    Wait();
  }
  close(log_fd_);
}

std::string DaemonProcess::ReadLine() {
  std::string line;
  char c = 0;
  while (read(log_fd_, &c, 1) == 1) {
    line.push_back(c);
    if (c == '\n') break;
  }
  log_ += line;
  return line;
}

std::string DaemonProcess::AwaitEvent(const std::string& event) {
  for (std::string line = ReadLine(); !line.empty(); line = ReadLine()) {
    const nlohmann::json parsed = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (parsed.is_object() && parsed.value("event", "") == event) return line;
  }
  return "";
}

int DaemonProcess::AwaitPort() {
  const std::string line = AwaitEvent("ready");
  if (line.empty()) return 0;
  return std::stoi(nlohmann::json::parse(line).value("port", "0"));
}

void DaemonProcess::Signal(int signal) const { kill(pid_, signal); }

int DaemonProcess::Wait() {
  while (!ReadLine().empty()) {
  }
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace parallax::server
