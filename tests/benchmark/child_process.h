#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace parallax::benchmarks {

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

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  std::string target_;
};

}  // namespace parallax::benchmarks
