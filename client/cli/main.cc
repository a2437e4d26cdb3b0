#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/cli.h"
#include "client/cli/exit_code.h"
#include "client/lib/backup.h"

namespace {

/// What the daemon acked is on disk, so there is nothing to put in order but a copy half taken.
void OnInterrupt(int /*signal*/) {
  parallax::client::RemoveUnfinishedBackup();
  constexpr char kText[] = "\ninterrupted\n";
  const ssize_t written = write(STDERR_FILENO, kText, sizeof(kText) - 1);
  _exit(written < 0 ? EXIT_FAILURE : parallax::client::kExitInterrupted);
}

std::optional<std::string> Variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace

int main(int argc, char** argv) {
  struct sigaction action {};
  action.sa_handler = OnInterrupt;
  sigaction(SIGINT, &action, nullptr);
  const parallax::base::SystemClock clock;
  parallax::client::SystemSleeper sleeper;
  parallax::client::Environment environment{
      .in = std::cin,
      .out = std::cout,
      .err = std::cerr,
      .in_is_terminal = isatty(STDIN_FILENO) == 1,
      .out_is_terminal = isatty(STDOUT_FILENO) == 1,
      .err_is_terminal = isatty(STDERR_FILENO) == 1,
      .variable = Variable,
      .clock = clock,
      .sleeper = sleeper,
  };
  const int code =
      parallax::client::RunCli(std::vector<std::string>(argv + 1, argv + argc), environment);
  std::cout.flush();
  if (!std::cout.good()) {
    std::cerr << "error: stdout cannot be written\n";
    return parallax::client::kExitError;
  }
  return code;
}
