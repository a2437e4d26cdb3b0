#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace parallax::benchmarks {

/// Runs `arguments` (the program first) to its end; what it prints goes nowhere, its errors to
/// ours. Errors: Unavailable where it does not start or its exit code is not 0.
absl::Status RunProgram(std::vector<std::string> arguments);

/// A server in a process of its own, stopped with SIGTERM when the owner goes.
class ChildProcess {
 public:
  /// Starts `arguments` (the program first) and waits until the program has written
  /// `{"grpc": PORT, ...}` to `port_file`. Errors: Unavailable where it does not start, ends early
  /// or is not ready within 30 s.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(std::vector<std::string> arguments,
                                                             const std::string& port_file);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// "127.0.0.1:PORT".
  const std::string& target() const { return target_; }

  /// Most memory that it has had resident so far [bytes]: VmHWM of /proc/PID/status.
  /// Errors: NotFound where the kernel does not tell.
  absl::StatusOr<double> PeakResidentBytes() const;

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  std::string target_;
};

}  // namespace parallax::benchmarks
